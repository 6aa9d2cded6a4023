//! Runs a network and makes the maps of its answers.

use std::sync::Arc;

use super::{ClassMap, ExplainError, Head};
use crate::classify::{Classifier, ClassifierOptions, Prediction, Scores};
use crate::device::Device;
use crate::error::Error;
use crate::labels::Labels;
use crate::model::{Model, PreprocessOverrides};
use crate::plan::{Choice, Precision};
use crate::preprocess::{Preprocess, RgbImage};
use crate::tensor::Tensor;

/// How an explainer is set up.
///
/// ```
/// use resnet_wgpu::{Device, Explainer, ExplainerOptions, Labels, Model};
///
/// let names = (0..10).map(|class| format!("kind {class}")).collect();
/// let options = ExplainerOptions {
///     labels: Some(Labels::from_list(names)),
///     ..Default::default()
/// };
/// let explainer = Explainer::new(Device::Cpu, &Model::embedded()?, &options)?;
/// assert_eq!(explainer.classifier().labels().get(3), "kind 3");
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExplainerOptions {
    /// In what activations and weights are stored; in f16 a map's mean is the
    /// logit to some three digits only.
    pub precision: Precision,
    /// How images are prepared, where the checkpoint is not to be believed.
    pub preprocess: PreprocessOverrides,
    /// Class names, where the checkpoint's or the built-in ones are not wanted.
    pub labels: Option<Labels>,
    /// How kernels are chosen.
    pub choice: Choice,
}

impl Default for ExplainerOptions {
    fn default() -> Self {
        Self {
            precision: Precision::F32,
            preprocess: PreprocessOverrides::default(),
            labels: None,
            choice: Choice::Auto,
        }
    }
}

/// A class with where in the picture it is seen.
///
/// ```
/// use resnet_wgpu::{Device, Explainer, Model};
/// use resnet_wgpu::image::RgbImage;
///
/// let explainer = Explainer::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let cat = explainer.explain_class(&RgbImage::new(48, 40), 3)?;
/// assert_eq!(cat.prediction.label, "cat");
/// // The map's mean and the bias are the logit.
/// assert!((cat.map.logit() - cat.prediction.logit).abs() < 1e-3);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The class, its probability and logit.
    pub prediction: Prediction,
    /// Its class activation map over the crop.
    pub map: ClassMap,
}

/// Makes class activation maps with one model on one device.
///
/// ```
/// use resnet_wgpu::{Device, Explainer, ImageLimits, Model, decode_file};
///
/// let explainer = Explainer::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
/// let found = explainer.explain(&photo, 2)?;
/// assert_eq!(found[0].prediction.label, "cat");
/// let (row, column) = found[0].map.peak();
/// assert!(row < found[0].map.height && column < found[0].map.width);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Explainer {
    classifier: Classifier,
    head: Head,
    weight: Arc<Tensor>,
    bias: Option<Arc<Tensor>>,
}

impl Explainer {
    /// Sets up `model` on a device. The thread waits; in a
    /// browser, where nothing may, this is an error.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a network without the head that the maps are made
    /// of; as [`Classifier::new`].
    pub fn new(
        device: impl Into<Device>,
        model: &Model,
        options: &ExplainerOptions,
    ) -> Result<Self, Error> {
        let device = device.into();
        device.block_on(Self::new_async(device.clone(), model, options))?
    }

    /// Awaits an explainer; the only way in a browser, where nothing may block.
    ///
    /// # Errors
    /// As [`Explainer::new`].
    pub async fn new_async(
        device: impl Into<Device>,
        model: &Model,
        options: &ExplainerOptions,
    ) -> Result<Self, Error> {
        let head = head(model, &model.preprocess(&options.preprocess)?)?;
        let options = ClassifierOptions {
            precision: options.precision,
            preprocess: options.preprocess.clone(),
            labels: options.labels.clone(),
            choice: options.choice.clone(),
            layers: vec![head.features.clone()],
            ..Default::default()
        };
        Self::of(Classifier::new_async(device, model, &options).await?, head)
    }

    /// An explainer that shares the session of a classifier: weights, kernels and the
    /// memory of activations. Maps are of the centre crop, whatever views the classifier
    /// has. Make another explainer after the classifier is
    /// [recreated](Classifier::recreate).
    ///
    /// ```
    /// use resnet_wgpu::{Classifier, Device, Explainer, ImageLimits, Model, decode_file};
    ///
    /// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
    /// let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
    /// let best = classifier.classify(&photo, 1)?;
    /// // When somebody asks why:
    /// let found = Explainer::of_classifier(&classifier)?.explain(&photo, 1)?;
    /// assert_eq!(found[0].prediction, best[0]);
    /// # Ok::<(), resnet_wgpu::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a network without the head that the maps are made
    /// of; as [`Classifier::new`].
    pub fn of_classifier(classifier: &Classifier) -> Result<Self, Error> {
        let head = head(classifier.model(), classifier.preprocess())?;
        let layers = vec![head.features.clone()];
        Self::of(classifier.with_layers(layers), head)
    }

    fn of(classifier: Classifier, head: Head) -> Result<Self, Error> {
        let params = classifier.model().params();
        let bias = head.linear.bias.as_deref();
        Ok(Self {
            weight: params.get(&head.linear.weight)?,
            bias: bias.map(|name| params.get(name)).transpose()?,
            classifier,
            head,
        })
    }

    /// How pictures are prepared; [`Preprocess::region`] says which part of one
    /// a map is of.
    pub fn preprocess(&self) -> &Preprocess {
        self.classifier.preprocess()
    }

    /// The classifier that it runs.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// The maps of the `k` likeliest classes of a picture, best first.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub fn explain(&self, image: &RgbImage, k: usize) -> Result<Vec<Explained>, Error> {
        let scores = self.classifier.score(image)?;
        self.likeliest(&scores, k)
    }

    /// The same for a task to await, on any executor: beside a window on the same
    /// device, which a thread that waits would hold up.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub async fn explain_async(&self, image: &RgbImage, k: usize) -> Result<Vec<Explained>, Error> {
        let scores = self.classifier.score_async(image).await?;
        self.likeliest(&scores, k)
    }

    /// The map of a class, however likely it is.
    ///
    /// # Errors
    /// [`ExplainError::NoSuchClass`]; as [`Classifier::classify`].
    pub fn explain_class(&self, image: &RgbImage, class: usize) -> Result<Explained, Error> {
        let scores = self.classifier.score(image)?;
        self.explained(&scores, class)
    }

    /// The same for a task to await.
    ///
    /// # Errors
    /// As [`Explainer::explain_class`].
    pub async fn explain_class_async(
        &self,
        image: &RgbImage,
        class: usize,
    ) -> Result<Explained, Error> {
        let scores = self.classifier.score_async(image).await?;
        self.explained(&scores, class)
    }

    fn likeliest(&self, scores: &Scores, k: usize) -> Result<Vec<Explained>, Error> {
        let classes = scores.top(0, k);
        classes.iter().map(|&c| self.explained(scores, c)).collect()
    }

    fn explained(&self, scores: &Scores, class: usize) -> Result<Explained, Error> {
        let (bias, shape) = (self.bias.as_deref(), self.head.shape);
        let features = scores.layer(&self.head.features, 0).unwrap_or_default();
        let map = ClassMap::new(class, features, (shape.h, shape.w), &self.weight, bias);
        let classes = scores.classes;
        let map = map.ok_or(ExplainError::NoSuchClass { class, classes })?;
        // The map says that there is such a class.
        Ok(Explained {
            prediction: self.classifier.prediction(scores, 0, class),
            map,
        })
    }
}

/// The head of the network that a model is, for crops of that size.
fn head(model: &Model, preprocess: &Preprocess) -> Result<Head, Error> {
    let (h, w) = preprocess.crop;
    let graph = model.graph(h as usize, w as usize)?;
    Ok(Head::of(&graph, &model.network().name)?)
}
