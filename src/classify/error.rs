//! Errors of scoring a picture and of loading a classifier.

/// Scores that are no probabilities, or loading that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClassifyError {
    /// Logits that are NaN or infinite.
    #[error(
        "{network}: expected numbers as logits, found NaN or infinity; in f16 values went beyond \
         65504: use f32; in f32 the input or a weight is no number: check both"
    )]
    NoNumbers {
        /// The network's name.
        network: String,
    },
    /// Probabilities that no softmax gives.
    #[error(
        "{network}: expected probabilities from 0 to 1 whose sum is 1, found {found}; the device or \
         its driver computes wrongly: update the driver, or use another device or the CPU"
    )]
    NoProbabilities {
        /// The network's name.
        network: String,
        /// The number that is no probability, or the sum.
        found: String,
    },
    /// The thread that loads could not start, or ended early.
    #[error("the thread that was to load a model failed: {0}; load it on this one")]
    Thread(String),
    /// The classifier that was loaded has been taken.
    #[error("what was loaded has been taken already; start another `Loading`")]
    Taken,
}
