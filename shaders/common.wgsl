{# Declarations that all network kernels share.

   Activations are NHWC, with the channels padded to a multiple of four. A
   "channel quad", or quad, is four channels that are stored together: one vec4
   of one pixel. The channels that pad the last quad are zero. In packed weights
   a quad is four output channels.

   Activations and weights may be stored in f16 (see storage.wgsl). Every kernel
   computes in f32 and rounds a result once, when the kernel writes it. #}
{% if half %}
enable f16;
{% endif %}

// The workgroup's number in the dispatch. A dispatch may need more workgroups
// than one dimension holds, so the workgroups extend over x and y.
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}

// Whether each component is NaN. Compilers may assume that no NaN occurs, and
// fold v != v to false. They cannot do this with a comparison of bits.
fn is_nan(v: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

// max(v, 0), except that a NaN stays a NaN, as in PyTorch. The function max()
// may drop a NaN. Bits from 0x80000001 to 0xff800000 are the numbers below
// zero, down to minus infinity.
fn relu(v: vec4<f32>) -> vec4<f32> {
    let below_zero = bitcast<vec4<u32>>(v) - vec4<u32>(0x80000001u) < vec4<u32>(0x7f800000u);
    return select(v, vec4<f32>(), below_zero);
}

// The larger of two values, or NaN if either value is NaN, as in PyTorch's max
// pool.
fn max_or_nan(v: vec4<f32>, tap: vec4<f32>) -> vec4<f32> {
    return select(v, tap, is_nan(tap) | ((tap > v) & !is_nan(v)));
}
