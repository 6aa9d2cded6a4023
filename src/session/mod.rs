//! A session: one network on one device, ready to run batches.

mod layers;
mod make;
mod options;
mod run;
mod sizes;

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::cpu::CpuModel;
use crate::error::Error;
use crate::gpu::{Calling, Engine, GpuError, Images, MOST_IN_FLIGHT, Spans, Timeline};
use crate::graph::{Graph, NodeId, Shape};
#[doc(inline)]
pub use crate::kernels::InputForm;
use crate::plan::{Plan, Settled};
use crate::tensor::{QUAD, Tensor, padded, quads};
pub use options::{SessionOptions, Setup};
pub(crate) use run::Patience;
pub use run::Run;
pub use sizes::Sizes;

/// The name of the softmax layer that [`SessionOptions::probabilities`] adds.
pub const PROBABILITIES: &str = "probabilities";

/// What a run gives.
///
/// ```
/// use resnet_wgpu::session::PROBABILITIES;
/// use resnet_wgpu::tensor::Tensor;
/// use resnet_wgpu::{Model, Session, SessionOptions};
///
/// let options = SessionOptions {
///     layers: vec!["layer1".into()],
///     probabilities: true,
///     ..Default::default()
/// };
/// let session = Session::cpu(&Model::embedded()?, &options)?;
/// let outputs = session.run(&Tensor::zeros([2, 32, 32, 3]))?;
/// assert_eq!(outputs.logits.shape(), [2, 10]);
/// let (name, features) = &outputs.layers[0];
/// assert_eq!((name.as_str(), features.shape()), ("layer1", &[2, 32, 32, 16][..]));
/// assert_eq!(outputs.layers[1].0, PROBABILITIES);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// `[N, classes]`.
    pub logits: Tensor,
    /// The layers asked for, in that order, each `[N, H, W, C]`; then, if
    /// asked for, the probabilities.
    pub layers: Vec<(String, Tensor)>,
}

/// One network on one device for one image size, ready to run batches. Cloning
/// shares it, any number of threads may run it, and several sessions can share a
/// device.
///
/// ```no_run
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::session::{Session, SessionOptions};
/// use resnet_wgpu::tensor::Tensor;
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let session = Session::new(&gpu, &model, &SessionOptions::default())?;
/// let outputs = session.run(&Tensor::zeros([1, 32, 32, 3]))?;
/// assert_eq!(outputs.logits.shape(), [1, 10]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

/// Not its plan and its weights, which are long.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = match &self.0.runner {
            Runner::Gpu(engine) => engine.gpu().describe(),
            Runner::Cpu(_) => "cpu".into(),
        };
        f.debug_struct("Session")
            .field("device", &device)
            .field("batch", &self.batch())
            .field("input", &self.0.graph.input_shape())
            .finish_non_exhaustive()
    }
}

struct Inner {
    /// Of the model that it was made of ([`Model::identity`]).
    ///
    /// [`Model::identity`]: crate::model::Model::identity
    model: Arc<()>,
    /// As asked for, for those of other sizes.
    options: SessionOptions,
    graph: Graph,
    layers: Vec<(String, NodeId)>,
    batch: usize,
    precision: Settled,
    runner: Runner,
    /// Shape of one image's value, for the logits and each layer.
    shapes: Vec<Shape>,
    /// Where outputs whose channels are padded are unpadded: one for each run
    /// that is being read.
    rooms: Mutex<Vec<Vec<f32>>>,
    setup: Setup,
}

enum Runner {
    Gpu(Box<Engine>),
    Cpu(Box<CpuModel>),
}

impl Session {
    /// The graph as authored.
    pub fn graph(&self) -> &Graph {
        &self.0.graph
    }

    /// How many layers a run gives besides the logits, the probabilities among
    /// them.
    pub fn layers(&self) -> usize {
        self.0.layers.len()
    }

    /// Images of a run.
    pub fn batch(&self) -> usize {
        self.0.batch
    }

    /// In what activations and weights are stored, and why
    /// [`Precision::Auto`](crate::plan::Precision::Auto) is f32 where it is.
    pub fn precision(&self) -> &Settled {
        &self.0.precision
    }

    /// Until what this returns is dropped, a browser's late errors are for its runs.
    pub(crate) fn calling(&self) -> Option<Calling<'_>> {
        match &self.0.runner {
            Runner::Gpu(engine) => Some(engine.calling()),
            Runner::Cpu(_) => None,
        }
    }

    /// In what form images are given.
    pub fn input(&self) -> InputForm {
        self.0.options.input
    }

    /// Batches that were started and not finished; on the CPU, which computes a
    /// batch when it is started, none.
    pub fn in_flight(&self) -> usize {
        match &self.0.runner {
            Runner::Gpu(engine) => engine.in_flight(),
            Runner::Cpu(_) => 0,
        }
    }

    /// Batches that may be in flight.
    pub fn max_in_flight(&self) -> usize {
        match &self.0.runner {
            Runner::Gpu(engine) => engine.max_in_flight(),
            Runner::Cpu(_) => self.0.options.in_flight.clamp(1, MOST_IN_FLIGHT),
        }
    }

    /// The plan, where it runs on a GPU.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.0.runner {
            Runner::Gpu(engine) => Some(engine.plan()),
            Runner::Cpu(_) => None,
        }
    }

    /// What setting it up took.
    pub fn setup(&self) -> Setup {
        self.0.setup
    }

    /// Device memory of the weights and of the activations, which sessions for
    /// images of other sizes share ([`Session::resized`]).
    pub fn shared_bytes(&self) -> (u64, u64) {
        match &self.0.runner {
            Runner::Gpu(engine) => engine.shared_bytes(),
            Runner::Cpu(_) => (0, 0),
        }
    }

    /// Device memory that it takes besides activations and weights:
    /// parameters and readback.
    pub fn other_bytes(&self) -> u64 {
        match &self.0.runner {
            Runner::Gpu(engine) => engine.other_bytes(),
            Runner::Cpu(_) => 0,
        }
    }

    /// Runs a whole or part batch once and says when each span of the run
    /// began and ended; its outputs stay on the device. `None` on the CPU.
    ///
    /// # Errors
    /// As [`Session::run_batch`]; [`GpuError::Clock`] where the device's clock makes no
    /// sense.
    pub fn timed_run<'a>(
        &self,
        input: impl Into<Images<'a>>,
        spans: Spans,
    ) -> Result<Option<Timeline>, Error> {
        let input = input.into();
        self.images(input)?;
        match &self.0.runner {
            Runner::Gpu(engine) => Ok(Some(engine.timed_run(input, spans)?)),
            Runner::Cpu(_) => Ok(None),
        }
    }

    /// How many images these are, if a run takes as many in that form.
    fn images(&self, input: Images<'_>) -> Result<usize, Error> {
        if !input.have(&self.0.options.input) {
            let (expected, found) = (self.0.options.input.name(), input.name());
            return Err(GpuError::InputForm { expected, found }.into());
        }
        let each = self.input_len();
        let n = input.len() / each.max(1);
        if n * each != input.len() || n == 0 || n > self.0.batch {
            let s = self.0.graph.input_shape();
            let numbers = each / (s.h * s.w).max(1);
            return Err(Error::InputShape {
                expected: format!("[1 to {}, {}, {}, {numbers}]", self.0.batch, s.h, s.w),
                found: vec![input.len()],
            });
        }
        Ok(n)
    }

    /// Numbers of one image's input as [`Session::run_batch`] takes it: H·W·4
    /// floats, or H·W·3 bytes.
    pub fn input_len(&self) -> usize {
        let s = self.0.graph.input_shape();
        match self.0.options.input {
            InputForm::F32 => s.h * s.w * quads(s.c) * QUAD,
            InputForm::Rgb8 { .. } => s.h * s.w * s.c,
        }
    }

    /// Runs any number of images, `[N, H, W, 3]`, already normalised.
    ///
    /// # Errors
    /// [`Error::InputShape`] for images of another size; [`Error::Gpu`] where the
    /// device failed.
    pub fn run(&self, images: &Tensor) -> Result<Outputs, Error> {
        let s = self.0.graph.input_shape();
        let n = match images.shape() {
            [n, h, w, c] if (*h, *w, *c) == (s.h, s.w, s.c) => *n,
            other => {
                return Err(Error::InputShape {
                    expected: format!("[N, {}, {}, {}]", s.h, s.w, s.c),
                    found: other.to_vec(),
                });
            }
        };
        let padded = padded(images);
        let classes = self.0.graph.output_shape().len();
        let mut logits = Vec::with_capacity(n * classes);
        let mut values: Vec<Vec<f32>> = vec![vec![]; self.0.layers.len()];
        for chunk in padded.chunks((self.0.batch * self.input_len()).max(1)) {
            self.run_batch(chunk, |output, data| match output {
                0 => logits.extend_from_slice(data),
                layer => values[layer - 1].extend_from_slice(data),
            })?;
        }
        let tensor = |shape: Vec<usize>, data| {
            let found = shape.clone();
            Tensor::new(shape, data).ok_or(Error::InputShape {
                expected: "a whole batch".into(),
                found,
            })
        };
        let layers = (self.0.layers.iter().zip(values).zip(&self.0.shapes[1..]))
            .map(|(((name, _), data), s)| Ok((name.clone(), tensor(vec![n, s.h, s.w, s.c], data)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Outputs {
            logits: tensor(vec![n, classes], logits)?,
            layers,
        })
    }

    /// Runs up to [`batch`](Session::batch) images, in the form of
    /// [`SessionOptions::input`]: floats `[N, H, W, 4]` with the fourth channel
    /// zero, or bytes `[N, H, W, 3]`, of red, green and blue. It hands each output
    /// (0 the logits, then the layers) to `read`, NHWC without padding. On a GPU,
    /// after the first run, nothing is allocated but by wgpu itself, for its
    /// commands (`tests/steady_state.rs` sees to it). Where as many runs are in
    /// flight as may be, it waits for one to be finished, by another thread.
    ///
    /// # Errors
    /// [`Error::InputShape`] for no images, a part of one, or more than a batch;
    /// [`GpuError::InputForm`] for another form; [`GpuError::Busy`] where it waited ten
    /// minutes in vain; [`GpuError::Lost`] where the device failed.
    pub fn run_batch<'a>(
        &self,
        input: impl Into<Images<'a>>,
        read: impl FnMut(usize, &[f32]),
    ) -> Result<(), Error> {
        self.start_in_turn(input)?.finish(read)
    }
}
