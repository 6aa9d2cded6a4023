//! ResNet inference on any GPU through `wgpu` compute shaders: PyTorch's
//! logits from unmodified checkpoints, with no CUDA and no Python.
//!
//! Four types carry the work. A [`Checkpoint`] is a safetensors file, read
//! without trusting it; a [`Model`] is the network recognised in it, with its
//! weights; a [`Gpu`] is a device, this library's own or the application's; a
//! [`Session`] is one model on one device, ready to run batches. A
//! [`Classifier`] adds preprocessing that matches Pillow's, and labels.
//!
//! ```no_run
//! use resnet_wgpu::{
//!     Checkpoint, Classifier, DeviceSelector, Gpu, Hints, ImageLimits, Model, decode_file,
//! };
//!
//! let gpu = Gpu::new(DeviceSelector::Auto)?;
//! let checkpoint = Checkpoint::from_file("resnet50.safetensors")?;
//! let model = Model::load(&checkpoint, &Hints::default())?;
//! let classifier = Classifier::new(&gpu, &model, &Default::default())?;
//!
//! let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
//! for p in classifier.classify(&photo, 5)? {
//!     println!("{:5.1} %  {}", 100.0 * p.probability, p.label);
//! }
//! # Ok::<(), resnet_wgpu::Error>(())
//! ```
//!
//! On an application's own device, [`Gpu::from_device`] takes the place of
//! [`Gpu::new`]; WebGPU's default limits suffice. Sessions and classifiers are
//! shared by cloning, and any number of threads and tasks may use them at once:
//!
//! - `classify` waits, `classify_async` is awaited, `start` gives an
//!   [`Answer`](classify::Answer) to ask for frame by frame;
//! - a picture may be a file's, bytes, a tensor, a `wgpu` texture or a buffer
//!   ([`classify::Input`]); what is on the device already is resized there;
//! - a [`Recorder`] puts the work into the application's own
//!   command encoders, whole or in slices of so much GPU time;
//! - [`Loading`](classify::Loading) loads a model on a thread of its own, with
//!   progress, and can be cancelled;
//! - a device that is lost is told as [`gpu::GpuError::Lost`], and
//!   [`Classifier::recreate`] goes on on another.
//!
//! What pictures become on their way in is [`preprocess`]'s; [`model`] is a network with its
//! weights, [`labels`] are the names of its classes, and [`monitor`] watches it being loaded.
//! The modules stand in the order in which a picture's label comes about, and
//! arrows between them go one way: [`tensor`] → [`graph`] → [`models`] and
//! [`weights`] → [`passes`] → [`plan`] → [`gpu`] →
//! [`session`] → [`classify`]. Everything up to the plan is pure data and is
//! tested without a GPU; [`cpu`] is the twin that [`verify`] compares with,
//! and [`tune`] measures which kernel is the fastest. [`explain`] shows where in
//! a picture an answer comes from, and [`features`] keeps what the classifier
//! reads.
//!
//! # Features
//! - `hub`: the module of that name fetches models by name, into Hugging Face's cache.
//!
//! In a browser (`wasm32-unknown-unknown`), where nothing may block, [`Gpu::new_async`] and
//! `classify_async` are the ways, and [`gpu::GpuError::Blocking`] is what waiting gives.
//!
//! [`low_level`] holds the kernels and the parts of a plan. They are public for this
//! repository's own programs and tests, and may change at any time.
//!
//! The library prints nothing, holds no global state, and returns typed errors
//! that name the file or tensor and the remedy.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("in a browser wgpu's handles stay on one thread: build without `atomics`");

mod classify;
mod cpu;
mod device;
mod error;
mod explain;
mod features;
mod gpu;
mod graph;
#[cfg(feature = "hub")]
pub mod hub;
mod kernels;
mod labels;
pub mod low_level;
mod mix;
mod model;
mod models;
mod monitor;
mod passes;
mod pixels;
mod plan;
mod preprocess;
mod printable;
mod session;
mod tensor;
mod tune;
mod verify;
mod weights;
mod whole_file;

pub use classify::{
    Classifier, ClassifierOptions, Input, Loading, ModelSource, Pending, PixelFormat, Pixels,
    Prediction, Recorder, Scores, Slice,
};
#[cfg(not(target_arch = "wasm32"))]
pub use classify::{Outcome, Waits};
pub use device::Device;
pub use error::{Error, ErrorKind};
pub use explain::{ClassMap, Explained, Explainer, ExplainerOptions};
#[cfg(not(target_arch = "wasm32"))]
pub use gpu::adapters;
pub use gpu::{
    AdapterSummary, BufferSource, ByteOrder, DeviceSelector, Gpu, GpuOptions, Images,
    PipelineOptions, PixelRect, TextureSource,
};
/// The version of `image` that this library speaks, for applications that hand it
/// their pictures.
pub use image;
pub use labels::Labels;
pub use model::{Model, PreprocessOverrides};
pub use models::Network;
pub use monitor::{Monitor, Progress};
pub use plan::{Choice, Precision};
pub use preprocess::{ImageLimits, Interpolation, Preprocess, Views, decode_bytes, decode_file};
pub use session::{InputForm, Outputs, Run, RunOutputs, Session, SessionOptions};
pub use tensor::Tensor;
pub use tune::Tuning;
pub use weights::{Checkpoint, Hints};
/// The version of `wgpu` that this library speaks, for applications that hand
/// their device over.
pub use wgpu;
