//! Options for setting up a session, and the durations of its times.

use std::time::Duration;

use crate::kernels::InputForm;
use crate::model::Model;
use crate::monitor::Monitor;
use crate::plan::{KernelChoice, Precision};

/// Options for setting up a session.
///
/// ```
/// use resnet_wgpu::{Device, Model, Session, SessionOptions};
///
/// let options = SessionOptions {
///     batch: 4,
///     input_size: Some((48, 64)),
///     ..Default::default()
/// };
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &options)?;
/// let input = session.graph().input_shape();
/// assert_eq!((session.batch(), input.h, input.w), (4, 48, 64));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Images in one run. More images are split into several runs. Fewer images are allowed, but
    /// take as long as a whole batch. If the device cannot bind a batch of this size, the session
    /// uses the largest batch that the device can bind.
    pub batch: usize,
    /// Height and width of the images. `None` means the model's own size.
    pub input_size: Option<(usize, usize)>,
    /// PyTorch modules whose outputs are returned in addition to the logits, such as `layer4` or
    /// `layer1.0.conv2`. Nothing is folded or fused across these modules. Names and meanings are
    /// torchvision's for every checkpoint: `bn1` is the batch norm without its ReLU.
    pub layers: Vec<String>,
    /// Computes softmax on the device as well, as layer `probabilities`.
    pub probabilities: bool,
    /// The way in which kernels are chosen.
    pub choice: KernelChoice,
    /// Observes the setup of the session, and may cancel the setup.
    pub monitor: Monitor,
    /// The precision in which activations and weights are stored.
    pub precision: Precision,
    /// The form of the images for [`Session::start`](super::Session::start): floats, or bytes that
    /// the device normalises. Bytes need a fifth of the transfer.
    pub input: InputForm,
    /// Batches that may be started before the first is finished
    /// ([`Session::start`](super::Session::start)). 1 gives the lowest latency. 2 or more keep a
    /// GPU busy while the host prepares and reads. The limit is 64
    /// ([`Session::max_in_flight`](super::Session::max_in_flight)).
    pub in_flight: usize,
    /// Returns an error if the device cannot bind a batch of this size, instead of using a smaller
    /// batch.
    pub exact_batch: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            batch: 1,
            input_size: None,
            layers: vec![],
            probabilities: false,
            choice: KernelChoice::Auto,
            monitor: Monitor::default(),
            precision: Precision::F32,
            input: InputForm::F32,
            in_flight: 1,
            exact_batch: false,
        }
    }
}

impl SessionOptions {
    /// Returns height and width of the images, with the model's own size as the default.
    pub(super) fn size_for(&self, model: &Model) -> (usize, usize) {
        let own = model.input_size();
        self.input_size.unwrap_or((own, own))
    }
}

/// Durations of the parts of a session's times.
///
/// ```
/// use resnet_wgpu::{Device, Model, Session, SessionOptions};
///
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &SessionOptions::default())?;
/// let times = session.setup_times();
/// println!("plan {:?}, kernels {:?}, weights {:?}", times.plan, times.pipelines, times.upload);
/// // The CPU path compiles nothing.
/// assert!(times.pipelines.is_zero());
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetupTimes {
    /// Duration of folding, fusing and planning.
    pub plan: Duration,
    /// Duration of creating the pipelines that the device did not have yet. Many drivers compile
    /// only at the first run.
    pub pipelines: Duration,
    /// Duration of creating buffers, packing weights and passing them to the driver.
    pub upload: Duration,
}
