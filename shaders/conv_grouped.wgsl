// Grouped convolution, computed directly.
{% if aligned %}
// This variant is for groups with whole quads of input and output channels.
{% else %}
// This variant is for any groups. The four channels of an output quad may belong to different
// groups.
{% endif %}
//
//   x         [N][H][W][in_quads] vec4
//   w         [K*K][group_in][weight_quads] vec4: for each output channel only
//             the input channels of its own group
//   bias      [weight_quads] vec4
//   residual  [N][P][Q][out_quads] vec4 (bound to x if there is none)
//   y         [N][P][Q][out_quads] vec4, and outputs as in results.wgsl
//
// An invocation makes one quad of channels for {{ pixels }} pixels, so that each weight
// quad is loaded once for {{ pixels }} uses. Neighbouring invocations take neighbouring
// quads:
//
//              quad 0   quad 1   quad 2
//             ┌────────┬────────┬────────┬─ ─
//   pixel 0   │        │        │        │
//     …       │ inv. 0 │ inv. 1 │ inv. 2 │
//   pixel {{ pixels - 1 }}   │        │        │        │
//             └────────┴────────┴────────┴─ ─
{% include "common.wgsl" %}
{% include "conv_params.wgsl" %}
{% if not aligned %}

fn channel(at: u32, c: u32) -> f32 {
    return load_x(at + c / 4u)[c % 4u];
}
{% endif %}

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
    let row_of_tiles = divide(tile, p.by_n_tiles);
    let quad = tile - row_of_tiles * p.n_tiles;
    let first = row_of_tiles * {{ pixels }}u;
{% for m in range(pixels) %}
    let corner_{{ m }} = corner(first + {{ m }}u);
    var acc_{{ m }} = load_bias(quad);
{% endfor %}
{% if aligned %}
    let first_in = quad * 4u / p.group_out * p.group_in / 4u;
{% else %}
{% for d in range(4) %}
    // Channels that pad the last quad belong to no group. They read the inputs
    // of the last group, and their weights are zero.
    let in_{{ d }} = min((quad * 4u + {{ d }}u) / p.group_out * p.group_in, p.in_quads * 4u - p.group_in);
{% endfor %}
{% endif %}

    var row = quad;
    for (var r = 0u; r < p.kernel; r++) {
        for (var s = 0u; s < p.kernel; s++) {
{% for m in range(pixels) %}
            let on_{{ m }} = on_image(corner_{{ m }}, r, s);
            let tap_{{ m }} = select(0u, tap(corner_{{ m }}, r, s), on_{{ m }});
{% endfor %}
{% if aligned %}
            for (var c = 0u; c < p.group_in; c += 4u) {
                let w0 = load_w(row);
                let w1 = load_w(row + p.weight_quads);
                let w2 = load_w(row + 2u * p.weight_quads);
                let w3 = load_w(row + 3u * p.weight_quads);
                row += 4u * p.weight_quads;
{% for m in range(pixels) %}
                let x_{{ m }} = select(vec4<f32>(), load_x(tap_{{ m }} + first_in + c / 4u), on_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(x_{{ m }}.x), w0, acc_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(x_{{ m }}.y), w1, acc_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(x_{{ m }}.z), w2, acc_{{ m }});
                acc_{{ m }} = fma(vec4<f32>(x_{{ m }}.w), w3, acc_{{ m }});
{% endfor %}
            }
{% else %}
            for (var c = 0u; c < p.group_in; c++) {
                let wc = load_w(row);
                row += p.weight_quads;
{% for m in range(pixels) %}
                let x_{{ m }} = vec4<f32>(
                    channel(tap_{{ m }}, in_0 + c),
                    channel(tap_{{ m }}, in_1 + c),
                    channel(tap_{{ m }}, in_2 + c),
                    channel(tap_{{ m }}, in_3 + c),
                );
                acc_{{ m }} = fma(select(vec4<f32>(), x_{{ m }}, on_{{ m }}), wc, acc_{{ m }});
{% endfor %}
            }
{% endif %}
        }
    }

{% for m in range(pixels) %}
    finish(first + {{ m }}u, quad, acc_{{ m }});
{% endfor %}
}
