//! Calibration: the relation of a network's confidence to its accuracy.

use serde::Serialize;

use super::LabelledPrediction;

/// The number of confidence bins, all of equal width, as in Guo et al.
const BINS: usize = 15;

/// The predictions in one range of confidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// The lower end of the range, excluded unless it is 0.
    pub from: f64,
    /// The upper end of the range, included.
    pub to: f64,
    /// The number of predictions in the range.
    pub images: u64,
    /// The mean confidence of these predictions, from 0 to 1; 0 for an empty bin.
    pub confidence: f64,
    /// The share of these predictions that is correct; 0 for an empty bin.
    pub accuracy: f64,
}

/// Confidence compared with accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The expected calibration error (Guo et al. 2017, equation 3): the difference of confidence
    /// and accuracy, averaged over the bins with the numbers of their images as weights.
    pub expected_error: f64,
    /// The bins in ascending order, from 0 to 1.
    pub bins: Vec<Bin>,
}

/// The sums of one bin.
#[derive(Debug, Clone, Copy, Default)]
struct BinSums {
    images: u64,
    right: u64,
    confidence: f64,
}

/// Sums of predictions by confidence.
#[derive(Debug, Clone, Default)]
pub(super) struct Bins([BinSums; BINS]);

impl Bins {
    pub fn add(&mut self, prediction: &LabelledPrediction) {
        let confidence = f64::from(prediction.confidence);
        // A bin includes its upper end. The product is computed in f32: in f64, a confidence that
        // was rounded up to f32 would exceed the end of its bin. NaN counts in the lowest bin.
        let index = (prediction.confidence * BINS as f32).ceil() - 1.0;
        let index = (index.max(0.0) as usize).min(BINS - 1);
        let sums = &mut self.0[index];
        sums.images += 1;
        sums.right += u64::from(prediction.is_correct());
        sums.confidence += if confidence.is_nan() { 0.0 } else { confidence };
    }

    pub fn calibration(&self) -> Calibration {
        let all: u64 = self.0.iter().map(|sums| sums.images).sum();
        let bins = self.0.iter().enumerate().map(|(i, sums)| {
            let n = sums.images.max(1) as f64;
            Bin {
                from: i as f64 / BINS as f64,
                to: (i + 1) as f64 / BINS as f64,
                images: sums.images,
                confidence: sums.confidence / n,
                accuracy: sums.right as f64 / n,
            }
        });
        let bins: Vec<Bin> = bins.collect();
        let gaps = bins
            .iter()
            .map(|bin| bin.images as f64 * (bin.accuracy - bin.confidence).abs());
        Calibration {
            expected_error: gaps.sum::<f64>() / all.max(1) as f64,
            bins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_is_averaged_by_images() {
        let mut bins = Bins::default();
        let prediction = |confidence, right: bool| LabelledPrediction {
            index: 0,
            image: String::new(),
            label: usize::from(!right),
            top: vec![0],
            confidence,
        };
        // Three images of confidence 0.95, two of them correct; one of 0.2, wrong.
        for right in [true, true, false] {
            bins.add(&prediction(0.95, right));
        }
        bins.add(&prediction(0.2, false));
        let found = bins.calibration();
        let expected = (3.0 * (0.95 - 2.0 / 3.0) + 0.2) / 4.0;
        assert!((found.expected_error - expected).abs() < 1e-6);
        assert_eq!((found.bins[14].images, found.bins[2].images), (3, 1));
        for (confidence, bin) in [(0.0, 0), (1.0, 14), (f32::NAN, 0), (1.5, 14)] {
            let mut bins = Bins::default();
            bins.add(&prediction(confidence, true));
            assert_eq!(bins.calibration().bins[bin].images, 1);
        }
        assert_eq!(Bins::default().calibration().expected_error, 0.0);
    }
}
