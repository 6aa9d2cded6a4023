// Fully connected layer: y[N,out] = epilogue(x[N,in] · w). Bound by reading
// the weights, so neighbouring invocations read neighbouring quads of a row.
//
//   x         [N][in_quads] vec4
//   w         [in_quads*4][weight_quads] vec4: a chunk of the output features
//             (a layer larger than a binding runs as several dispatches)
//   bias      [weight_quads] vec4, of the same chunk
//   residual  [N][out_quads] vec4 (bound to x where there is none)
//   y         [N][out_quads] vec4
//
// A workgroup makes {{ quads }} quads of one image; {{ slices }} invocations share the reduction
// of each, and their partial sums meet in workgroup memory:
//
//              quad 0 … quad {{ quads - 1 }}
//   slice 0    ┌────────────┐   rows 0, {{ slices }}, {{ 2 * slices }}, … (in quads of inputs)
//   slice 1    │            │   rows 1, {{ slices + 1 }}, …
//     …        └────────────┘
{% include "common.wgsl" %}

// Filled by LinearProblem::dispatch in src/kernels/linear.rs.
struct Params {
    tiles: u32,
    tiles_per_image: u32,
    in_quads: u32,
    out_quads: u32,
    first_quad: u32,    // where the chunk begins in y
    chunk_quads: u32,   // how many quads it has
    weight_quads: u32,  // quads in a row of packed weights
    flags: u32,         // 1: ReLU, 2: residual
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> residual: array<Stored>;
@group(0) @binding(5) var<storage, read_write> y: array<Written>;

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

    // Rows are padded to whole tiles, so every quad may be read.
    var sum = vec4<f32>();
    for (var k = slice; k < p.in_quads; k += {{ slices }}u) {
        let v = vec4<f32>(x[image * p.in_quads + k]);
        let row = k * 4u * p.weight_quads + quad;
        sum = fma(vec4<f32>(v.x), vec4<f32>(w[row]), sum);
        sum = fma(vec4<f32>(v.y), vec4<f32>(w[row + p.weight_quads]), sum);
        sum = fma(vec4<f32>(v.z), vec4<f32>(w[row + 2u * p.weight_quads]), sum);
        sum = fma(vec4<f32>(v.w), vec4<f32>(w[row + 3u * p.weight_quads]), sum);
    }
    partial[local] = sum;
    workgroupBarrier();

    if slice != 0u || quad >= p.chunk_quads {
        return;
    }
    var v = bias[quad];
    for (var i = local; i < {{ quads * slices }}u; i += {{ quads }}u) {
        v += partial[i];
    }
    let at = image * p.out_quads + p.first_quad + quad;
    if (p.flags & 2u) != 0u {
        v += vec4<f32>(residual[at]);
    }
    if (p.flags & 1u) != 0u {
        v = relu(v);
    }
    y[at] = Written(v);
}
