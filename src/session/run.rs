//! Runs in flight, and how they are started.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::runner::Work;
use super::{Compiled, Key, RunOutputs, Session};
use crate::error::Error;
use crate::gpu::{Engine, GpuError, Images, Intake, Permit, poll_once};

/// A run that was started. A run that is dropped is lost, and nobody waits for it.
///
/// ```
/// use resnet_wgpu::{Device, Model, Session, SessionOptions};
///
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &SessionOptions::default())?;
/// let image = vec![0.0f32; session.input_len()];
/// let run = session.start(&image)?;
/// // Here the next images are prepared.
/// let logits = run.finish(|outputs| outputs.logits().to_vec())?;
/// assert_eq!(logits.len(), 10);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a run that is dropped is lost"]
pub struct Run {
    compiled: Arc<Compiled>,
    images: usize,
    pub(super) work: Work,
}

impl Session {
    /// Starts a run as [`run_batch`](Session::run_batch) takes it, and returns before
    /// it is done. Runs are done in the order in which they were started.
    ///
    /// # Errors
    /// [`GpuError::Busy`] if [as many](super::SessionOptions::in_flight) are in flight
    /// as may be; as [`run_batch`](Session::run_batch).
    pub fn start<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        let images = input.into();
        // Wrong images are refused first, busy or not.
        self.first().count(images)?;
        self.start_on(self.first(), self.permit()?, Intake::Host(images))
    }

    /// Starts a run of images of another height and width than those that the session
    /// was set up for. The first run of a size plans for it.
    ///
    /// # Errors
    /// As [`start`](Session::start); [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a size that the network does
    /// not admit; [`ErrorKind::UnsupportedDevice`](crate::ErrorKind::UnsupportedDevice) for one that the device has no room for.
    pub fn start_sized<'a>(
        &self,
        input: impl Into<Images<'a>>,
        size: (usize, usize),
    ) -> Result<Run, Error> {
        let images = input.into();
        let compiled = self.block_on(self.compiled(&Key { size, ..self.key() }))??;
        compiled.count(images)?;
        self.start_on(&compiled, self.permit()?, Intake::Host(images))
    }

    /// Awaits the start of a run, once one may be started.
    ///
    /// # Errors
    /// As [`run_batch`](Session::run_batch).
    pub async fn start_async<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        self.start_with(self.first(), Intake::Host(input.into()))
            .await
    }

    /// Starts a run, once one may be started; the thread waits. A thread that holds
    /// all runs in flight itself waits ten minutes.
    ///
    /// # Errors
    /// [`GpuError::Stuck`] after these; as [`run_batch`](Session::run_batch).
    pub fn start_in_turn<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        self.block_on(self.start_async(input))?
    }

    /// Starts a run of any images, once one may be started.
    pub(crate) async fn start_with(
        &self,
        compiled: &Arc<Compiled>,
        intake: Intake<'_>,
    ) -> Result<Run, Error> {
        if let Intake::Host(images) = intake {
            compiled.count(images)?;
        }
        let permit = match self.engine() {
            Some(engine) => Some(Engine::acquire(engine).await?),
            None => None,
        };
        self.start_on(compiled, permit, intake)
    }

    /// Starts a run of any images with a permit.
    pub(crate) fn start_on(
        &self,
        compiled: &Arc<Compiled>,
        permit: Option<Permit>,
        intake: Intake<'_>,
    ) -> Result<Run, Error> {
        let (work, images) = compiled.start(permit, intake)?;
        Ok(Run::of(compiled, work, images))
    }
}

impl Run {
    pub(super) fn of(compiled: &Arc<Compiled>, work: Work, images: usize) -> Self {
        Self {
            compiled: Arc::clone(compiled),
            images,
            work,
        }
    }

    /// The number of images in the run.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Returns whether [`finish`](Self::finish) would not wait. It looks, and returns
    /// at once.
    ///
    /// # Errors
    /// [`GpuError::Lost`] if the device failed.
    pub fn is_ready(&mut self) -> Result<bool, Error> {
        match poll_once(self.ready()) {
            Poll::Ready(ready) => ready.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// Completes when [`finish`](Self::finish) would not wait.
    ///
    /// # Errors
    /// [`GpuError::Lost`] if the device failed.
    pub async fn ready(&mut self) -> Result<(), Error> {
        poll_fn(|task| self.poll_ready(task)).await
    }

    /// Polls [`ready`](Self::ready).
    pub(crate) fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.work {
            Work::Gpu(flight) => flight.poll_ready(task).map_err(Error::from),
            Work::Cpu(..) => Poll::Ready(Ok(())),
        }
    }

    /// Waits for the run and passes its outputs to `read`.
    ///
    /// # Errors
    /// [`GpuError::Lost`] if the device failed.
    pub fn finish<T>(self, read: impl FnOnce(&RunOutputs<'_>) -> T) -> Result<T, Error> {
        let compiled = Arc::clone(&self.compiled);
        compiled.finish(self.work, self.images, read)
    }

    /// The outputs on the device, the logits first; only of a run that the
    /// application submits.
    pub(crate) fn results(&self) -> Option<&wgpu::Buffer> {
        match &self.work {
            Work::Gpu(flight) => flight.results(),
            Work::Cpu(..) => None,
        }
    }
}

/// Runs that the application submits.
pub(crate) mod recorded {
    use std::ops::Range;

    use super::*;
    use crate::gpu::Executable;

    /// A network with activations of its own, which no other run touches.
    #[derive(Debug)]
    pub(crate) struct Isolated {
        pub compiled: Arc<Compiled>,
        engine: Engine,
    }

    impl Session {
        /// The network for `compiled`'s images with activations of its own, for
        /// `in_flight` runs.
        ///
        /// # Errors
        /// [`GpuError::OnCpu`]; [`GpuError::OutOfMemory`].
        pub(crate) async fn isolated(
            &self,
            compiled: &Compiled,
            in_flight: usize,
        ) -> Result<Isolated, Error> {
            let executable = compiled.runner.executable().ok_or(GpuError::OnCpu)?;
            let engine = executable.engine().isolated(in_flight);
            // The weights are on the device already.
            let (plan, none) = (executable.plan().clone(), Default::default());
            let loaded = engine.load(plan, &none, &Default::default()).await?;
            let compiled = compiled.with_runner(Box::new(loaded));
            Ok(Isolated {
                compiled: Arc::new(compiled),
                engine,
            })
        }
    }

    impl Isolated {
        /// The plan on the device.
        pub fn executable(&self) -> Result<&Executable, Error> {
            Ok(self.compiled.runner.executable().ok_or(GpuError::OnCpu)?)
        }

        /// Returns whether another run may be recorded.
        pub fn has_room(&self) -> bool {
            self.engine.has_room()
        }

        /// A run that has no commands yet.
        pub fn begin(&self) -> Result<Run, Error> {
            let executable = self.executable()?;
            let flight = executable.begin(self.engine.permit()?)?;
            Ok(Run::of(&self.compiled, Work::Gpu(flight), 1))
        }

        /// Records a part of a run: its images, some steps, its outputs.
        pub fn record_part(
            &self,
            encoder: &mut wgpu::CommandEncoder,
            run: &mut Run,
            intake: Option<Intake<'_>>,
            steps: Range<usize>,
            last: bool,
        ) -> Result<(), Error> {
            let executable = self.executable()?;
            match &mut run.work {
                Work::Gpu(flight) => {
                    Ok(executable.record_part(encoder, flight, intake, steps, last)?)
                }
                Work::Cpu(..) => Err(GpuError::OnCpu.into()),
            }
        }
    }
}
