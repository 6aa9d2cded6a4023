//! Dense f32 tensors on the host: checkpoints load into them, and the CPU reference computes with
//! them.

mod params;
mod quad;

pub use params::{Param, Params, TensorError, TensorSource};
pub use quad::{QUAD, pad_channels, padded, quads, unpad_channels, unpad_into};

/// A dense row-major f32 tensor on the host.
///
/// Weights keep PyTorch's layouts: convolution `[Cout, Cin/groups, KH, KW]`, linear `[out, in]`.
/// Activations are `[N, H, W, C]`.
///
/// ```
/// use resnet_wgpu::Tensor;
///
/// // Two images of 4×5 pixels in PyTorch's order, [N, C, H, W].
/// let nchw = Tensor::from_fn([2, 3, 4, 5], |i| i as f32);
/// // The same images in the order of this crate's networks.
/// let nhwc = nchw.nchw_to_nhwc();
/// assert_eq!(nhwc.shape(), [2, 4, 5, 3]);
/// assert_eq!(nhwc.data()[..3], [0.0, 20.0, 40.0]);
/// assert!(Tensor::new([2, 2], vec![0.0; 3]).is_none());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

/// Returns the number of elements of a tensor with the given shape, or `usize::MAX` on overflow.
fn elements(shape: &[usize]) -> usize {
    shape.iter().fold(1, |n: usize, &d| n.saturating_mul(d))
}

impl Tensor {
    /// Creates a tensor from its elements in row-major order. Returns `None` if the length of
    /// `data` does not match `shape`.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Option<Self> {
        let shape = shape.into();
        let len = shape
            .iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
            .filter(|&n| n == data.len())?;
        debug_assert_eq!(len, data.len());
        Some(Self { shape, data })
    }

    /// Creates a tensor of zeros.
    ///
    /// # Panics
    /// Panics if the elements do not fit in memory.
    pub fn zeros(shape: impl Into<Vec<usize>>) -> Self {
        let shape = shape.into();
        let len = elements(&shape);
        Self {
            shape,
            data: vec![0.0; len],
        }
    }

    /// Creates a tensor whose element `i`, in row-major order, is `f(i)`.
    pub fn from_fn(shape: impl Into<Vec<usize>>, f: impl FnMut(usize) -> f32) -> Self {
        let shape = shape.into();
        let len = elements(&shape);
        Self {
            shape,
            data: (0..len).map(f).collect(),
        }
    }

    /// Returns the extent of each dimension, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns the elements in row-major order.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Returns the elements in row-major order, for writing.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Converts the tensor into its elements in row-major order.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// Permutes the axes of a 4-D tensor: axis `i` of the result is axis `perm[i]` of `self`.
    fn move_axis(&self, perm: [usize; 4]) -> Self {
        let s: [usize; 4] = std::array::from_fn(|i| self.shape[perm[i]]);
        let mut strides = [1usize; 4];
        for i in (0..3).rev() {
            strides[i] = strides[i + 1] * self.shape[i + 1];
        }
        let t: [usize; 4] = std::array::from_fn(|i| strides[perm[i]]);
        let mut data = Vec::with_capacity(self.data.len());
        for a in 0..s[0] {
            for b in 0..s[1] {
                for c in 0..s[2] {
                    let base = a * t[0] + b * t[1] + c * t[2];
                    data.extend((0..s[3]).map(|d| self.data[base + d * t[3]]));
                }
            }
        }
        Self {
            shape: s.to_vec(),
            data,
        }
    }

    /// Converts `[N, C, H, W]` (PyTorch's order) to `[N, H, W, C]` (this crate's order). Returns a
    /// tensor that is not 4-D unchanged.
    pub fn nchw_to_nhwc(&self) -> Self {
        if self.shape.len() != 4 {
            return self.clone();
        }
        self.move_axis([0, 2, 3, 1])
    }

    /// Converts `[N, H, W, C]` to `[N, C, H, W]`. Returns a tensor that is not 4-D unchanged.
    pub fn nhwc_to_nchw(&self) -> Self {
        if self.shape.len() != 4 {
            return self.clone();
        }
        self.move_axis([0, 3, 1, 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_order_round_trips() {
        let t = Tensor::from_fn([2, 3, 4, 5], |i| i as f32);
        let nhwc = t.nchw_to_nhwc();
        assert_eq!(nhwc.shape(), [2, 4, 5, 3]);
        // Element (n=1, c=2, h=3, w=4) is the last in both orders.
        assert_eq!(nhwc.data().last(), t.data().last());
        assert_eq!(nhwc.data()[1], 20.0);
        assert_eq!(nhwc.nhwc_to_nchw(), t);
    }

    #[test]
    fn wrong_length_is_refused() {
        assert!(Tensor::new([2, 2], vec![0.0; 3]).is_none());
        assert!(Tensor::new([usize::MAX, 2], vec![]).is_none());
    }
}
