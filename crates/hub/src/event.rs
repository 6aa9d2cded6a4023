//! What a fetch tells while it goes on.

use std::ops::ControlFlow;

/// What happens during a fetch, for who waits for it.
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
    /// Another process receives that file; this one waits for it.
    Waiting {
        /// The file's name.
        file: &'a str,
    },
    /// So much of a file is there. The first of these tells what an earlier
    /// run has left, and less than before that the server began anew.
    Received {
        /// The file's name.
        file: &'a str,
        /// Bytes that are there.
        done: u64,
        /// Bytes that there are to be.
        total: u64,
    },
    /// The transfer broke off; it is taken up again in a moment.
    Retrying {
        /// The file's name.
        file: &'a str,
        /// What went wrong.
        why: &'a str,
    },
}

/// Takes what happens; `Break` ends the fetch with
/// [`HubError::Cancelled`](super::HubError::Cancelled).
pub(super) type Tell<'a> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'a;
