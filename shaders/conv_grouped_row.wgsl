// Grouped convolution of {{ kernel }}×{{ kernel }} windows with stride 1, for groups with whole
// quads of channels. Neighbouring pixels of a row share their loads.
//
//   x         [N][H][W][in_quads] vec4
//   w         [K*K][group_in][weight_quads] vec4: for each output channel only
//             the input channels of its own group
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x if there is none)
//   y         [N][P][Q][out_quads] vec4, and outputs as in results.wgsl
//
// An invocation makes one quad of channels for {{ pixels }} pixels of a row ({{ pixels }} divides
// the 56, 28, 14 and 7 of a ResNet). Neighbouring invocations take neighbouring
// quads. For each row of the window, an invocation loads
// {{ pixels + kernel - 1 }} input quads for {{ kernel * pixels }} uses, and
// {{ 4 * kernel }} weight quads for {{ pixels }} uses each:
//
//   x   │ 0 │ 1 │ 2 │ … │ {{ pixels + kernel - 2 }} │
//         └───┴───┴─ tap 0 to {{ kernel - 1 }} of pixel 0
//             └───┴─── … of pixel 1
{% include "common.wgsl" %}
{% include "conv_params.wgsl" %}

@compute @workgroup_size({{ workgroup }})
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let tile = group_index(group, groups) * {{ workgroup }}u + local;
    if tile >= p.tiles {
        return;
    }
    let segment = divide(tile, p.by_n_tiles);
    let quad = tile - segment * p.n_tiles;
    let segments = (p.out_w + {{ pixels - 1 }}u) / {{ pixels }}u;
    let row = segment / segments;
    let first = (segment - row * segments) * {{ pixels }}u;
    let image = row / p.out_h;
    let image_rows = image * p.in_h;
    let top = i32(row - image * p.out_h) - i32(p.padding);
    let left = i32(first) - i32(p.padding);
    let first_in = quad * 4u / p.group_out * p.group_in / 4u;

{% for i in range(pixels + kernel - 1) %}
    let on_{{ i }} = u32(left + {{ i }}) < p.in_w;
{% endfor %}
    let start = load_bias(quad);
{% for m in range(pixels) %}
    var acc_{{ m }} = start;
{% endfor %}
    for (var r = 0u; r < {{ kernel }}u; r++) {
        let in_row = u32(top + i32(r));
        if in_row >= p.in_h {
            continue;
        }
        let begin = (image_rows + in_row) * p.in_w + u32(left);
        for (var c = 0u; c < p.group_in; c += 4u) {
            let at = begin * p.in_quads + first_in + c / 4u;
{% for i in range(pixels + kernel - 1) %}
            let x_{{ i }} = select(vec4<f32>(), load_x(select(0u, at + {{ i }}u * p.in_quads, on_{{ i }})), on_{{ i }});
{% endfor %}
{% for s in range(kernel) %}
            let row_{{ s }} = ((r * {{ kernel }}u + {{ s }}u) * p.group_in + c) * p.weight_quads + quad;
{% for d in range(4) %}
            let w_{{ s }}_{{ d }} = load_w(row_{{ s }} + {{ d }}u * p.weight_quads);
{% endfor %}
{% for m in range(pixels) %}
{% for d in range(4) %}
            acc_{{ m }} = fma(vec4<f32>(x_{{ m + s }}.{{ "xyzw"[d] }}), w_{{ s }}_{{ d }}, acc_{{ m }});
{% endfor %}
{% endfor %}
{% endfor %}
        }
    }

{% for m in range(pixels) %}
    if first + {{ m }}u < p.out_w {
        finish(row * p.out_w + first + {{ m }}u, quad, acc_{{ m }});
    }
{% endfor %}
}
