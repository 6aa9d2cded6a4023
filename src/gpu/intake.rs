//! Where a run's images come from.

use super::{Images, Ready};

/// Where a run's images come from.
#[derive(Clone, Copy)]
pub(crate) enum Intake<'a> {
    /// The host.
    Host(Images<'a>),
    /// The device: a picture that is resized on its way to where they arrive.
    Device(&'a Ready<'a>),
}
