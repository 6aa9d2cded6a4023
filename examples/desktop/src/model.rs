//! The network in use, and the network that is being loaded.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{
    Classifier, ClassifierOptions, Error, Explainer, Explanation, Gpu, Hints, Loading, ModelSource,
    Prediction, Recorder,
};

/// The number of classes that are shown.
pub const TOP: usize = 5;

/// The time between two looks at a thread that is about to end.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The models of a window.
#[derive(Default)]
pub struct Models {
    pub loaded: Option<ReadyModel>,
    pub pending: Option<LoadingModel>,
    /// Cancelled loads whose threads have not ended yet.
    cancelled: Vec<Loading>,
    last_id: u64,
    /// The id of the present model. Workers skip jobs for other models.
    present: Arc<AtomicU64>,
}

/// A network that is ready.
pub struct ReadyModel {
    /// The id that distinguishes this model's answers from those of other models.
    pub id: u64,
    pub network: Network,
    /// The time from the start of loading until the network was ready.
    pub loading: Duration,
}

/// The network that workers run. Clones share their resources.
#[derive(Clone)]
pub struct Network {
    pub classifier: Classifier,
    /// The explainer, made for the first map.
    explainer: Arc<OnceLock<Explainer>>,
}

/// A network that is being loaded.
pub struct LoadingModel {
    pub name: String,
    loading: Loading,
    began: Instant,
}

impl Models {
    /// Starts to load a file, or the embedded network, and cancels any other load. The present
    /// network stays until the new network is ready.
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
        self.pending = Some(LoadingModel {
            name,
            loading,
            began: Instant::now(),
        });
        Ok(())
    }

    /// Looks for the result of loading. Returns `true` if a new network has replaced the present
    /// network.
    pub fn poll(&mut self) -> Result<bool, Error> {
        // The results of cancelled loads are dropped.
        (self.cancelled).retain_mut(|loading| matches!(loading.take_ready(), Ok(None)));
        let Some(pending) = &mut self.pending else {
            return Ok(false);
        };
        let outcome = pending.loading.take_ready();
        if matches!(outcome, Ok(None)) {
            return Ok(false);
        }
        let loading = pending.began.elapsed();
        self.pending = None;
        let classifier = match outcome {
            Ok(Some(classifier)) => classifier,
            Ok(None) => return Ok(false),
            Err(error) => return Err(error),
        };
        self.last_id += 1;
        self.present.store(self.last_id, Ordering::Relaxed);
        self.loaded = Some(ReadyModel {
            id: self.last_id,
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
    /// Returns whether no load is in progress or being cancelled.
    pub fn is_idle(&self) -> bool {
        self.pending.is_none() && self.cancelled.is_empty()
    }

    /// Cancels the load in progress.
    pub fn cancel(&mut self) {
        if let Some(pending) = self.pending.take() {
            pending.loading.cancel();
            self.cancelled.push(pending.loading);
        }
    }

    /// Waits until `deadline` for the loading threads. A process should not end while one of its
    /// threads is in the driver.
    pub fn end(&mut self, deadline: Instant) {
        self.cancel();
        // No model has the id 0, so workers skip all jobs.
        self.present.store(0, Ordering::Relaxed);
        while !self.cancelled.is_empty() && Instant::now() < deadline {
            (self.cancelled).retain_mut(|loading| matches!(loading.take_ready(), Ok(None)));
            sleep(POLL_INTERVAL);
        }
    }

    /// Returns a function with which workers check whether a model is still the present model.
    pub fn is_present(&self, id: u64) -> impl Fn() -> bool + Send + 'static {
        let present = Arc::clone(&self.present);
        move || present.load(Ordering::Relaxed) == id
    }
}

impl LoadingModel {
    /// Returns the progress of loading from 0 to 1.
    pub fn fraction(&self) -> f32 {
        self.loading.progress().fraction()
    }
}

/// Slow methods for workers. They await the device instead of blocking in the driver. A thread that
/// blocks there would delay the window's next submission, and so its frame.
impl Network {
    /// Returns the likeliest classes, and the time that classification took.
    pub fn classify(&self, picture: &RgbImage) -> Result<(Vec<Prediction>, Duration), Error> {
        let began = Instant::now();
        let top = pollster::block_on(self.classifier.classify_async(picture, TOP))?;
        Ok((top, began.elapsed()))
    }

    /// Returns the maps of the likeliest classes.
    pub fn explain(&self, picture: &RgbImage) -> Result<Vec<Explanation>, Error> {
        let explainer = match self.explainer.get() {
            Some(explainer) => explainer,
            None => {
                let explainer = Explainer::of_classifier(&self.classifier)?;
                self.explainer.get_or_init(|| explainer)
            }
        };
        pollster::block_on(explainer.explain_async(picture, TOP))
    }

    /// Returns a recorder of inference into the window's own frames.
    pub fn recorder(&self) -> Result<Recorder, Error> {
        self.classifier.recorder()
    }
}
