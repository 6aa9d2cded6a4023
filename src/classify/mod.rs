//! From pictures to labels: preprocessing, a session, and the names of the
//! classes.

mod answer;
mod batches;
#[cfg(not(target_arch = "wasm32"))]
mod decode_ahead;
mod input;
mod loading;
mod mean;
mod options;
mod recorder;
mod scores;
mod scoring;

pub use crate::pixels::{InputError, PixelFormat, Pixels};
pub use answer::Answer;
pub use batches::Batches;
#[cfg(not(target_arch = "wasm32"))]
pub use decode_ahead::decode_ahead;
pub use input::Input;
pub use loading::{Loading, ModelSource};
pub use mean::Mean;
pub use options::{ClassifierOptions, Prediction};
pub use recorder::{Recorder, Slice};
pub use scores::Scores;

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::error::Error;
use crate::gpu::{Gpu, GpuError, Resampler};
use crate::kernels::InputForm;
use crate::labels::Labels;
use crate::model::Model;
use crate::monitor::Monitor;
use crate::preprocess::{Preprocess, PreprocessError, RgbImage, Views};
use crate::session::{Session, SessionOptions, Sizes};

/// Classifies pictures with one model on one device. Cloning shares it, and any
/// number of threads may use it at once.
///
/// ```no_run
/// use resnet_wgpu::classify::{Classifier, ClassifierOptions};
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::preprocess::{ImageLimits, decode_file};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let classifier = Classifier::new(Some(&gpu), &model, &ClassifierOptions::default())?;
/// let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
/// for best in &classifier.classify(&photo, 5)? {
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
    preprocess: Preprocess,
    views: Views,
    labels: Labels,
    classes: usize,
    /// Where it runs; another device after [`Classifier::recreate`].
    place: RwLock<Arc<Place>>,
}

/// A device, and what is on it.
#[derive(Debug)]
struct Place {
    gpu: Option<Gpu>,
    sizes: Sizes,
    /// Made for the first picture that is on the device already.
    resampler: OnceLock<Resampler>,
}

impl Place {
    fn new(gpu: Option<&Gpu>, model: &Model, options: &SessionOptions) -> Result<Arc<Self>, Error> {
        Ok(Self::of(gpu.cloned(), Sizes::new(gpu, model, options)?))
    }

    fn of(gpu: Option<Gpu>, sizes: Sizes) -> Arc<Self> {
        Arc::new(Self {
            gpu,
            sizes,
            resampler: OnceLock::new(),
        })
    }

    fn resampler(&self, preprocess: &Preprocess) -> Result<&Resampler, Error> {
        if let Some(resampler) = self.resampler.get() {
            return Ok(resampler);
        }
        let gpu = self.gpu.as_ref().ok_or(GpuError::OnCpu)?;
        let made = Resampler::new(gpu, preprocess)?;
        Ok(self.resampler.get_or_init(|| made))
    }

    /// The session for crops of the usual size, one at a time.
    fn one(&self, preprocess: &Preprocess) -> Result<Session, Error> {
        self.sizes.one(crop_of(preprocess))
    }
}

impl Classifier {
    /// Sets up `model` on `gpu`, or on the CPU twin where that is `None`.
    ///
    /// # Errors
    /// [`Error::Preprocess`] for options that make no sense, [`Error::Labels`] and
    /// [`Error::Config`] for more or fewer labels than classes; as [`Session::new`] or
    /// [`Session::cpu`].
    pub fn new(
        gpu: Option<&Gpu>,
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
        Ok(Self(Arc::new(Inner {
            place: RwLock::new(Place::new(gpu, model, &options)?),
            model: model.clone(),
            // What it watches is there.
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

    /// Goes on on another device, on the same one opened anew, or on the CPU twin
    /// where that is `None`: what was lost with a device ([`GpuError::Lost`]) is
    /// made again from the model, which is read from its file again. All clones go
    /// on with it; runs in flight end on the old device, where it is lost with an
    /// error. A [`Recorder`] goes on with the old one, and has to be made anew; so do
    /// textures and buffers that it is to read.
    ///
    /// # Errors
    /// As [`Classifier::new`]; the classifier is then as it was.
    pub fn recreate(&self, gpu: Option<&Gpu>) -> Result<(), Error> {
        let made = Place::new(gpu, &self.0.model, &self.0.options)?;
        let mut place = self.0.place.write().unwrap_or_else(PoisonError::into_inner);
        *place = made;
        Ok(())
    }

    /// A classifier beside this one, for one image at a time, that gives these
    /// layers. Both share weights, kernels and the memory of activations.
    pub(crate) fn with_layers(&self, layers: Vec<String>) -> Result<Self, Error> {
        let (inner, place) = (&*self.0, self.place());
        let options = SessionOptions {
            batch: 1,
            layers,
            ..inner.options.clone()
        };
        let sizes = place.sizes.beside(|o| *o = options.clone())?;
        Ok(Self(Arc::new(Inner {
            place: RwLock::new(Place::of(place.gpu.clone(), sizes)),
            model: inner.model.clone(),
            options,
            preprocess: inner.preprocess.clone(),
            views: Views::default(),
            labels: inner.labels.clone(),
            classes: inner.classes,
        })))
    }

    fn place(&self) -> Arc<Place> {
        let place = self.0.place.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&place)
    }

    /// Images of a run; the device may take fewer than were asked for, and fewer
    /// of larger ones.
    pub fn batch(&self) -> usize {
        self.session().batch()
    }

    /// How images are prepared. Decoding threads make [`Preprocess::views`] with
    /// it, and hand them to [`Batches::push_crop`].
    pub fn preprocess(&self) -> &Preprocess {
        &self.0.preprocess
    }

    /// Which views of a picture the network sees.
    pub fn views(&self) -> &Views {
        &self.0.views
    }

    /// The model that it runs: for whatever else is made of it.
    pub fn model(&self) -> &Model {
        &self.0.model
    }

    /// The names of the classes.
    pub fn labels(&self) -> &Labels {
        &self.0.labels
    }

    /// The session for crops of the usual size.
    pub fn session(&self) -> Session {
        self.place().sizes.first().clone()
    }

    /// How many sessions it has made, one for each size of crops
    /// ([`Sizes::made`]).
    pub fn sessions_made(&self) -> usize {
        self.place().sizes.made()
    }
}

/// Height and width of a crop.
fn crop_of(preprocess: &Preprocess) -> (usize, usize) {
    (preprocess.crop.0 as usize, preprocess.crop.1 as usize)
}

/// Bytes of a crop of that height and width.
fn bytes((h, w): (usize, usize)) -> usize {
    h * w * 3
}

/// Height and width.
fn size_of(crop: &RgbImage) -> (usize, usize) {
    (crop.height() as usize, crop.width() as usize)
}
