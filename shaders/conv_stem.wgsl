// {{ kernel }}×{{ kernel }} convolution of stride {{ stride }} on three channels: a network's first
// layer. The kernel uses subgroup shuffles, for devices whose subgroups always have
// {{ lanes }} lanes.
//
//   x         [N][H][W] vec4: red, green, blue and a padding zero
//   w         [{{ kernel }}*{{ kernel }}][3][weight_quads] vec4, rows padded to {{ lanes }} quads
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x if there is none)
//   y         [N][P][Q][out_quads] vec4, and outputs as in results.wgsl
//
// A subgroup makes {{ pixels }} pixels of one row × {{ lanes * 4 }} channels. Each lane makes one
// quad of these channels. Neighbouring windows overlap. For each row of the
// window, the lanes therefore load each column under the tile once, and shuffles
// pass the columns to all taps:
//
//   column        0   1   2   3   4   5   6   7   8  …  {{ columns - 1 }}
//   loaded by     0   1   2   3   4   5   6   7 {{ "  0" if lanes == 8 else "  8" }}  …
//   pixel 0     └─ taps 0 … {{ kernel - 1 }} ─┘
//   pixel 1     {{ "    " * stride }}└─ taps 0 … {{ kernel - 1 }} ─┘
//
// For each row, a lane loads {{ loads }} input quads and {{ 3 * kernel }} weight quads, and does
// {{ 3 * kernel * pixels }} vec4 multiply-adds. None of these uses the padding zero.
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
    let runs = (p.out_w + {{ pixels - 1 }}u) / {{ pixels }}u; // tiles of an output row
    let run = tile % p.m_tiles;
    let first = run % runs * {{ pixels }}u;
    let out_row = run / runs; // counted over all images
    let image = out_row / p.out_h;
    let quad = tile / p.m_tiles * {{ lanes }}u + lane;

    let top = i32(out_row % p.out_h * {{ stride }}u) - i32(p.padding);
    let left = i32(first * {{ stride }}u + lane) - i32(p.padding);
    let start = load_bias(quad);
{% for m in range(pixels) %}
    var acc_{{ m }} = start;
{% endfor %}

    for (var r = 0u; r < {{ kernel }}u; r++) {
        let row = u32(top + i32(r));
        let in_row = (image * p.in_h + row) * p.in_w;
        let weights = r * {{ 3 * kernel }}u * p.weight_quads + quad;
{% for i in range(loads) %}
        let col_{{ i }} = u32(left + {{ i * lanes }});
        let on_{{ i }} = row < p.in_h && col_{{ i }} < p.in_w;
        let x_{{ i }} = select(vec4<f32>(), load_x(select(0u, in_row + col_{{ i }}, on_{{ i }})), on_{{ i }});
{% endfor %}
{% for s in range(kernel) %}
{% for c in range(3) %}
        let w_{{ s }}_{{ c }} = load_w(weights + {{ 3 * s + c }}u * p.weight_quads);
{% endfor %}
{% endfor %}
{% for m in range(pixels) %}
{% for s in range(kernel) %}
{% set column = m * stride + s %}
{% if m == 0 or s >= kernel - stride %}
        let v_{{ column }} = subgroupShuffle(x_{{ column // lanes }}, {{ column % lanes }}u);
{% endif %}
        acc_{{ m }} = fma(vec4<f32>(v_{{ column }}.x), w_{{ s }}_0, acc_{{ m }});
        acc_{{ m }} = fma(vec4<f32>(v_{{ column }}.y), w_{{ s }}_1, acc_{{ m }});
        acc_{{ m }} = fma(vec4<f32>(v_{{ column }}.z), w_{{ s }}_2, acc_{{ m }});
{% endfor %}
{% endfor %}
    }

    // finish() drops the index p.pixels, so pixels beyond the row's end get it.
    let pixel = out_row * p.out_w;
{% for m in range(pixels) %}
    finish(select(p.pixels, pixel + first + {{ m }}u, first + {{ m }}u < p.out_w), quad, acc_{{ m }});
{% endfor %}
}
