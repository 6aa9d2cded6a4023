//! The network that is used, and the one that is being loaded.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{
    Classifier, ClassifierOptions, Error, Explained, Explainer, Gpu, Hints, Loading, ModelSource,
    Prediction, Recorder,
};

/// How many classes are shown.
pub const TOP: usize = 5;

/// Between two looks at a thread that is about to end.
const BETWEEN: Duration = Duration::from_millis(5);

/// The models of a window.
#[derive(Default)]
pub struct Models {
    pub loaded: Option<Loaded>,
    pub coming: Option<Coming>,
    /// Loading that was cancelled, until its thread is done.
    ending: Vec<Loading>,
    next: u64,
    /// The present model, for workers: they need not do what is for another.
    present: Arc<AtomicU64>,
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
        let loading = Loading::start(gpu, source, ClassifierOptions::default())?;
        self.cancel();
        self.coming = Some(Coming {
            name,
            loading,
            began: Instant::now(),
        });
        Ok(())
    }

    /// Looks whether the network that is loaded is there; `true` where it takes
    /// the place of the one before.
    pub fn look(&mut self) -> Result<bool, Error> {
        // What becomes of it is nobody's wish any more.
        (self.ending).retain_mut(|loading| matches!(loading.take_ready(), Ok(None)));
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
            Ok(None) => return Ok(false),
            Err(error) => return Err(error),
        };
        self.next += 1;
        self.present.store(self.next, Ordering::Relaxed);
        self.loaded = Some(Loaded {
            id: self.next,
            network: Network {
                classifier,
                explainer: Arc::default(),
            },
            loading,
        });
        Ok(true)
    }
}

impl Models {
    /// Whether no network is on its way, and none is being given up.
    pub fn is_idle(&self) -> bool {
        self.coming.is_none() && self.ending.is_empty()
    }

    /// Gives up the network that is on its way.
    pub fn cancel(&mut self) {
        if let Some(coming) = self.coming.take() {
            coming.loading.cancel();
            self.ending.push(coming.loading);
        }
    }

    /// Waits until `deadline` for threads that load: a process should not end
    /// while one of its is in the driver.
    pub fn end(&mut self, deadline: Instant) {
        self.cancel();
        // Nothing is a model's any more.
        self.present.store(0, Ordering::Relaxed);
        while !self.ending.is_empty() && Instant::now() < deadline {
            (self.ending).retain_mut(|loading| matches!(loading.take_ready(), Ok(None)));
            sleep(BETWEEN);
        }
    }

    /// What tells workers whether a model is the present one still.
    pub fn is(&self, id: u64) -> impl Fn() -> bool + Send + 'static {
        let present = Arc::clone(&self.present);
        move || present.load(Ordering::Relaxed) == id
    }
}

impl Coming {
    /// How far it is, as a part of 1.
    pub fn fraction(&self) -> f32 {
        self.loading.progress().fraction()
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
                let made = Explainer::of_classifier(&self.classifier)?;
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
