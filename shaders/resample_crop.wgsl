// Second pass of Pillow's resize, along the other axis. The pass writes the crop
// that the network reads: bytes of red, green and blue, four pixels in three words.
//
//   narrow   [height][width] u32, the result of the first pass
//   taps     as in resample.wgsl
//   crop     [rows·columns][3] u8, black outside `inside`
//
//   crop  ┌──────────────┐   an invocation makes four pixels, which may continue
//         │  ┌ inside ┐  │   in the next row:  |r0 g0 b0 r1|g1 b1 r2 g2|b2 r3 g3 b3|
//         │  └────────┘  │
//         └──────────────┘
{% from "resample_common.wgsl" import declarations %}
{{ declarations() }}

// Filled by Sampling::second_pass in src/preprocess/sampling.rs.
struct Params {
    size: vec2<u32>,    // size of the crop, in pixels
    before: vec2<u32>,  // black columns and rows before `inside`
    inside: vec2<u32>,  // columns and rows that come from the picture
    width: u32,         // width of `narrow`
    first: u32,         // row or column of the source with which `narrow` begins
    stride: u32,        // words of an output's taps
    vertical: u32,      // 1: the axis is y
    zeros: vec2<u32>,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> narrow: array<u32>;
@group(0) @binding(2) var<storage, read> taps: array<i32>;
@group(0) @binding(3) var<storage, read_write> crop: array<u32>;

fn pixel(at: u32) -> u32 {
    let in_crop = vec2<u32>(at % p.size.x, at / p.size.x);
    let to = in_crop - p.before;
    // A pixel before `inside` wraps to a number that exceeds `inside`.
    if any(to >= p.inside) {
        return 0u;
    }
    let row = p.stride * select(to.x, to.y, p.vertical == 1u);
    let first = u32(taps[row]) - p.first;
    let count = u32(taps[row + 1u]);
    let begin = select(to.y * p.width + first, first * p.width + to.x, p.vertical == 1u);
    let step = select(1u, p.width, p.vertical == 1u);
    var sum = vec3<i32>(HALF);
    for (var i = 0u; i < count; i++) {
        sum += taps[row + 2u + i] * bytes(narrow[begin + i * step]);
    }
    return word(rounded(sum));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let first = 4u * id.x;
    if first >= p.size.x * p.size.y {
        return;
    }
    let a = pixel(first);
    let b = pixel(first + 1u);
    let c = pixel(first + 2u);
    let d = pixel(first + 3u);
    crop[3u * id.x] = a | (b << 24u);
    crop[3u * id.x + 1u] = (b >> 8u) | (c << 16u);
    crop[3u * id.x + 2u] = (c >> 16u) | (d << 8u);
}
