//! The network that is used, and the one that is being loaded.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use resnet_wgpu::classify::{Loading, ModelSource, Recorder};
use resnet_wgpu::explain::{Explained, Explainer};
use resnet_wgpu::preprocess::RgbImage;
use resnet_wgpu::{Classifier, ClassifierOptions, Error, Gpu, Hints, Prediction};

/// How many classes are shown.
pub const TOP: usize = 5;

/// The models of a window.
#[derive(Default)]
pub struct Models {
    pub loaded: Option<Loaded>,
    pub coming: Option<Coming>,
    next: u64,
}

/// A network that is ready.
pub struct Loaded {
    /// Tells this model's answers from another's.
    pub id: u64,
    pub network: Network,
    /// From the start of loading until it was ready.
    pub loading: Duration,
}

/// What workers run. Cloning shares it.
#[derive(Clone)]
pub struct Network {
    pub classifier: Classifier,
    gpu: Gpu,
    /// Made for the first map that somebody asks for.
    explainer: Arc<OnceLock<Explainer>>,
}

/// A network on its way.
pub struct Coming {
    pub name: String,
    loading: Loading,
    began: Instant,
}

impl Models {
    /// Starts to load a file, or the embedded network. The present one stays
    /// until the other is there; loading that goes on is cancelled.
    pub fn load(&mut self, gpu: &Gpu, file: Option<PathBuf>) -> Result<(), Error> {
        let (name, source) = match file {
            None => ("the embedded network".into(), ModelSource::Embedded),
            Some(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = name.to_string_lossy().into_owned();
                (name, ModelSource::File(path, Hints::default()))
            }
        };
        self.coming = Some(Coming {
            name,
            loading: Loading::start(Some(gpu), source, ClassifierOptions::default())?,
            began: Instant::now(),
        });
        Ok(())
    }

    /// Looks whether the network that is loaded is there; `true` where it takes
    /// the place of the one before.
    pub fn look(&mut self, gpu: &Gpu) -> Result<bool, Error> {
        let Some(coming) = &mut self.coming else {
            return Ok(false);
        };
        let outcome = coming.loading.take_ready();
        if matches!(outcome, Ok(None)) {
            return Ok(false);
        }
        let loading = coming.began.elapsed();
        self.coming = None;
        let classifier = match outcome {
            Ok(Some(classifier)) => classifier,
            // It was somebody's wish.
            Ok(None) | Err(Error::Cancelled(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        self.next += 1;
        self.loaded = Some(Loaded {
            id: self.next,
            network: Network {
                classifier,
                gpu: gpu.clone(),
                explainer: Arc::default(),
            },
            loading,
        });
        Ok(true)
    }
}

impl Coming {
    /// How far it is, as a part of 1.
    pub fn fraction(&self) -> f32 {
        self.loading.progress().fraction()
    }

    /// Has it end soon.
    pub fn cancel(&self) {
        self.loading.cancel();
    }
}

/// What follows is for workers: it takes its time. They await the device rather
/// than wait for it: a thread that waits in the driver would hold up the window's
/// next submission, and with it the frame.
impl Network {
    /// The likeliest classes, and how long it took to find them.
    pub fn classify(&self, picture: &RgbImage) -> Result<(Vec<Prediction>, Duration), Error> {
        let began = Instant::now();
        let top = pollster::block_on(self.classifier.classify_async(picture, TOP))?;
        Ok((top, began.elapsed()))
    }

    /// The maps of the likeliest classes.
    pub fn explain(&self, picture: &RgbImage) -> Result<Vec<Explained>, Error> {
        let explainer = match self.explainer.get() {
            Some(explainer) => explainer,
            None => {
                let model = self.classifier.model();
                let made = Explainer::new(Some(&self.gpu), model, &Default::default())?;
                self.explainer.get_or_init(|| made)
            }
        };
        pollster::block_on(explainer.explain_async(picture, TOP))
    }

    /// What records inference into the window's own frames.
    pub fn recorder(&self) -> Result<Recorder, Error> {
        self.classifier.recorder()
    }
}
