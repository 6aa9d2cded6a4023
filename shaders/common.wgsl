{# What every kernel shares. Activations are NHWC with the channels padded to
   a multiple of four: one vec4 is a "quad" of channels of one pixel, and the
   channels that pad the last quad are zero. Activations and weights may be
   stored in f16 (see storage.wgsl); every kernel computes in f32, and rounds what
   it writes once. #}
{% if half %}
enable f16;
{% endif %}

// A dispatch may need more workgroups than one dimension holds; they are laid
// out over x and y, and counted here.
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}

// Compilers may assume that no NaN occurs, and fold v != v to false. The bits
// of a number leave them no such choice.
fn is_nan(v: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

// max(v, 0), but a NaN stays one, as in PyTorch: max() may drop it. Bits from
// 0x80000001 to 0xff800000 are the numbers below zero, down to minus infinity.
fn relu(v: vec4<f32>) -> vec4<f32> {
    let below_zero = bitcast<vec4<u32>>(v) - vec4<u32>(0x80000001u) < vec4<u32>(0x7f800000u);
    return select(v, vec4<f32>(), below_zero);
}

// The larger of the two, or NaN where either is, as in PyTorch's max pool.
fn max_or_nan(v: vec4<f32>, tap: vec4<f32>) -> vec4<f32> {
    return select(v, tap, is_nan(tap) | ((tap > v) & !is_nan(v)));
}
