//! A run's images in host memory.

use crate::kernels::InputForm;

/// Images of a whole or partial batch, in the form that the plan expects.
/// [`Session::start`](crate::Session::start) accepts slices of floats or bytes directly.
///
/// ```
/// use resnet_wgpu::{Images, InputForm};
///
/// let black = [0_u8; 32 * 32 * 3];
/// let images = Images::from(&black[..]);
/// assert_eq!((images.name(), images.len()), ("u8 RGB", 3072));
/// assert!(!images.have(&InputForm::F32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Images<'a> {
    /// `[N, H, W, quads·4]`, normalised; the padding channels are zero.
    F32(&'a [f32]),
    /// `[N, H, W, 3]`, bytes of red, green and blue.
    Rgb8(&'a [u8]),
}

impl<'a> Images<'a> {
    /// Returns the total number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Rgb8(values) => values.len(),
        }
    }

    /// Returns whether the slice is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the name of the form for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::F32(_) => "f32",
            Self::Rgb8(_) => "u8 RGB",
        }
    }

    /// Returns whether the images have `form`.
    pub fn have(&self, form: &InputForm) -> bool {
        matches!(
            (self, form),
            (Self::F32(_), InputForm::F32) | (Self::Rgb8(_), InputForm::Rgb8 { .. })
        )
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        match self {
            Self::F32(values) => bytemuck::cast_slice(values),
            Self::Rgb8(values) => values,
        }
    }
}

impl<'a> From<&'a [f32]> for Images<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a Vec<f32>> for Images<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a [u8]> for Images<'a> {
    fn from(values: &'a [u8]) -> Self {
        Self::Rgb8(values)
    }
}

impl<'a> From<&'a Vec<u8>> for Images<'a> {
    fn from(values: &'a Vec<u8>) -> Self {
        Self::Rgb8(values)
    }
}
