// exp(x − max)/Σexp(x − max) over the channels of each pixel:
// x [N*H*W][quads] → y of the same shape.
//
// A workgroup of {{ workgroup }} invocations takes one pixel, and each invocation takes every
// {{ workgroup }}th quad. The invocations combine the maximum and the sum through workgroup
// memory. Channels that pad the last quad are ignored, and their results are zero.
{% include "common.wgsl" %}
{% from "storage.wgsl" import input, output %}

// Filled by SoftmaxProblem::dispatch in src/kernels/elementwise.rs.
struct Params {
    pixels: u32,
    channels: u32,
    quads: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ output(2, "y") }}

var<workgroup> partial: array<f32, {{ workgroup }}>;

fn is_channel(quad: u32) -> vec4<bool> {
    return vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(p.channels);
}

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let pixel = group_index(group, groups);
    if pixel >= p.pixels {
        return;
    }
    let first = pixel * p.quads;

    var top = load_x(first).x;
    for (var q = local; q < p.quads; q += {{ workgroup }}u) {
        let v = select(vec4<f32>(top), load_x(first + q), is_channel(q));
        top = max(max(max(v.x, v.y), max(v.z, v.w)), top);
    }
    partial[local] = top;
    workgroupBarrier();
    for (var i = 0u; i < {{ workgroup }}u; i++) {
        top = max(top, partial[i]);
    }
    workgroupBarrier();

    var sum = 0.0;
    for (var q = local; q < p.quads; q += {{ workgroup }}u) {
        let e = select(vec4<f32>(), exp(load_x(first + q) - top), is_channel(q));
        sum += (e.x + e.y) + (e.z + e.w);
    }
    partial[local] = sum;
    workgroupBarrier();
    sum = 0.0;
    for (var i = 0u; i < {{ workgroup }}u; i++) {
        sum += partial[i];
    }

    for (var q = local; q < p.quads; q += {{ workgroup }}u) {
        let e = select(vec4<f32>(), exp(load_x(first + q) - top), is_channel(q));
        store_y(first + q, e / sum);
    }
}
