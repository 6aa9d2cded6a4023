//! From pictures to labels: preprocessing, a session, and the names of the
//! classes.

mod averaged_views;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod decode_ahead;
mod error;
mod input;
mod loading;
mod options;
mod pending_scores;
mod recorder;
#[cfg(not(target_arch = "wasm32"))]
mod score_all;
mod scores;
mod scoring;

pub use crate::pixels::{InputError, PixelFormat, Pixels};
pub use error::ClassifyError;
pub use input::Input;
pub use loading::{Loading, ModelSource};
pub use options::{ClassifierOptions, Prediction};
pub use pending_scores::PendingScores;
pub use recorder::{Recorder, Slice};
#[cfg(not(target_arch = "wasm32"))]
pub use score_all::{PictureOutcome, WaitTimes};
pub use scores::{LayerOutput, Scores};

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::device::Device;
use crate::error::Error;
use crate::kernels::InputForm;
use crate::labels::Labels;
use crate::model::Model;
use crate::monitor::Monitor;
use crate::preprocess::{Preprocess, PreprocessError, RgbImage, Views};
use crate::session::{CompiledNetwork, NetworkKey, Session, SessionOptions};

/// Classifies pictures with one model on one device. Cloning shares it, and any
/// number of threads may use it at once.
///
/// ```no_run
/// use resnet_wgpu::Classifier;
///
/// let classifier = Classifier::open("resnet50.safetensors")?;
/// for best in classifier.classify("photos/chelsea.png", 5)? {
///     println!("{:5.1} % {}", 100.0 * best.probability, best.label);
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone)]
pub struct Classifier(Arc<Inner>);

/// Not its model and its weights, which are long.
impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier")
            .field("network", &self.0.model.network().name)
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}

struct Inner {
    model: Model,
    options: SessionOptions,
    /// The layers whose outputs belong to the scores.
    layers: Arc<[String]>,
    preprocess: Preprocess,
    views: Views,
    labels: Labels,
    classes: usize,
    /// Another one after [`Classifier::recreate`].
    session: RwLock<Session>,
}

/// The form in which pictures are given to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunForm {
    /// Bytes, a batch at a time.
    Batch,
    /// Bytes, one picture at a time, which is not to take as long as a batch.
    One,
    /// Normalised floats, one picture at a time.
    Floats,
}

impl Classifier {
    /// Opens a checkpoint on the best device of this machine, with all defaults. The
    /// thread waits.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) for a file that cannot be read, is
    /// damaged, or holds no network that is known; as [`Classifier::new`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        Self::new(
            Device::auto()?,
            &Model::open(path)?,
            &ClassifierOptions::default(),
        )
    }

    /// Sets up `model` on a device. The thread waits; in a browser, where nothing may wait,
    /// this is an error.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for options that make no
    /// sense; [`ErrorKind::Labels`](crate::ErrorKind::Labels) for more or fewer labels than
    /// classes; as [`Session::new`].
    pub fn new(
        device: impl Into<Device>,
        model: &Model,
        options: &ClassifierOptions,
    ) -> Result<Self, Error> {
        let device = device.into();
        device.block_on(Self::new_async(device.clone(), model, options))?
    }

    /// Awaits a classifier; the only way in a browser, where nothing may block.
    /// Reading and packing weights is work on the calling thread:
    /// [`Loading`] does it on another one.
    ///
    /// # Errors
    /// As [`Classifier::new`].
    pub async fn new_async(
        device: impl Into<Device>,
        model: &Model,
        options: &ClassifierOptions,
    ) -> Result<Self, Error> {
        let preprocess = model.preprocess(&options.preprocess)?;
        let classes = model.network().classes;
        let labels = match &options.labels {
            Some(labels) => {
                labels.check(classes)?;
                labels.clone()
            }
            None => model.labels()?,
        };
        let views = options.views.clone();
        if views.count() == 0 {
            let found = PreprocessError::Field {
                field: "scales",
                expected: "at least one length in pixels".into(),
                found: "none".into(),
            };
            return Err(found.into());
        }
        let options = SessionOptions {
            batch: options.batch,
            input_size: Some(crop_of(&preprocess)),
            layers: options.layers.clone(),
            probabilities: true,
            precision: options.precision,
            in_flight: options.in_flight,
            input: InputForm::Rgb8 {
                mean: preprocess.mean,
                std: preprocess.std,
            },
            choice: options.choice.clone(),
            monitor: options.monitor.clone(),
            ..Default::default()
        };
        let session = Session::new_async(device, model, &options).await?;
        Ok(Self(Arc::new(Inner {
            session: RwLock::new(session),
            model: model.clone(),
            layers: options.layers.clone().into(),
            // Loading is over, and with it what the monitor watches.
            options: SessionOptions {
                monitor: Monitor::default(),
                ..options
            },
            preprocess,
            views,
            labels,
            classes,
        })))
    }

    /// Continues on another device, or on the same one opened anew: what was lost
    /// with a device ([`GpuError::Lost`](crate::gpu::GpuError::Lost)) is made again
    /// from the model, which is read from its file again. All clones continue with it.
    /// Runs in flight end on the old device, with an error if that is lost. A
    /// [`Recorder`] stays on the old device and has to be made anew, and so have
    /// textures and buffers that it is to read. The thread waits.
    ///
    /// # Errors
    /// As [`Classifier::new`]; the classifier is then unchanged.
    pub fn recreate(&self, device: impl Into<Device>) -> Result<(), Error> {
        let device = device.into();
        device.block_on(self.recreate_async(device.clone()))?
    }

    /// Awaits the change to another device, as [`Classifier::recreate`].
    ///
    /// # Errors
    /// As [`Classifier::new`]; the classifier is then unchanged.
    pub async fn recreate_async(&self, device: impl Into<Device>) -> Result<(), Error> {
        let made = Session::new_async(device, &self.0.model, &self.0.options).await?;
        let session = self.0.session.write();
        *session.unwrap_or_else(PoisonError::into_inner) = made;
        Ok(())
    }

    /// A classifier on the same session whose scores hold these layers, for one
    /// centre crop at a time.
    pub(crate) fn with_layers(&self, layers: Vec<String>) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            session: RwLock::new(self.session()),
            model: inner.model.clone(),
            options: SessionOptions {
                batch: 1,
                ..inner.options.clone()
            },
            layers: layers.into(),
            preprocess: inner.preprocess.clone(),
            views: Views::default(),
            labels: inner.labels.clone(),
            classes: inner.classes,
        }))
    }

    /// Images of a run; the device may take fewer than were asked for, and fewer of
    /// larger ones.
    pub fn batch(&self) -> usize {
        self.session().batch()
    }

    /// The preparation of images: resize, crop, normalisation.
    pub fn preprocess(&self) -> &Preprocess {
        &self.0.preprocess
    }

    /// The views of a picture that the network sees.
    pub fn views(&self) -> &Views {
        &self.0.views
    }

    /// The model that it runs.
    pub fn model(&self) -> &Model {
        &self.0.model
    }

    /// The names of the classes.
    pub fn labels(&self) -> &Labels {
        &self.0.labels
    }

    /// The device that it runs on.
    pub fn device(&self) -> Device {
        self.session().device().clone()
    }

    /// The session that it runs.
    pub fn session(&self) -> Session {
        let session = self.0.session.read();
        session.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The network for pictures of that height and width.
    async fn compiled(
        &self,
        session: &Session,
        size: (usize, usize),
        form: RunForm,
    ) -> Result<Arc<CompiledNetwork>, Error> {
        let options = &self.0.options;
        let key = NetworkKey {
            size,
            batch: if form == RunForm::Batch {
                options.batch
            } else {
                1
            },
            input: if form == RunForm::Floats {
                InputForm::F32
            } else {
                options.input
            },
            layers: Arc::clone(&self.0.layers),
        };
        session.compiled(key).await
    }
}

/// Height and width of a crop.
fn crop_of(preprocess: &Preprocess) -> (usize, usize) {
    (preprocess.crop.0 as usize, preprocess.crop.1 as usize)
}

/// Height and width.
fn size_of(crop: &RgbImage) -> (usize, usize) {
    (crop.height() as usize, crop.width() as usize)
}
