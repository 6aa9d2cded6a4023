enable f16;
enable wgpu_cooperative_matrix;

// Convolution as an implicit GEMM of cooperative matrices, which run on tensor cores if the device
// has them. The kernel rounds factors to f16 when it writes them to workgroup memory. Sums are f32.
{% if reduction == "pointwise" %}
// This variant is for 1×1 kernels without padding. It is a plain GEMM whose reduction runs over the
// input channels.
{% endif %}
//
//   x         [points][N][H][W][in_quads] vec4
//   w         [points][K*K][in_quads*4][weight_quads] vec4, rows padded to {{ bn }} quads
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x if there is none)
//   y         [points][parts][N][P][Q][out_quads] vec4, and outputs as in results.wgsl
//
// A workgroup of {{ subgroups_m * subgroups_n }} subgroups of {{ lanes }} lanes makes
// {{ bm }} pixels × {{ bn * 4 }} channels, in steps of {{ bk * 4 }} along the reduction.
// A subgroup holds {{ tiles_m }} × {{ tiles_n }} matrices of {{ size }}×{{ size }}:
//
//                          {{ bn * 4 }} channels
//                     ┌───────────────────┐
//                     │      tile_w       │ {{ bk * 4 }} rows, each {{ w_row }} f16 from the next
//                     └───────────────────┘
//      {{ bk * 4 }} channels    ┌─────────┬─────────┐
//     ┌────────┐      │ {{ tiles_m }} × {{ tiles_n }}   │         │
//     │ tile_x │      │ sums    │         │ {{ subgroups_m }} × {{ subgroups_n }} subgroups
//     │        │      ├─────────┼─────────┤
//     │        │      │         │         │ {{ bm }} pixels, each {{ x_row }} f16 from the next
//     └────────┘      └─────────┴─────────┘
//
// Rows of both tiles are padded by 16 bytes, which spreads a matrix's rows over
// the banks. While a step is multiplied, the next step's quads travel from
// memory into registers. At the end, each subgroup writes one matrix at a time
// to `stage`. Its lanes read quads from there, test pixel and quad, and store.
//
// No device has run matrices of 16×16 yet. naga validates these kernels, and
// src/kernels/cooperative.rs emulates the indices of this file.
{% set x_loads = bm * bk // threads %}
{% set w_loads = bk * 4 * bn // threads %}
{% set step = threads // bk %}
{% set v = 4 if vector else 1 %}
{% include "common.wgsl" %}
{% include "conv_params.wgsl" %}

{% if vector %}
var<workgroup> tile_x: array<vec4<f16>, {{ bm * x_row // 4 }}>;      // [pixel][channel]
var<workgroup> tile_w: array<vec4<f16>, {{ bk * w_row }}>;      // [channel in][channel out]
{% else %}
// Metal loads matrices from scalars only.
var<workgroup> tile_x: array<f16, {{ bm * x_row }}>;      // [pixel][channel]
var<workgroup> tile_w: array<f16, {{ bk * 4 * w_row }}>;      // [channel in][channel out]
{% endif %}
var<workgroup> stage: array<f32, {{ subgroups_m * subgroups_n * size * size }}>;  // [subgroup][pixel][channel]

{% macro put(tile, at, value) %}
{% if vector %}
        {{ tile }}[{{ at }}] = {{ value }};
{% else %}
{% for d in range(4) %}
        {{ tile }}[({{ at }}) * 4u + {{ d }}u] = {{ value }}.{{ "xyzw"[d] }};
{% endfor %}
{% endif %}
{% endmacro %}
{% macro fetch() %}
    let quad = k + load_quad;
{% if reduction == "pointwise" %}
    let on = quad < end;
{% for l in range(x_loads) %}
    next_x_{{ l }} = select(vec4<f16>(), vec4<f16>(load_x(select(0u, first_x_{{ l }} + quad, on))), on);
{% endfor %}
{% else %}
    let tap_at = divide(quad, p.by_in_quads);
    let c = quad - tap_at * p.in_quads;
    let r = divide(tap_at, p.by_kernel);
    let s = tap_at - r * p.kernel;
    let offset = (r * p.in_w + s) * p.in_quads + c;
{% for l in range(x_loads) %}
    let on_{{ l }} = quad < end && on_image(corner_{{ l }}, r, s);
    next_x_{{ l }} = select(vec4<f16>(), vec4<f16>(load_x(select(0u, first_x_{{ l }} + offset, on_{{ l }}))), on_{{ l }});
{% endfor %}
{% endif %}
{% for l in range(w_loads) %}
    let row_{{ l }} = k * 4u + (local + {{ l * threads }}u) / {{ bn }}u;
    let in_w_{{ l }} = row_{{ l }} < end_row;
    let at_w_{{ l }} = first_w + row_{{ l }} * p.weight_quads + (local + {{ l * threads }}u) % {{ bn }}u;
    next_w_{{ l }} = select(vec4<f16>(), vec4<f16>(load_w(select(0u, at_w_{{ l }}, in_w_{{ l }}))), in_w_{{ l }});
{% endfor %}
{% endmacro %}
{% macro lay_down() %}
{% for l in range(x_loads) %}
{{ put("tile_x", "(load_pixel + " ~ l * step ~ "u) * " ~ x_row // 4 ~ "u + load_quad", "next_x_" ~ l) }}
{%- endfor %}
{% for l in range(w_loads) %}
{{ put("tile_w", "(local + " ~ l * threads ~ "u) / " ~ bn ~ "u * " ~ w_row // 4 ~ "u + (local + " ~ l * threads ~ "u) % " ~ bn ~ "u", "next_w_" ~ l) }}
{%- endfor %}
{% endmacro %}
@compute @workgroup_size({{ threads }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup_id: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // This repeats group_index(), because naga regards a function's result as
    // not uniform. After a return that is not uniform, naga refuses matrices.
    let tile = group.y * groups.x + group.x;
    if tile >= p.tiles {
        return;
    }
    let slice = tile / (p.m_tiles * p.n_tiles);
    let in_slice = tile - slice * p.m_tiles * p.n_tiles;
    let tile_row = divide(in_slice, p.by_n_tiles);
    let first_pixel = tile_row * {{ bm }}u;
    let first_quad = (in_slice - tile_row * p.n_tiles) * {{ bn }}u;
    let point = slice / p.parts;
    let begin = (slice - point * p.parts) * p.part_quads;
    let end = min(begin + p.part_quads, p.quads);

    // If the workgroup had more subgroups than expected, the clamp would still
    // keep every access inside the tiles.
    let subgroup = min(subgroup_id, {{ subgroups_m * subgroups_n - 1 }}u);
    let m = subgroup / {{ subgroups_n }}u * {{ tiles_m * size }}u;
    let n = subgroup % {{ subgroups_n }}u * {{ tiles_n * size }}u;

    let load_quad = local % {{ bk }}u;
    let load_pixel = local / {{ bk }}u;
{% for l in range(x_loads) %}
    let corner_{{ l }} = corner(first_pixel + load_pixel + {{ l * step }}u);
    let first_x_{{ l }} = point * p.x_step + tap(corner_{{ l }}, 0u, 0u);
{% endfor %}
    let first_w = point * p.w_step + first_quad;
    let end_row = min(end * 4u, p.rows);

    // Sums begin at zero. A matrix can only be loaded, so zeros are stored first.
    for (var i = local; i < {{ subgroups_m * subgroups_n * size * size }}u; i += {{ threads }}u) {
        stage[i] = 0.0;
    }
    workgroupBarrier();
    let own = subgroup * {{ size * size }}u;
{% for i in range(tiles_m) %}{% for j in range(tiles_n) %}
    var acc_{{ i }}_{{ j }} = coopLoadT<coop_mat{{ size }}x{{ size }}<f32, C>>(&stage[own], {{ size }}u);
{% endfor %}{% endfor %}

{% for l in range(x_loads) %}
    var next_x_{{ l }} = vec4<f16>();
{% endfor %}
{% for l in range(w_loads) %}
    var next_w_{{ l }} = vec4<f16>();
{% endfor %}
    var k = begin;
{{ fetch() }}
{{ lay_down() }}
    workgroupBarrier();
    // naga allows matrices only under conditions that it can prove uniform. The
    // first iteration therefore cannot skip its products under a condition, and
    // the first step is fetched before the loop.
    loop {
        k += {{ bk }}u;
        if k < end {
{{ fetch() | indent(8) }}
        }
{% for q in range(bk * 4 // size) %}
{% for i in range(tiles_m) %}
        let a_{{ q }}_{{ i }} = coopLoadT<coop_mat{{ size }}x{{ size }}<f16, A>>(&tile_x[(m + {{ i * size }}u) * {{ x_row // v }}u + {{ q * size // v }}u], {{ x_row // v }}u);
{% endfor %}
{% for j in range(tiles_n) %}
        let b_{{ q }}_{{ j }} = coopLoadT<coop_mat{{ size }}x{{ size }}<f16, B>>(&tile_w[n / {{ v }}u + {{ (q * size * w_row + j * size) // v }}u], {{ w_row // v }}u);
{% for i in range(tiles_m) %}
        acc_{{ i }}_{{ j }} = coopMultiplyAdd(a_{{ q }}_{{ i }}, b_{{ q }}_{{ j }}, acc_{{ i }}_{{ j }});
{% endfor %}
{% endfor %}
{% endfor %}
        if k >= end {
            break;
        }
        // All invocations must have read the tiles before they are overwritten.
        workgroupBarrier();
{{ lay_down() | indent(4) }}
        workgroupBarrier();
    }

{% for i in range(tiles_m) %}{% for j in range(tiles_n) %}
    coopStoreT(acc_{{ i }}_{{ j }}, &stage[own], {{ size }}u);
    workgroupBarrier();
    for (var q = lane; q < {{ size * size // 4 }}u; q += {{ lanes }}u) {
        let pixel = first_pixel + m + {{ i * size }}u + q / {{ size // 4 }}u;
        let quad = first_quad + n / 4u + {{ j * size // 4 }}u + q % {{ size // 4 }}u;
        let at = own + q * 4u;
        var sum = load_bias(quad) + vec4<f32>(stage[at], stage[at + 1u], stage[at + 2u], stage[at + 3u]);
        if (p.flags & 2u) != 0u {
            sum += residual_at(pixel, quad);
        }
        store(slice, pixel, quad, sum);
    }
    workgroupBarrier();
{% endfor %}{% endfor %}
}
