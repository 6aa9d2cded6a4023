{% if scalar == "f16" %}
enable f16;

{% endif %}
// Measures the peak rate of fused multiply-adds in {{ scalar }}. The loop loads nothing.
// {{ chains }} independent chains of vec4 hide the latency of each chain.
//
//   sums   [invocations] f32, the sum of each invocation's chains
//
// One round, downwards:    x_0          x_1     …    x_{{ chains - 1 }}
//                       x·m + first  x·m + first  x·m + first
//                       x·m + second x·m + second x·m + second      {{ pairs }} times
//
// With m = −1, a pair adds (second − first). The result is exact in every
// precision, even if the device rounds between product and sum, so the host knows
// the expected sums. m, first and second arrive at run time, so no compiler can
// fold the loop.
//
// The chains are separate variables in unrolled code, because arrays that are
// indexed in loops cost 2–5 times as much on llvmpipe.

// Filled by Fma::run in src/gpu/peaks/fma.rs.
struct Params {
    m: f32,
    first: f32,
    second: f32,
    rounds: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = group.x * {{ workgroup }}u + local;
    let m = vec4({{ scalar }}(p.m));
    let first = vec4({{ scalar }}(p.first));
    let second = vec4({{ scalar }}(p.second));
    let start = vec4(f32(at % 16u));
{% for i in range(chains) %}
    var x_{{ i }} = vec4<{{ scalar }}>(start + vec4({{ 4 * i }}.0, {{ 4 * i + 1 }}.0, {{ 4 * i + 2 }}.0, {{ 4 * i + 3 }}.0));
{% endfor %}
    // The count is added to the result, because some drivers end long loops early.
    var done = 0u;
    for (; done < p.rounds; done++) {
{% for _ in range(pairs) %}
{% for addend in ["first", "second"] %}
{% for i in range(chains) %}
        x_{{ i }} = fma(x_{{ i }}, m, {{ addend }});
{% endfor %}
{% endfor %}
{% endfor %}
    }
    var sum = vec4<f32>(x_0);
{% for i in range(1, chains) %}
    sum += vec4<f32>(x_{{ i }});
{% endfor %}
    sums[at] = sum.x + sum.y + sum.z + sum.w + f32(done);
}
