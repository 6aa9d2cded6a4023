//! Counts predictions.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::calibration::Bins;
use super::{Calibration, LabelledPrediction, Proportion};

/// The number of wrong predictions that are kept to be shown, the most confident first.
const MAX_MISTAKES: usize = 24;

/// The counts so far. Their memory does not grow with the number of images.
#[derive(Debug, Clone)]
pub struct Tally {
    top1: u64,
    top5: u64,
    classes: Vec<ClassCount>,
    /// The number of images for each pair of a correct class and a different predicted class.
    confused: BTreeMap<(usize, usize), u64>,
    bins: Bins,
    mistakes: Vec<LabelledPrediction>,
}

/// The counts of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCount {
    /// The number of images of the class.
    pub images: u64,
    /// The number of images of the class that are predicted correctly.
    pub right: u64,
    /// The number of images, of any class, for which this class is predicted.
    pub answered: u64,
}

impl Tally {
    /// Creates an empty tally for a network of `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            top1: 0,
            top5: 0,
            classes: vec![ClassCount::default(); classes],
            confused: BTreeMap::new(),
            bins: Bins::default(),
            mistakes: vec![],
        }
    }

    /// Counts a prediction.
    pub fn add(&mut self, prediction: &LabelledPrediction) {
        let right = prediction.is_correct();
        self.top1 += u64::from(right);
        self.top5 += u64::from(prediction.is_in_top5());
        if let Some(class) = self.classes.get_mut(prediction.label) {
            class.images += 1;
            class.right += u64::from(right);
        }
        if let Some(predicted) = prediction.predicted() {
            if let Some(class) = self.classes.get_mut(predicted) {
                class.answered += 1;
            }
            if !right {
                *self
                    .confused
                    .entry((prediction.label, predicted))
                    .or_default() += 1;
                self.keep_mistake(prediction);
            }
        }
        self.bins.add(prediction);
    }

    /// Keeps a mistake if it is among the most confident. Ties are resolved by the order in the
    /// dataset, so that a resumed run keeps the mistakes of an uninterrupted one.
    fn keep_mistake(&mut self, prediction: &LabelledPrediction) {
        let order = |a: &LabelledPrediction| (Reverse(sort_key(a.confidence)), a.index);
        let at = self
            .mistakes
            .partition_point(|kept| order(kept) < order(prediction));
        if at < MAX_MISTAKES {
            self.mistakes.truncate(MAX_MISTAKES - 1);
            self.mistakes.insert(at, prediction.clone());
        }
    }

    /// Returns the number of counted images.
    pub fn images(&self) -> u64 {
        self.classes.iter().map(|class| class.images).sum()
    }

    /// Returns the top-1 accuracy.
    pub fn top1(&self) -> Proportion {
        Proportion::new(self.top1, self.images())
    }

    /// Returns the top-5 accuracy.
    pub fn top5(&self) -> Proportion {
        Proportion::new(self.top5, self.images())
    }

    /// Returns the counts of each class.
    pub fn classes(&self) -> &[ClassCount] {
        &self.classes
    }

    /// Returns the number of images for each pair of a correct class and a different predicted
    /// class, in descending order of the number.
    pub fn confused(&self) -> Vec<((usize, usize), u64)> {
        let mut pairs: Vec<_> = self.confused.iter().map(|(p, n)| (*p, *n)).collect();
        pairs.sort_by_key(|&(pair, n)| (Reverse(n), pair));
        pairs
    }

    /// Returns the number of images of class `label` for which `predicted` was predicted.
    pub fn confusion_count(&self, label: usize, predicted: usize) -> u64 {
        if label == predicted {
            self.classes.get(label).map_or(0, |class| class.right)
        } else {
            self.confused.get(&(label, predicted)).copied().unwrap_or(0)
        }
    }

    /// Returns the confidence compared with the accuracy.
    pub fn calibration(&self) -> Calibration {
        self.bins.calibration()
    }

    /// Returns the kept mistakes, the most confident first.
    pub fn mistakes(&self) -> &[LabelledPrediction] {
        &self.mistakes
    }
}

/// Maps a probability to an integer of the same order. NaN maps to 0, the lowest.
fn sort_key(confidence: f32) -> u32 {
    confidence.max(0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(
        index: usize,
        label: usize,
        top: &[usize],
        confidence: f32,
    ) -> LabelledPrediction {
        LabelledPrediction {
            index,
            image: index.to_string(),
            label,
            top: top.to_vec(),
            confidence,
        }
    }

    #[test]
    fn answers_are_counted() {
        let mut tally = Tally::new(3);
        tally.add(&prediction(0, 0, &[0, 1], 0.9));
        tally.add(&prediction(1, 0, &[1, 0], 0.8));
        tally.add(&prediction(2, 1, &[2, 0], 0.7));
        tally.add(&prediction(3, 0, &[1, 2], 0.95));
        assert_eq!((tally.top1().count, tally.top5().count), (1, 2));
        assert_eq!(tally.top1().value, 0.25);
        assert_eq!(tally.confused(), [((0, 1), 2), ((1, 2), 1)]);
        let zero = ClassCount {
            images: 3,
            right: 1,
            answered: 1,
        };
        assert_eq!(tally.classes()[0], zero);
        assert_eq!(
            (
                tally.confusion_count(0, 0),
                tally.confusion_count(0, 1),
                tally.confusion_count(2, 2)
            ),
            (1, 2, 0)
        );
        let surest: Vec<_> = tally.mistakes().iter().map(|a| a.index).collect();
        assert_eq!(surest, [3, 1, 2]);
    }

    #[test]
    fn the_surest_mistakes_are_kept_in_any_order_of_arrival() {
        let all: Vec<_> = (0..100)
            .map(|i| prediction(i, 0, &[1], [0.5, 0.9, 0.7, f32::NAN][i % 4]))
            .collect();
        let kept = |predictions: &mut dyn Iterator<Item = &LabelledPrediction>| {
            let mut tally = Tally::new(2);
            predictions.for_each(|a| tally.add(a));
            tally.mistakes().iter().map(|a| a.index).collect::<Vec<_>>()
        };
        let found = kept(&mut all.iter());
        assert_eq!(found, kept(&mut all.iter().rev()));
        assert_eq!(found.len(), MAX_MISTAKES);
        assert_eq!(found[..2], [1, 5]);
    }
}
