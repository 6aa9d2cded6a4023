// First pass of Pillow's resize of 8-bit RGB, for pixels in a
// {{ "texture" if texture else "buffer" }}. The pass resizes along one axis in fixed point with
// 22 bits, and rounds its results to bytes.
//
//   source   region at `origin`, R8G8B8A8 or B8G8R8A8; alpha is ignored
//   taps     [outputs][stride] i32: first input, number of weights, weights
//   narrow   [height][width] u32: red, green, blue, low byte first
//
//          first .. first+count
//   source ░░░░░░▒▒▓▓▒▒░░░░░░░░  one row (or column), `along` the axis
//                   │ Σ weight·byte
//   narrow        · █ · · ·      one invocation makes one pixel
{% from "resample_common.wgsl" import declarations %}
{{ declarations() }}

// Filled by Sampling::first_pass in src/preprocess/sampling.rs.
struct Params {
    size: vec2<u32>,    // size of `narrow`, in pixels
    origin: vec2<u32>,  // first pixel of the region in the source
    across: vec2<u32>,  // first row or column of the other axis that is kept
    stride: u32,        // words of an output's taps
    vertical: u32,      // 1: the axis is y
    srgb: u32,          // 1: reading the texture converts sRGB to linear values
    bgr: u32,           // 1: blue comes first
    first_word: u32,    // first word of the picture in the source buffer
    row_words: u32,     // words of a row in the source buffer
}

@group(0) @binding(0) var<uniform> p: Params;
{% if texture %}
@group(0) @binding(1) var source: texture_2d<f32>;
{% else %}
@group(0) @binding(1) var<storage, read> source: array<u32>;
{% endif %}
@group(0) @binding(2) var<storage, read> taps: array<i32>;
@group(0) @binding(3) var<storage, read_write> narrow: array<u32>;

{% if texture %}
// Encodes linear values as sRGB (IEC 61966-2-1). This undoes the conversion that
// reading an sRGB texture performs.
fn encoded(v: vec3<f32>) -> vec3<f32> {
    let curve = 1.055 * pow(max(v, vec3<f32>(0.0031308)), vec3<f32>(1.0 / 2.4)) - 0.055;
    return select(curve, 12.92 * v, v <= vec3<f32>(0.0031308));
}

fn pixel(at: vec2<u32>) -> vec3<i32> {
    var value = textureLoad(source, at, 0).rgb;
    if p.srgb == 1u {
        value = encoded(value);
    }
    return vec3<i32>(value * 255.0 + 0.5);
}
{% else %}
fn pixel(at: vec2<u32>) -> vec3<i32> {
    let value = bytes(source[p.first_word + at.y * p.row_words + at.x]);
    return select(value, value.zyx, p.bgr == 1u);
}
{% endif %}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= p.size) {
        return;
    }
    let along = select(vec2<u32>(1u, 0u), vec2<u32>(0u, 1u), p.vertical == 1u);
    let row = p.stride * select(id.x, id.y, p.vertical == 1u);
    let first = u32(taps[row]);
    let count = u32(taps[row + 1u]);
    let other = (p.across + id.xy) * (vec2<u32>(1u) - along);
    var sum = vec3<i32>(HALF);
    for (var i = 0u; i < count; i++) {
        sum += taps[row + 2u + i] * pixel(p.origin + other + along * (first + i));
    }
    narrow[id.y * p.size.x + id.x] = word(rounded(sum));
}
