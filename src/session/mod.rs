//! A session: one network on one device, ready to run batches.

mod layers;
mod make;
mod options;
mod sizes;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::cpu::{CpuModel, Kept};
use crate::error::Error;
use crate::gpu::{Engine, GpuError, Images, Spans, Timeline};
use crate::graph::{Graph, NodeId, Shape};
use crate::kernels::InputForm;
use crate::plan::{Plan, Settled};
use crate::preprocess::rgb8;
use crate::tensor::{QUAD, Tensor, padded, quads, unpad_channels, unpad_into};
pub use options::{SessionOptions, Setup};
pub use sizes::Sizes;

/// The name of the softmax layer that [`SessionOptions::probabilities`] adds.
pub const PROBABILITIES: &str = "probabilities";

/// What a run gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// `[N, classes]`.
    pub logits: Tensor,
    /// The layers asked for, in that order, each `[N, H, W, C]`; then, if
    /// asked for, the probabilities.
    pub layers: Vec<(String, Tensor)>,
}

/// One network on one device for one image size, ready to run batches. It may
/// move between threads; several can share a device.
///
/// ```no_run
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::session::{Session, SessionOptions};
/// use resnet_wgpu::tensor::Tensor;
///
/// let gpu = Gpu::new(&DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let mut session = Session::new(&gpu, &model, &SessionOptions::default())?;
/// let outputs = session.run(&Tensor::zeros([1, 32, 32, 3]))?;
/// assert_eq!(outputs.logits.shape(), [1, 10]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Session {
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
    /// Where an output whose channels are padded is unpadded.
    unpadded: Vec<f32>,
    /// Images of each batch in flight, oldest first.
    started: VecDeque<usize>,
    setup: Setup,
}

#[derive(Debug)]
enum Runner {
    Gpu(Box<Engine>),
    Cpu {
        model: Box<CpuModel>,
        in_flight: usize,
        /// The CPU computes when a batch is started.
        done: VecDeque<Kept>,
    },
}

impl Session {
    /// The graph as authored.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// How many layers a run gives besides the logits, the probabilities among
    /// them.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Images of a run.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// In what activations and weights are stored, and why
    /// [`Precision::Auto`](crate::plan::Precision::Auto) is f32 where it is.
    pub fn precision(&self) -> &Settled {
        &self.precision
    }

    /// Batches that were started and not finished.
    pub fn in_flight(&self) -> usize {
        self.started.len()
    }

    /// Batches that may be in flight.
    pub fn max_in_flight(&self) -> usize {
        match &self.runner {
            Runner::Gpu(engine) => engine.max_in_flight(),
            Runner::Cpu { in_flight, .. } => *in_flight,
        }
    }

    /// The plan, where it runs on a GPU.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.runner {
            Runner::Gpu(engine) => Some(engine.plan()),
            Runner::Cpu { .. } => None,
        }
    }

    /// What setting it up took.
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// Device memory of the weights and of the activations, which sessions for
    /// images of other sizes share ([`Session::resized`]).
    pub fn shared_bytes(&self) -> (u64, u64) {
        match &self.runner {
            Runner::Gpu(engine) => engine.shared_bytes(),
            Runner::Cpu { .. } => (0, 0),
        }
    }

    /// Device memory that it takes besides activations and weights:
    /// parameters and readback.
    pub fn other_bytes(&self) -> u64 {
        match &self.runner {
            Runner::Gpu(engine) => engine.other_bytes(),
            Runner::Cpu { .. } => 0,
        }
    }

    /// Runs a whole or part batch once and says when each span of the run
    /// began and ended; its outputs stay on the device. `None` on the CPU.
    pub fn timed_run<'a>(
        &mut self,
        input: impl Into<Images<'a>>,
        spans: Spans,
    ) -> Result<Option<Timeline>, Error> {
        let input = input.into();
        self.images(input)?;
        match &mut self.runner {
            Runner::Gpu(engine) => Ok(Some(engine.timed_run(input, spans)?)),
            Runner::Cpu { .. } => Ok(None),
        }
    }

    /// How many images these are, if a run takes as many in that form.
    fn images(&self, input: Images<'_>) -> Result<usize, Error> {
        if !input.have(&self.options.input) {
            let (expected, found) = (self.options.input.name(), input.name());
            return Err(GpuError::InputForm { expected, found }.into());
        }
        let each = self.input_len();
        let n = input.len() / each.max(1);
        if n * each != input.len() || n == 0 || n > self.batch {
            let s = self.graph.input_shape();
            let numbers = each / (s.h * s.w).max(1);
            return Err(Error::InputShape {
                expected: format!("[1 to {}, {}, {}, {numbers}]", self.batch, s.h, s.w),
                found: vec![input.len()],
            });
        }
        Ok(n)
    }

    /// Numbers of one image's input as [`Session::run_batch`] takes it: H·W·4
    /// floats, or H·W·3 bytes.
    pub fn input_len(&self) -> usize {
        let s = self.graph.input_shape();
        match self.options.input {
            InputForm::F32 => s.h * s.w * quads(s.c) * QUAD,
            InputForm::Rgb8 { .. } => s.h * s.w * s.c,
        }
    }

    /// Runs any number of images, `[N, H, W, 3]`, already normalised.
    pub fn run(&mut self, images: &Tensor) -> Result<Outputs, Error> {
        let s = self.graph.input_shape();
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
        let classes = self.graph.output_shape().len();
        let mut logits = Vec::with_capacity(n * classes);
        let mut values: Vec<Vec<f32>> = vec![vec![]; self.layers.len()];
        for chunk in padded.chunks((self.batch * self.input_len()).max(1)) {
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
        let layers = (self.layers.iter().zip(values).zip(&self.shapes[1..]))
            .map(|(((name, _), data), s)| Ok((name.clone(), tensor(vec![n, s.h, s.w, s.c], data)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Outputs {
            logits: tensor(vec![n, classes], logits)?,
            layers,
        })
    }

    /// Runs up to [`batch`](Session::batch) images, in the form of
    /// [`SessionOptions::input`]: floats `[N, H, W, 4]` with the fourth channel
    /// zero, or bytes `[N, H, W, 3]`, of red, green and blue. It hands each output (0 the logits, then the
    /// layers) to `read`, NHWC without padding. On a GPU, after the first
    /// run, nothing is allocated but by wgpu itself, for its commands
    /// (`tests/steady_state.rs` sees to it). Nothing else may be in flight.
    pub fn run_batch<'a>(
        &mut self,
        input: impl Into<Images<'a>>,
        read: impl FnMut(usize, &[f32]),
    ) -> Result<(), Error> {
        if !self.started.is_empty() {
            return Err(GpuError::Busy(self.started.len()).into());
        }
        self.start(input)?;
        self.finish(read)
    }

    /// Starts a batch, as [`run_batch`](Session::run_batch) takes it, and
    /// returns before it is done. Up to [`SessionOptions::in_flight`] batches
    /// may be started before the first is finished;
    /// [`finish`](Session::finish) gives them in their order.
    pub fn start<'a>(&mut self, input: impl Into<Images<'a>>) -> Result<(), Error> {
        let input = input.into();
        let n = self.images(input)?;
        match &mut self.runner {
            Runner::Gpu(engine) => engine.start(input)?,
            Runner::Cpu {
                model,
                in_flight,
                done,
            } => {
                if done.len() == *in_flight {
                    return Err(GpuError::Busy(done.len()).into());
                }
                let s = self.graph.input_shape();
                let values = unpadded(input, &self.options.input, s.c);
                let images = Tensor::new([n, s.h, s.w, s.c], values);
                let images = images.ok_or_else(|| Error::InputShape {
                    expected: "whole images".into(),
                    found: vec![input.len()],
                })?;
                let keep: Vec<NodeId> = self.layers.iter().map(|(_, id)| *id).collect();
                done.push_back(model.run(&images, &keep)?);
            }
        }
        self.started.push_back(n);
        Ok(())
    }

    /// Waits for the oldest batch in flight and hands its outputs to `read`,
    /// as [`run_batch`](Session::run_batch) does.
    pub fn finish(&mut self, mut read: impl FnMut(usize, &[f32])) -> Result<(), Error> {
        let n = self.started.pop_front().ok_or(GpuError::Idle)?;
        match &mut self.runner {
            Runner::Gpu(engine) => {
                let (shapes, unpadded) = (&self.shapes, &mut self.unpadded);
                engine.finish(|output, data| {
                    let s = shapes[output];
                    let padded = quads(s.c) * QUAD;
                    let data = &data[..n * s.h * s.w * padded];
                    if padded == s.c {
                        read(output, data);
                    } else {
                        unpadded.clear();
                        unpad_into(data, s.c, unpadded);
                        read(output, unpadded);
                    }
                })?;
            }
            Runner::Cpu { done, .. } => {
                let kept = done.pop_front().ok_or(GpuError::Idle)?;
                read(0, kept.output.data());
                for (i, (_, id)) in self.layers.iter().enumerate() {
                    if let Some(value) = kept.get(*id) {
                        read(i + 1, value.data());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Images as the CPU twin takes them, `[n, H, W, channels]`.
fn unpadded(images: Images<'_>, form: &InputForm, channels: usize) -> Vec<f32> {
    let mut values = vec![];
    match (images, form) {
        (Images::Rgb8(bytes), InputForm::Rgb8 { mean, std }) => {
            values.reserve(bytes.len());
            rgb8(bytes, mean, std, &mut values);
        }
        (Images::F32(padded), _) => values = unpad_channels(padded, channels),
        // `Session::images` has refused these.
        (Images::Rgb8(_), InputForm::F32) => {}
    }
    values
}
