//! The GPU layer: a device, its pipelines, and running a plan on it. It
//! records and submits what the plan says and decides nothing itself.

mod adapters;
mod alone;
mod audited;
mod beside;
mod cache;
mod device;
mod engine;
mod error;
mod images;
mod lane;
mod lanes;
mod late;
mod mapping;
mod open;
mod options;
#[cfg(feature = "cli")]
pub(crate) mod peaks;
mod pipelines;
mod poller;
mod profile;
mod readback;
mod record;
mod recorded;
mod resample;
mod run;
mod shared;
mod staging;
mod stored;
mod timed;
mod timestamps;
mod upload;
mod value;
mod warm_up;
mod watch;

#[cfg(not(target_arch = "wasm32"))]
pub use adapters::adapters;
pub use adapters::{AdapterSummary, DeviceSelector, backend_name, kind_name};
pub use device::Gpu;
#[doc(hidden)]
pub use engine::{Engine, EngineOptions, EngineSetup};
pub use error::GpuError;
pub use images::Images;
pub(crate) use lanes::MOST_IN_FLIGHT;
pub(crate) use late::Calling;
pub use options::{GpuOptions, PipelineOptions};
pub(crate) use record::Intake;
pub use resample::{BufferSource, ByteOrder, PixelRect, SourceError, TextureSource};
pub(crate) use resample::{OnDevice, Ready, ResampleError, Resampler};
#[doc(hidden)]
pub use run::Run;
#[doc(hidden)]
pub use timed::StepsTime;
pub use timestamps::{Clock, Span, Spans, Timeline};
