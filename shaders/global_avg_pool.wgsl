// Mean over all pixels: x [N][H*W][quads] → y [N][quads].
//
// A workgroup takes {{ quads }} quads of one image. {{ slices }} invocations share the pixels of
// each quad, and add their partial sums through workgroup memory:
//
//              quad 0 … quad {{ quads - 1 }}
//   slice 0    ┌────────────┐   pixels 0, {{ slices }}, {{ 2 * slices }}, …
//   slice 1    │            │   pixels 1, {{ slices + 1 }}, …
//     …        └────────────┘
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by GlobalPoolProblem::dispatch in src/kernels/pool.rs.
struct Params {
    tiles: u32,
    tiles_per_image: u32,
    pixels: u32,  // H*W
    quads: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ output(2, "y") }}

var<workgroup> partial: array<vec4<f32>, {{ quads * slices }}>;

@compute @workgroup_size({{ quads * slices }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let tile = group_index(group, groups);
    if tile >= p.tiles {
        return;
    }
    let image = tile / p.tiles_per_image;
    let quad = tile % p.tiles_per_image * {{ quads }}u + local % {{ quads }}u;
    let slice = local / {{ quads }}u;

    var sum = vec4<f32>();
    if quad < p.quads {
        // Mesa's llvmpipe ends a shader's loops after 65,535 iterations in total,
        // without an error. One iteration therefore takes {{ unroll }} pixels. Planning
        // refuses inputs that would still need too many iterations.
        var i = slice;
        for (; i + {{ slices * (unroll - 1) }}u < p.pixels; i += {{ slices * unroll }}u) {
{% for u in range(unroll) %}
            sum += load_x((image * p.pixels + i + {{ slices * u }}u) * p.quads + quad);
{% endfor %}
        }
        for (; i < p.pixels; i += {{ slices }}u) {
            sum += load_x((image * p.pixels + i) * p.quads + quad);
        }
    }
    partial[local] = sum;
    workgroupBarrier();

    if slice != 0u || quad >= p.quads {
        return;
    }
    var total = vec4<f32>();
    for (var i = local; i < {{ quads * slices }}u; i += {{ quads }}u) {
        total += partial[i];
    }
    store_y(image * p.quads + quad, total / f32(p.pixels));
}
