// Copies a buffer that is larger than the caches. In each step of the loop, the
// whole dispatch copies one contiguous piece of memory:
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

// Fills the buffer with the pattern that the copy must reproduce; `pattern` in
// src/gpu/peaks/copy.rs computes the same pattern. No two elements are equal, so
// that no driver can compress the buffer.
@compute @workgroup_size({{ workgroup }})
fn fill(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < arrayLength(&y); i += groups.x * {{ workgroup }}u) {
        y[i] = (vec4(4u * i) + vec4(0u, 1u, 2u, 3u)) * 2654435761u;
    }
}
