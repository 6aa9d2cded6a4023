//! Progress reports of a fetch.

use std::ops::ControlFlow;

/// An event during a fetch, for progress displays.
///
/// ```
/// use resnet_wgpu_hub::Event;
///
/// fn line(event: &Event<'_>) -> String {
///     match event {
///         Event::Received { file, done, total } => format!("{file}: {done} of {total} bytes"),
///         Event::Waiting { file } => format!("{file}: another process fetches it"),
///         Event::Retrying { file, why } => format!("{file}: again, after {why}"),
///         _ => String::new(),
///     }
/// }
///
/// let half = Event::Received { file: "model.safetensors", done: 1, total: 2 };
/// assert_eq!(line(&half), "model.safetensors: 1 of 2 bytes");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another process downloads this file, and this process waits for the result.
    Waiting {
        /// The file's name.
        file: &'a str,
    },
    /// Progress of a file. The first report includes the bytes that an earlier run left. A smaller
    /// number than before means that the server started from the beginning.
    Received {
        /// The file's name.
        file: &'a str,
        /// The number of bytes received so far.
        done: u64,
        /// The size of the file in bytes.
        total: u64,
    },
    /// The transfer broke off and will be resumed after a pause.
    Retrying {
        /// The file's name.
        file: &'a str,
        /// The reason for the failure.
        why: &'a str,
    },
}

/// The callback for events. `Break` ends the fetch with
/// [`HubError::Cancelled`](super::HubError::Cancelled).
pub(super) type EventSink<'a> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'a;
