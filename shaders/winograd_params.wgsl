{% from "storage.wgsl" import input, output %}
// Filled by WinogradProblem in src/kernels/winograd.rs.
struct Params {
    tiles: u32,         // tiles of the whole batch
    rows: u32,          // tiles down an image
    columns: u32,       // tiles across an image
    quads: u32,         // channel quads: of the input for V, of the output for M
    in_h: u32,
    in_w: u32,
    out_h: u32,
    out_w: u32,
    padding: u32,
    flags: u32,         // 1: ReLU, 2: residual
}

@group(0) @binding(0) var<uniform> p: Params;
