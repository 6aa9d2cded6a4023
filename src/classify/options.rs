//! What a classifier is asked for, and what it answers.

use crate::labels::Labels;
use crate::model::PreprocessOverrides;
use crate::monitor::Monitor;
use crate::plan::{Choice, Precision};
use crate::preprocess::Views;

/// One class and how much a picture is like it.
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
    /// Class index.
    pub class: usize,
    /// The class's name.
    pub label: String,
    /// Softmax of the logits, from 0 to 1.
    pub probability: f32,
    /// The logit itself; the logarithm of the probability, where that is the mean
    /// of several views.
    pub logit: f32,
}

/// How a classifier is set up.
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
    /// Images of a run, 1 by default and at least. For many pictures 8 to 32 are faster on
    /// most GPUs; a single picture takes a run of its own, whatever this is.
    pub batch: usize,
    /// In what activations and weights are stored.
    pub precision: Precision,
    /// Runs that may be on the device at once, 2 by default and 64 at most: one is
    /// computed while the next picture arrives. Each takes a buffer for its images. [`Pending`](super::Pending)
    /// scores hold their place until they are taken.
    pub in_flight: usize,
    /// How images are prepared, where the checkpoint is not to be believed.
    pub preprocess: PreprocessOverrides,
    /// Which views of a picture the network sees.
    pub views: Views,
    /// PyTorch modules whose outputs are wanted besides the scores, as
    /// [`SessionOptions::layers`](crate::session::SessionOptions::layers) has them.
    pub layers: Vec<String>,
    /// Class names, where the checkpoint's or the built-in ones are not
    /// wanted.
    pub labels: Option<Labels>,
    /// How kernels are chosen.
    pub choice: Choice,
    /// Watches the classifier being set up, and may cancel it.
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
            choice: Choice::Auto,
            monitor: Monitor::default(),
        }
    }
}
