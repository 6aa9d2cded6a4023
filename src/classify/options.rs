//! Options for setting up a classifier, and its predictions.

use crate::labels::Labels;
use crate::model::PreprocessOverrides;
use crate::monitor::Monitor;
use crate::plan::{KernelChoice, Precision};
use crate::preprocess::Views;

/// One class and its probability for a picture.
///
/// ```
/// use resnet_wgpu::{Classifier, Device, ImageLimits, Model, decode_file};
///
/// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
/// let best = classifier.classify(&photo, 2)?;
/// assert_eq!((best[0].class, best[0].label.as_str()), (3, "cat"));
/// assert!(best[0].probability > best[1].probability);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// The class index.
    pub class: usize,
    /// The name of the class.
    pub label: String,
    /// The probability from 0 to 1, the softmax of the logits.
    pub probability: f32,
    /// The logit of the class. If several views of a picture were averaged, the logarithm of the
    /// mean probability.
    pub logit: f32,
}

/// Options for setting up a classifier.
///
/// ```
/// use resnet_wgpu::{Classifier, ClassifierOptions, Device, Model, Views};
/// use resnet_wgpu::image::RgbImage;
///
/// let options = ClassifierOptions {
///     views: Views::Mirrored,
///     layers: vec!["avgpool".into()],
///     ..Default::default()
/// };
/// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &options)?;
/// let scores = classifier.score(&RgbImage::new(48, 40))?;
/// assert_eq!(scores.layer("avgpool", 0).unwrap().len(), 64);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClassifierOptions {
    /// Images in one run, at least 1; the default is 1. For many pictures, 8 to 32 are faster on
    /// most GPUs. A single picture always takes a run of its own.
    pub batch: usize,
    /// The precision in which activations and weights are stored.
    pub precision: Precision,
    /// Runs that may be on the device at once: 2 by default and 64 at most. With 2, one run
    /// computes while the next picture arrives. Each run needs a buffer for its images. A
    /// [`PendingScores`](super::PendingScores) counts as a run until its scores are taken.
    pub in_flight: usize,
    /// Overrides for the preprocessing that the checkpoint specifies.
    pub preprocess: PreprocessOverrides,
    /// The views of a picture that the network receives.
    pub views: Views,
    /// PyTorch modules whose outputs are returned in addition to the scores, as in
    /// [`SessionOptions::layers`](crate::session::SessionOptions::layers).
    pub layers: Vec<String>,
    /// Class names that replace those of the checkpoint and the built-in names.
    pub labels: Option<Labels>,
    /// The way in which kernels are chosen.
    pub choice: KernelChoice,
    /// Observes the setup of the classifier, and may cancel the setup.
    pub monitor: Monitor,
}

impl Default for ClassifierOptions {
    fn default() -> Self {
        Self {
            batch: 1,
            precision: Precision::F32,
            in_flight: 2,
            preprocess: PreprocessOverrides::default(),
            views: Views::default(),
            layers: vec![],
            labels: None,
            choice: KernelChoice::Auto,
            monitor: Monitor::default(),
        }
    }
}
