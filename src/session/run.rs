//! Batches in flight.

use std::ops::Range;
use std::sync::PoisonError;
use std::task::{Context, Poll};

use super::{Inner, Runner, Session};
use crate::cpu::{CpuModel, Kept};
use crate::error::Error;
use crate::gpu::{self, Engine, GpuError, Images, Intake};
use crate::graph::NodeId;
use crate::kernels::InputForm;
use crate::preprocess::rgb8;
use crate::tensor::{QUAD, Tensor, quads, unpad_channels, unpad_into};

/// A batch that was started. It holds its session; dropped before it is
/// finished, it is lost, and nobody waits for it.
///
/// ```
/// use resnet_wgpu::{Model, Session, SessionOptions};
///
/// let session = Session::cpu(&Model::embedded()?, &SessionOptions::default())?;
/// let image = vec![0.0f32; session.input_len()];
/// let run = session.start(&image)?;
/// // Here the next images are made ready.
/// let mut logits = vec![];
/// run.finish(|_output, values| logits.extend_from_slice(values))?;
/// assert_eq!(logits.len(), 10);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a run that is dropped gives nothing"]
pub struct Run {
    session: Session,
    images: usize,
    at: At,
}

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a box would be an allocation a run"
)]
enum At {
    Gpu(gpu::Run),
    /// The CPU computes when a batch is started.
    Cpu(Box<Kept>),
}

/// What to do while as many runs are in flight as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Nothing: it is an error.
    None,
    /// Keep the thread.
    Block,
    /// Let the task sleep.
    Await,
}

impl Session {
    /// Starts a batch, as [`run_batch`](Session::run_batch) takes it, and
    /// returns before it is done. Up to [`SessionOptions::in_flight`] batches
    /// may be started before the first is finished. They are done in the order
    /// in which they were started.
    ///
    /// # Errors
    /// [`GpuError::Busy`] where as many are in flight as may be.
    ///
    /// [`SessionOptions::in_flight`]: super::SessionOptions::in_flight
    pub fn start<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        self.start_by(input.into(), |engine, images| engine.start(images))
    }

    /// The same, after a while where as many are in flight as may be: for threads
    /// that share a session. A thread that holds all of them itself waits in vain,
    /// ten minutes.
    ///
    /// # Errors
    /// [`GpuError::Busy`] after these.
    pub fn start_in_turn<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        self.start_by(input.into(), |engine, images| engine.start_in_turn(images))
    }

    fn start_by(
        &self,
        input: Images<'_>,
        start: impl FnOnce(&Engine, Images<'_>) -> Result<gpu::Run, GpuError>,
    ) -> Result<Run, Error> {
        let images = self.images(input)?;
        let at = match &self.0.runner {
            Runner::Gpu(engine) => At::Gpu(start(engine, input)?),
            Runner::Cpu(model) => At::Cpu(Box::new(self.computed(model, input, images)?)),
        };
        Ok(self.begun(at, images))
    }

    /// Starts a batch of images from wherever they are; see [`Patience`].
    pub(crate) async fn start_with(
        &self,
        intake: Intake<'_>,
        patience: Patience,
    ) -> Result<Run, Error> {
        let images = match intake {
            Intake::Host(images) => self.images(images)?,
            Intake::Device(_) => 1,
        };
        let at = match (&self.0.runner, intake) {
            (Runner::Gpu(engine), _) => {
                let lane = match patience {
                    Patience::None => engine.lane_now()?,
                    Patience::Block => engine.lane_in_turn()?,
                    Patience::Await => engine.lane().await?,
                };
                At::Gpu(engine.start_on(lane, intake)?)
            }
            (Runner::Cpu(model), Intake::Host(input)) => {
                At::Cpu(Box::new(self.computed(model, input, images)?))
            }
            (Runner::Cpu(_), Intake::Device(_)) => return Err(GpuError::OnCpu.into()),
        };
        Ok(self.begun(at, images))
    }

    /// Whether another run can be started.
    pub(crate) fn has_room(&self) -> bool {
        match &self.0.runner {
            Runner::Gpu(engine) => engine.has_room(),
            Runner::Cpu(_) => true,
        }
    }

    /// A run that has no commands yet, for the application's encoder.
    pub(crate) fn begin(&self) -> Result<Run, Error> {
        match &self.0.runner {
            Runner::Gpu(engine) => {
                let run = engine.begun(engine.lane_now()?);
                Ok(self.begun(At::Gpu(run), 1))
            }
            Runner::Cpu(_) => Err(GpuError::OnCpu.into()),
        }
    }

    fn begun(&self, at: At, images: usize) -> Run {
        Run {
            session: self.clone(),
            images,
            at,
        }
    }

    fn computed(&self, model: &CpuModel, input: Images<'_>, n: usize) -> Result<Kept, Error> {
        let Inner { graph, options, .. } = &*self.0;
        let s = graph.input_shape();
        let values = unpadded(input, &options.input, s.c);
        let images = Tensor::new([n, s.h, s.w, s.c], values);
        let images = images.ok_or_else(|| Error::InputShape {
            expected: "whole images".into(),
            found: vec![input.len()],
        })?;
        let keep: Vec<NodeId> = self.0.layers.iter().map(|(_, id)| *id).collect();
        Ok(model.run(&images, &keep)?)
    }
}

impl Run {
    /// Where its outputs stay on the device, the logits first.
    pub(crate) fn results(&self) -> Option<&wgpu::Buffer> {
        match &self.at {
            At::Gpu(run) => run.results(),
            At::Cpu(_) => None,
        }
    }

    /// Records a part of it.
    pub(crate) fn record_part(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        intake: Option<Intake<'_>>,
        steps: Range<usize>,
        last: bool,
    ) -> Result<(), Error> {
        match (&mut self.at, &self.session.0.runner) {
            (At::Gpu(run), Runner::Gpu(engine)) => {
                Ok(engine.record_part(encoder, run, intake, steps, last)?)
            }
            _ => Err(GpuError::OnCpu.into()),
        }
    }

    /// Images of the batch.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Whether [`finish`](Self::finish) would not wait. It looks, and returns at
    /// once.
    ///
    /// # Errors
    /// [`GpuError::Lost`] where the device failed.
    pub fn is_ready(&self) -> Result<bool, Error> {
        match &self.at {
            At::Gpu(run) => Ok(run.is_ready()?),
            At::Cpu(_) => Ok(true),
        }
    }

    /// Whether [`finish`](Self::finish) would not wait; else the task is woken
    /// when that is so, whoever polls the device.
    pub fn poll_ready(&mut self, task: &Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.at {
            At::Gpu(run) => run.poll_ready(task).map_err(Error::from),
            At::Cpu(_) => Poll::Ready(Ok(())),
        }
    }

    /// Completes when [`finish`](Self::finish) would not wait.
    ///
    /// # Errors
    /// [`GpuError::Lost`] where the device failed.
    pub async fn ready(&mut self) -> Result<(), Error> {
        std::future::poll_fn(|task| self.poll_ready(task)).await
    }

    /// Waits for the batch and hands its outputs to `read`, as
    /// [`Session::run_batch`] does.
    ///
    /// # Errors
    /// [`GpuError::Lost`] where the device failed.
    pub fn finish(self, mut read: impl FnMut(usize, &[f32])) -> Result<(), Error> {
        let Inner {
            rooms,
            shapes,
            layers,
            ..
        } = &*self.session.0;
        match self.at {
            At::Gpu(run) => {
                let rooms = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
                let mut room = rooms().pop().unwrap_or_default();
                let finished = run.finish(|output, data| {
                    let s = shapes[output];
                    let padded = quads(s.c) * QUAD;
                    let data = &data[..self.images * s.h * s.w * padded];
                    if padded == s.c {
                        read(output, data);
                    } else {
                        room.clear();
                        unpad_into(data, s.c, &mut room);
                        read(output, &room);
                    }
                });
                rooms().push(room);
                finished?;
            }
            At::Cpu(kept) => {
                read(0, kept.output.data());
                for (i, (_, id)) in layers.iter().enumerate() {
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
