// Draws the visible parts of two pictures, the second over the first.

struct Uniforms {
    // The visible part of each picture: left, top, width, height, as fractions
    // of the picture.
    first: vec4<f32>,
    second: vec4<f32>,
    // The share of the second picture, from 0 to 1.
    mixed: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
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
    let a = textureSampleLevel(first, linear, uniforms.first.xy + in.at * uniforms.first.zw, 0.0);
    let b = textureSampleLevel(second, linear, uniforms.second.xy + in.at * uniforms.second.zw, 0.0);
    return vec4(mix(a.rgb, b.rgb, uniforms.mixed), 1.0);
}
