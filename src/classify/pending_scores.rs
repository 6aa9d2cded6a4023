//! Scores of a picture in flight.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Classifier, Scores};
use crate::error::Error;
use crate::gpu::{GpuError, poll_once};
use crate::session::Run;

/// The scores of a picture that is in flight. Await it on any executor (the device
/// is polled meanwhile), ask for it frame by frame ([`PendingScores::take_ready`]), or
/// wait. Scores that are dropped are lost, and nobody waits for them.
///
/// ```
/// use resnet_wgpu::{Classifier, Device, Model, Pixels};
///
/// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let picture = [128u8; 40 * 40 * 3];
/// let pending = classifier.start(Pixels::rgb(&picture, 40, 40))?;
/// // Here the thread goes on with other work.
/// let scores = pending.wait()?;
/// assert_eq!(classifier.top(&scores, 0, 5).len(), 5);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "scores that are dropped are lost"]
pub struct PendingScores {
    classifier: Classifier,
    /// Until the scores are taken.
    run: Option<Run>,
}

impl PendingScores {
    pub(super) fn new(classifier: &Classifier, run: Run) -> Self {
        Self {
            classifier: classifier.clone(),
            run: Some(run),
        }
    }

    /// Returns the scores if they are ready. It looks, and returns at once. `None` also
    /// after they have been taken.
    ///
    /// # Errors
    /// As [`wait`](Self::wait); the scores are lost then.
    pub fn take_ready(&mut self) -> Result<Option<Scores>, Error> {
        if self.run.is_none() {
            return Ok(None);
        }
        match poll_once(self) {
            Poll::Ready(scores) => scores.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// Returns the scores; the thread waits for them. Commands in the application's own
    /// encoder must have been submitted.
    ///
    /// # Errors
    /// [`GpuError::Lost`] if the device failed; [`GpuError::NotSubmitted`] if the
    /// encoder was dropped, or is not submitted within ten minutes; [`GpuError::Idle`]
    /// after the scores have been taken.
    pub fn wait(mut self) -> Result<Scores, Error> {
        let run = self.run.take().ok_or(GpuError::Idle)?;
        self.read(run)
    }

    /// The logits on the device, for the application's own shaders: `[classes]` f32
    /// from the first byte of the buffer, whose usages are `STORAGE` and `COPY_SRC`. The
    /// library's own data follows, and its length differs between devices: bind
    /// `4 * classes` bytes, or let the shader count the classes. Commands that are
    /// submitted after those of the run read them, until the scores are taken or
    /// dropped. Only a [`Recorder`](super::Recorder)'s runs have such a buffer.
    pub fn logits_buffer(&self) -> Option<&wgpu::Buffer> {
        self.run.as_ref()?.results()
    }

    fn read(&self, run: Run) -> Result<Scores, Error> {
        let mut scores = Scores::default();
        self.classifier.read(run, &mut scores)?;
        self.classifier.check(&scores, 0)?;
        Ok(scores)
    }
}

impl Future for PendingScores {
    type Output = Result<Scores, Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(run) = &mut self.run else {
            return Poll::Ready(Err(GpuError::Idle.into()));
        };
        let ready = std::task::ready!(run.poll_ready(task));
        let run = self.run.take();
        let scores = ready.and_then(|()| match run {
            Some(run) => self.read(run),
            None => Err(GpuError::Idle.into()),
        });
        Poll::Ready(scores)
    }
}
