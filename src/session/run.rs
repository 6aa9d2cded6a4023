//! Runs in flight.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::runner::Work;
use super::{CompiledNetwork, NetworkKey, RunOutputs, Session};
use crate::error::Error;
use crate::gpu::{Engine, GpuError, Images, Intake, Permit, Permits, poll_once};

/// A run in flight. Dropping it abandons its outputs without waiting for the device.
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
#[must_use = "dropping a run abandons its outputs"]
pub struct Run {
    compiled: Arc<CompiledNetwork>,
    images: usize,
    pub(super) work: Work,
}

impl Session {
    /// Starts a run of up to a batch of images, as [`run_batch`](Session::run_batch) does, and
    /// returns before the run has completed. Runs complete in the order of their starts.
    ///
    /// # Errors
    /// [`GpuError::Busy`] if [`in_flight`](super::SessionOptions::in_flight) runs have not
    /// completed; the errors of [`run_batch`](Session::run_batch).
    pub fn start<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        self.start_now(self.first(), Intake::Host(input.into()))
    }

    /// Starts a run of images whose height and width differ from those that the session was
    /// set up for. The first run of a size plans for that size.
    ///
    /// # Errors
    /// The errors of [`start`](Session::start);
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a size that
    /// the network does not admit;
    /// [`ErrorKind::UnsupportedDevice`](crate::ErrorKind::UnsupportedDevice) for a size that
    /// exceeds the device.
    pub fn start_sized<'a>(
        &self,
        input: impl Into<Images<'a>>,
        size: (usize, usize),
    ) -> Result<Run, Error> {
        let compiled = self.compiled(NetworkKey { size, ..self.key() });
        let compiled = self.device().block_on(compiled)??;
        self.start_now(&compiled, Intake::Host(input.into()))
    }

    /// Starts a run as soon as fewer than [`in_flight`](super::SessionOptions::in_flight) runs
    /// are in flight, and awaits that moment.
    ///
    /// # Errors
    /// The errors of [`run_batch`](Session::run_batch).
    pub async fn start_async<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        let images = Intake::Host(input.into());
        self.start_with(self.first(), images).await
    }

    /// Starts a run as [`start_async`](Session::start_async) does; the thread waits. A thread
    /// that itself holds all runs in flight waits ten minutes.
    ///
    /// # Errors
    /// [`GpuError::Stuck`] after ten minutes; the errors of [`run_batch`](Session::run_batch).
    pub fn start_in_turn<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, Error> {
        self.device().block_on(self.start_async(input))?
    }

    /// Starts a run of `compiled`, or returns [`GpuError::Busy`].
    pub(crate) fn start_now(
        &self,
        compiled: &Arc<CompiledNetwork>,
        intake: Intake<'_>,
    ) -> Result<Run, Error> {
        let images = compiled.count(intake)?;
        let permit = self.permits().map(Permits::take).transpose()?;
        Run::start(compiled, permit, intake, images)
    }

    /// Starts a run of `compiled` as soon as a permit is free.
    pub(crate) async fn start_with(
        &self,
        compiled: &Arc<CompiledNetwork>,
        intake: Intake<'_>,
    ) -> Result<Run, Error> {
        let images = compiled.count(intake)?;
        let permit = match self.permits() {
            Some(permits) => Some(permits.acquire().await?),
            None => None,
        };
        Run::start(compiled, permit, intake, images)
    }

    /// The permits for runs on a GPU. The CPU needs none.
    fn permits(&self) -> Option<&Arc<Permits>> {
        Some(self.engine()?.permits())
    }
}

impl Run {
    fn start(
        compiled: &Arc<CompiledNetwork>,
        permit: Option<Permit>,
        intake: Intake<'_>,
        images: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            work: compiled.runner.start(permit, intake, images)?,
            compiled: Arc::clone(compiled),
            images,
        })
    }

    /// Returns the number of images in the run.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Returns whether [`finish`](Self::finish) would return without waiting.
    ///
    /// # Errors
    /// [`GpuError::Lost`] if the device failed.
    pub fn is_ready(&mut self) -> Result<bool, Error> {
        match poll_once(self.ready()) {
            Poll::Ready(ready) => ready.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// Completes when [`finish`](Self::finish) would return without waiting.
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

    /// Returns the outputs on the device, the logits first. Only a run that the application
    /// submits has this buffer.
    pub(crate) fn results(&self) -> Option<&wgpu::Buffer> {
        match &self.work {
            Work::Gpu(flight) => flight.results(),
            Work::Cpu(..) => None,
        }
    }
}

/// Runs that the application submits.
pub(crate) mod isolated {
    use std::ops::Range;

    use super::*;
    use crate::gpu::Executable;

    /// A network with activations of its own, which no other run touches.
    #[derive(Debug)]
    pub(crate) struct IsolatedNetwork {
        pub compiled: Arc<CompiledNetwork>,
        engine: Engine,
    }

    impl Session {
        /// Returns `compiled` with activations of its own, for `in_flight` runs.
        ///
        /// # Errors
        /// [`GpuError::OnCpu`]; [`GpuError::OutOfMemory`].
        pub(crate) async fn isolated(
            &self,
            compiled: &CompiledNetwork,
            in_flight: usize,
        ) -> Result<IsolatedNetwork, Error> {
            let executable = compiled.runner.executable().ok_or(GpuError::OnCpu)?;
            let engine = executable.engine().isolated(in_flight);
            // The weights are on the device already.
            let (plan, none) = (executable.plan().clone(), Default::default());
            let loaded = engine.load(plan, &none, &Default::default()).await?;
            let compiled = compiled.with_runner(Box::new(loaded));
            Ok(IsolatedNetwork {
                compiled: Arc::new(compiled),
                engine,
            })
        }
    }

    impl IsolatedNetwork {
        /// Returns the plan on the device.
        pub fn executable(&self) -> Result<&Executable, Error> {
            Ok(self.compiled.runner.executable().ok_or(GpuError::OnCpu)?)
        }

        /// Returns whether another run may be recorded.
        pub fn has_room(&self) -> bool {
            self.engine.permits().is_free()
        }

        /// Returns a run without commands.
        pub fn begin(&self) -> Result<Run, Error> {
            let executable = self.executable()?;
            let flight = executable.begin(self.engine.permits().take()?)?;
            Ok(Run {
                compiled: Arc::clone(&self.compiled),
                images: 1,
                work: Work::Gpu(flight),
            })
        }

        /// Records a part of a run: the images if given, some steps, and the outputs after
        /// the plan's last step.
        pub fn record_part(
            &self,
            encoder: &mut wgpu::CommandEncoder,
            run: &mut Run,
            intake: Option<Intake<'_>>,
            steps: Range<usize>,
        ) -> Result<(), Error> {
            let executable = self.executable()?;
            match &mut run.work {
                Work::Gpu(flight) => Ok(executable.record_part(encoder, flight, intake, steps)?),
                Work::Cpu(..) => Err(GpuError::OnCpu.into()),
            }
        }
    }
}
