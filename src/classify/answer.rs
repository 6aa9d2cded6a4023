//! Answers that are on their way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Classifier, Scores};
use crate::error::Error;
use crate::session::Run;

/// A picture's scores, once the device has made them. Await it on any executor
/// (the device is polled for it), ask for it frame by frame
/// ([`Answer::take_ready`]), or wait. Dropped, it is lost, and nobody waits.
///
/// ```
/// use resnet_wgpu::classify::{Classifier, Pixels};
/// use resnet_wgpu::model::Model;
///
/// let classifier = Classifier::new(None, &Model::embedded()?, &Default::default())?;
/// let picture = [128u8; 40 * 40 * 3];
/// let answer = classifier.start(Pixels::rgb(&picture, 40, 40))?;
/// // Here the thread goes on with something else.
/// let scores = answer.wait()?;
/// assert_eq!(classifier.top(&scores, 0, 5).len(), 5);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "an answer that is dropped is lost"]
pub struct Answer {
    classifier: Classifier,
    /// Until it is taken.
    run: Option<Run>,
}

impl Answer {
    pub(super) fn new(classifier: &Classifier, run: Run) -> Self {
        Self {
            classifier: classifier.clone(),
            run: Some(run),
        }
    }

    /// The scores, if they are there; it looks, and returns at once. `None` also
    /// after they have been taken.
    ///
    /// # Errors
    /// As [`wait`](Self::wait); the answer is gone then.
    pub fn take_ready(&mut self) -> Result<Option<Scores>, Error> {
        let Some(run) = &self.run else {
            return Ok(None);
        };
        let is_ready = run.is_ready();
        if matches!(is_ready, Ok(false)) {
            return Ok(None);
        }
        let run = self.run.take();
        // What it says of an error it says once.
        is_ready?;
        run.map(|run| self.read(run)).transpose()
    }

    /// The scores; the thread waits for them. Of commands in the application's own
    /// encoder these must have been submitted.
    ///
    /// # Errors
    /// [`GpuError::Lost`](crate::gpu::GpuError::Lost) where the device failed,
    /// [`GpuError::NotSubmitted`](crate::gpu::GpuError::NotSubmitted) where the
    /// encoder was dropped, or is not submitted within ten minutes;
    /// [`GpuError::Idle`](crate::gpu::GpuError::Idle) after they have been taken.
    pub fn wait(mut self) -> Result<Scores, Error> {
        let run = self.run.take().ok_or(crate::gpu::GpuError::Idle)?;
        self.read(run)
    }

    /// The logits on the device, for the application's own shaders: `[classes]`
    /// f32 from the buffer's first byte, of usage `STORAGE` and `COPY_SRC`. What
    /// follows them is the library's own, and its length differs between devices:
    /// bind `4 * classes` bytes, or have the shader count the classes. They are there
    /// for commands that are submitted after those of the run, and stay until this is
    /// dropped or taken. Only a [`Recorder`](super::Recorder)'s answers have them.
    pub fn logits_buffer(&self) -> Option<&wgpu::Buffer> {
        self.run.as_ref()?.results()
    }

    fn read(&self, run: Run) -> Result<Scores, Error> {
        let mut scores = Scores::default();
        self.classifier.finish(run, &mut scores)?;
        self.classifier.check(&scores, 0)?;
        Ok(scores)
    }
}

impl Future for Answer {
    type Output = Result<Scores, Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(run) = &mut self.run else {
            return Poll::Ready(Err(crate::gpu::GpuError::Idle.into()));
        };
        match run.poll_ready(task) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => {
                self.run = None;
                Poll::Ready(Err(error))
            }
            Poll::Ready(Ok(())) => match self.run.take() {
                Some(run) => Poll::Ready(self.read(run)),
                None => Poll::Pending,
            },
        }
    }
}
