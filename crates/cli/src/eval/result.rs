//! The results of an evaluation: the data behind the text, the JSON and the page.

use serde::Serialize;

use super::{Calibration, LabelledPrediction, Proportion, Tally};
use resnet_wgpu::Labels;

/// The largest number of confused pairs of classes that are listed.
const MAX_CONFUSIONS: usize = 20;

/// The provenance of a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EvaluationProvenance {
    /// The network's name.
    pub model: String,
    /// The path of the data, as given.
    pub data: String,
    /// The device that ran the network.
    pub device: String,
    /// The provenance of the class names: `given`, `assumed` or `indices`.
    pub labels: String,
    /// The views of each image, in words.
    pub views: String,
    /// The number of images in the data. Larger than the number of evaluated images if the run was
    /// limited or interrupted.
    pub of: u64,
    /// The number of predictions that were taken over from an earlier run.
    pub resumed: u64,
    /// True if the run ended early.
    pub interrupted: bool,
    /// The time from the first image to the last, in seconds.
    pub seconds: f64,
    /// The speed in images per second, for the images that this run evaluated.
    pub images_per_second: f64,
    /// The stage that limited the speed: decoding or the device.
    pub limited_by: String,
}

/// An image that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableImage {
    /// The image's name in the dataset.
    pub image: String,
    /// The reason and the remedy.
    pub error: String,
}

/// The accuracy of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassResult {
    /// The class index.
    pub class: usize,
    /// The name of the class.
    pub label: String,
    /// The share of the class's images that are predicted correctly.
    pub top1: Proportion,
    /// The number of images, of any class, for which this class is predicted.
    pub answered: u64,
}

/// Images of one class for which another class was predicted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The correct class.
    pub label: usize,
    /// The name of the correct class.
    pub label_name: String,
    /// The predicted class.
    pub predicted: usize,
    /// The name of the predicted class.
    pub predicted_name: String,
    /// The number of images with this pair of classes.
    pub images: u64,
    /// The number of all images of the correct class.
    pub of: u64,
}

/// A wrong prediction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mistake {
    /// The image's index in the dataset.
    pub index: usize,
    /// The image's name in the dataset.
    pub image: String,
    /// The correct class.
    pub label: usize,
    /// The name of the correct class.
    pub label_name: String,
    /// The predicted class.
    pub predicted: usize,
    /// The name of the predicted class.
    pub predicted_name: String,
    /// The confidence of the prediction, from 0 to 1.
    pub confidence: f32,
}

/// The accuracy of a network, with its mistakes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The provenance of the result.
    #[serde(flatten)]
    pub provenance: EvaluationProvenance,
    /// The number of evaluated images.
    pub images: u64,
    /// The top-1 accuracy: the share of images whose first class is correct, from 0 to 1.
    pub top1: f64,
    /// The 95 % interval of the top-1 accuracy.
    pub top1_interval: [f64; 2],
    /// The top-5 accuracy: the share of images whose correct class is among the first five. Always
    /// 1 for five classes or fewer.
    pub top5: f64,
    /// The 95 % interval of the top-5 accuracy.
    pub top5_interval: [f64; 2],
    /// The number of images that could not be read. No other figure includes these images.
    pub failed: u64,
    /// The images that could not be read, with the reasons.
    pub failures: Vec<UnreadableImage>,
    /// Confidence compared with accuracy.
    pub calibration: Calibration,
    /// The classes that have images, in order.
    pub classes: Vec<ClassResult>,
    /// The most frequently confused pairs of classes, in descending order.
    pub confused: Vec<Confusion>,
    /// The most confident mistakes.
    pub mistakes: Vec<Mistake>,
}

impl Evaluation {
    /// Derives the results from the counts in `tally`.
    pub fn new(
        tally: &Tally,
        labels: &Labels,
        provenance: EvaluationProvenance,
        failures: Vec<UnreadableImage>,
    ) -> Self {
        let name = |class| labels.get(class).into_owned();
        let classes = tally.classes().iter().enumerate();
        let classes = classes.filter(|(_, count)| count.images > 0);
        let (top1, top5) = (tally.top1(), tally.top5());
        let confused = tally.confused().into_iter().take(MAX_CONFUSIONS);
        let mistake = |prediction: &LabelledPrediction| {
            let predicted = prediction.predicted()?;
            Some(Mistake {
                index: prediction.index,
                image: prediction.image.clone(),
                label: prediction.label,
                label_name: name(prediction.label),
                predicted,
                predicted_name: name(predicted),
                confidence: prediction.confidence,
            })
        };
        Self {
            images: tally.images(),
            top1: top1.value,
            top1_interval: top1.interval,
            top5: top5.value,
            top5_interval: top5.interval,
            failed: failures.len() as u64,
            failures,
            calibration: tally.calibration(),
            classes: classes
                .map(|(class, count)| ClassResult {
                    class,
                    label: name(class),
                    top1: Proportion::new(count.right, count.images),
                    answered: count.answered,
                })
                .collect(),
            confused: confused
                .map(|((label, predicted), images)| Confusion {
                    label,
                    label_name: name(label),
                    predicted,
                    predicted_name: name(predicted),
                    images,
                    of: tally.classes().get(label).map_or(0, |count| count.images),
                })
                .collect(),
            mistakes: tally.mistakes().iter().filter_map(mistake).collect(),
            provenance,
        }
    }
}
