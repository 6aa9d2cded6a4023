//! Whether a network is as often right as it is sure.

use serde::Serialize;

use super::Answer;

/// Bins of confidence, of equal width, as Guo et al. count.
const BINS: usize = 15;

/// The answers of one range of confidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Lower end of the range, left out but for 0.
    pub from: f64,
    /// Upper end, counted in.
    pub to: f64,
    /// Answers in it.
    pub images: u64,
    /// Their mean confidence, 0 to 1; 0 of none.
    pub confidence: f64,
    /// The share of them that is right; 0 of none.
    pub accuracy: f64,
}

/// Confidence against accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Expected calibration error (Guo et al. 2017, equation 3): the difference
    /// of confidence and accuracy, averaged over the bins by their images.
    pub expected_error: f64,
    /// The bins, from 0 to 1.
    pub bins: Vec<Bin>,
}

/// Sums of a bin.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    images: u64,
    right: u64,
    confidence: f64,
}

/// Counts answers by their confidence.
#[derive(Debug, Clone, Default)]
pub(super) struct Bins([Sums; BINS]);

impl Bins {
    pub fn add(&mut self, answer: &Answer) {
        let confidence = f64::from(answer.confidence);
        // Ranges hold their upper end, which f32 has where f64 has a little more.
        // A NaN is sure of nothing.
        let place = (answer.confidence * BINS as f32).ceil() - 1.0;
        let place = (place.max(0.0) as usize).min(BINS - 1);
        let sums = &mut self.0[place];
        sums.images += 1;
        sums.right += u64::from(answer.is_right());
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
        let answer = |confidence, right: bool| Answer {
            index: 0,
            image: String::new(),
            label: usize::from(!right),
            top: vec![0],
            confidence,
        };
        // Three of confidence 0.95, two of them right; one of 0.2, wrong.
        for right in [true, true, false] {
            bins.add(&answer(0.95, right));
        }
        bins.add(&answer(0.2, false));
        let found = bins.calibration();
        let expected = (3.0 * (0.95 - 2.0 / 3.0) + 0.2) / 4.0;
        assert!((found.expected_error - expected).abs() < 1e-6);
        assert_eq!((found.bins[14].images, found.bins[2].images), (3, 1));
        for (confidence, bin) in [(0.0, 0), (1.0, 14), (f32::NAN, 0), (1.5, 14)] {
            let mut bins = Bins::default();
            bins.add(&answer(confidence, true));
            assert_eq!(bins.calibration().bins[bin].images, 1);
        }
        assert_eq!(Bins::default().calibration().expected_error, 0.0);
    }
}
