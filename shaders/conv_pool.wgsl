// ImageNet's stem with the max pool behind it: a convolution of three channels
// by {{ kernel }}×{{ kernel }} windows of stride {{ stride }}, of which the maxima of 3×3 windows, stride 2,
// padding 1, are all that is stored.
//
//   x         [N][H][W][1] vec4, the fourth channel unused
//   w         [{{ kernel }}*{{ kernel }}][3][weight_quads] vec4, rows padded to {{ quads }} quads
//   bias      [weight_quads] vec4
//   y         [N][P][Q][out_quads] vec4
//
// A workgroup makes {{ tile_rows }}×{{ tile_cols }} pooled pixels × {{ quads * 4 }} channels. Their windows lie in a patch of
// {{ patch_rows }}×{{ patch_cols }} pixels of the convolution, and those over {{ in_rows }}×{{ in_cols }} of the image:
//
//     image, {{ in_rows }}×{{ in_cols }}×3         patch, {{ patch_rows }}×{{ patch_cols }}           pooled, {{ tile_rows }}×{{ tile_cols }}
//    ┌─────────────────┐       ┌───────────┐
//    │ ┌─────┐         │       │┌───┐      │        ┌─────┐
//    │ │{{ kernel }} × {{ kernel }}│         │  ──►  ││3×3│      │  ──►   │     │
//    │ └─────┘         │       │└───┘      │        └─────┘
//    └─────────────────┘       └───────────┘
//      workgroup memory      registers, {{ patch_pixels }} pixels      y
//                           an invocation, then the
//                           same workgroup memory
//
// Neighbouring patches overlap by a row and a column: {{ patch_rows * patch_cols }} pixels are computed for
// {{ tile_rows * tile_cols * 4 }}. That costs less than writing the convolution's output and reading it
// again where memory is slow beside arithmetic.
{% set image_pixels = in_rows * in_cols %}
{% set pixels = patch_rows * patch_cols %}
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by dispatch() in src/kernels/conv_pool.rs.
struct Params {
    tiles: u32,         // workgroups
    n_tiles: u32,       // … along the output quads
    tile_cols: u32,     // … along a pooled row
    tile_rows: u32,     // … along a pooled column
    in_h: u32,
    in_w: u32,
    conv_h: u32,        // the convolution's output
    conv_w: u32,
    out_h: u32,         // the pool's
    out_w: u32,
    out_quads: u32,
    weight_quads: u32,  // quads in a row of packed weights (out_quads, padded)
    padding: u32,       // the convolution's
    flags: u32,         // 1: ReLU
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ input(2, "w") }}
{{ input(3, "bias", "f32") }}
{{ output(4, "y") }}

// The image's scalars, [row][column][colour]; later the patch's, [channel][pixel].
var<workgroup> tile: array<f32, {{ [image_pixels * 3, pixels * quads * 4] | max }}>;

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = group_index(group, groups);
    if at >= p.tiles {
        return;
    }
    // The channels of one patch follow each other: they find x in the cache.
    let patch_at = at / p.n_tiles;
    let first_quad = (at - patch_at * p.n_tiles) * {{ quads }}u;
    let first_row = patch_at / p.tile_cols % p.tile_rows * {{ tile_rows }}u;
    let first_col = patch_at % p.tile_cols * {{ tile_cols }}u;
    let image = patch_at / p.tile_cols / p.tile_rows;

    // The patch begins one pixel before the first pooled pixel's middle.
    let in_row = (i32(first_row * 2u) - 1) * {{ stride }} - i32(p.padding);
    let in_col = (i32(first_col * 2u) - 1) * {{ stride }} - i32(p.padding);
    for (var i = local; i < {{ image_pixels }}u; i += {{ workgroup }}u) {
        let row = u32(in_row + i32(i / {{ in_cols }}u));
        let col = u32(in_col + i32(i % {{ in_cols }}u));
        let on = row < p.in_h && col < p.in_w;
        let pixel = (image * p.in_h + row) * p.in_w + col;
        let v = select(vec4<f32>(), load_x(select(0u, pixel, on)), on);
        tile[i * 3u] = v.x;
        tile[i * 3u + 1u] = v.y;
        tile[i * 3u + 2u] = v.z;
    }
    workgroupBarrier();

    // Of its pixels, the last invocation's last lies beyond the patch: it is
    // read as the last, and not kept.
{% for i in range(patch_pixels) %}
    let pixel_{{ i }} = min(local + {{ i * workgroup }}u, {{ pixels - 1 }}u);
    let window_{{ i }} = (pixel_{{ i }} / {{ patch_cols }}u * {{ in_cols }}u + pixel_{{ i }} % {{ patch_cols }}u) * {{ 3 * stride }}u;
{% endfor %}
{% for j in range(quads) %}
    let bias_{{ j }} = load_bias(first_quad + {{ j }}u);
{% endfor %}
{% for i in range(patch_pixels) %}{% for j in range(quads) %}
    var acc_{{ i }}_{{ j }} = bias_{{ j }};
{% endfor %}{% endfor %}
    for (var r = 0u; r < {{ kernel }}u; r++) {
        let row = r * {{ 3 * in_cols }}u;
        let weights = r * {{ 3 * kernel }}u * p.weight_quads + first_quad;
{% for s in range(3 * kernel) %}
        {
{% for j in range(quads) %}
            let w_{{ j }} = load_w(weights + {{ s }}u * p.weight_quads + {{ j }}u);
{% endfor %}
{% for i in range(patch_pixels) %}
            let x_{{ i }} = vec4<f32>(tile[window_{{ i }} + row + {{ s }}u]);
{% for j in range(quads) %}
            acc_{{ i }}_{{ j }} = fma(x_{{ i }}, w_{{ j }}, acc_{{ i }}_{{ j }});
{% endfor %}
{% endfor %}
        }
{% endfor %}
    }
    let clamped = (p.flags & 1u) != 0u;
    workgroupBarrier();
{% for i in range(patch_pixels) %}
    if local + {{ i * workgroup }}u < {{ pixels }}u {
{% for j in range(quads) %}
        let v_{{ j }} = select(acc_{{ i }}_{{ j }}, relu(acc_{{ i }}_{{ j }}), clamped);
{% for c in range(4) %}
        tile[{{ (j * 4 + c) * pixels }}u + pixel_{{ i }}] = v_{{ j }}.{{ ["x", "y", "z", "w"][c] }};
{% endfor %}
{% endfor %}
    }
{% endfor %}
    workgroupBarrier();

    for (var i = local; i < {{ tile_rows * tile_cols * quads }}u; i += {{ workgroup }}u) {
        let quad = i % {{ quads }}u;
        let tile_row = i / {{ quads * tile_cols }}u;
        let tile_col = i / {{ quads }}u % {{ tile_cols }}u;
        let row = first_row + tile_row;
        let col = first_col + tile_col;
        if row >= p.out_h || col >= p.out_w || first_quad + quad >= p.out_quads {
            continue;
        }
        // The middle of a window is always on the convolution's output; of
        // the rest, padding never wins.
        let corner = quad * {{ 4 * pixels }}u + tile_row * {{ 2 * patch_cols }}u + tile_col * 2u;
        var v = patch_quad(corner + {{ patch_cols + 1 }}u);
        for (var r = 0u; r < 3u; r++) {
            for (var c = 0u; c < 3u; c++) {
                let on = u32(i32(row * 2u + r) - 1) < p.conv_h && u32(i32(col * 2u + c) - 1) < p.conv_w;
                let tap = patch_quad(corner + r * {{ patch_cols }}u + c);
                v = select(v, max_or_nan(v, tap), on);
            }
        }
        store_y(((image * p.out_h + row) * p.out_w + col) * p.out_quads + first_quad + quad, v);
    }
}

// Four channels of a pixel of the patch.
fn patch_quad(i: u32) -> vec4<f32> {
    return vec4<f32>(tile[i], tile[i + {{ pixels }}u], tile[i + {{ 2 * pixels }}u], tile[i + {{ 3 * pixels }}u]);
}
