//! Access to the error of a layer inside the library's error.

use std::error::Error as StdError;

use resnet_wgpu::Error;

/// Returns the layer's error with which a call ended.
pub fn cause<T, E: StdError + 'static>(result: &Result<T, Error>) -> Option<&E> {
    result.as_ref().err()?.downcast_ref()
}
