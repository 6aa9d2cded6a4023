//! Checkpoints: reads safetensors files that may be damaged or hostile, recognises their networks,
//! and generates seeded weights if no file exists.
//!
//! ```
//! use resnet_wgpu::{Hints, Network};
//! use resnet_wgpu::low_level::weights::Listing;
//!
//! // The names and shapes of the tensors in a checkpoint of resnet18.
//! let net = Network::preset("resnet18").unwrap();
//! let specs = net.graph(224, 224)?.params();
//! let listing = Listing::new("example", specs.into_iter().map(|s| (s.name, s.shape)));
//! // Names and shapes are enough to recognise the network.
//! let found = listing.recognise(&Hints::default(), &Default::default())?;
//! assert_eq!(found.network.name, "resnet18");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkpoint;
mod checkpoint_bytes;
mod clues;
mod config;
mod error;
mod format;
mod forms;
mod header;
mod hints;
mod json;
mod listing;
mod load;
mod processor;
mod raw_header;
mod recognition;
mod shapes;
mod stored_tensor;
mod synthetic;
mod timm;
mod values;
mod vgg;

pub use checkpoint::{Checkpoint, MAX_FILE_BYTES};
pub(crate) use checkpoint_bytes::CheckpointBytes;
pub use config::Settings;
pub use error::{CheckpointError, ConfigError, Mismatch};
pub use format::Format;
pub(crate) use header::Header;
pub use hints::Hints;
pub use listing::Listing;
pub use recognition::Recognition;
pub use synthetic::{SyntheticTensor, fnv1a64, synthetic_tensor};
