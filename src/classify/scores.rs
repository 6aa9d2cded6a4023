//! Scores of a batch of pictures.

/// The largest allowed distance of the sum of probabilities from 1.
const SUM_TOLERANCE: f32 = 1e-3;

/// A reason why numbers are not probabilities.
#[derive(Debug, PartialEq)]
pub(crate) enum Flaw {
    /// NaN or infinity.
    NotFinite,
    /// A number that no softmax can produce, with a description.
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
/// // Classes ordered by logit, most likely first.
/// let order = scores.top(0, 10);
/// assert!(scores.logits_of(0)[order[0]] >= scores.logits_of(0)[order[9]]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    /// The outputs of the last layer. If several views of a picture were averaged, the logarithms
    /// of the mean probabilities.
    pub logits: Vec<f32>,
    /// The softmax of the logits.
    pub probabilities: Vec<f32>,
    /// The number of classes.
    pub classes: usize,
    /// The outputs of the requested layers. If several views of a picture were averaged, the
    /// outputs of the last views.
    pub layers: Vec<LayerOutput>,
}

/// The output of a layer for a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerOutput {
    /// The requested name.
    pub name: String,
    /// Height, width and channels for one image.
    pub shape: [usize; 3],
    /// `[n, H, W, C]`.
    pub values: Vec<f32>,
}

impl Scores {
    /// Returns the number of images in the batch.
    pub fn images(&self) -> usize {
        self.logits.len() / self.classes.max(1)
    }

    /// Returns the `k` classes with the largest logits of image `index`, best first. Among equal
    /// logits, the lower class comes first, as in PyTorch's `argmax`.
    pub fn top(&self, index: usize, k: usize) -> Vec<usize> {
        let logits = self.logits_of(index);
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        order.truncate(k);
        order
    }

    /// Returns the logits of image `index`, by class.
    pub fn logits_of(&self, index: usize) -> &[f32] {
        part(&self.logits, index, self.classes)
    }

    /// Returns the probabilities of image `index`, by class.
    pub fn probabilities_of(&self, index: usize) -> &[f32] {
        part(&self.probabilities, index, self.classes)
    }

    /// Returns the output of a requested layer for image `index`, `[H, W, C]`.
    pub fn layer(&self, name: &str, index: usize) -> Option<&[f32]> {
        let layer = self.layers.iter().find(|layer| layer.name == name)?;
        let found = part(&layer.values, index, layer.shape.iter().product());
        Some(found).filter(|values| !values.is_empty())
    }

    /// Returns whether the probabilities of image `index` are valid: each is between 0 and 1, and
    /// their sum is 1 within 1e-3.
    pub fn are_probabilities(&self, index: usize) -> bool {
        self.flaw(index).is_none()
    }

    /// Returns the first flaw of the probabilities of image `index`, or `None` if they are valid.
    /// Each must lie between 0 and 1, and their sum must be 1 within 1e-3. Non-finite logits make
    /// every probability NaN. A log-probability of −∞ is valid.
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

/// Returns part `index` of `all`, which is divided into parts of `length` values. Returns an empty
/// slice if this part does not exist.
fn part(all: &[f32], index: usize, length: usize) -> &[f32] {
    let from = index.checked_mul(length);
    let range = from.and_then(|from| Some(from..from.checked_add(length)?));
    range.and_then(|range| all.get(range)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_distinguished_from_other_numbers() {
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
