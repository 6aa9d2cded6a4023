//! Errors of a device, each with a remedy.

use crate::kernels::TemplateError;
use crate::monitor::CancelledError;
use crate::tensor::TensorError;

/// An error of a device: no device exists, the device lacks a requirement, or the device failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// A machine without any adapter.
    #[error(
        "no GPU driver found; install one (`apt-get install mesa-vulkan-drivers` for a software \
         driver on Debian or Ubuntu, or the vendor's driver), or use the CPU"
    )]
    NoAdapter,
    /// A selector that matches no adapter.
    #[error("no device `{wanted}` on this machine, which has: {found}; name one of these")]
    UnknownDevice {
        /// The selector, as text.
        wanted: String,
        /// The adapters of the machine.
        found: String,
    },
    /// An adapter that refused to open a device.
    #[error("adapter `{adapter}` gave no device: {reason}; try another")]
    Request {
        /// The adapter's name.
        adapter: String,
        /// wgpu's reason.
        reason: String,
    },
    /// A call that only a GPU supports, on the CPU.
    #[error(
        "textures, buffers and commands need a GPU, and this runs on the CPU; set it up on a `Gpu` (`Gpu::new`, `Gpu::from_device`)"
    )]
    OnCpu,
    /// An application's device with limits that are too low.
    #[error(
        "device `{device}` was opened without what networks need: {missing}; open it with \
         `Gpu::device_descriptor(&adapter)`, or with limits no lower than `Gpu::required_limits()`"
    )]
    DeviceLimits {
        /// The device's name.
        device: String,
        /// Each limit that is too low, with the required value and the value found.
        missing: String,
    },
    /// A queue that belongs to another device.
    #[error(
        "device `{device}` was given with the queue of another device; pass the two that one \
         `request_device` gave"
    )]
    OtherQueue {
        /// The device's name.
        device: String,
    },
    /// A command encoder that belongs to another `wgpu::Instance`.
    #[error(
        "the command encoder belongs to another `wgpu::Instance`; make it with the device that \
         the network is on (`Gpu::device`)"
    )]
    OtherInstance,
    /// A kernel that the driver refused.
    #[error("kernel `{kernel}`: {reason}")]
    Kernel {
        /// The kernel's name.
        kernel: &'static str,
        /// The device's message, and the remedy.
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
        /// The requirement that the device lacks, as readable text.
        lacks: String,
    },
    /// A setup that its monitor cancelled.
    #[error(transparent)]
    Cancelled(#[from] CancelledError),
    /// A template that failed to render.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A weight that cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// Too little device memory.
    #[error(
        "device `{device}` has no memory for {bytes} bytes: {reason}; use a smaller batch or \
         input size"
    )]
    OutOfMemory {
        /// The device's name.
        device: String,
        /// The bytes that were requested.
        bytes: u64,
        /// wgpu's reason.
        reason: String,
    },
    /// A call of this library that wgpu refused.
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
    /// The precision f16 on a device whose shaders lack f16.
    #[error(
        "device `{device}` has no f16 in shaders (the feature SHADER_F16); use f32, or another \
         device"
    )]
    NoF16 {
        /// The device's name.
        device: String,
    },
    /// A weight beyond the range of f16.
    #[error("tensor `{tensor}` has a weight of {value:e}, and f16 holds up to 65504; use f32")]
    Beyond {
        /// The tensor's name.
        tensor: String,
        /// The weight.
        value: f32,
    },
    /// Images in another form than the plan expects.
    #[error("expected images as {expected}, found {found}; set `SessionOptions::input` to it")]
    InputForm {
        /// The form that the plan expects.
        expected: &'static str,
        /// The form of the given images.
        found: &'static str,
    },
    /// More images than the plan's batch.
    #[error("expected images of {most} bytes at most, a batch of {batch}, found {found} bytes")]
    InputSize {
        /// Number of images in a batch.
        batch: usize,
        /// Bytes of a full batch.
        most: u64,
        /// Bytes of the given images.
        found: usize,
    },
    /// A run beyond the limit of runs in flight.
    #[error("{0} runs are in flight already; finish one before the next")]
    Busy(usize),
    /// A wait of ten minutes in which no frame became free.
    #[error(
        "as many runs as may be in flight were not finished for ten minutes; finish or drop them, or \
         allow more (`in_flight`)"
    )]
    Stuck,
    /// A new run, while another run is partly recorded.
    #[error(
        "a run is recorded in part; record the rest of it (`Recorder::go_on`), or give it up \
         (`Recorder::abandon`), before the next"
    )]
    Unfinished,
    /// A blocking call in a browser, where no thread may block.
    #[error(
        "nothing can wait for the device in a browser; await instead (`classify_async`, an \
         `PendingScores`, `Run::ready`)"
    )]
    Blocking,
    /// A call that needs a run in flight, while no run is in flight.
    #[error("no run is in flight; start one first (`Classifier::start`, `Recorder::begin`)")]
    Idle,
    /// A run whose commands were dropped instead of submitted.
    #[error(
        "a command encoder that a run was recorded into was not submitted, or refused with what else \
         was in it; submit all of them in their order, then wait for the run"
    )]
    NotSubmitted,
    /// A device whose timestamps run backwards.
    #[error(
        "device `{device}`: its timestamps run backwards, so the driver cannot be timed; \
         update it"
    )]
    Clock {
        /// The device's name.
        device: String,
    },
    /// A wrong result of a kernel.
    #[error(
        "device `{device}` computes wrongly: {kernel} gave {reason}; update the driver, or use \
         another device"
    )]
    Wrong {
        /// The device's name.
        device: String,
        /// The kernel that ran.
        kernel: &'static str,
        /// The result and the expected result.
        reason: String,
    },
    /// A device that failed while it ran. [`Classifier::recreate`](crate::Classifier::recreate)
    /// continues on another device, or on the same device after opening it anew.
    #[error(
        "device `{device}` failed while running: {reason}; open it anew; a driver that resets under \
         load is the usual cause: update it, or use a smaller batch"
    )]
    Lost {
        /// The device's name.
        device: String,
        /// The failure.
        reason: String,
    },
}
