{% from "storage.wgsl" import input, output %}
// One convolution: y[N,P,Q,out] = epilogue(x[N,H,W,in] * w). Filled by
// ConvProblem::dispatch in src/kernels/conv.rs.
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
    tiles: u32,         // tiles in all, of all points
    flags: u32,         // 1: ReLU, 2: residual
    group_in: u32,      // input channels of a group
    group_out: u32,     // output channels of a group
    points: u32,        // independent products in all buffers but bias (1, or a batched GEMM)
}

@group(0) @binding(0) var<uniform> p: Params;
{{ input(1, "x") }}
{{ input(2, "w") }}
{{ input(3, "bias") }}
{{ input(4, "residual") }}
{{ output(5, "y") }}

// Bias is in the sum already; residual and ReLU follow, then the store.
fn finish(pixel: u32, quad: u32, sum: vec4<f32>) {
    finish_point(0u, pixel, quad, sum);
}

// The same in one of several products.
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
    store_y(at, v);
}

// Where the window of an output pixel begins in the input: index of the
// image's first pixel, row and column (which padding can make negative).
struct Corner {
    image: u32,
    row: i32,
    col: i32,
}

// Pixels beyond the last are read as the last; finish() drops them.
fn corner(pixel: u32) -> Corner {
    let at = min(pixel, p.pixels - 1u);
    let image = at / (p.out_h * p.out_w);
    let in_image = at % (p.out_h * p.out_w);
    return Corner(
        image * p.in_h * p.in_w,
        i32(in_image / p.out_w * p.stride) - i32(p.padding),
        i32(in_image % p.out_w * p.stride) - i32(p.padding),
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
