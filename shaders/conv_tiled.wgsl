// Convolution as an implicit GEMM with tiles in workgroup memory, for hardware GPUs.
{% if reduction == "pointwise" %}
// This variant is for 1×1 kernels without padding. It is a plain GEMM whose reduction runs over the
// input channels.
{% elif reduction == "rgb" %}
// This variant is for three input channels. Its reduction runs over kernel rows × columns × 3
// scalars, four of them in each quad. Quads of the input's channels would be one quarter padding.
{% endif %}
//
//   x         [points][N][H][W][in_quads] vec4
//   w         [points][K*K][in_quads*4{% if reduction == "rgb" %}, here 3{% endif %}][weight_quads] vec4, rows padded
//             to {{ bn }} quads
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x if there is none)
//   y         [points][parts][N][P][Q][out_quads] vec4, and outputs as in results.wgsl
//
// A workgroup of {{ threads }} invocations makes {{ bm }} pixels × {{ bn * 4 }} channels, in steps
// of {{ bk * 4 }} scalars along the reduction (kernel rows × columns × input channels):
//
//                      {{ bn }} quads of channels
//                     ┌──────────────┐
//                     │   tile_w     │ {{ bk * 4 }} rows
//                     └──────────────┘
//      {{ bk }} quads        ┌──────────────┐
//     ┌────────┐      │              │
//     │ tile_x │      │ accumulators │ {{ bm }} pixels, {{ tm }} × {{ tn }} quads an invocation,
//     │        │      │              │ in steps of {{ bm // tm }} pixels and {{ bn // tn }} quads
//     └────────┘      └──────────────┘
//
// Each tile has two halves. While one half is multiplied, the next step's quads
// travel from memory into registers. After the products, the invocations write
// these quads to the other half. One barrier a step is enough: an invocation
// writes a half only after the barrier that follows all reads of this half.
//
// If there are few tiles, `parts` workgroups share the reduction of each tile.
// Each workgroup writes its part to y, and sum_parts.wgsl adds the parts.
// `points` is the number of independent problems of one shape (Winograd's
// products).
{% set threads_n = bn // tn %}
{% set threads_m = bm // tm %}
{% set x_loads = bm * bk // threads %}
{% set w_loads = bk * 4 * bn // threads %}
{% set step = threads // bk %}
{% set swizzle = 8 // bk %}
{% include "common.wgsl" %}
{% include "conv_params.wgsl" %}

// Workgroup memory serves eight vec4 at once. A read takes eight neighbouring
// pixels of one quad. A write takes {{ swizzle }} neighbouring pixels of each of {{ bk }} quads.
// To avoid bank conflicts, the pixel index of each quad is combined with
// {{ swizzle }}·quad by exclusive or. Padding would do the same, but would not fit into
// {{ 32 * bk * (bm + 4 * bn) }} bytes.
var<workgroup> tile_x: array<vec4<f32>, {{ 2 * bk * bm }}>;      // [side][quad][pixel ^ {{ swizzle }}·quad]
var<workgroup> tile_w: array<vec4<f32>, {{ 8 * bk * bn }}>;      // [side][channel][quad]
{% if reduction == "rgb" %}

// Four of the six colours of two taps, from index `phase` on.
fn four_of_six(a: vec4<f32>, b: vec4<f32>, phase: u32) -> vec4<f32> {
    let two = select(vec4<f32>(a.xyz, b.x), vec4<f32>(a.yz, b.xy), phase == 1u);
    return select(two, vec4<f32>(a.z, b.xyz), phase == 2u);
}
{% endif %}

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
    // Tiles of the same pixels follow each other, so that they find x in the
    // cache. The weights are far smaller and stay in the cache.
    let slice = tile / (p.m_tiles * p.n_tiles);
    let in_slice = tile - slice * p.m_tiles * p.n_tiles;
    let tile_row = divide(in_slice, p.by_n_tiles);
    let first_pixel = tile_row * {{ bm }}u;
    let first_quad = (in_slice - tile_row * p.n_tiles) * {{ bn }}u;
    let point = slice / p.parts;
    let begin = (slice - point * p.parts) * p.part_quads;
    let end = min(begin + p.part_quads, p.quads);

    // 32 invocations compute 8 pixels × 4 quads, so that a subgroup reads few
    // different vec4 of each tile.
    let block = local / 32u;
    let n = local % 4u + block % {{ threads_n // 4 }}u * 4u;
    let m = local / 4u % 8u + block / {{ threads_n // 4 }}u * 8u;

    // This invocation always loads the same column of tile_x.
    let load_quad = local % {{ bk }}u;
    let load_pixel = local / {{ bk }}u;
    let store_x = load_quad * {{ bm }}u + (load_pixel ^ (load_quad * {{ swizzle }}u));
{% for l in range(x_loads) %}
    let corner_{{ l }} = corner(first_pixel + load_pixel + {{ l * step }}u);
    let first_x_{{ l }} = point * p.x_step + tap(corner_{{ l }}, 0u, 0u);
{% endfor %}
    let first_w = point * p.w_step + first_quad;
    let end_row = min(end * 4u, p.rows);

    // The sums start with bias and residual. All their loads are issued at once,
    // and the end of the kernel waits for none of them.
{% for j in range(tn) %}
    let bias_{{ j }} = load_bias(first_quad + n + {{ j * threads_n }}u);
{% endfor %}
{% for i in range(tm) %}{% for j in range(tn) %}
    var acc_{{ i }}_{{ j }} = bias_{{ j }};
{% endfor %}{% endfor %}
    if (p.flags & 2u) != 0u {
{% for i in range(tm) %}{% for j in range(tn) %}
        acc_{{ i }}_{{ j }} += residual_at(first_pixel + m + {{ i * threads_m }}u, first_quad + n + {{ j * threads_n }}u);
{% endfor %}{% endfor %}
    }

{% for l in range(x_loads) %}
    var next_x_{{ l }} = vec4<f32>();
{% endfor %}
{% for l in range(w_loads) %}
    var next_w_{{ l }} = vec4<f32>();
{% endfor %}
    // The first iteration only fetches, because no step has been stored yet.
    var side = 1u;
    var k = begin;
    loop {
        if k < end {
            let quad = k + load_quad;
{% if reduction == "pointwise" %}
            let on = quad < end;
{% for l in range(x_loads) %}
            next_x_{{ l }} = select(vec4<f32>(), load_x(select(0u, first_x_{{ l }} + quad, on)), on);
{% endfor %}
{% elif reduction == "rgb" %}
            // The four scalars of a quad belong to two neighbouring taps.
            let tap_a = quad * 4u / 3u;
            let tap_b = tap_a + 1u;
            let phase = quad % 3u;
            let r_a = divide(tap_a, p.by_kernel);
            let s_a = tap_a - r_a * p.kernel;
            let r_b = divide(tap_b, p.by_kernel);
            let s_b = tap_b - r_b * p.kernel;
{% for l in range(x_loads) %}
            let on_a_{{ l }} = quad < end && r_a < p.kernel && on_image(corner_{{ l }}, r_a, s_a);
            let on_b_{{ l }} = quad < end && r_b < p.kernel && on_image(corner_{{ l }}, r_b, s_b);
            let a_{{ l }} = select(vec4<f32>(), load_x(select(0u, first_x_{{ l }} + r_a * p.in_w + s_a, on_a_{{ l }})), on_a_{{ l }});
            let b_{{ l }} = select(vec4<f32>(), load_x(select(0u, first_x_{{ l }} + r_b * p.in_w + s_b, on_b_{{ l }})), on_b_{{ l }});
            next_x_{{ l }} = four_of_six(a_{{ l }}, b_{{ l }}, phase);
{% endfor %}
{% else %}
            let tap_at = divide(quad, p.by_in_quads);
            let c = quad - tap_at * p.in_quads;
            let r = divide(tap_at, p.by_kernel);
            let s = tap_at - r * p.kernel;
            let offset = (r * p.in_w + s) * p.in_quads + c;
{% for l in range(x_loads) %}
            let on_{{ l }} = quad < end && on_image(corner_{{ l }}, r, s);
            next_x_{{ l }} = select(vec4<f32>(), load_x(select(0u, first_x_{{ l }} + offset, on_{{ l }})), on_{{ l }});
{% endfor %}
{% endif %}
{% for l in range(w_loads) %}
            let row_{{ l }} = k * 4u + (local + {{ l * threads }}u) / {{ bn }}u;
            let in_w_{{ l }} = row_{{ l }} < end_row;
            let at_w_{{ l }} = first_w + row_{{ l }} * p.weight_quads + (local + {{ l * threads }}u) % {{ bn }}u;
            next_w_{{ l }} = select(vec4<f32>(), load_w(select(0u, at_w_{{ l }}, in_w_{{ l }})), in_w_{{ l }});
{% endfor %}
        }

        if k > begin {
            let side_x = side * {{ bk * bm }}u + m;
            let side_w = side * {{ 4 * bk * bn }}u + n;
{% for q in range(bk) %}
{% for i in range(tm) %}
            let x_{{ q }}_{{ i }} = tile_x[{% if q == 0 %}side_x{% else %}(side_x ^ {{ q * swizzle }}u){% endif %} + {{ q * bm + i * threads_m }}u];
{% endfor %}
{% for j in range(tn) %}
{% for d in range(4) %}
            let w_{{ q }}_{{ j }}_{{ d }} = tile_w[side_w + {{ (q * 4 + d) * bn + j * threads_n }}u];
{% endfor %}
{% for i in range(tm) %}
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ q }}_{{ i }}.x), w_{{ q }}_{{ j }}_0, acc_{{ i }}_{{ j }});
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ q }}_{{ i }}.y), w_{{ q }}_{{ j }}_1, acc_{{ i }}_{{ j }});
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ q }}_{{ i }}.z), w_{{ q }}_{{ j }}_2, acc_{{ i }}_{{ j }});
            acc_{{ i }}_{{ j }} = fma(vec4<f32>(x_{{ q }}_{{ i }}.w), w_{{ q }}_{{ j }}_3, acc_{{ i }}_{{ j }});
{% endfor %}
{% endfor %}
{% endfor %}
        }
        if k >= end {
            break;
        }

        side = 1u - side;
{% for l in range(x_loads) %}
        tile_x[side * {{ bk * bm }}u + store_x + {{ l * step }}u] = next_x_{{ l }};
{% endfor %}
{% for l in range(w_loads) %}
        tile_w[side * {{ 4 * bk * bn }}u + local + {{ l * threads }}u] = next_w_{{ l }};
{% endfor %}
        workgroupBarrier();
        k += {{ bk }}u;
    }

{% for i in range(tm) %}{% for j in range(tn) %}
    store(slice, first_pixel + m + {{ i * threads_m }}u, first_quad + n + {{ j * threads_n }}u, acc_{{ i }}_{{ j }});
{% endfor %}{% endfor %}
}
