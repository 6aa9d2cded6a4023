//! What the counts come to: the data behind the text, the JSON and the page.

use serde::Serialize;

use super::{Answer, Calibration, Share, Tally};
use resnet_wgpu::Labels;

/// Pairs of classes that are listed as confused, at most.
const CONFUSED: usize = 20;

/// Where a result comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct About {
    /// The network's name.
    pub model: String,
    /// The data's path, as given.
    pub data: String,
    /// What computed.
    pub device: String,
    /// The provenance of the class names: `given`, `assumed` or `indices`.
    pub labels: String,
    /// What was seen of each image, in words.
    pub views: String,
    /// Images in the data; more than were evaluated where the run was limited or
    /// interrupted.
    pub of: u64,
    /// Answers that an earlier run had kept.
    pub resumed: u64,
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// How long it took, in seconds, from the first image to the last.
    pub seconds: f64,
    /// Images a second, of those that this run evaluated.
    pub images_per_second: f64,
    /// What the run waited for: decoding, or the device.
    pub limited_by: String,
}

/// An image that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Its name in the dataset.
    pub image: String,
    /// Why, and the remedy.
    pub error: String,
}

/// One class's accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassResult {
    /// Class index.
    pub class: usize,
    /// Its name.
    pub label: String,
    /// How many of its images are taken for it.
    pub top1: Share,
    /// Images of any class that are taken for it.
    pub answered: u64,
}

/// Images of one class that were taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The class that they are of.
    pub label: usize,
    /// Its name.
    pub label_name: String,
    /// The class that they were taken for.
    pub predicted: usize,
    /// Its name.
    pub predicted_name: String,
    /// How many.
    pub images: u64,
    /// Images of the first class.
    pub of: u64,
}

/// A wrong answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mistake {
    /// The image's place in the dataset.
    pub index: usize,
    /// Its name there.
    pub image: String,
    /// The class that it is of.
    pub label: usize,
    /// Its name.
    pub label_name: String,
    /// The class that it was taken for.
    pub predicted: usize,
    /// Its name.
    pub predicted_name: String,
    /// How sure the network was, 0 to 1.
    pub confidence: f32,
}

/// How often a network was right, and where it was wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Where it comes from.
    #[serde(flatten)]
    pub about: About,
    /// Images that were evaluated.
    pub images: u64,
    /// How often the first class is right, 0 to 1.
    pub top1: f64,
    /// Its 95 % interval.
    pub top1_interval: [f64; 2],
    /// How often one of the first five is; always, of five classes or fewer.
    pub top5: f64,
    /// Its 95 % interval.
    pub top5_interval: [f64; 2],
    /// Images that could not be read; they count nowhere else.
    pub failed: u64,
    /// Which, and why.
    pub failures: Vec<Broken>,
    /// Confidence against accuracy.
    pub calibration: Calibration,
    /// The classes that there were images of, in order.
    pub classes: Vec<ClassResult>,
    /// The pairs that were confused most often, those first.
    pub confused: Vec<Confusion>,
    /// The surest of the wrong answers.
    pub mistakes: Vec<Mistake>,
}

impl Evaluation {
    /// What `tally` comes to.
    pub fn new(tally: &Tally, labels: &Labels, about: About, failures: Vec<Broken>) -> Self {
        let name = |class| labels.get(class).into_owned();
        let classes = tally.classes().iter().enumerate();
        let classes = classes.filter(|(_, count)| count.images > 0);
        let (top1, top5) = (tally.top1(), tally.top5());
        let confused = tally.confused().into_iter().take(CONFUSED);
        let mistake = |answer: &Answer| {
            let predicted = answer.predicted()?;
            Some(Mistake {
                index: answer.index,
                image: answer.image.clone(),
                label: answer.label,
                label_name: name(answer.label),
                predicted,
                predicted_name: name(predicted),
                confidence: answer.confidence,
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
                    top1: Share::new(count.right, count.images),
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
            about,
        }
    }
}
