//! Loading off the thread that draws.

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

/// Where a model comes from.
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
    /// A safetensors file, and what its shapes do not tell.
    File(PathBuf, Hints),
    /// The bytes of one, and a name for messages.
    Bytes(String, Cow<'static, [u8]>, Hints),
    /// A model that has been loaded.
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

/// A classifier that is loaded and set up by a thread of its own. Ask for it
/// frame by frame ([`Loading::take_ready`]), await it, or wait. Dropped before it
/// is there, loading is cancelled.
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
    /// Starts to load a model and to set it up on a device, on a thread of its own; in
    /// a browser, as a task. The monitor of the options is ignored, since loading has
    /// its own.
    ///
    /// # Errors
    /// [`ClassifyError::Thread`] if the system gives no thread.
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
            // Nobody wants it if the receiver was dropped.
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

    /// The progress so far.
    pub fn progress(&self) -> Progress {
        self.monitor.progress()
    }

    /// Ends loading soon, with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn cancel(&self) {
        self.monitor.cancel();
    }

    /// Returns the classifier if it is ready. It looks, and returns at once. `None` also
    /// after it has been taken.
    ///
    /// # Errors
    /// The error that ended loading, once; [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn take_ready(&mut self) -> Result<Option<Classifier>, Error> {
        if self.is_taken {
            return Ok(None);
        }
        match poll_once(self) {
            Poll::Ready(classifier) => classifier.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// Returns the classifier; the thread waits for it.
    ///
    /// # Errors
    /// The error that ended loading; [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled); [`ClassifyError::Taken`] after
    /// [`take_ready`](Self::take_ready) returned it.
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
