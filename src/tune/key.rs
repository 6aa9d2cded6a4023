//! The shape of a convolution as stored in a file.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::{Shape, Window};
use crate::kernels::ConvProblem;

/// The name of 32-bit floating-point precision.
pub const F32: &str = "f32";

/// The key of a tuning's entry: the precision and all properties of a convolution on which a
/// kernel's speed depends.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::tune::{self, ConvKey, F32, TuneOptions};
///
/// let shapes = tune::shapes(&Model::embedded()?, &TuneOptions::default())?;
/// let key = ConvKey::new(F32, &shapes[0].problem);
/// assert_eq!((key.kernel, key.input, key.output), (3, [32, 32, 3], [32, 32, 16]));
/// assert_eq!(key.problem(), shapes[0].problem);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConvKey {
    /// The storage format of activations and weights: `f32` or `f16`.
    pub precision: String,
    /// The number of images in a run.
    pub batch: usize,
    /// Rows, columns and channels of an input image.
    pub input: [usize; 3],
    /// Rows, columns and channels of an output image.
    pub output: [usize; 3],
    /// The side of the window.
    pub kernel: usize,
    /// The step between windows.
    pub stride: usize,
    /// The pixels of padding on each side.
    pub padding: usize,
    /// The number of groups.
    pub groups: usize,
    /// True if a residual is added.
    pub residual: bool,
    /// True if the output is clamped to at least zero.
    pub relu: bool,
}

impl ConvKey {
    /// Creates the key of a problem.
    pub fn new(precision: &str, problem: &ConvProblem) -> Self {
        let sides = |s: Shape| [s.h, s.w, s.c];
        Self {
            precision: precision.to_owned(),
            batch: problem.batch,
            input: sides(problem.input),
            output: sides(problem.output),
            kernel: problem.window.kernel,
            stride: problem.window.stride,
            padding: problem.window.padding,
            groups: problem.groups,
            residual: problem.residual,
            relu: problem.relu,
        }
    }

    /// Returns the problem of this key.
    pub fn problem(&self) -> ConvProblem {
        let shape = |[h, w, c]: [usize; 3]| Shape::new(h, w, c);
        ConvProblem {
            batch: self.batch,
            input: shape(self.input),
            output: shape(self.output),
            window: Window::new(self.kernel, self.stride, self.padding),
            groups: self.groups,
            residual: self.residual,
            relu: self.relu,
            points: 1,
        }
    }
}

impl fmt::Display for ConvKey {
    /// Formats the key as `3×3 64→128, 56×56, stride 2, residual, relu, batch 8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let k = self.kernel;
        let ([h, w, from], to) = (self.input, self.output[2]);
        write!(f, "{k}×{k} {from}→{to}, {h}×{w}")?;
        let unlike = |f: &mut fmt::Formatter<'_>, what, value, usual| {
            if value == usual {
                Ok(())
            } else {
                write!(f, ", {what} {value}")
            }
        };
        unlike(f, "stride", self.stride, 1)?;
        unlike(f, "groups", self.groups, 1)?;
        for (is, what) in [(self.residual, "residual"), (self.relu, "relu")] {
            if is {
                write!(f, ", {what}")?;
            }
        }
        write!(f, ", batch {}", self.batch)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a strided convolution of a batch of three images, with a residual.
    pub fn problem() -> ConvProblem {
        ConvProblem {
            batch: 3,
            input: Shape::new(9, 7, 5),
            output: Shape::new(5, 4, 6),
            window: Window::new(3, 2, 1),
            groups: 1,
            residual: true,
            relu: false,
            points: 1,
        }
    }

    #[test]
    fn a_key_is_all_of_its_problem() {
        let key = ConvKey::new(F32, &problem());
        assert_eq!(key.problem(), problem());
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<ConvKey>(&text).unwrap(), key);
        assert_eq!(key.to_string(), "3×3 5→6, 9×7, stride 2, residual, batch 3");
    }

    /// Every change of a problem changes its key.
    #[test]
    fn problems_that_differ_have_other_keys() {
        let base = ConvKey::new(F32, &problem());
        let changes: [fn(&mut ConvProblem); 9] = [
            |p| p.batch = 1,
            |p| p.input.h = 10,
            |p| p.output.c = 9,
            |p| p.window.kernel = 1,
            |p| p.window.stride = 1,
            |p| p.window.padding = 0,
            |p| p.groups = 2,
            |p| p.residual = false,
            |p| p.relu = true,
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut other = problem();
            change(&mut other);
            assert_ne!(ConvKey::new(F32, &other), base, "change {i}");
        }
        assert_ne!(ConvKey::new("f16", &problem()), base);
    }
}
