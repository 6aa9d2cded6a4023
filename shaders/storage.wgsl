{# Where activations and weights lie. Most devices read storage buffers best.
   llvmpipe reads a buffer lane by lane, through the stack, and a texture by
   whole vec4s: three to four times as fast a convolution. There every value is
   a texture of one texel a quad, in rows of {{ texture_row }}:

     quad   0 │    1 │    2 │ … │ 1023        row 0
         1024 │ 1025 │ 1026 │ … │ 2047        row 1

   Kernels say input(binding, name) and output(binding, name), and read and
   write quad i with load_name(i) and store_name(i, v), in f32. Values lie there
   in f32 or f16: what is read as `reads`, unless another type is said, and what
   is written as `writes`. Biases, scales and shifts are f32. #}
{% macro input(binding, name, scalar=reads) %}
{% if textures %}
@group(0) @binding({{ binding }}) var {{ name }}: texture_2d<f32>;
fn load_{{ name }}(i: u32) -> vec4<f32> {
    return textureLoad({{ name }}, vec2<u32>(i % {{ texture_row }}u, i / {{ texture_row }}u), 0);
}
{% else %}
@group(0) @binding({{ binding }}) var<storage, read> {{ name }}: array<vec4<{{ scalar }}>>;
fn load_{{ name }}(i: u32) -> vec4<f32> {
    return vec4<f32>({{ name }}[i]);
}
{% endif %}
{% endmacro %}
{% macro output(binding, name) %}
{% if textures %}
@group(0) @binding({{ binding }}) var {{ name }}: texture_storage_2d<rgba{{ writes[1:] }}float, write>;
fn store_{{ name }}(i: u32, v: vec4<f32>) {
{% if writes == "f16" %}
    // To the nearest, to even among two: llvmpipe cuts digits off where it
    // stores a texel, and what has no more than f16 is stored as it is.
    let bits = bitcast<vec4<u32>>(v);
    let rounded = (bits + 0xfffu + ((bits >> vec4<u32>(13u)) & vec4<u32>(1u))) & vec4<u32>(0xffffe000u);
    let stored = select(bitcast<vec4<f32>>(rounded), v, is_nan(v));
{% else %}
    let stored = v;
{% endif %}
    textureStore({{ name }}, vec2<u32>(i % {{ texture_row }}u, i / {{ texture_row }}u), stored);
}
{% else %}
@group(0) @binding({{ binding }}) var<storage, read_write> {{ name }}: array<vec4<{{ writes }}>>;
fn store_{{ name }}(i: u32, v: vec4<f32>) {
    {{ name }}[i] = vec4<{{ writes }}>(v);
}
{% endif %}
{% endmacro %}
