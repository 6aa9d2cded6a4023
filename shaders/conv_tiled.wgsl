// Convolution as an implicit GEMM with tiles in workgroup memory: for hardware
// GPUs.{% if pointwise %} This permutation is for 1×1 kernels without padding: a plain
// GEMM whose reduction is the input channels.{% endif %}

//
//   x         [N][H][W][in_quads] vec4
//   w         [K*K][in_quads*4][weight_quads] vec4, rows padded to {{ bn }} quads
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x where there is none)
//   y         [N][P][Q][out_quads] vec4
//
// A workgroup of {{ threads }} invocations makes {{ bm }} pixels × {{ bn * 4 }} channels, in steps
// of {{ bk * 4 }} along the reduction (kernel rows × columns × input channels):
//
//                      {{ bn }} quads of channels
//                     ┌──────────────┐
//                     │   tile_w     │ {{ bk * 4 }} rows
//                     └──────────────┘
//      {{ bk }} quads        ┌──────────────┐
//     ┌────────┐      │              │
//     │ tile_x │      │ accumulators │ {{ bm }} pixels, {{ tm }} × {{ tn }} quads an invocation,
//     │        │      │              │ spread {{ bm // tm }} pixels and {{ bn // tn }} quads apart
//     └────────┘      └──────────────┘
{% set threads_n = bn // tn %}
{% set threads_m = bm // tm %}
{% set x_loads = bm * bk // threads %}
{% set w_loads = bk * 4 * bn // threads %}
{% include "common.wgsl" %}
{% include "conv_params.wgsl" %}

var<workgroup> tile_x: array<vec4<f32>, {{ bk * bm }}>;      // [quad][pixel]
var<workgroup> tile_w: array<vec4<f32>, {{ bk * 4 * bn }}>;  // [channel][quad]

@compute @workgroup_size({{ threads }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let tile = group_index(group, groups);
    if tile >= p.tiles {
        return;
    }
    let first_pixel = tile % p.m_tiles * {{ bm }}u;
    let first_quad = tile / p.m_tiles * {{ bn }}u;
    let m = local / {{ threads_n }}u;
    let n = local % {{ threads_n }}u;

    // This invocation always loads the same column of tile_x, so where it
    // stands in the window advances without division.
    let load_quad = local % {{ bk }}u;
    let load_pixel = local / {{ bk }}u;
{% for l in range(x_loads) %}
{% if pointwise %}
    let corner_{{ l }} = tap(corner(first_pixel + load_pixel + {{ l * threads // bk }}u), 0u, 0u);
{% else %}
    let corner_{{ l }} = corner(first_pixel + load_pixel + {{ l * threads // bk }}u);
{% endif %}
{% endfor %}
    var c = load_quad;
{% if not pointwise %}
    var r = 0u;
    var s = 0u;
{% endif %}

{% for i in range(tm) %}{% for j in range(tn) %}
    var acc_{{ i }}_{{ j }} = load_bias(first_quad + n + {{ j * threads_n }}u);
{% endfor %}{% endfor %}

    let quads = p.kernel * p.kernel * p.in_quads;
    for (var k = 0u; k < quads; k += {{ bk }}u) {
{% if pointwise %}
        let on = c < p.in_quads;
{% for l in range(x_loads) %}
        tile_x[load_quad * {{ bm }}u + load_pixel + {{ l * threads // bk }}u] =
            select(vec4<f32>(), load_x(corner_{{ l }} + select(0u, c, on)), on);
{% endfor %}
        c += {{ bk }}u;
{% else %}
        while c >= p.in_quads {
            c -= p.in_quads;
            s += 1u;
            if s == p.kernel {
                s = 0u;
                r += 1u;
            }
        }
{% for l in range(x_loads) %}
        let on_{{ l }} = r < p.kernel && on_image(corner_{{ l }}, r, s);
        tile_x[load_quad * {{ bm }}u + load_pixel + {{ l * threads // bk }}u] =
            select(vec4<f32>(), load_x(select(0u, tap(corner_{{ l }}, r, s) + c, on_{{ l }})), on_{{ l }});
{% endfor %}
        c += {{ bk }}u;
{% endif %}
{% for l in range(w_loads) %}
        let e_{{ l }} = local + {{ l * threads }}u;
        let row_{{ l }} = k * 4u + e_{{ l }} / {{ bn }}u;
        let in_w_{{ l }} = row_{{ l }} < quads * 4u;
        tile_w[e_{{ l }}] = select(
            vec4<f32>(),
            load_w(select(0u, row_{{ l }} * p.weight_quads + first_quad + e_{{ l }} % {{ bn }}u, in_w_{{ l }})),
            in_w_{{ l }},
        );
{% endfor %}
        workgroupBarrier();

        for (var q = 0u; q < {{ bk }}u; q++) {
{% for i in range(tm) %}
            let x_{{ i }} = tile_x[q * {{ bm }}u + m + {{ i * threads_m }}u];
{% endfor %}
{% for j in range(tn) %}
{% for d in range(4) %}
            let w_{{ j }}_{{ d }} = tile_w[(q * 4u + {{ d }}u) * {{ bn }}u + n + {{ j * threads_n }}u];
{% endfor %}
{% for i in range(tm) %}
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ i }}.x), w_{{ j }}_0, acc_{{ i }}_{{ j }});
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ i }}.y), w_{{ j }}_1, acc_{{ i }}_{{ j }});
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ i }}.z), w_{{ j }}_2, acc_{{ i }}_{{ j }});
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ i }}.w), w_{{ j }}_3, acc_{{ i }}_{{ j }});
{% endfor %}
{% endfor %}
        }
        workgroupBarrier();
    }

{% for i in range(tm) %}{% for j in range(tn) %}
    finish(first_pixel + m + {{ i * threads_m }}u, first_quad + n + {{ j * threads_n }}u, acc_{{ i }}_{{ j }});
{% endfor %}{% endfor %}
}
