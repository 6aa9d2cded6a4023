// Element by element, one quad an invocation:{% if op == "add" %} y = a + b{% elif op == "relu" %} y = max(x, 0){% else %} y = x·scale + shift, then
// perhaps ReLU (a batch norm that no convolution could take in){% endif %}.
//
//   all activations  [N*H*W][quads] vec4
{% if op == "scale_shift" %}
//   scale, shift     [quads] vec4
{% endif %}
{% include "common.wgsl" %}

// Filled by ElementwiseProblem::dispatch in src/kernels/elementwise.rs.
struct Params {
    items: u32,  // N*H*W*quads
    quads: u32,
    flags: u32,  // 1: ReLU
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
{% if op == "add" %}
@group(0) @binding(2) var<storage, read> other: array<Stored>;
@group(0) @binding(3) var<storage, read_write> y: array<Written>;
{% elif op == "relu" %}
@group(0) @binding(2) var<storage, read_write> y: array<Written>;
{% else %}
@group(0) @binding(2) var<storage, read> scale: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> shift: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<Written>;
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
{% if op == "add" %}
    var v = vec4<f32>(x[at]) + vec4<f32>(other[at]);
{% elif op == "relu" %}
    var v = vec4<f32>(x[at]);
{% else %}
    let quad = at % p.quads;
    var v = fma(vec4<f32>(x[at]), scale[quad], shift[quad]);
{% endif %}
    if (p.flags & 1u) != 0u {
        v = relu(v);
    }
    y[at] = Written(v);
}
