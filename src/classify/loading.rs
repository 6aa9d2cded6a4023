//! Loading off the thread that draws.

use std::borrow::Cow;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::Builder;

use super::{Classifier, ClassifierOptions};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::model::Model;
use crate::monitor::{Monitor, Progress};
use crate::weights::{Checkpoint, Hints};

/// Where a model comes from.
///
/// ```
/// use resnet_wgpu::classify::{Loading, ModelSource};
///
/// // A file is `ModelSource::File("resnet50.safetensors".into(), Hints::default())`.
/// let loading = Loading::start(None, ModelSource::Embedded, Default::default())?;
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
/// use resnet_wgpu::classify::{Loading, ModelSource};
/// use resnet_wgpu::weights::Hints;
///
/// let source = ModelSource::File("resnet50.safetensors".into(), Hints::default());
/// let mut loading = Loading::start(None, source, Default::default())?;
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
    outcome: Arc<Outcome>,
}

#[derive(Debug, Default)]
struct Outcome {
    state: Mutex<State>,
    there: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How loading ended, until somebody takes it.
    outcome: Option<Result<Classifier, Error>>,
    /// Whether it has ended.
    told: bool,
    waker: Option<Waker>,
}

/// Tells how loading ended, at the latest when its thread is gone.
struct Told(Option<Arc<Outcome>>);

impl Told {
    fn say(&mut self, how: Result<Classifier, Error>) {
        if let Some(outcome) = self.0.take() {
            let mut state = outcome.lock();
            (state.outcome, state.told) = (Some(how), true);
            let waker = state.waker.take();
            drop(state);
            outcome.there.notify_all();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.say(Err(Error::Thread("it panicked".into())));
    }
}

impl Outcome {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loading {
    /// Starts to load a model and to set it up on `gpu`, or on the CPU twin. The
    /// options' monitor is left alone: this has its own. In a browser, which has no
    /// threads to give, all of it is done when this returns.
    ///
    /// # Errors
    /// [`Error::Thread`] where the system gives no thread.
    pub fn start(
        gpu: Option<&Gpu>,
        source: ModelSource,
        options: ClassifierOptions,
    ) -> Result<Self, Error> {
        let (gpu, monitor) = (gpu.cloned(), Monitor::default());
        let options = ClassifierOptions {
            monitor: monitor.clone(),
            ..options
        };
        let outcome = Arc::<Outcome>::default();
        let mut told = Told(Some(Arc::clone(&outcome)));
        let load = move || {
            let monitor = &options.monitor;
            let loaded = source.load(monitor);
            let made = loaded.and_then(|model| Classifier::new(gpu.as_ref(), &model, &options));
            told.say(made);
        };
        if cfg!(target_arch = "wasm32") {
            load();
            return Ok(Self { monitor, outcome });
        }
        let thread = Builder::new().name("resnet-wgpu load".into()).spawn(load);
        thread.map_err(|error| Error::Thread(error.to_string()))?;
        Ok(Self { monitor, outcome })
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.monitor.progress()
    }

    /// Has it end with [`Error::Cancelled`], soon.
    pub fn cancel(&self) {
        self.monitor.cancel();
    }

    /// The classifier, if it is there; it looks, and returns at once. `None` also
    /// after it has been taken.
    ///
    /// # Errors
    /// Whatever ended loading, once; [`Error::Cancelled`].
    pub fn take_ready(&mut self) -> Result<Option<Classifier>, Error> {
        self.outcome.lock().outcome.take().transpose()
    }

    /// The classifier; the thread waits for it.
    ///
    /// # Errors
    /// Whatever ended loading; [`Error::Cancelled`]; [`Error::Taken`] after
    /// [`take_ready`](Self::take_ready) gave it, as for whoever awaits it then.
    pub fn wait(self) -> Result<Classifier, Error> {
        let untold = |state: &mut State| !state.told;
        let waited = self.outcome.there.wait_while(self.outcome.lock(), untold);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.outcome.take().unwrap_or(Err(Error::Taken))
    }
}

impl Future for Loading {
    type Output = Result<Classifier, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.outcome.lock();
        match state.told {
            true => Poll::Ready(state.outcome.take().unwrap_or(Err(Error::Taken))),
            false => {
                state.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.monitor.cancel();
    }
}
