{# Declarations that both passes of the resize share. #}
{% macro declarations() %}
// Weights have 22 fraction bits. Sums start at one half, so that the shift rounds
// to the nearest byte, as in Pillow's Resample.c.
const BITS = 22u;
const HALF = 1i << (BITS - 1u);

fn rounded(sum: vec3<i32>) -> vec3<i32> {
    return clamp(sum >> vec3<u32>(BITS), vec3<i32>(0), vec3<i32>(255));
}

fn bytes(word: u32) -> vec3<i32> {
    return vec3<i32>((vec3<u32>(word) >> vec3<u32>(0u, 8u, 16u)) & vec3<u32>(255u));
}

fn word(bytes: vec3<i32>) -> u32 {
    return u32(bytes.x) | (u32(bytes.y) << 8u) | (u32(bytes.z) << 16u);
}
{% endmacro %}
