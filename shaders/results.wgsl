{# Outputs of a convolution's last dispatch. A template ends with
   leave(at, quad, v), where v is the sum after bias, residual and ReLU.

     scale, shift  [out_quads] vec4, f32
     y             in the layout that the template describes
     z             in the layout of y

     v ──┬────────────────────────► y
         └─► max(v·scale + shift, 0) ─► z     a batch norm and ReLU that follow

   `outputs` selects the outputs: "sum" is y alone, "normed" is z alone, and
   "both" is y and z. The caller has tested `quad`, so scale and shift need no
   more quads than y. z is computed from v, not from the rounded y. #}
{% from "storage.wgsl" import input, output %}
{% macro results(binding) %}
{% if outputs == "sum" %}
{{ output(binding, "y") }}
{% else %}
{{ input(binding, "scale", "f32") }}
{{ input(binding + 1, "shift", "f32") }}
{% if outputs == "both" %}
{{ output(binding + 2, "y") }}
{{ output(binding + 3, "z") }}
{% else %}
{{ output(binding + 2, "z") }}
{% endif %}
{% endif %}
fn leave(at: u32, quad: u32, v: vec4<f32>) {
{% if outputs != "normed" %}
    store_y(at, v);
{% endif %}
{% if outputs != "sum" %}
    store_z(at, relu(fma(v, load_scale(quad), load_shift(quad))));
{% endif %}
}
{% endmacro %}
