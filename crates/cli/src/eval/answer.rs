//! What a network said of one image.

use resnet_wgpu::Scores;

/// Classes that are kept of an answer: what top-5 needs.
pub(super) const KEPT: usize = 5;

/// What a network answered for one labelled image.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its place in the dataset.
    pub index: usize,
    /// Its name there.
    pub image: String,
    /// The class that it is of.
    pub label: usize,
    /// The likeliest classes, best first: five, or all where there are fewer.
    pub top: Vec<usize>,
    /// The probability of the first, 0 to 1.
    pub confidence: f32,
}

impl Answer {
    /// The answer for an image of a batch.
    pub fn new(index: usize, image: String, label: usize, scores: &Scores, place: usize) -> Self {
        let top = scores.top(place, KEPT);
        let probabilities = scores.probabilities_of(place);
        let first = top.first().and_then(|&class| probabilities.get(class));
        Self {
            index,
            image,
            label,
            confidence: first.copied().unwrap_or_default(),
            top,
        }
    }

    /// The class that it takes the image for.
    pub fn predicted(&self) -> Option<usize> {
        self.top.first().copied()
    }

    /// Whether that is right.
    pub fn is_right(&self) -> bool {
        self.predicted() == Some(self.label)
    }

    /// Whether one of the first five is.
    pub fn is_near(&self) -> bool {
        self.top.contains(&self.label)
    }
}
