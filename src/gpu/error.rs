//! What can go wrong with a device, each with a remedy.

use crate::kernels::TemplateError;
use crate::monitor::Cancelled;
use crate::tensor::TensorError;

/// An error of a device: no device, a device that cannot do what is asked, or one that
/// failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The machine has no adapter at all.
    #[error(
        "no GPU driver found; install one (`apt-get install mesa-vulkan-drivers` for a software \
         driver on Debian or Ubuntu, or the vendor's driver), or use the CPU"
    )]
    NoAdapter,
    /// No adapter is what the selector asked for.
    #[error("no device `{wanted}` on this machine, which has: {found}; name one of these")]
    UnknownDevice {
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// The adapter gave no device.
    #[error("adapter `{adapter}` gave no device: {reason}; try another")]
    Request {
        /// The adapter's name.
        adapter: String,
        /// wgpu's reason.
        reason: String,
    },
    /// What only a GPU does, asked of the CPU.
    #[error(
        "textures, buffers and commands need a GPU, and this runs on the CPU; set it up on a `Gpu` (`Gpu::new`, `Gpu::from_device`)"
    )]
    OnCpu,
    /// An application's device whose limits are too low.
    #[error(
        "device `{device}` was opened without what networks need: {missing}; open it with \
         `Gpu::device_descriptor(&adapter)`, or with limits no lower than `Gpu::required_limits()`"
    )]
    DeviceLimits {
        /// The device's name.
        device: String,
        /// Each limit that is too low, what it must be, and what it is.
        missing: String,
    },
    /// A queue of another device.
    #[error(
        "device `{device}` was given with the queue of another device; pass the two that one \
         `request_device` gave"
    )]
    OtherQueue {
        /// The device's name.
        device: String,
    },
    /// A command encoder of another `wgpu::Instance`.
    #[error(
        "the command encoder belongs to another `wgpu::Instance`; make it with the device that \
         the network is on (`Gpu::device`)"
    )]
    OtherInstance,
    /// The driver refused a kernel.
    #[error("kernel `{kernel}`: {reason}")]
    Kernel {
        /// The kernel's name.
        kernel: &'static str,
        /// What the device said, and the remedy.
        reason: String,
    },
    /// A plan for another kind of device.
    #[error(
        "kernel `{kernel}` of the plan needs {lacks}, which device `{device}` has not; plan with \
         the device's own profile"
    )]
    OtherDevice {
        /// The device's name.
        device: String,
        /// The kernel's name.
        kernel: &'static str,
        /// What it needs, readably.
        lacks: String,
    },
    /// Whoever watched it being set up cancelled it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A template did not render.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A weight that cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// Not enough device memory.
    #[error(
        "device `{device}` has no memory for {bytes} bytes: {reason}; use a smaller batch or \
         input size"
    )]
    OutOfMemory {
        /// The device's name.
        device: String,
        /// Bytes that were asked for.
        bytes: u64,
        /// wgpu's reason.
        reason: String,
    },
    /// wgpu refused a call of this library.
    #[error(
        "device `{device}` refused: {reason}; please report this with the output of \
         `resnet devices --json`, and use the CPU meanwhile"
    )]
    Refused {
        /// The device's name.
        device: String,
        /// wgpu's reason.
        reason: String,
    },
    /// f16 where shaders have none.
    #[error(
        "device `{device}` has no f16 in shaders (the feature SHADER_F16); use f32, or another \
         device"
    )]
    NoF16 {
        /// The device's name.
        device: String,
    },
    /// A weight that f16 does not hold.
    #[error("tensor `{tensor}` has a weight of {value:e}, and f16 holds up to 65504; use f32")]
    Beyond {
        /// The tensor's name.
        tensor: String,
        /// The weight.
        value: f32,
    },
    /// Images in another form than the plan takes.
    #[error("expected images as {expected}, found {found}; set `SessionOptions::input` to it")]
    InputForm {
        /// The form that the plan takes.
        expected: &'static str,
        /// The form that they have.
        found: &'static str,
    },
    /// More images than the plan's batch.
    #[error("expected images of {most} bytes at most, a batch of {batch}, found {found} bytes")]
    InputSize {
        /// Images of a run.
        batch: usize,
        /// Bytes of as many.
        most: u64,
        /// Bytes that were given.
        found: usize,
    },
    /// As many runs are in flight as may be.
    #[error("{0} runs are in flight already; finish one before the next")]
    Busy(usize),
    /// A free frame that did not come.
    #[error(
        "as many runs as may be in flight were not finished for ten minutes; finish or drop them, or \
         allow more (`in_flight`)"
    )]
    Stuck,
    /// Another run, where one is recorded in part.
    #[error(
        "a run is recorded in part; record the rest of it (`Recorder::go_on`), or give it up \
         (`Recorder::abandon`), before the next"
    )]
    Unfinished,
    /// A call that waits, where nothing may.
    #[error(
        "nothing can wait for the device in a browser; await instead (`classify_async`, an \
         `Pending`, `Run::ready`)"
    )]
    Blocking,
    /// No run is in flight.
    #[error("no run is in flight; start one first (`Classifier::start`, `Recorder::begin`)")]
    Idle,
    /// A run whose commands were dropped.
    #[error(
        "a command encoder that a run was recorded into was not submitted, or refused with what else \
         was in it; submit all of them in their order, then wait for the run"
    )]
    NotSubmitted,
    /// The device's clock makes no sense.
    #[error(
        "device `{device}`: its timestamps run backwards, so the driver cannot be timed; \
         update it"
    )]
    Clock {
        /// The device's name.
        device: String,
    },
    /// What was computed is not what is right.
    #[error(
        "device `{device}` computes wrongly: {kernel} gave {reason}; update the driver, or use \
         another device"
    )]
    Wrong {
        /// The device's name.
        device: String,
        /// What ran.
        kernel: &'static str,
        /// What it gave, and what is right.
        reason: String,
    },
    /// The device failed while it ran. [`Classifier::recreate`](crate::Classifier::recreate)
    /// goes on, on another one or on the same opened anew.
    #[error(
        "device `{device}` failed while running: {reason}; open it anew; a driver that resets under \
         load is the usual cause: update it, or use a smaller batch"
    )]
    Lost {
        /// The device's name.
        device: String,
        /// What failed.
        reason: String,
    },
}
