{# Storage of activations and weights. Most devices read storage buffers
   fastest. llvmpipe reads a buffer lane by lane, through the stack, but reads a
   texture in whole vec4s. A convolution on textures is three to four times as
   fast there. On llvmpipe each value is therefore a texture with one texel for
   each quad, in rows of {{ texture_row }}:

     quad   0 │    1 │    2 │ … │ 1023        row 0
         1024 │ 1025 │ 1026 │ … │ 2047        row 1

   Kernels declare values with input(binding, name) and output(binding, name).
   load_name(i) reads quad i and store_name(i, v) writes it, both in f32. Values
   are stored in f32 or f16. Inputs have the type `reads` unless the declaration
   names another type. Outputs have the type `writes`. Biases, scales and shifts
   are f32. #}
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
    // Round to the nearest f16, ties to even. llvmpipe truncates when it stores
    // a texel. A value that f16 holds exactly is stored unchanged.
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
