//! Layout of a tile of cooperative matrices: the numbers that are filled into its template.

use super::tile::Tile;
use crate::tensor::QUAD;

/// Padding of each row of a tile in workgroup memory, in f16 elements. The rows of a matrix then
/// begin in different banks.
const PADDING: usize = 8;

/// The layout of one tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Rows and columns of a matrix.
    pub size: usize,
    /// Lanes of a subgroup.
    pub lanes: usize,
    /// Pixels, output quads, and input quads of a step.
    pub tile: (usize, usize, usize),
    /// Subgroups along the pixels and along the output channels.
    pub subgroups: (usize, usize),
    /// Stores the tiles in workgroup memory as `vec4`.
    pub vector: bool,
}

impl Layout {
    /// Returns the layout of a cooperative tile, or `None` for any other kind of tile.
    pub const fn new(tile: &Tile) -> Option<Self> {
        match *tile {
            Tile::Cooperative {
                size,
                lanes,
                bm,
                bn,
                bk,
                subgroups,
                vector,
                ..
            } => Some(Self {
                size,
                lanes,
                tile: (bm, bn, bk),
                subgroups,
                vector,
            }),
            _ => None,
        }
    }

    /// Returns the number of a subgroup's matrices: along the pixels and along the output channels.
    pub const fn matrices(&self) -> (usize, usize) {
        let (bm, bn, _) = self.tile;
        let (m, n) = self.subgroups;
        (bm / m / self.size, bn * QUAD / n / self.size)
    }

    /// Returns the distance between neighbouring rows in f16 elements: for `tile_x` and for
    /// `tile_w`.
    pub const fn rows(&self) -> (usize, usize) {
        let (_, bn, bk) = self.tile;
        (bk * QUAD + PADDING, bn * QUAD + PADDING)
    }

    /// Returns the bytes of workgroup memory: both tiles in f16, and one matrix in f32 for each
    /// subgroup.
    pub const fn workgroup_bytes(&self) -> usize {
        let (bm, _, bk) = self.tile;
        let (x_row, w_row) = self.rows();
        let stages = self.subgroups.0 * self.subgroups.1 * self.size * self.size;
        2 * (bm * x_row + bk * QUAD * w_row) + 4 * stages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Shape, Window};
    use crate::kernels::{ConvProblem, KERNELS, Kernel};
    use crate::tensor::quads;

    /// A convolution with its input and weights, in the layouts that the kernel binds.
    struct Case {
        problem: ConvProblem,
        x: Vec<f64>,
        w: Vec<f64>,
        w_row: usize,
    }

    impl Case {
        fn new(problem: ConvProblem, kernel: &Kernel) -> Self {
            let width = quads(problem.input.c) * QUAD;
            let pixels = problem.points * problem.batch * problem.input.h * problem.input.w;
            let w_row =
                problem.weight_packing(kernel).len() / (problem.window.kernel.pow(2) * width);
            // Small whole numbers, different enough that a wrong index gives a wrong result.
            let x = (0..pixels * width).map(|i| {
                if i % width < problem.input.c {
                    (i * 7 % 23) as f64 - 11.0
                } else {
                    0.0
                }
            });
            let rows = problem.points * problem.window.kernel.pow(2) * width;
            let w = (0..rows * w_row).map(|i| (i * 5 % 19) as f64 - 9.0);
            Self {
                problem,
                x: x.collect(),
                w: w.collect(),
                w_row,
            }
        }

        /// Returns channel `c` of x under tap (r, s) of an output pixel, or zero outside the image.
        fn x_at(&self, point: usize, pixel: usize, (r, s): (usize, usize), c: usize) -> f64 {
            let p = &self.problem;
            let (q, rest) = (pixel % p.output.w, pixel / p.output.w);
            let (row, image) = (rest % p.output.h, rest / p.output.h);
            let h = (row * p.window.stride + r).wrapping_sub(p.window.padding);
            let w = (q * p.window.stride + s).wrapping_sub(p.window.padding);
            if h >= p.input.h || w >= p.input.w {
                return 0.0;
            }
            let image = point * p.batch + image;
            let width = quads(p.input.c) * QUAD;
            self.x[((image * p.input.h + h) * p.input.w + w) * width + c]
        }

        /// Computes one output by the plain convolution.
        fn direct(&self, point: usize, pixel: usize, o: usize) -> f64 {
            let p = &self.problem;
            let (k, width) = (p.window.kernel, quads(p.input.c) * QUAD);
            let mut sum = 0.0;
            for tap in 0..k * k {
                for c in 0..width {
                    let row = (point * k * k + tap) * width + c;
                    let w = self.w[row * self.w_row + o];
                    sum += self.x_at(point, pixel, (tap / k, tap % k), c) * w;
                }
            }
            sum
        }
    }

    /// Emulates conv_cooperative.wgsl index by index and returns the output.
    ///
    /// The emulation covers the assignment of quads to invocations, the address and stride of each
    /// matrix load, and the staging and storing of each tile's parts. Unwritten memory is NaN, and
    /// every index is checked.
    fn emulate(case: &Case, kernel: &Kernel) -> Vec<f64> {
        let layout = Layout::new(&kernel.tile).unwrap();
        let Layout {
            size,
            lanes,
            tile: (bm, bn, bk),
            subgroups: (subgroups_m, subgroups_n),
            ..
        } = layout;
        let (tiles_m, tiles_n) = layout.matrices();
        let (x_row, w_row) = layout.rows();
        let threads = kernel.workgroup;
        let p = &case.problem;
        let (m_tiles, n_tiles) = p.tiles(kernel);
        let (in_quads, out_quads) = (quads(p.input.c), quads(p.output.c));
        let end = p.window.kernel.pow(2) * in_quads;
        let mut y = vec![f64::NAN; p.points * p.pixels() * out_quads * QUAD];
        for tile in 0..p.points * m_tiles * n_tiles {
            let (point, in_slice) = (tile / (m_tiles * n_tiles), tile % (m_tiles * n_tiles));
            let first_pixel = in_slice / n_tiles * bm;
            let first_quad = in_slice % n_tiles * bn;
            let subgroups = subgroups_m * subgroups_n;
            let mut sums = vec![vec![0.0; size * size]; subgroups * tiles_m * tiles_n];
            for k in (0..end).step_by(bk) {
                let mut tile_x = vec![f64::NAN; bm * x_row];
                let mut tile_w = vec![f64::NAN; bk * QUAD * w_row];
                for local in 0..threads {
                    for l in 0..bm * bk / threads {
                        let (load_quad, load_pixel) = (local % bk, local / bk);
                        let in_tile = load_pixel + l * (threads / bk);
                        let pixel = (first_pixel + in_tile).min(p.pixels() - 1);
                        let quad = k + load_quad;
                        let (tap, c) = (quad / in_quads, quad % in_quads);
                        let taps = (tap / p.window.kernel, tap % p.window.kernel);
                        for d in 0..QUAD {
                            let at = (in_tile * (x_row / QUAD) + load_quad) * QUAD + d;
                            tile_x[at] = if quad < end {
                                case.x_at(point, pixel, taps, c * QUAD + d)
                            } else {
                                0.0
                            };
                        }
                    }
                    for l in 0..bk * QUAD * bn / threads {
                        let e = local + l * threads;
                        let row = k * QUAD + e / bn;
                        for d in 0..QUAD {
                            let from = (point * end * QUAD + row) * case.w_row
                                + (first_quad + e % bn) * QUAD
                                + d;
                            let at = (e / bn * (w_row / QUAD) + e % bn) * QUAD + d;
                            tile_w[at] = if row < end * QUAD { case.w[from] } else { 0.0 };
                        }
                    }
                }
                for subgroup in 0..subgroups {
                    let m = subgroup / subgroups_n * tiles_m * size;
                    let n = subgroup % subgroups_n * tiles_n * size;
                    for q in 0..bk * QUAD / size {
                        for (i, j) in (0..tiles_m * tiles_n).map(|t| (t / tiles_n, t % tiles_n)) {
                            let a = &tile_x[(m + i * size) * x_row + q * size..];
                            let b = &tile_w[n + q * size * w_row + j * size..];
                            let at = (subgroup * tiles_m + i) * tiles_n + j;
                            for (e, sum) in sums[at].iter_mut().enumerate() {
                                let (row, column) = (e / size, e % size);
                                let product = |z| a[row * x_row + z] * b[z * w_row + column];
                                *sum += (0..size).map(product).sum::<f64>();
                            }
                        }
                    }
                }
            }
            for (at, stage) in sums.iter().enumerate() {
                let (subgroup, i, j) = (
                    at / (tiles_m * tiles_n),
                    at / tiles_n % tiles_m,
                    at % tiles_n,
                );
                let m = subgroup / subgroups_n * tiles_m * size;
                let n = subgroup % subgroups_n * tiles_n * size;
                for lane in 0..lanes {
                    for q in (lane..size * size / QUAD).step_by(lanes) {
                        let pixel = first_pixel + m + i * size + q / (size / QUAD);
                        let quad = first_quad + n / QUAD + j * size / QUAD + q % (size / QUAD);
                        if pixel < p.pixels() && quad < out_quads {
                            let to = ((point * p.pixels() + pixel) * out_quads + quad) * QUAD;
                            assert!(y[to].is_nan(), "stored twice");
                            y[to..to + QUAD].copy_from_slice(&stage[q * QUAD..][..QUAD]);
                        }
                    }
                }
            }
        }
        y
    }

    /// No device of this project's tests runs 16×16 matrices, so the emulation checks their
    /// indices. The shapes cover tile edges, several tiles, padded steps, strides and points.
    #[test]
    fn every_tile_computes_the_convolution() {
        let shapes = [
            ((7, 7, 20), 70, Window::new(3, 1, 1), 2, 1),
            ((9, 5, 3), 9, Window::new(5, 2, 2), 1, 1),
            ((13, 11, 37), 150, Window::new(1, 1, 0), 1, 1),
            ((1, 70, 12), 66, Window::new(1, 1, 0), 1, 3),
        ];
        let mut ran = 0;
        for kernel in KERNELS.iter().filter(|k| Layout::new(&k.tile).is_some()) {
            for ((h, w, c), out, window, batch, points) in shapes {
                let side = |n: usize| (n + 2 * window.padding - window.kernel) / window.stride + 1;
                let problem = ConvProblem {
                    batch,
                    input: Shape::new(h, w, c),
                    output: Shape::new(side(h), side(w), out),
                    window,
                    groups: 1,
                    residual: false,
                    relu: false,
                    points,
                };
                if !problem.fits(kernel) {
                    continue;
                }
                let case = Case::new(problem, kernel);
                let found = emulate(&case, kernel);
                let width = quads(out) * QUAD;
                for (at, &found) in found.iter().enumerate() {
                    let (row, o) = (at / width, at % width);
                    let (point, pixel) = (row / problem.pixels(), row % problem.pixels());
                    let expected = case.direct(point, pixel, o);
                    assert_eq!(found, expected, "{}: {pixel}, {o}", kernel.name);
                }
                ran += 1;
            }
        }
        assert!(ran > 30, "{ran}");
    }
}
