{% if op == "add" %}
// Elementwise sum, y = a + b.
{% elif op == "relu" %}
// Elementwise ReLU, y = max(x, 0).
{% else %}
// Elementwise y = x·scale + shift, optionally followed by ReLU. This is a batch norm that was not
// folded into a convolution.
{% endif %}
// Each invocation computes one quad.
//
//   all activations  [N*H*W][quads] vec4
{% if op == "scale_shift" %}
//   scale, shift     [quads] vec4
{% endif %}
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by ElementwiseProblem::dispatch in src/kernels/elementwise.rs.
struct Params {
    items: u32,  // N*H*W*quads
    quads: u32,
    flags: u32,  // 1: ReLU
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{% if op == "add" %}
{{ input(2, "other") }}
{{ output(3, "y") }}
{% elif op == "relu" %}
{{ output(2, "y") }}
{% else %}
{{ input(2, "scale", "f32") }}
{{ input(3, "shift", "f32") }}
{{ output(4, "y") }}
{% endif %}

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = group_index(group, groups) * {{ workgroup }}u + local;
    if at >= p.items {
        return;
    }
{% if op == "add" %}
    var v = load_x(at) + load_other(at);
{% elif op == "relu" %}
    var v = load_x(at);
{% else %}
    let quad = at % p.quads;
    var v = fma(load_x(at), load_scale(quad), load_shift(quad));
{% endif %}
    if (p.flags & 1u) != 0u {
        v = relu(v);
    }
    store_y(at, v);
}
