//! Errors of checkpoints. Each error names the file and the tensor or key, the expectation, the
//! value found, and the remedy.

use std::fmt;

use super::Format;
use crate::monitor::CancelledError;

/// A checkpoint that cannot be used.
///
/// ```
/// use resnet_wgpu::Checkpoint;
/// use resnet_wgpu::low_level::weights::{CheckpointError, Format};
///
/// let found = Checkpoint::from_bytes("resnet50.pth", &b"\x80\x02}q\0."[..]);
/// let Err(CheckpointError::Format { format, remedy, .. }) = found else {
///     panic!("no safetensors");
/// };
/// assert_eq!(format, Format::Pickle);
/// assert!(remedy.starts_with("convert it: python -c")); // a shell command
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The caller cancelled the load.
    #[error(transparent)]
    Cancelled(#[from] CancelledError),
    /// The operating system reported an error when the file was read.
    #[error("{file}: cannot be read: {source}; check the path and its permissions")]
    Read {
        /// The file's path or name.
        file: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The file has changed since the library opened it.
    #[error("{file}: changed since it was opened; load it again, once nothing writes to it")]
    Changed {
        /// The file's path or name.
        file: String,
    },
    /// The path leads to a directory, a device or a pipe.
    #[error(
        "{file}: expected a file, found {found}; name the .safetensors file itself (in a \
         Hugging Face folder it is usually model.safetensors)"
    )]
    NoFile {
        /// The path.
        file: String,
        /// The kind of object at the path.
        found: &'static str,
    },
    /// The file is larger than a file of any network in this crate.
    #[error(
        "{file}: expected at most {limit} bytes, found {found}; no ResNet is that large, use a \
         file that holds one network's weights only"
    )]
    TooLarge {
        /// The file's path or name.
        file: String,
        /// The largest admitted size in bytes.
        limit: u64,
        /// The file's size in bytes.
        found: u64,
    },
    /// The file has another format than safetensors.
    #[error("{file}: expected safetensors, found {format}; {remedy}")]
    Format {
        /// The file's path or name.
        file: String,
        /// The file's format.
        format: Format,
        /// The way to get safetensors: a shell command if one exists.
        remedy: String,
    },
    /// The header cannot be read or does not fit the file.
    #[error("{file}: broken safetensors header: {problem}; download or export the file again")]
    Header {
        /// The file's path or name.
        file: String,
        /// The expectation and the value found.
        problem: String,
    },
    /// A tensor's entry in the header contradicts itself or the file.
    #[error("{file}: tensor `{tensor}`: {problem}; download or export the file again")]
    Tensor {
        /// The file's path or name.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// The expectation and the value found.
        problem: String,
    },
    /// A tensor's dtype is not a floating-point type for weights.
    #[error(
        "{file}: tensor `{tensor}`: expected F32, F16, BF16 or F64, found {found}; save it as \
         floating point (`tensor.float()` in PyTorch)"
    )]
    Dtype {
        /// The file's path or name.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// The tensor's dtype.
        found: String,
    },
    /// A tensor contains a number that no weight can have.
    #[error(
        "{file}: tensor `{tensor}`, element {index}: expected {expected}, found {found}; its \
         training diverged or the file is damaged, use another checkpoint"
    )]
    Value {
        /// The file's path or name.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// The element's index in row-major order.
        index: usize,
        /// The admitted numbers.
        expected: &'static str,
        /// The number found.
        found: f64,
    },
    /// The tensors do not fit the network.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// The checkpoint holds no network that this crate knows.
    #[error("{file}: {problem}")]
    Unrecognised {
        /// The file's path or name.
        file: String,
        /// The expectation, the tensors found, and the remedy.
        problem: String,
    },
    /// A configuration value in the file's metadata or in a file of the same folder is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// An invalid configuration value.
///
/// ```
/// use resnet_wgpu::low_level::weights::Settings;
///
/// let settings = Settings {
///     labels: Some(vec!["cat".into(), "dog".into()]),
///     ..Settings::default()
/// };
/// let error = settings.labels_for(10).unwrap_err();
/// assert_eq!((error.key.as_str(), error.found.as_str()), ("labels", "2"));
/// assert!(error.to_string().contains("expected 10 labels"));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{file}: `{key}`: expected {expected}, found {found}; {remedy}")]
pub struct ConfigError {
    /// The configuration file, or the checkpoint whose metadata has the value.
    pub file: String,
    /// The value's key.
    pub key: String,
    /// The admitted values.
    pub expected: String,
    /// The value found, shortened.
    pub found: String,
    /// The remedy.
    pub remedy: &'static str,
}

impl ConfigError {
    /// The remedy for an invalid value.
    pub(super) const CORRECT: &'static str = "correct the entry or take it out";
    /// The remedy for a value that requests another computation.
    pub(super) const OTHER_NETWORK: &'static str =
        "this library would compute something else, use another checkpoint";
}

/// All differences in name and shape between a checkpoint's tensors and a network's tensors.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::weights::Listing;
///
/// let net = Network::preset("resnet18").expect("a preset");
/// let graph = net.graph(224, 224)?;
/// let specs = graph.params().into_iter().filter(|spec| spec.name != "fc.bias");
/// let listing = Listing::new("model.safetensors", specs.map(|s| (s.name, s.shape)));
/// let mismatch = listing.mismatch(&net, &graph).expect("a tensor is missing");
/// assert_eq!(mismatch.missing, [("fc.bias".to_string(), vec![1000])]);
/// assert!(mismatch.unexpected.is_empty() && mismatch.misshapen.is_empty());
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file's path or name.
    pub file: String,
    /// The network's name.
    pub network: String,
    /// The tensors that the file lacks: name in the file's naming, expected shape.
    pub missing: Vec<(String, Vec<usize>)>,
    /// The tensors that the network lacks: name in the file, shape.
    pub unexpected: Vec<(String, Vec<usize>)>,
    /// The tensors with another shape: name in the file, expected shape, shape found.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the tensors do not fit {}: {} missing, {} unexpected, {} of another shape; use \
             the checkpoint of that network, or name the network that the file holds",
            self.file,
            self.network,
            self.missing.len(),
            self.unexpected.len(),
            self.misshapen.len()
        )?;
        for (name, expected) in &self.missing {
            write!(f, "\n  missing    {name}: expected {expected:?}")?;
        }
        for (name, found) in &self.unexpected {
            write!(f, "\n  unexpected {name}: found {found:?}")?;
        }
        for (name, expected, found) in &self.misshapen {
            write!(
                f,
                "\n  misshapen  {name}: expected {expected:?}, found {found:?}"
            )?;
        }
        Ok(())
    }
}
