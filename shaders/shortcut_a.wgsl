// Shortcut of option A (He 2015, section 3.3). It copies every stride-th pixel and
// adds channels of zeros before and after the copied channels:
// x [N][H][W][in] → y [N][P][Q][out].
//
//   x channels          [ 0 1 2 … in-1 ]
//   y channels  [ 0 0 … ][ 0 1 2 … in-1 ][ … 0 0 ]
//                before                    to out
//
// `before` need not be a multiple of four, so channels are copied one by one.
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by ShortcutProblem::dispatch in src/kernels/elementwise.rs.
struct Params {
    items: u32,      // N*P*Q*out_quads
    in_h: u32,
    in_w: u32,
    in_channels: u32,
    in_quads: u32,
    out_h: u32,
    out_w: u32,
    out_quads: u32,
    stride: u32,
    before: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ output(2, "y") }}

fn channel(at: u32, out: u32) -> f32 {
    let c = out - p.before; // wraps far beyond in_channels if out < before
    if c >= p.in_channels {
        return 0.0;
    }
    return load_x(at + c / 4u)[c % 4u];
}

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
    let pixel = item / p.out_quads;
    let col = pixel % p.out_w * p.stride;
    let row = pixel / p.out_w % p.out_h * p.stride;
    let image = pixel / p.out_w / p.out_h;
    let at = ((image * p.in_h + row) * p.in_w + col) * p.in_quads;
    let out = quad * 4u;
    store_y(item, vec4<f32>(
        channel(at, out),
        channel(at, out + 1u),
        channel(at, out + 2u),
        channel(at, out + 3u),
    ));
}
