// Copies a buffer, which is larger than caches: each step of the loop is one
// piece of memory after the other for the whole dispatch.
//
//   x, y   [n] vec4<u32>
//
//   step 0  │ invocation 0 │ 1 │ 2 │ …  all of them │
//   step 1                                          │ 0 │ 1 │ 2 │ … │

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;

@compute @workgroup_size({{ workgroup }})
fn copy(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < arrayLength(&y); i += groups.x * {{ workgroup }}u) {
        y[i] = x[i];
    }
}

// What the copy has to find again; `pattern` in src/gpu/peaks/copy.rs is the
// same. No two elements are equal, so that no driver can compress it.
@compute @workgroup_size({{ workgroup }})
fn fill(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < arrayLength(&y); i += groups.x * {{ workgroup }}u) {
        y[i] = (vec4(4u * i) + vec4(0u, 1u, 2u, 3u)) * 2654435761u;
    }
}
