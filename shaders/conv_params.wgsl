{% from "storage.wgsl" import input %}
{% from "results.wgsl" import results %}
// Parameters of one convolution: y[N,P,Q,out] = epilogue(x[N,H,W,in] * w).
// Filled by ConvProblem::dispatch in src/kernels/conv.rs.
struct Params {
    pixels: u32,        // N*P*Q, output pixels of the whole batch
    in_h: u32,
    in_w: u32,
    in_quads: u32,
    out_h: u32,
    out_w: u32,
    out_quads: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
    weight_quads: u32,  // quads in a row of packed weights (out_quads, padded)
    m_tiles: u32,       // tiles along the pixels
    tiles: u32,         // number of tiles, over all points and parts
    flags: u32,         // 1: ReLU, 2: residual
    group_in: u32,      // input channels of a group
    group_out: u32,     // output channels of a group
    by_image: vec2<u32>,     // divisor out_h*out_w, see divide()
    by_row: vec2<u32>,       // divisor out_w
    by_in_quads: vec2<u32>,  // divisor in_quads
    by_kernel: vec2<u32>,    // divisor kernel
    by_n_tiles: vec2<u32>,   // divisor n_tiles
    n_tiles: u32,       // tiles along the output quads
    rows: u32,          // length of the whole reduction, in rows of w
    quads: u32,         // length of the whole reduction, in quads of rows
    parts: u32,         // workgroups that share a tile's reduction
    part_quads: u32,    // length of each part but the last, in quads
    x_step: u32,        // vec4 in x from one point to the next
    w_step: u32,        // vec4 in w from one point to the next
    points: u32,        // independent products in all buffers but bias (1, or a batched GEMM)
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ input(2, "w") }}
{{ input(3, "bias", "f32") }}
{{ input(4, "residual") }}
{{ results(5) }}

// n / d for n below 2^31, if `by` is Divisor::new(d) of
// src/kernels/divisor.rs. A multiplication and a shift cost far less than a
// division. WGSL has no function for the high half of a product, so the
// function computes this half from 16-bit halves.
fn divide(n: u32, by: vec2<u32>) -> u32 {
    let a = vec2<u32>((n << 1u) & 0xffffu, n >> 15u);
    let b = vec2<u32>(by.x & 0xffffu, by.x >> 16u);
    let left = a.y * b.x + ((a.x * b.x) >> 16u);
    let right = a.x * b.y + (left & 0xffffu);
    return (a.y * b.y + (left >> 16u) + (right >> 16u)) >> by.y;
}

// Adds the residual, applies ReLU and stores the result. The sum includes the
// bias already.
fn finish(pixel: u32, quad: u32, sum: vec4<f32>) {
    finish_point(0u, pixel, quad, sum);
}

// Does the work of finish() for one of several products.
fn finish_point(point: u32, pixel: u32, quad: u32, sum: vec4<f32>) {
    if pixel >= p.pixels || quad >= p.out_quads {
        return;
    }
    let at = (point * p.pixels + pixel) * p.out_quads + quad;
    var v = sum;
    if (p.flags & 2u) != 0u {
        v += load_residual(at);
    }
    if (p.flags & 1u) != 0u {
        v = relu(v);
    }
    leave(at, quad, v);
}

// The residual's quad, or zero if pixel or quad is beyond the output's edge.
fn residual_at(pixel: u32, quad: u32) -> vec4<f32> {
    let on = pixel < p.pixels && quad < p.out_quads;
    return select(vec4<f32>(), load_residual(select(0u, pixel * p.out_quads + quad, on)), on);
}

// Applies ReLU to a sum that includes bias and residual, and stores the result
// in the given slice of y.
fn store(slice: u32, pixel: u32, quad: u32, sum: vec4<f32>) {
    if pixel < p.pixels && quad < p.out_quads {
        let at = (slice * p.pixels + pixel) * p.out_quads + quad;
        leave(at, quad, select(sum, relu(sum), (p.flags & 1u) != 0u));
    }
}

// Start of an output pixel's window in the input: the index of the image's
// first pixel, and the window's first row and column. Padding can make row and
// column negative.
struct Corner {
    image: u32,
    row: i32,
    col: i32,
}

// The window of an output pixel. A pixel beyond the last gets the last one's
// window; finish() and store() drop its result.
fn corner(pixel: u32) -> Corner {
    let at = min(pixel, p.pixels - 1u);
    let image = divide(at, p.by_image);
    let in_image = at - image * p.out_h * p.out_w;
    let row = divide(in_image, p.by_row);
    return Corner(
        image * p.in_h * p.in_w,
        i32(row * p.stride) - i32(p.padding),
        i32((in_image - row * p.out_w) * p.stride) - i32(p.padding),
    );
}

// Whether tap (r, s) of the window at `c` lies on the image.
fn on_image(c: Corner, r: u32, s: u32) -> bool {
    return u32(c.row + i32(r)) < p.in_h && u32(c.col + i32(s)) < p.in_w;
}

// Index in x of the first quad under tap (r, s).
fn tap(c: Corner, r: u32, s: u32) -> u32 {
    return (c.image + u32(c.row + i32(r)) * p.in_w + u32(c.col + i32(s))) * p.in_quads;
}
