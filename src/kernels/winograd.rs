//! Host code for the Winograd kernels (Lavin and Gray, "Fast Algorithms for Convolutional Neural
//! Networks", 2016).
//!
//! F(m×m, 3×3) computes an output tile of m×m pixels from (m+2)² products for each pair of
//! channels. The direct form takes 9·m² products.
//!
//! ```text
//!   V = Bᵀ d B        an input tile d of (m+2)² pixels, for each channel
//!   U = G g Gᵀ        a filter g of 3×3, at load, in f64
//!   M = Σ U·V         over the input channels: a GEMM for each of (m+2)² points
//!   y = Aᵀ M A        m×m output pixels
//! ```
//!
//! If activations are stored in f16, F(2×2) also stores U, V and M in f16. Bᵀ and Aᵀ of F(2×2) only
//! add up to four and nine values with factors of 1. The largest error over random problems rises
//! from 0.8e-3 to 1.4e-3 of the largest value.
//!
//! F(4×4) stores U, V and M in f32. V may be 100 times the largest activation, so activations above
//! 655 would overflow f16. Aᵀ multiplies M's rounding error by up to 8 in each direction. In f32
//! the error of the result is that of the input (0.5e-3).

use super::{ConvProblem, Dispatch, Flags, Kernel, Scalar, word};
use crate::graph::{Shape, Window};
use crate::tensor::quads;

/// A convolution in the form that Winograd's transforms need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WinogradProblem {
    /// The convolution.
    pub conv: ConvProblem,
    /// Side of an output tile.
    pub tile: usize,
}

impl WinogradProblem {
    /// Creates the problem with output tiles of side `tile`. Returns `None` unless the convolution
    /// is 3×3 with stride 1 and one group.
    pub fn new(conv: ConvProblem, tile: usize) -> Option<Self> {
        let Window { kernel, stride, .. } = conv.window;
        (kernel == 3 && stride == 1 && conv.groups == 1).then_some(Self { conv, tile })
    }

    /// Returns the number of products for each tile and pair of channels, (m+2)².
    pub fn points(&self) -> usize {
        (self.tile + 2) * (self.tile + 2)
    }

    /// Returns the type of the values between the three dispatches, if activations are stored in
    /// `scalar`.
    pub fn between(&self, scalar: Scalar) -> Scalar {
        match self.tile {
            2 => scalar,
            _ => Scalar::F32,
        }
    }

    fn tiles_of_image(&self) -> (usize, usize) {
        let Shape { h, w, .. } = self.conv.output;
        (h.div_ceil(self.tile), w.div_ceil(self.tile))
    }

    /// Returns the number of tiles of the whole batch.
    pub fn tiles(&self) -> usize {
        let (rows, columns) = self.tiles_of_image();
        self.conv.batch * rows * columns
    }

    /// Returns the products as a convolution problem: at each point a GEMM of tiles by channels.
    pub fn gemm(&self) -> ConvProblem {
        let of = |c| Shape::new(1, self.tiles(), c);
        ConvProblem {
            batch: 1,
            input: of(self.conv.input.c),
            output: of(self.conv.output.c),
            window: Window::new(1, 1, 0),
            groups: 1,
            residual: false,
            relu: false,
            points: self.points(),
        }
    }

    /// Returns the number of quads of the transformed input, `[points][tiles][in_quads]`.
    pub fn input_quads(&self) -> usize {
        self.points() * self.tiles() * quads(self.conv.input.c)
    }

    /// Returns the number of quads of the products, `[points][tiles][out_quads]`.
    pub fn output_quads(&self) -> usize {
        self.points() * self.tiles() * quads(self.conv.output.c)
    }

    /// Returns the parameters and the geometry of the input transform.
    pub fn input_dispatch(&self, kernel: &Kernel) -> Dispatch {
        self.dispatch(kernel, quads(self.conv.input.c))
    }

    /// Returns the parameters and the geometry of the output transform.
    pub fn output_dispatch(&self, kernel: &Kernel) -> Dispatch {
        self.dispatch(kernel, quads(self.conv.output.c))
    }

    fn dispatch(&self, kernel: &Kernel, quads: usize) -> Dispatch {
        let (rows, columns) = self.tiles_of_image();
        let c = &self.conv;
        Dispatch {
            params: vec![
                word(self.tiles()),
                word(rows),
                word(columns),
                word(quads),
                word(c.input.h),
                word(c.input.w),
                word(c.output.h),
                word(c.output.w),
                word(c.window.padding),
                Flags {
                    relu: c.relu,
                    residual: c.residual,
                }
                .word(),
            ],
            workgroups: (self.tiles() * quads).div_ceil(kernel.workgroup) as u64,
        }
    }
}
