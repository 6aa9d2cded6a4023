// Second dispatch of a convolution whose reduction several workgroups share:
// y = epilogue(sum of the parts).
//
//   sums      [parts][pixels][out_quads] vec4, written by conv_tiled.wgsl
//   bias      [out_quads or more] vec4
//   residual  [pixels][out_quads] vec4 (bound to `sums` if there is none)
//   y         [pixels][out_quads] vec4, and outputs as in results.wgsl
//
// An invocation makes one quad, and neighbouring invocations take neighbouring
// quads:
//
//   part 0      │ quad │ quad │ quad │ …
//   part 1      │ quad │ quad │ quad │ …
//     …            │      │      │
//   y           │ quad │ quad │ quad │ …
{% from "storage.wgsl" import input %}
{% from "results.wgsl" import results %}
{% include "common.wgsl" %}

// Filled by split() in src/kernels/split.rs.
struct Params {
    items: u32,      // quads of y
    out_quads: u32,
    parts: u32,
    flags: u32,      // 1: ReLU, 2: residual
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "sums") }}
{{ input(2, "bias", "f32") }}
{{ input(3, "residual", writes) }}
{{ results(4) }}

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = group_index(group, groups) * {{ workgroup }}u + local;
    if item >= p.items {
        return;
    }
    let quad = item % p.out_quads;
    var v = load_bias(quad);
    if (p.flags & 2u) != 0u {
        v += load_residual(item);
    }
    for (var part = 0u; part < p.parts; part++) {
        v += load_sums(part * p.items + item);
    }
    if (p.flags & 1u) != 0u {
        v = relu(v);
    }
    leave(item, quad, v);
}
