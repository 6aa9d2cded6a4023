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

// max(v, 0), but a NaN stays one, as in PyTorch: max() may drop it.
fn relu(v: vec4<f32>) -> vec4<f32> {
    return select(v, vec4<f32>(), v < vec4<f32>());
}
