//! What can be wrong with a checkpoint: each error names the file and the
//! tensor or key, what was expected, what was found, and the remedy.

use std::fmt;

use super::Format;
use crate::monitor::Cancelled;

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
/// assert!(remedy.starts_with("convert it: python -c")); // a line for the shell
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Whoever watched it being loaded cancelled it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The operating system refused.
    #[error("{file}: cannot be read: {source}; check the path and its permissions")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it was when it was opened.
    #[error("{file}: changed since it was opened; load it again, once nothing writes to it")]
    Changed {
        /// The file.
        file: String,
    },
    /// A directory, a device, a pipe.
    #[error(
        "{file}: expected a file, found {found}; name the .safetensors file itself (in a \
         Hugging Face folder it is usually model.safetensors)"
    )]
    NoFile {
        /// The path.
        file: String,
        /// What lies there.
        found: &'static str,
    },
    /// More bytes than any network of this crate has.
    #[error(
        "{file}: expected at most {limit} bytes, found {found}; no ResNet is that large, use a \
         file that holds one network's weights only"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Bytes that are admitted.
        limit: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// Another format than safetensors.
    #[error("{file}: expected safetensors, found {format}; {remedy}")]
    Format {
        /// The file.
        file: String,
        /// What it is.
        format: Format,
        /// How to get safetensors, as a line for the shell where there is one.
        remedy: String,
    },
    /// A header that cannot be read, or does not fit the file.
    #[error("{file}: broken safetensors header: {problem}; download or export the file again")]
    Header {
        /// The file.
        file: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A tensor whose entry in the header contradicts itself or the file.
    #[error("{file}: tensor `{tensor}`: {problem}; download or export the file again")]
    Tensor {
        /// The file.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A tensor of numbers that are no weights.
    #[error(
        "{file}: tensor `{tensor}`: expected F32, F16, BF16 or F64, found {found}; save it as \
         floating point (`tensor.float()` in PyTorch)"
    )]
    Dtype {
        /// The file.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A number that no weight can be.
    #[error(
        "{file}: tensor `{tensor}`, element {index}: expected {expected}, found {found}; its \
         training diverged or the file is damaged, use another checkpoint"
    )]
    Value {
        /// The file.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// Index in row-major order.
        index: usize,
        /// What numbers are admitted.
        expected: &'static str,
        /// The number.
        found: f64,
    },
    /// Tensors that do not fit the network.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// A checkpoint of no network that this crate knows.
    #[error("{file}: {problem}")]
    Unrecognised {
        /// The file.
        file: String,
        /// What was looked for, what was found, and the remedy.
        problem: String,
    },
    /// A configuration in or beside the file that makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A configuration value that makes no sense.
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
    /// The file, or the metadata of a file.
    pub file: String,
    /// The key.
    pub key: String,
    /// What values are admitted.
    pub expected: String,
    /// The value, shortened.
    pub found: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl ConfigError {
    /// The remedy where a value makes no sense.
    pub(super) const CORRECT: &'static str = "correct the entry or take it out";
    /// The remedy where a value asks for another computation.
    pub(super) const OTHER_NETWORK: &'static str =
        "this library would compute something else, use another checkpoint";
}

/// Every difference between a checkpoint's tensors and a network's, by name
/// and shape.
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
    /// The file.
    pub file: String,
    /// The network's name.
    pub network: String,
    /// Tensors that the file lacks, in its own naming: name, expected shape.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Tensors that the network lacks: name in the file, shape.
    pub unexpected: Vec<(String, Vec<usize>)>,
    /// Tensors of another shape: name in the file, expected and found shape.
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
