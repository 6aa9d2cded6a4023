// Fully connected layer: y[N,out] = epilogue(x[N,in] · w). Reading the weights
// bounds its speed, so neighbouring invocations read neighbouring quads of a row.
//
//   x         [N][in_quads] vec4
//   w         [in_quads*4][weight_quads] vec4: a chunk of the output features
//             (a layer larger than a binding runs as several dispatches)
//   bias      [weight_quads] vec4, of the same chunk
//   residual  [N][out_quads] vec4 (bound to x if there is none)
//   y         [N][out_quads] vec4
//
// A workgroup makes {{ quads }} quads of one image. {{ slices }} invocations share the reduction
// of each quad, and add their partial sums through workgroup memory:
//
//              quad 0 … quad {{ quads - 1 }}
//   slice 0    ┌────────────┐   rows 0, {{ slices }}, {{ 2 * slices }}, … (in quads of inputs)
//   slice 1    │            │   rows 1, {{ slices + 1 }}, …
//     …        └────────────┘
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by LinearProblem::dispatch in src/kernels/linear.rs.
struct Params {
    tiles: u32,
    tiles_per_image: u32,
    in_quads: u32,
    out_quads: u32,
    first_quad: u32,    // first quad of the chunk in y
    chunk_quads: u32,   // number of quads in the chunk
    weight_quads: u32,  // quads in a row of packed weights
    flags: u32,         // 1: ReLU, 2: residual
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ input(2, "w") }}
{{ input(3, "bias", "f32") }}
{{ input(4, "residual") }}
{{ output(5, "y") }}

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

    // Weight rows are padded to whole tiles, so the quad needs no test here.
    var sum = vec4<f32>();
    for (var k = slice; k < p.in_quads; k += {{ slices }}u) {
        let v = load_x(image * p.in_quads + k);
        let row = k * 4u * p.weight_quads + quad;
        sum = fma(vec4<f32>(v.x), load_w(row), sum);
        sum = fma(vec4<f32>(v.y), load_w(row + p.weight_quads), sum);
        sum = fma(vec4<f32>(v.z), load_w(row + 2u * p.weight_quads), sum);
        sum = fma(vec4<f32>(v.w), load_w(row + 3u * p.weight_quads), sum);
    }
    partial[local] = sum;
    workgroupBarrier();
{% if slices > 8 %}
    // Add in halves: with many slices, one invocation would take long.
    for (var part = {{ slices // 2 }}u; part > 0u; part /= 2u) {
        if slice < part {
            partial[local] += partial[local + part * {{ quads }}u];
        }
        workgroupBarrier();
    }
{% endif %}

    if slice != 0u || quad >= p.chunk_quads {
        return;
    }
    var v = load_bias(quad);
{% if slices > 8 %}
    v += partial[local];
{% else %}
    for (var i = local; i < {{ quads * slices }}u; i += {{ quads }}u) {
        v += partial[i];
    }
{% endif %}
    let at = image * p.out_quads + p.first_quad + quad;
    if (p.flags & 2u) != 0u {
        v += load_residual(at);
    }
    if (p.flags & 1u) != 0u {
        v = relu(v);
    }
    store_y(at, v);
}
