//! The prediction of a network for one image.

use resnet_wgpu::Scores;

/// The number of classes kept of each prediction, as top-5 accuracy needs.
pub(super) const MAX_CLASSES: usize = 5;

/// The prediction of a network for one labelled image.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledPrediction {
    /// The image's index in the dataset.
    pub index: usize,
    /// The image's name in the dataset.
    pub image: String,
    /// The image's correct class.
    pub label: usize,
    /// The likeliest classes, best first: five, or all if the network has fewer.
    pub top: Vec<usize>,
    /// The probability of the first class, from 0 to 1.
    pub confidence: f32,
}

impl LabelledPrediction {
    /// Extracts the prediction for image `index_in_batch` of a batch.
    pub fn new(
        index: usize,
        image: String,
        label: usize,
        scores: &Scores,
        index_in_batch: usize,
    ) -> Self {
        let top = scores.top(index_in_batch, MAX_CLASSES);
        let probabilities = scores.probabilities_of(index_in_batch);
        let first = top.first().and_then(|&class| probabilities.get(class));
        Self {
            index,
            image,
            label,
            confidence: first.copied().unwrap_or_default(),
            top,
        }
    }

    /// Returns the predicted class.
    pub fn predicted(&self) -> Option<usize> {
        self.top.first().copied()
    }

    /// Returns whether the predicted class is correct.
    pub fn is_correct(&self) -> bool {
        self.predicted() == Some(self.label)
    }

    /// Returns whether the correct class is among the first five.
    pub fn is_in_top5(&self) -> bool {
        self.top.contains(&self.label)
    }
}
