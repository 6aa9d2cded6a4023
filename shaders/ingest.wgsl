{% if bytes %}
// Converts images of bytes: x [N*H*W][3] u8 → y [N*H*W] vec4. The table `levels`
// holds the normalised value of each byte. The fourth channel is zero.
//
// An invocation makes four pixels from three words:
//
//   words   |r0 g0 b0 r1|g1 b1 r2 g2|b2 r3 g3 b3|   low byte first
//   pixels  |--- 0 ---|---- 1 ---|---- 2 ---|---- 3 -|
{% else %}
// Converts images of floats to another stored type: x [N*H*W][quads] → y of the
// same shape. Each invocation converts one quad.
{% endif %}
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by IngestProblem::dispatch in src/kernels/ingest.rs.
struct Params {
    items: u32,  // number of invocations with work
    quads: u32,  // N*H*W*quads
    zeros: vec2<u32>,
{% if bytes %}
    levels: array<vec4<f32>, 256>,  // values for red, green and blue
{% endif %}
}

@group(0) @binding(0) var<uniform> p: Params;
{% if bytes %}
@group(0) @binding(1) var<storage, read> x: array<u32>;
{% else %}
{{ input(1, "x") }}
{% endif %}
{{ output(2, "y") }}
{% if bytes %}

// Writes the pixel whose bytes are the lowest three bytes of `rgb`.
fn put(pixel: u32, rgb: u32) {
    if pixel < p.quads {
        let red = p.levels[rgb & 255u].x;
        let green = p.levels[(rgb >> 8u) & 255u].y;
        let blue = p.levels[(rgb >> 16u) & 255u].z;
        store_y(pixel, vec4<f32>(red, green, blue, 0.0));
    }
}
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
{% if bytes %}
    let a = x[3u * at];
    let b = x[3u * at + 1u];
    let c = x[3u * at + 2u];
    put(4u * at, a);
    put(4u * at + 1u, (a >> 24u) | (b << 8u));
    put(4u * at + 2u, (b >> 16u) | (c << 16u));
    put(4u * at + 3u, c >> 8u);
{% else %}
    store_y(at, load_x(at));
{% endif %}
}
