//! The layer's error behind the library's.

use std::error::Error as StdError;

use resnet_wgpu::Error;

/// The error of a layer that a call ended with.
pub fn cause<T, E: StdError + 'static>(result: &Result<T, Error>) -> Option<&E> {
    result.as_ref().err()?.downcast_ref()
}
