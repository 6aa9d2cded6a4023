//! The host's side of the elementwise, option-A and softmax kernels.

use super::{Dispatch, Kernel, flags, word};
use crate::graph::Shape;
use crate::tensor::quads;

/// An operation on each element of a batch: add, ReLU, scale-shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ElementwiseProblem {
    /// Images.
    pub batch: usize,
    /// Input and output of one image.
    pub shape: Shape,
    /// Clamp at zero from below.
    pub relu: bool,
}

impl ElementwiseProblem {
    /// Parameters and geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let quads = quads(self.shape.c);
        let items = self.batch * self.shape.h * self.shape.w * quads;
        Dispatch {
            params: vec![word(items), word(quads), flags(self.relu, false)],
            workgroups: items.div_ceil(kernel.workgroup) as u64,
        }
    }
}

/// Option A's shortcut of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortcutProblem {
    /// Images.
    pub batch: usize,
    /// Input of one image.
    pub input: Shape,
    /// Output of one image.
    pub output: Shape,
    /// Step between the pixels that are kept.
    pub stride: usize,
    /// Zero channels before the copied ones.
    pub before: usize,
}

impl ShortcutProblem {
    /// Parameters and geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let out_quads = quads(self.output.c);
        let items = self.batch * self.output.h * self.output.w * out_quads;
        Dispatch {
            params: vec![
                word(items),
                word(self.input.h),
                word(self.input.w),
                word(self.input.c),
                word(quads(self.input.c)),
                word(self.output.h),
                word(self.output.w),
                word(out_quads),
                word(self.stride),
                word(self.before),
            ],
            workgroups: items.div_ceil(kernel.workgroup) as u64,
        }
    }
}

/// Softmax over the channels of each pixel of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoftmaxProblem {
    /// Images.
    pub batch: usize,
    /// Input and output of one image.
    pub shape: Shape,
}

impl SoftmaxProblem {
    /// Parameters and geometry: a workgroup a pixel.
    pub fn dispatch(&self) -> Dispatch {
        let pixels = self.batch * self.shape.h * self.shape.w;
        Dispatch {
            params: vec![word(pixels), word(self.shape.c), word(quads(self.shape.c))],
            workgroups: pixels as u64,
        }
    }
}
