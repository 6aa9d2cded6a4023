//! ResNet inference on any GPU through `wgpu` compute shaders: PyTorch's
//! logits from unmodified checkpoints, with no CUDA and no Python.
//!
//! # Five tasks
//! One photo:
//!
//! ```no_run
//! let classifier = resnet_wgpu::Classifier::open("resnet50.safetensors")?;
//! for best in classifier.classify("photo.jpg", 5)? {
//!     println!("{:5.1} %  {}", 100.0 * best.probability, best.label);
//! }
//! # Ok::<(), resnet_wgpu::Error>(())
//! ```
//!
//! A texture on the application's own device:
//!
//! ```no_run
//! # use resnet_wgpu::{Classifier, Gpu, Model, wgpu};
//! # fn task(
//! #     adapter: wgpu::Adapter, device: wgpu::Device, queue: wgpu::Queue, frame: wgpu::Texture,
//! # ) -> Result<(), resnet_wgpu::Error> {
//! let gpu = Gpu::from_device(&adapter, device, queue)?;
//! let model = Model::open("resnet50.safetensors")?;
//! let classifier = Classifier::new(gpu, &model, &Default::default())?;
//! let best = classifier.classify(&frame, 5)?; // resized on the device
//! # Ok(())
//! # }
//! ```
//!
//! A folder at full speed, decoded on all cores while the device computes:
//!
//! ```no_run
//! # use resnet_wgpu::Classifier;
//! # fn task(classifier: Classifier, paths: Vec<std::path::PathBuf>) -> Result<(), resnet_wgpu::Error> {
//! classifier.classify_all(&paths, 1, |path, result| match result {
//!     Ok(best) => println!("{}: {}", path.display(), best[0].label),
//!     Err(error) => eprintln!("{error}"),
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! A layer by its name in PyTorch:
//!
//! ```no_run
//! # use resnet_wgpu::{Classifier, ClassifierOptions, Device, Model};
//! let model = Model::open("resnet50.safetensors")?;
//! let options = ClassifierOptions { layers: vec!["layer4".into()], ..Default::default() };
//! let classifier = Classifier::new(Device::auto()?, &model, &options)?;
//! let scores = classifier.score("photo.jpg")?;
//! let features = scores.layer("layer4", 0); // [H, W, C] of image 0; `scores.layers` has shapes
//! # Ok::<(), resnet_wgpu::Error>(())
//! ```
//!
//! Without blocking: awaited on any executor, or sliced into frames:
//!
//! ```no_run
//! # use resnet_wgpu::{Classifier, Recorder, wgpu};
//! # use std::time::Duration;
//! # async fn task(
//! #     classifier: &Classifier, recorder: &mut Recorder,
//! #     encoder: &mut wgpu::CommandEncoder, frame: &wgpu::Texture,
//! # ) -> Result<(), resnet_wgpu::Error> {
//! let best = classifier.classify_async("photo.jpg", 5).await?;
//! // Or in the application's own encoders, at most 2 ms of GPU time in each:
//! let slice = if recorder.is_idle() {
//!     recorder.begin(encoder, frame, Duration::from_millis(2))?
//! } else {
//!     recorder.go_on(encoder)? // `Slice::Last` has the pending scores
//! };
//! # Ok(())
//! # }
//! ```
//!
//! # The types
//! A [`Checkpoint`] is a safetensors file, read without trusting it. A [`Model`] is the
//! network recognised in it, with its weights. A [`Device`] is the CPU or a [`Gpu`], the
//! library's own or the application's. A [`Session`] is one model on one device: tensors
//! in, logits and layers out. A [`Classifier`] adds preprocessing that matches Pillow's, and
//! labels. Sessions and classifiers are shared by cloning, and any number of threads and
//! tasks may use them at once.
//!
//! - [`Loading`] loads a model on a thread of its own, with progress, and can be cancelled.
//! - [`Recorder`] puts inference into the application's own command encoders.
//! - [`Explainer`] shows where in a picture an answer comes from.
//! - An [`Error`] has a [kind](ErrorKind), names what was expected and found, and says what
//!   to do. After [`ErrorKind::DeviceLost`], [`Classifier::recreate`] continues on another
//!   device.
//!
//! # Coming from another library
//!
//! | task | here | candle | ort | burn | timm |
//! |---|---|---|---|---|---|
//! | load weights | [`Checkpoint::from_file`] | `VarBuilder::from_mmaped_safetensors` | `Session::builder()?.commit_from_file` (ONNX) | `load_record` of a generated model | `create_model(name, pretrained=True)` |
//! | choose the architecture | recognised from the file | named by hand, `resnet::resnet50` | in the ONNX graph | the Rust type | the name |
//! | choose the device | [`Device::auto`], [`Device::Cpu`], [`Gpu`] | `Device::cuda_if_available(0)` | execution providers | `init_device` of a backend | `model.to("cuda")` |
//! | prepare a picture | done, as the checkpoint says | `imagenet::load_image224` of the examples | by hand | by hand | `create_transform(**resolve_data_config(…))` |
//! | probabilities | [`Prediction::probability`], [`Scores`] | `candle_nn::ops::softmax` | by hand | `activation::softmax` | `logits.softmax(-1)` |
//! | a layer's output | [`ClassifierOptions::layers`], [`SessionOptions::layers`] | edit the model | graph surgery | edit the model | `forward_intermediates`, hooks |
//! | tensors in, logits out | [`Session::run`], `[N, H, W, 3]` | `forward`, `[N, 3, H, W]` | `session.run`, as exported | `forward`, `[N, 3, H, W]` | `model(x)`, `[N, 3, H, W]` |
//!
//! # Features
//! - `hub`: the module of that name fetches models by name, into Hugging Face's cache.
//!
//! In a browser (`wasm32-unknown-unknown`) nothing may block: [`Gpu::new_async`],
//! [`Classifier::new_async`] and `classify_async` are awaited there, and calls that would wait
//! return [`ErrorKind::Blocking`].
//!
//! [`low_level`] holds the layers below the front. It is unstable: its items may change or
//! disappear in any release.
//!
//! The library prints nothing, holds no global state, and returns typed errors.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
compile_error!("in a browser wgpu's handles stay on one thread: build without `atomics`");

mod classify;
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
mod reference;
mod session;
mod tensor;
mod tune;
mod verify;
mod weights;
mod whole_file;

pub use classify::{
    Classifier, ClassifierOptions, Input, LayerOutput, Loading, ModelSource, PendingScores,
    PixelFormat, Pixels, Prediction, Recorder, Scores, Slice,
};
#[cfg(not(target_arch = "wasm32"))]
pub use classify::{PictureOutcome, WaitTimes};
pub use device::Device;
pub use error::{Error, ErrorKind};
pub use explain::{ClassMap, Explainer, ExplainerOptions, Explanation};
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
pub use plan::{KernelChoice, Precision};
pub use preprocess::{ImageLimits, Interpolation, Preprocess, Views, decode_bytes, decode_file};
pub use session::{InputForm, Outputs, Run, RunOutputs, Session, SessionOptions};
pub use tensor::Tensor;
pub use tune::Tuning;
pub use weights::{Checkpoint, Hints};
/// The version of `wgpu` that this library speaks, for applications that hand
/// their device over.
pub use wgpu;
