//! Loads a classifier off the thread that draws.

use std::borrow::Cow;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_channel::oneshot::{Receiver, channel};

use super::{Classifier, ClassifierOptions, ClassifyError};
use crate::device::Device;
use crate::error::Error;
use crate::gpu::poll_once;
use crate::model::Model;
use crate::monitor::{Monitor, Progress};
use crate::weights::{Checkpoint, Hints};

/// The source of a model.
///
/// ```
/// use resnet_wgpu::{Device, Loading, ModelSource};
///
/// // A file is `ModelSource::File("resnet50.safetensors".into(), Hints::default())`.
/// let loading = Loading::start(Device::Cpu, ModelSource::Embedded, Default::default())?;
/// let classifier = loading.wait()?;
/// assert_eq!(classifier.model().network().name, "resnet20");
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ModelSource {
    /// The embedded default, CIFAR-10's ResNet-20.
    Embedded,
    /// A safetensors file, and hints for the properties that its shapes do not determine.
    File(PathBuf, Hints),
    /// A name for messages, the bytes of a safetensors file, and hints.
    Bytes(String, Cow<'static, [u8]>, Hints),
    /// A model that is already loaded.
    Model(Box<Model>),
}

impl ModelSource {
    fn load(self, monitor: &Monitor) -> Result<Model, Error> {
        match self {
            Self::Embedded => Model::embedded(),
            Self::File(path, hints) => {
                let checkpoint = Checkpoint::from_file(path)?;
                Model::load_watched(&checkpoint, &hints, monitor)
            }
            Self::Bytes(name, bytes, hints) => {
                let checkpoint = Checkpoint::from_bytes(name, bytes)?;
                Model::load_watched(&checkpoint, &hints, monitor)
            }
            Self::Model(model) => Ok(*model),
        }
    }
}

/// A classifier that a thread of its own loads and sets up. The caller asks for the classifier once
/// per frame ([`Loading::take_ready`]), awaits the `Loading`, or blocks (`Loading::wait`). Dropping
/// the `Loading` before the classifier is ready cancels loading.
///
/// ```no_run
/// use resnet_wgpu::{Device, Hints, Loading, ModelSource};
///
/// let source = ModelSource::File("resnet50.safetensors".into(), Hints::default());
/// let mut loading = Loading::start(Device::Cpu, source, Default::default())?;
/// let classifier = loop {
///     // In each frame:
///     match loading.take_ready()? {
///         Some(classifier) => break classifier,
///         None => println!("{:3.0} %", 100.0 * loading.progress().fraction()),
///     }
/// };
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "loading that is dropped is cancelled"]
pub struct Loading {
    monitor: Monitor,
    outcome: Receiver<Result<Classifier, Error>>,
    is_taken: bool,
}

impl Loading {
    /// Starts to load a model and to set up a classifier on a device, on a thread of its own. In a
    /// browser, a task does this work. The monitor of the options is ignored, since loading has its
    /// own.
    ///
    /// # Errors
    /// [`ClassifyError::Thread`] if the system cannot start a thread.
    pub fn start(
        device: impl Into<Device>,
        source: ModelSource,
        options: ClassifierOptions,
    ) -> Result<Self, Error> {
        let (device, monitor) = (device.into(), Monitor::default());
        let options = ClassifierOptions {
            monitor: monitor.clone(),
            ..options
        };
        let (sender, outcome) = channel();
        let load = async move {
            let made = match source.load(&options.monitor) {
                Ok(model) => Classifier::new_async(device, &model, &options).await,
                Err(error) => Err(error),
            };
            // Sending fails if the receiver was dropped, and then the result is not needed.
            let _ = sender.send(made);
        };
        #[cfg(target_arch = "wasm32")]
        wasm_bindgen_futures::spawn_local(load);
        #[cfg(not(target_arch = "wasm32"))]
        std::thread::Builder::new()
            .name("resnet-wgpu load".into())
            .spawn(|| pollster::block_on(load))
            .map_err(|error| ClassifyError::Thread(error.to_string()))?;
        Ok(Self {
            monitor,
            outcome,
            is_taken: false,
        })
    }

    /// Returns the progress so far.
    pub fn progress(&self) -> Progress {
        self.monitor.progress()
    }

    /// Cancels loading, which ends soon with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn cancel(&self) {
        self.monitor.cancel();
    }

    /// Returns the classifier if it is ready, without blocking. Returns `None` after the classifier
    /// has been taken.
    ///
    /// # Errors
    /// - The error that ended loading, returned once.
    /// - [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    pub fn take_ready(&mut self) -> Result<Option<Classifier>, Error> {
        if self.is_taken {
            return Ok(None);
        }
        match poll_once(self) {
            Poll::Ready(classifier) => classifier.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// Waits for the classifier and returns it.
    ///
    /// # Errors
    /// - The error that ended loading.
    /// - [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// - [`ClassifyError::Taken`] if [`take_ready`](Self::take_ready) has already returned the
    ///   classifier.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(self) -> Result<Classifier, Error> {
        pollster::block_on(self)
    }
}

impl Future for Loading {
    type Output = Result<Classifier, Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_taken {
            return Poll::Ready(Err(ClassifyError::Taken.into()));
        }
        let received = ready!(Pin::new(&mut self.outcome).poll(task));
        self.is_taken = true;
        let panicked = |_| Err(ClassifyError::Thread("it panicked".into()).into());
        Poll::Ready(received.unwrap_or_else(panicked))
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.monitor.cancel();
    }
}
