//! Class activation maps of a network's predictions.

use std::sync::Arc;

use super::{ClassMap, ClassifierHead, ExplainError};
use crate::classify::{Classifier, ClassifierOptions, Prediction, Scores};
use crate::device::Device;
use crate::error::Error;
use crate::labels::Labels;
use crate::model::{Model, PreprocessOverrides};
use crate::plan::{KernelChoice, Precision};
use crate::preprocess::{Preprocess, RgbImage};
use crate::tensor::Tensor;

/// Options for creating an explainer.
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
    /// The storage format of activations and weights. In f16 the mean of a map plus the bias equals
    /// the logit only to about three digits.
    pub precision: Precision,
    /// Overrides of the checkpoint's preprocessing.
    pub preprocess: PreprocessOverrides,
    /// Class names that replace the checkpoint's or the built-in names.
    pub labels: Option<Labels>,
    /// The choice of kernels.
    pub choice: KernelChoice,
}

impl Default for ExplainerOptions {
    fn default() -> Self {
        Self {
            precision: Precision::F32,
            preprocess: PreprocessOverrides::default(),
            labels: None,
            choice: KernelChoice::Auto,
        }
    }
}

/// A predicted class with its class activation map.
///
/// ```
/// use resnet_wgpu::{Device, Explainer, Model};
/// use resnet_wgpu::image::RgbImage;
///
/// let explainer = Explainer::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let cat = explainer.explain_class(&RgbImage::new(48, 40), 3)?;
/// assert_eq!(cat.prediction.label, "cat");
/// // The mean of the map plus the bias equals the logit.
/// assert!((cat.map.logit() - cat.prediction.logit).abs() < 1e-3);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The class, its probability and logit.
    pub prediction: Prediction,
    /// The class activation map of the class over the crop.
    pub map: ClassMap,
}

/// A producer of class activation maps, with one model on one device.
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
    head: ClassifierHead,
    weight: Arc<Tensor>,
    bias: Option<Arc<Tensor>>,
}

impl Explainer {
    /// Creates an explainer for `model` on a device. The call blocks the thread, so it returns an
    /// error in a browser.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a network
    /// without the head that the maps need, and the errors of [`Classifier::new`].
    pub fn new(
        device: impl Into<Device>,
        model: &Model,
        options: &ExplainerOptions,
    ) -> Result<Self, Error> {
        let device = device.into();
        device.block_on(Self::new_async(device.clone(), model, options))?
    }

    /// Creates an explainer without blocking the thread. Browsers support only this function.
    ///
    /// # Errors
    /// The errors of [`Explainer::new`].
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

    /// Creates an explainer that shares a classifier's session: weights, kernels and the memory of
    /// activations. The maps cover the centre crop, whatever views the classifier averages. Create
    /// a new explainer after the classifier is [recreated](Classifier::recreate).
    ///
    /// ```
    /// use resnet_wgpu::{Classifier, Device, Explainer, ImageLimits, Model, decode_file};
    ///
    /// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
    /// let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
    /// let best = classifier.classify(&photo, 1)?;
    /// // When a user asks for the reason:
    /// let found = Explainer::of_classifier(&classifier)?.explain(&photo, 1)?;
    /// assert_eq!(found[0].prediction, best[0]);
    /// # Ok::<(), resnet_wgpu::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a network
    /// without the head that the maps need, and the errors of [`Classifier::new`].
    pub fn of_classifier(classifier: &Classifier) -> Result<Self, Error> {
        let head = head(classifier.model(), classifier.preprocess())?;
        let layers = vec![head.features.clone()];
        Self::of(classifier.with_layers(layers), head)
    }

    fn of(classifier: Classifier, head: ClassifierHead) -> Result<Self, Error> {
        let params = classifier.model().params();
        let bias = head.linear.bias.as_deref();
        Ok(Self {
            weight: params.get(&head.linear.weight)?,
            bias: bias.map(|name| params.get(name)).transpose()?,
            classifier,
            head,
        })
    }

    /// Returns the preprocessing of pictures. [`Preprocess::region`] returns the part of a picture
    /// that a map covers.
    pub fn preprocess(&self) -> &Preprocess {
        self.classifier.preprocess()
    }

    /// Returns the classifier that the explainer runs.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Returns the maps of the `k` most probable classes of a picture, best first.
    ///
    /// # Errors
    /// The errors of [`Classifier::classify`].
    pub fn explain(&self, image: &RgbImage, k: usize) -> Result<Vec<Explanation>, Error> {
        let scores = self.classifier.score(image)?;
        self.likeliest(&scores, k)
    }

    /// Returns the maps of the `k` most probable classes of a picture without blocking the thread,
    /// on any executor. Use this function if the device is shared with a window, whose thread must
    /// not block.
    ///
    /// # Errors
    /// The errors of [`Classifier::classify`].
    pub async fn explain_async(
        &self,
        image: &RgbImage,
        k: usize,
    ) -> Result<Vec<Explanation>, Error> {
        let scores = self.classifier.score_async(image).await?;
        self.likeliest(&scores, k)
    }

    /// Returns the map of one class, whatever its probability.
    ///
    /// # Errors
    /// [`ExplainError::NoSuchClass`], and the errors of [`Classifier::classify`].
    pub fn explain_class(&self, image: &RgbImage, class: usize) -> Result<Explanation, Error> {
        let scores = self.classifier.score(image)?;
        self.explained(&scores, class)
    }

    /// Returns the map of one class without blocking the thread.
    ///
    /// # Errors
    /// The errors of [`Explainer::explain_class`].
    pub async fn explain_class_async(
        &self,
        image: &RgbImage,
        class: usize,
    ) -> Result<Explanation, Error> {
        let scores = self.classifier.score_async(image).await?;
        self.explained(&scores, class)
    }

    fn likeliest(&self, scores: &Scores, k: usize) -> Result<Vec<Explanation>, Error> {
        let classes = scores.top(0, k);
        classes.iter().map(|&c| self.explained(scores, c)).collect()
    }

    fn explained(&self, scores: &Scores, class: usize) -> Result<Explanation, Error> {
        let (bias, shape) = (self.bias.as_deref(), self.head.shape);
        let features = scores.layer(&self.head.features, 0).unwrap_or_default();
        let map = ClassMap::new(class, features, (shape.h, shape.w), &self.weight, bias);
        let classes = scores.classes;
        let map = map.ok_or(ExplainError::NoSuchClass { class, classes })?;
        // The map exists, so the class exists.
        Ok(Explanation {
            prediction: self.classifier.prediction(scores, 0, class),
            map,
        })
    }
}

/// Returns the head of a model's network, for crops of the given size.
fn head(model: &Model, preprocess: &Preprocess) -> Result<ClassifierHead, Error> {
    let (h, w) = preprocess.crop;
    let graph = model.graph(h as usize, w as usize)?;
    Ok(ClassifierHead::of(&graph, &model.network().name)?)
}
