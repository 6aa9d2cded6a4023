// Output transform of Winograd's F({{ tile }}×{{ tile }}, 3×3): y = epilogue(Aᵀ M A).
//
//   m         [{{ points * points }}][tiles][quads] vec4: one matrix for each point
//   bias      [quads] vec4
//   residual  [N][P][Q][quads] vec4 (bound to m if there is none)
//   y         [N][P][Q][quads] vec4, and outputs as in results.wgsl
//
// An invocation makes one quad of one tile of {{ tile }}×{{ tile }} output pixels. Pixels beyond
// the image's edge are dropped:
//
//     {{ points * points }} values, one for each point  ─►  {{ tile }}×{{ tile }} pixels
{% include "common.wgsl" %}
{% include "winograd_params.wgsl" %}
{% from "results.wgsl" import results %}
{{ input(1, "m") }}
{{ input(2, "bias", "f32") }}
{{ input(3, "residual", writes) }}
{{ results(4) }}

fn finish(image: u32, row: u32, col: u32, quad: u32, sum: vec4<f32>) {
    if row >= p.out_h || col >= p.out_w {
        return;
    }
    let at = ((image * p.out_h + row) * p.out_w + col) * p.quads + quad;
    let on = (p.flags & 2u) != 0u;
{% if textures %}
    // Use select, not a branch: lavapipe replaces the uniforms that branches test
    // by constants, and would compile the kernel again at every dispatch.
    let v = sum + select(vec4<f32>(), load_residual(at), on);
{% else %}
    var v = sum;
    if on {
        v += load_residual(at);
    }
{% endif %}
    leave(at, quad, select(v, relu(v), (p.flags & 1u) != 0u));
}

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = group_index(group, groups) * {{ workgroup }}u + local;
    if item >= p.tiles * p.quads {
        return;
    }
    let quad = item % p.quads;
    let tile = item / p.quads;
    let of_image = p.rows * p.columns;
    let image = tile / of_image;
    let row = tile % of_image / p.columns * {{ tile }}u;
    let col = tile % p.columns * {{ tile }}u;

    // Columns first: t = Aᵀ M, one column of M at a time.
    let step = p.tiles * p.quads;
{% for c in range(points) %}
{% for r in range(points) %}
    let d_{{ r }}_{{ c }} = load_m({{ r * points + c }}u * step + item);
{% endfor %}
{% for i in range(tile) %}
    let t_{{ i }}_{{ c }} = {{ sums.columns[i][c] }};
{% endfor %}
{% endfor %}

    let start = load_bias(quad);
{% for i in range(tile) %}
{% for j in range(tile) %}
    finish(image, row + {{ i }}u, col + {{ j }}u, quad, start + ({{ sums.rows[i][j] }}));
{% endfor %}
{% endfor %}
}
