//! The GPU layer: a device, its pipelines, and running a plan on it. It
//! records and submits what the plan says and decides nothing itself.

mod adapters;
mod alone;
mod audited;
mod beside;
mod cache;
mod caught;
mod compile;
mod device;
pub(crate) mod engine;
mod error;
mod format;
mod images;
mod intake;
mod lane;
mod lanes;
mod late;
mod mapping;
mod open;
mod options;
pub(crate) mod peaks;
mod pipelines;
mod poller;
mod profile;
mod readback;
mod record;
mod recorded;
mod resample;
pub(crate) mod run;
mod shared;
mod staging;
mod stored;
pub(crate) mod timed;
mod timestamps;
mod upload;
mod value;
mod waiting;
mod warm_up;
mod watch;
mod wishes;

#[cfg(not(target_arch = "wasm32"))]
pub use adapters::adapters;
pub use adapters::{AdapterSummary, DeviceSelector, backend_name, kind_name};
pub use device::Gpu;
pub(crate) use engine::{Engine, EngineOptions};
pub use error::GpuError;
pub use images::Images;
pub(crate) use intake::Intake;
pub(crate) use lanes::MOST_IN_FLIGHT;
pub(crate) use late::Calling;
pub use options::{GpuOptions, PipelineOptions};
pub use resample::{BufferSource, ByteOrder, PixelRect, SourceError, TextureSource};
pub(crate) use resample::{OnDevice, Ready, ResampleError, Resampler};
pub(crate) use run::Run;
pub(crate) use timed::StepsTime;
pub use timestamps::{Clock, Span, Spans, Timeline};
