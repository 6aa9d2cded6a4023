// A slow look around in one picture, and then into the next.

struct Look {
    // The part of each picture that is seen: left, top, width, height, as parts
    // of the picture.
    first: vec4<f32>,
    second: vec4<f32>,
    // How much of the second is seen.
    mixed: f32,
}

@group(0) @binding(0) var<uniform> look: Look;
@group(0) @binding(1) var first: texture_2d<f32>;
@group(0) @binding(2) var second: texture_2d<f32>;
@group(0) @binding(3) var linear: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) at: vec2<f32>,
}

// One triangle that covers everything.
@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    let at = vec2(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0), at);
}

@fragment
fn colour(in: Corner) -> @location(0) vec4<f32> {
    let a = textureSampleLevel(first, linear, look.first.xy + in.at * look.first.zw, 0.0);
    let b = textureSampleLevel(second, linear, look.second.xy + in.at * look.second.zw, 0.0);
    return vec4(mix(a.rgb, b.rgb, look.mixed), 1.0);
}
