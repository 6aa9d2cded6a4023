{# Where activations and weights lie. Most devices read storage buffers best.
   llvmpipe reads a buffer lane by lane, through the stack, and a texture by
   whole vec4s: three to four times as fast a convolution. There every value is
   a texture of one texel a quad, in rows of {{ texture_row }}:

     quad   0 │    1 │    2 │ … │ 2047        row 0
         2048 │ 2049 │ 2050 │ … │ 4095        row 1

   Kernels say input(binding, name) and output(binding, name), and read and
   write quad i with load_name(i) and store_name(i, v). #}
{% macro input(binding, name) %}
{% if textures %}
@group(0) @binding({{ binding }}) var {{ name }}: texture_2d<f32>;
fn load_{{ name }}(i: u32) -> vec4<f32> {
    return textureLoad({{ name }}, vec2<u32>(i % {{ texture_row }}u, i / {{ texture_row }}u), 0);
}
{% else %}
@group(0) @binding({{ binding }}) var<storage, read> {{ name }}: array<vec4<f32>>;
fn load_{{ name }}(i: u32) -> vec4<f32> {
    return {{ name }}[i];
}
{% endif %}
{% endmacro %}
{% macro output(binding, name) %}
{% if textures %}
@group(0) @binding({{ binding }}) var {{ name }}: texture_storage_2d<rgba32float, write>;
fn store_{{ name }}(i: u32, v: vec4<f32>) {
    textureStore({{ name }}, vec2<u32>(i % {{ texture_row }}u, i / {{ texture_row }}u), v);
}
{% else %}
@group(0) @binding({{ binding }}) var<storage, read_write> {{ name }}: array<vec4<f32>>;
fn store_{{ name }}(i: u32, v: vec4<f32>) {
    {{ name }}[i] = v;
}
{% endif %}
{% endmacro %}
