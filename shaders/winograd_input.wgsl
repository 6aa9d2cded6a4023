// Input transform of Winograd's F({{ tile }}×{{ tile }}, 3×3): V = Bᵀ d B.
//
//   x            [N][H][W][quads] vec4
//   transformed  [{{ points * points }}][tiles][quads] vec4: one matrix for each point
//
// An invocation takes one quad of one tile of {{ points }}×{{ points }} input pixels. Tiles overlap
// by two pixels, and neighbouring invocations take neighbouring quads:
//
//        ┌───── {{ points }} ─────┐
//        │ {{ tile }}×{{ tile }} outputs │ ─►  {{ points * points }} values, one for each point
//        │  + 2 borders │
//        └──────────────┘
{% include "common.wgsl" %}
{% include "winograd_params.wgsl" %}
{{ input(1, "x") }}
{{ output(2, "transformed") }}

// A pixel's quad, or zero if the pixel is padding.
fn pixel(image: u32, row: i32, col: i32, quad: u32) -> vec4<f32> {
    let on = u32(row) < p.in_h && u32(col) < p.in_w;
    let at = (image + u32(row) * p.in_w + u32(col)) * p.quads + quad;
    return select(vec4<f32>(), load_x(select(0u, at, on)), on);
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
    let image = tile / of_image * p.in_h * p.in_w;
    let row = i32(tile % of_image / p.columns * {{ tile }}u) - i32(p.padding);
    let col = i32(tile % p.columns * {{ tile }}u) - i32(p.padding);

    // Columns first: t = Bᵀ d, one column of d at a time.
{% for c in range(points) %}
{% for r in range(points) %}
    let d_{{ r }}_{{ c }} = pixel(image, row + {{ r }}, col + {{ c }}, quad);
{% endfor %}
{% for i in range(points) %}
    let t_{{ i }}_{{ c }} = {{ sums.columns[i][c] }};
{% endfor %}
{% endfor %}

    let step = p.tiles * p.quads;
{% for i in range(points) %}
{% for j in range(points) %}
    store_transformed({{ i * points + j }}u * step + item, {{ sums.rows[i][j] }});
{% endfor %}
{% endfor %}
}
