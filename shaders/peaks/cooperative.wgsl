{% if operands == "f16" or accumulator == "f16" %}
enable f16;
{% endif %}
enable wgpu_cooperative_matrix;

// Measures the peak rate of cooperative matrix products of {{ size }}×{{ size }}×{{ size }},
// with factors in {{ operands }} and sums in {{ accumulator }}. The products run on
// tensor cores if the device has them. The loop loads nothing.
//
//   a      [2][{{ size }}][{{ size }}] {{ operands }}, row-major like all matrices here
//   b      [{{ size }}][{{ size }}] {{ operands }}
//   c      [{{ chains }}][{{ size }}][{{ size }}] {{ accumulator }}
//   d      [tiles][{{ chains }}][{{ size }}][{{ size }}] {{ accumulator }}, a tile a subgroup
//   found  [1] u32, the number of subgroups in a workgroup
//
// Every subgroup, for each of its chains:   d = c + rounds · (a₀·b + a₁·b)
//
// For a long run the host sets a₁ = −a₀, so that the expected result stays small
// and exact in f16.

// Filled by Cooperative::run in src/gpu/peaks/cooperative.rs.
struct Params {
    rounds: u32,
    tiles: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<{{ operands }}>;
@group(0) @binding(2) var<storage, read> b: array<{{ operands }}>;
@group(0) @binding(3) var<storage, read> c: array<{{ accumulator }}>;
@group(0) @binding(4) var<storage, read_write> d: array<{{ accumulator }}>;
@group(0) @binding(5) var<storage, read_write> found: array<u32, 1>;

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(num_subgroups) subgroups: u32,
) {
    if group.x == 0u && local == 0u {
        found[0] = subgroups;
    }
    let a_0 = coopLoadT<coop_mat{{ size }}x{{ size }}<{{ operands }}, A>>(&a[0], {{ size }}u);
    let a_1 = coopLoadT<coop_mat{{ size }}x{{ size }}<{{ operands }}, A>>(&a[{{ size * size }}], {{ size }}u);
    let b_0 = coopLoadT<coop_mat{{ size }}x{{ size }}<{{ operands }}, B>>(&b[0], {{ size }}u);
{% for i in range(chains) %}
    var d_{{ i }} = coopLoadT<coop_mat{{ size }}x{{ size }}<{{ accumulator }}, C>>(&c[{{ i * size * size }}], {{ size }}u);
{% endfor %}
    for (var round = 0u; round < p.rounds; round++) {
{% for _ in range(pairs) %}
{% for operand in ["a_0", "a_1"] %}
{% for i in range(chains) %}
        d_{{ i }} = coopMultiplyAdd({{ operand }}, b_0, d_{{ i }});
{% endfor %}
{% endfor %}
{% endfor %}
    }
    // If there were more subgroups than the driver reports, the clamp would still
    // keep every write inside d.
    let tile = min(group.x * subgroups + subgroup, p.tiles - 1u) * {{ chains * size * size }}u;
{% for i in range(chains) %}
    coopStoreT(d_{{ i }}, &d[tile + {{ i * size * size }}u], {{ size }}u);
{% endfor %}
}
