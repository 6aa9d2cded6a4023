// {{ "Maximum" if max else "Mean" }} over windows: x [N][H][W][quads] → y [N][P][Q][quads].
{% if max %}
// Taps outside the image are skipped, so padding is never the maximum (PyTorch
// pads with −∞).
{% else %}
// The mean counts only the taps on the image, neither padding nor the overhang
// of ceil mode (AvgPool2d(ceil_mode=True, count_include_pad=False)).
{% endif %}
//
// One invocation makes one quad of one output pixel. Neighbouring invocations
// take neighbouring quads, so that loads and stores are contiguous:
//
//   pixel 0: [quad 0][quad 1][quad 2]…  pixel 1: [quad 0][quad 1]…
//    inv.        0       1       2                  q       q+1
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by PoolProblem::dispatch in src/kernels/pool.rs.
struct Params {
    items: u32,   // N*P*Q*quads
    in_h: u32,
    in_w: u32,
    out_h: u32,
    out_w: u32,
    quads: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ output(2, "y") }}

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
    let quad = at % p.quads;
    let pixel = at / p.quads;
    let col = i32(pixel % p.out_w * p.stride) - i32(p.padding);
    let row = i32(pixel / p.out_w % p.out_h * p.stride) - i32(p.padding);
    let image = pixel / p.out_w / p.out_h * p.in_h;

    let rows = vec2<u32>(u32(max(row, 0)), u32(min(row + i32(p.kernel), i32(p.in_h))));
    let cols = vec2<u32>(u32(max(col, 0)), u32(min(col + i32(p.kernel), i32(p.in_w))));
{% if max %}
    var v = load_x(((image + rows.x) * p.in_w + cols.x) * p.quads + quad);
{% else %}
    var v = vec4<f32>();
{% endif %}
    for (var r = rows.x; r < rows.y; r++) {
        for (var c = cols.x; c < cols.y; c++) {
            let tap = load_x(((image + r) * p.in_w + c) * p.quads + quad);
{% if max %}
            v = max_or_nan(v, tap);
{% else %}
            v += tap;
{% endif %}
        }
    }
{% if max %}
    store_y(at, v);
{% else %}
    store_y(at, v / f32((rows.y - rows.x) * (cols.y - cols.x)));
{% endif %}
}
