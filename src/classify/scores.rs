//! What a batch of pictures scores.

/// The largest distance of the sum of probabilities from 1.
const SUM_TOLERANCE: f32 = 1e-3;

/// Why numbers are no probabilities.
#[derive(Debug, PartialEq)]
pub(crate) enum Flaw {
    /// NaN or infinity.
    NotFinite,
    /// Numbers that no softmax gives, described.
    Impossible(String),
}

/// Logits and probabilities of a batch, `[n, classes]` each.
///
/// ```
/// use resnet_wgpu::image::RgbImage;
/// use resnet_wgpu::{Classifier, Device, Model};
///
/// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
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
    /// The outputs of the last layer. If several views of a picture were averaged,
    /// the logarithms of the probabilities.
    pub logits: Vec<f32>,
    /// Their softmax.
    pub probabilities: Vec<f32>,
    /// Classes of each image.
    pub classes: usize,
    /// The layers asked for. If several views of a
    /// picture were averaged, those of the last views.
    pub layers: Vec<LayerOutput>,
}

/// The output of a layer for a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerOutput {
    /// The name that was asked for.
    pub name: String,
    /// Height, width and channels for one image.
    pub shape: [usize; 3],
    /// `[n, H, W, C]`.
    pub values: Vec<f32>,
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

    /// Image `index` of a layer that was asked for, `[H, W, C]`.
    pub fn layer(&self, name: &str, index: usize) -> Option<&[f32]> {
        let layer = self.layers.iter().find(|layer| layer.name == name)?;
        let found = part(&layer.values, index, layer.shape.iter().product());
        Some(found).filter(|values| !values.is_empty())
    }

    /// Whether the probabilities of image `index` are such: each between 0 and 1,
    /// and their sum 1 within 1e-3.
    pub fn are_probabilities(&self, index: usize) -> bool {
        self.flaw(index).is_none()
    }

    /// The flaw that keeps the probabilities of image `index` from being such:
    /// each lies between 0 and 1, and their sum is 1 within 1e-3. Non-finite logits
    /// make every probability NaN; a log-probability of −∞ is valid.
    pub(crate) fn flaw(&self, index: usize) -> Option<Flaw> {
        let probabilities = self.probabilities_of(index);
        if probabilities.iter().any(|p| !p.is_finite()) {
            return Some(Flaw::NotFinite);
        }
        // Division on a GPU may round a probability of 1 up.
        let possible = -f32::EPSILON..=1.0 + SUM_TOLERANCE;
        if let Some(p) = probabilities.iter().find(|p| !possible.contains(*p)) {
            return Some(Flaw::Impossible(format!("{p}")));
        }
        let sum = (probabilities.iter()).fold(0.0, |sum, &p| sum + f64::from(p));
        let off = (sum - 1.0).abs() > f64::from(SUM_TOLERANCE);
        off.then(|| Flaw::Impossible(format!("a sum of {sum}")))
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
    fn probabilities_are_told_from_other_numbers() {
        let flaw = |probabilities: &[f32]| {
            let scores = Scores {
                probabilities: probabilities.to_vec(),
                classes: probabilities.len(),
                ..Scores::default()
            };
            scores.flaw(0)
        };
        assert_eq!(flaw(&[0.25, 0.75]), None);
        assert_eq!(flaw(&[0.0, 1.0, 0.0]), None);
        assert_eq!(flaw(&[1.0 + f32::EPSILON, 0.0]), None);
        assert_eq!(flaw(&[0.5, 0.4995]), None);
        assert_eq!(flaw(&[0.5, f32::NAN]), Some(Flaw::NotFinite));
        assert_eq!(flaw(&[f32::INFINITY, 0.0]), Some(Flaw::NotFinite));
        for (probabilities, says) in [
            (&[0.0, 0.0][..], "a sum of 0"),
            (&[0.5, 0.498], "a sum of 0.99"),
            (&[-0.5, 1.5], "-0.5"),
            (&[-143.04, 144.04], "-143.04"),
            (&[], "a sum of 0"),
        ] {
            let Some(Flaw::Impossible(found)) = flaw(probabilities) else {
                panic!("{probabilities:?}");
            };
            assert!(found.starts_with(says), "{found}");
        }
    }

    #[test]
    fn ties_go_to_the_lower_class() {
        let scores = Scores {
            logits: vec![1.0, 3.0, 3.0, 2.0, 9.0, 8.0, 7.0, 6.0],
            probabilities: vec![0.0; 8],
            classes: 4,
            layers: vec![LayerOutput {
                name: "layer1".into(),
                shape: [1, 2, 3],
                values: (0..12).map(|i| i as f32).collect(),
            }],
        };
        assert_eq!(scores.images(), 2);
        assert_eq!(scores.top(0, 3), [1, 2, 3]);
        assert_eq!(scores.top(1, 9), [0, 1, 2, 3]);
        let second = scores.layer("layer1", 1).unwrap();
        assert_eq!(second, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert!(scores.layer("layer2", 0).is_none() && scores.layer("layer1", 2).is_none());
        assert!(scores.layer("layer1", usize::MAX).is_none());
        assert!(scores.top(usize::MAX, 1).is_empty());
    }
}
