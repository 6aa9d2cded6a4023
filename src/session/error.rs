//! Errors of a session's inputs and layers.

/// An input or a layer that a session does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A layer that the network does not have.
    #[error("no layer `{name}` in {network}; take another, such as {known}")]
    UnknownLayer {
        /// The name asked for.
        name: String,
        /// The network.
        network: String,
        /// Some names like it.
        known: String,
    },
    /// An input of another shape than the session's.
    #[error(
        "input: expected shape {expected}, found {found:?}; `Tensor::nchw_to_nhwc` converts PyTorch's \
         order"
    )]
    InputShape {
        /// The shape that the session takes.
        expected: String,
        /// The shape that was given.
        found: Vec<usize>,
    },
}
