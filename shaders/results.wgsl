{# What a convolution's last stage leaves of a sum v that has its bias, residual
   and ReLU; its templates end with leave(at, quad, v).

     scale, shift  [out_quads] vec4, f32
     y             as the template says
     z             like y

     v ──┬────────────────────────► y
         └─► max(v·scale + shift, 0) ─► z     a batch norm and ReLU that follow

   `outputs` says which of y and z there are: "sum" is y alone, "normed" z
   alone. Whoever calls has tested `quad`, so scale and shift end where y's
   quads do. z is made of v before y is rounded. #}
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
