// Convolution by subgroup shuffle, without workgroup memory, for devices whose
// subgroups always have {{ lanes }} lanes.
//
//   x         [N][H][W][in_quads] vec4
//   w         [K*K][in_quads*4][weight_quads] vec4, rows padded to {{ lanes }} quads
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x if there is none)
//   y         [N][P][Q][out_quads] vec4, and outputs as in results.wgsl
//
// Winograd's batched GEMM is a convolution with a 1×1 window and N = H = 1. Its
// x, w and y each begin with a dimension of points, and the tiles of one point
// follow those of the previous point.
//
// A subgroup makes {{ pixels }} pixels × {{ lanes * 4 }} channels. Each lane owns one quad
// of channels for all pixels, and loads the input quads of every {{ lanes }}th pixel.
// Shuffles pass these input quads to the other lanes:
//
//               lane 0    lane 1         lane {{ lanes - 1 }}
//             ┌─────────┬─────────┬─ ─ ─┬─────────┐
//   pixel 0   │ acc_0   │ acc_0   │     │ acc_0   │ ◄─ x loaded by lane 0
//   pixel 1   │ acc_1   │ acc_1   │     │ acc_1   │ ◄─ x loaded by lane 1
//     …       ├─────────┼─────────┼─ ─ ─┼─────────┤
//   pixel {{ pixels - 1 }}  │ acc_{{ pixels - 1 }}  │ acc_{{ pixels - 1 }}  │     │ acc_{{ pixels - 1 }}  │ ◄─ x loaded by lane {{ (pixels - 1) % lanes }}
//             └─────────┴─────────┴─ ─ ─┴─────────┘
//               quad 0    quad 1          quad {{ lanes - 1 }}    of channels
//
// For one quad of input channels, a lane loads 4 weight quads and
// {{ pixels // lanes }} input quads, and does {{ pixels * 4 }} vec4 multiply-adds. The accumulators
// are separate variables in unrolled code, because arrays that are indexed in
// loops cost 4–5 times as much on llvmpipe.
{% include "common.wgsl" %}
{% include "conv_params.wgsl" %}

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let tile = group_index(group, groups) * {{ workgroup // lanes }}u + subgroup;
    if tile >= p.tiles {
        return;
    }
    let point_tiles = p.tiles / p.points;
    let point = tile / point_tiles;
    let in_point = tile % point_tiles;
    let first = in_point % p.m_tiles * {{ pixels }}u;
    let quad = in_point / p.m_tiles * {{ lanes }}u + lane;

{% for i in range(pixels // lanes) %}
    var corner_{{ i }} = corner(first + {{ i * lanes }}u + lane);
    corner_{{ i }}.image += point * p.in_h * p.in_w;
{% endfor %}
    let start = load_bias(quad);
{% for m in range(pixels) %}
    var acc_{{ m }} = start;
{% endfor %}

    // Index in w of this lane's quad in the next weight row.
    var row = point * p.in_quads * 4u * p.weight_quads + quad;
    for (var r = 0u; r < p.kernel; r++) {
        for (var s = 0u; s < p.kernel; s++) {
{% for i in range(pixels // lanes) %}
            let on_{{ i }} = on_image(corner_{{ i }}, r, s);
            let tap_{{ i }} = select(0u, tap(corner_{{ i }}, r, s), on_{{ i }});
{% endfor %}
            for (var c = 0u; c < p.in_quads; c++) {
                let w0 = load_w(row);
                let w1 = load_w(row + p.weight_quads);
                let w2 = load_w(row + 2u * p.weight_quads);
                let w3 = load_w(row + 3u * p.weight_quads);
                row += 4u * p.weight_quads;
{% for i in range(pixels // lanes) %}
                let x_{{ i }} = select(vec4<f32>(), load_x(tap_{{ i }} + c), on_{{ i }});
{% endfor %}
{% for m in range(pixels) %}
                let v_{{ m }} = subgroupShuffle(x_{{ m // lanes }}, {{ m % lanes }}u);
                acc_{{ m }} = fma(vec4<f32>(v_{{ m }}.x), w0, acc_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(v_{{ m }}.y), w1, acc_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(v_{{ m }}.z), w2, acc_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(v_{{ m }}.w), w3, acc_{{ m }});
{% endfor %}
            }
        }
    }

{% for m in range(pixels) %}
    finish_point(point, first + {{ m }}u, quad, acc_{{ m }});
{% endfor %}
}
