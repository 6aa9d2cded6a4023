//! What a session is asked for, and what setting it up took.

use std::time::Duration;

use crate::kernels::InputForm;
use crate::model::Model;
use crate::monitor::Monitor;
use crate::plan::{Choice, Precision};

/// How a session is set up.
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
    /// Images of a run; more go in several runs. Fewer may be given, but take
    /// as long as a whole batch. A device that cannot bind that many gets as
    /// many as it can.
    pub batch: usize,
    /// Height and width of the images; the model's own size by default.
    pub input_size: Option<(usize, usize)>,
    /// PyTorch modules whose outputs are wanted besides the logits
    /// (`layer4`, `layer1.0.conv2`): nothing is folded or fused across them.
    /// Names are torchvision's whatever the checkpoint's, and so is what they
    /// mean: a `bn1` is the batch norm without its ReLU.
    pub layers: Vec<String>,
    /// Compute softmax on the device as well, as layer `probabilities`.
    pub probabilities: bool,
    /// How kernels are chosen.
    pub choice: Choice,
    /// Watches the session being set up, and may cancel it.
    pub monitor: Monitor,
    /// In what activations and weights are stored.
    pub precision: Precision,
    /// How images are given to [`Session::start`](super::Session::start): as
    /// floats, or as bytes that the device normalises, in a fifth of the
    /// transfer.
    pub input: InputForm,
    /// Batches that may be started before the first is finished
    /// ([`Session::start`](super::Session::start)): 1 for the least latency, 2 or more to
    /// keep a GPU busy while the host prepares and reads; 64 at most
    /// ([`Session::max_in_flight`](super::Session::max_in_flight)).
    pub in_flight: usize,
    /// Refuse, rather than take a smaller batch, where the device cannot bind
    /// that many images.
    pub exact_batch: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            batch: 1,
            input_size: None,
            layers: vec![],
            probabilities: false,
            choice: Choice::Auto,
            monitor: Monitor::default(),
            precision: Precision::F32,
            input: InputForm::F32,
            in_flight: 1,
            exact_batch: false,
        }
    }
}

impl SessionOptions {
    /// Height and width of the images, with the model's own size as the default.
    pub(super) fn size_for(&self, model: &Model) -> (usize, usize) {
        let own = model.input_size();
        self.input_size.unwrap_or((own, own))
    }
}

/// What setting a session up took.
///
/// ```
/// use resnet_wgpu::{Device, Model, Session, SessionOptions};
///
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &SessionOptions::default())?;
/// let setup = session.setup();
/// println!("plan {:?}, kernels {:?}, weights {:?}", setup.plan, setup.pipelines, setup.upload);
/// // The CPU twin compiles nothing.
/// assert!(setup.pipelines.is_zero());
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setup {
    /// Folding, fusing and planning.
    pub plan: Duration,
    /// Making the pipelines that the device did not have yet. Many drivers
    /// compile only at the first run.
    pub pipelines: Duration,
    /// Making buffers, packing weights and handing them to the driver.
    pub upload: Duration,
}
