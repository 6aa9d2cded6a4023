//! What a batch of pictures scores.

/// Logits and probabilities of a batch, `[n, classes]` each.
///
/// ```
/// use resnet_wgpu::preprocess::RgbImage;
/// use resnet_wgpu::{Classifier, Model};
///
/// let classifier = Classifier::new(None, &Model::embedded()?, &Default::default())?;
/// let scores = classifier.score(&RgbImage::new(32, 32))?;
/// assert_eq!((scores.images(), scores.classes), (1, 10));
/// let sum: f32 = scores.probabilities_of(0).iter().sum();
/// assert!((sum - 1.0).abs() < 1e-5);
/// // Classes by their logits, the likeliest first.
/// let order = scores.top(0, 10);
/// assert!(scores.logits_of(0)[order[0]] >= scores.logits_of(0)[order[9]]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    /// The last layer's outputs. Of a [`Mean`](super::Mean) of several views,
    /// the logarithms of the probabilities.
    pub logits: Vec<f32>,
    /// Their softmax.
    pub probabilities: Vec<f32>,
    /// Classes of each image.
    pub classes: usize,
    /// The layers asked for, each `[n, H, W, C]`.
    pub layers: Vec<Vec<f32>>,
}

impl Scores {
    /// Images of the batch.
    pub fn images(&self) -> usize {
        self.logits.len() / self.classes.max(1)
    }

    /// The `k` classes of largest logit of image `index`, best first; among
    /// equals the lower class first, as PyTorch's `argmax` has it.
    pub fn top(&self, index: usize, k: usize) -> Vec<usize> {
        let logits = self.logits_of(index);
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        order.truncate(k);
        order
    }

    /// The logits of image `index`, by class.
    pub fn logits_of(&self, index: usize) -> &[f32] {
        part(&self.logits, index, self.classes)
    }

    /// The probabilities of image `index`, by class.
    pub fn probabilities_of(&self, index: usize) -> &[f32] {
        part(&self.probabilities, index, self.classes)
    }

    /// Image `index` of the layer that was asked for in that place, `[H, W, C]`.
    pub fn layer(&self, layer: usize, index: usize) -> &[f32] {
        let all = self.layers.get(layer).map_or(&[][..], |values| values);
        part(all, index, all.len() / self.images().max(1))
    }

    /// Whether the probabilities of image `index` are numbers. Infinite or no
    /// numbers among the logits leave none; the logarithm of a probability of 0 is
    /// infinite, too, and well.
    pub(crate) fn are_numbers(&self, index: usize) -> bool {
        (self.probabilities_of(index).iter()).all(|probability| probability.is_finite())
    }
}

/// Part `index` of parts of that length; nothing where there is no such part.
fn part(all: &[f32], index: usize, length: usize) -> &[f32] {
    let from = index.checked_mul(length);
    let range = from.and_then(|from| Some(from..from.checked_add(length)?));
    range.and_then(|range| all.get(range)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lower_class() {
        let scores = Scores {
            logits: vec![1.0, 3.0, 3.0, 2.0, 9.0, 8.0, 7.0, 6.0],
            probabilities: vec![0.0; 8],
            classes: 4,
            layers: vec![(0..12).map(|i| i as f32).collect()],
        };
        assert_eq!(scores.images(), 2);
        assert_eq!(scores.top(0, 3), [1, 2, 3]);
        assert_eq!(scores.top(1, 9), [0, 1, 2, 3]);
        assert_eq!(scores.layer(0, 1), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert!(scores.layer(1, 0).is_empty() && scores.layer(0, 2).is_empty());
        assert!(scores.layer(0, usize::MAX).is_empty() && scores.top(usize::MAX, 1).is_empty());
    }
}
