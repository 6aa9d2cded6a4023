//! The source of a run's images.

use super::{BoundPicture, Images};

/// The source of a run's images.
#[derive(Clone, Copy)]
pub(crate) enum Intake<'a> {
    /// Images in host memory.
    Host(Images<'a>),
    /// A picture on the device, which is resized into the input slot.
    Device(&'a BoundPicture<'a>),
}
