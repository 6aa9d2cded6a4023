//! Host code for the elementwise, option-A and softmax kernels.

use super::{Dispatch, Flags, Kernel, word};
use crate::graph::Shape;
use crate::tensor::quads;

/// An operation on each element of a batch: add, ReLU or scale-shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ElementwiseProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one input image and of one output image.
    pub shape: Shape,
    /// Applies ReLU last.
    pub relu: bool,
}

impl ElementwiseProblem {
    /// Returns the parameters and the geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let quads = quads(self.shape.c);
        let items = self.batch * self.shape.h * self.shape.w * quads;
        Dispatch {
            params: vec![
                word(items),
                word(quads),
                Flags {
                    relu: self.relu,
                    residual: false,
                }
                .word(),
            ],
            workgroups: items.div_ceil(kernel.workgroup) as u64,
        }
    }
}

/// A shortcut without weights (option A), for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortcutProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one input image.
    pub input: Shape,
    /// Shape of one output image.
    pub output: Shape,
    /// Step between the pixels that are kept.
    pub stride: usize,
    /// Zero channels before the copied channels.
    pub before: usize,
}

impl ShortcutProblem {
    /// Returns the parameters and the geometry.
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

/// A softmax over the channels of each pixel, for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoftmaxProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one input image and of one output image.
    pub shape: Shape,
}

impl SoftmaxProblem {
    /// Returns the parameters and the geometry: one workgroup for each pixel.
    pub fn dispatch(&self) -> Dispatch {
        let pixels = self.batch * self.shape.h * self.shape.w;
        Dispatch {
            params: vec![word(pixels), word(self.shape.c), word(quads(self.shape.c))],
            workgroups: pixels as u64,
        }
    }
}
