//! Counts answers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::calibration::Bins;
use super::{Answer, Calibration, Share};

/// Wrong answers that are kept to be shown, the surest of them.
const MISTAKES: usize = 24;

/// What has been counted so far. Its memory does not grow with the images.
#[derive(Debug, Clone)]
pub struct Tally {
    first: u64,
    five: u64,
    classes: Vec<ClassCount>,
    /// Images of the first class that were taken for the second, another.
    confused: BTreeMap<(usize, usize), u64>,
    bins: Bins,
    mistakes: Vec<Answer>,
}

/// Counts of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCount {
    /// Images of it.
    pub images: u64,
    /// Those that were taken for it.
    pub right: u64,
    /// Images of any class that were taken for it.
    pub answered: u64,
}

impl Tally {
    /// Nothing yet, for a network of so many classes.
    pub fn new(classes: usize) -> Self {
        Self {
            first: 0,
            five: 0,
            classes: vec![ClassCount::default(); classes],
            confused: BTreeMap::new(),
            bins: Bins::default(),
            mistakes: vec![],
        }
    }

    /// Counts an answer.
    pub fn add(&mut self, answer: &Answer) {
        let right = answer.is_right();
        self.first += u64::from(right);
        self.five += u64::from(answer.is_near());
        if let Some(class) = self.classes.get_mut(answer.label) {
            class.images += 1;
            class.right += u64::from(right);
        }
        if let Some(predicted) = answer.predicted() {
            if let Some(class) = self.classes.get_mut(predicted) {
                class.answered += 1;
            }
            if !right {
                *self.confused.entry((answer.label, predicted)).or_default() += 1;
                self.keep(answer);
            }
        }
        self.bins.add(answer);
    }

    /// Keeps a mistake if it is one of the surest; among equals the first in
    /// the dataset, so that a run that was interrupted keeps the same.
    fn keep(&mut self, answer: &Answer) {
        let order = |a: &Answer| (Reverse(ordered(a.confidence)), a.index);
        let at = self
            .mistakes
            .partition_point(|kept| order(kept) < order(answer));
        if at < MISTAKES {
            self.mistakes.truncate(MISTAKES - 1);
            self.mistakes.insert(at, answer.clone());
        }
    }

    /// Images counted.
    pub fn images(&self) -> u64 {
        self.classes.iter().map(|class| class.images).sum()
    }

    /// How often the first class is right.
    pub fn top1(&self) -> Share {
        Share::new(self.first, self.images())
    }

    /// How often one of the first five is.
    pub fn top5(&self) -> Share {
        Share::new(self.five, self.images())
    }

    /// The counts of each class.
    pub fn classes(&self) -> &[ClassCount] {
        &self.classes
    }

    /// Pairs of a class and another that its images were taken for, with how
    /// many: the most first.
    pub fn confused(&self) -> Vec<((usize, usize), u64)> {
        let mut pairs: Vec<_> = self.confused.iter().map(|(p, n)| (*p, *n)).collect();
        pairs.sort_by_key(|&(pair, n)| (Reverse(n), pair));
        pairs
    }

    /// Images of class `label` that were taken for `predicted`.
    pub fn taken(&self, label: usize, predicted: usize) -> u64 {
        match label == predicted {
            true => self.classes.get(label).map_or(0, |class| class.right),
            false => self.confused.get(&(label, predicted)).copied().unwrap_or(0),
        }
    }

    /// Confidence against accuracy.
    pub fn calibration(&self) -> Calibration {
        self.bins.calibration()
    }

    /// The surest of the wrong answers, the surest first.
    pub fn mistakes(&self) -> &[Answer] {
        &self.mistakes
    }
}

/// A probability in the order of numbers, a NaN below all.
fn ordered(confidence: f32) -> u32 {
    confidence.max(0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(index: usize, label: usize, top: &[usize], confidence: f32) -> Answer {
        Answer {
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
        tally.add(&answer(0, 0, &[0, 1], 0.9));
        tally.add(&answer(1, 0, &[1, 0], 0.8));
        tally.add(&answer(2, 1, &[2, 0], 0.7));
        tally.add(&answer(3, 0, &[1, 2], 0.95));
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
            (tally.taken(0, 0), tally.taken(0, 1), tally.taken(2, 2)),
            (1, 2, 0)
        );
        let surest: Vec<_> = tally.mistakes().iter().map(|a| a.index).collect();
        assert_eq!(surest, [3, 1, 2]);
    }

    #[test]
    fn the_surest_mistakes_are_kept_in_any_order_of_arrival() {
        let all: Vec<_> = (0..100)
            .map(|i| answer(i, 0, &[1], [0.5, 0.9, 0.7, f32::NAN][i % 4]))
            .collect();
        let kept = |answers: &mut dyn Iterator<Item = &Answer>| {
            let mut tally = Tally::new(2);
            answers.for_each(|a| tally.add(a));
            tally.mistakes().iter().map(|a| a.index).collect::<Vec<_>>()
        };
        let found = kept(&mut all.iter());
        assert_eq!(found, kept(&mut all.iter().rev()));
        assert_eq!(found.len(), MISTAKES);
        assert_eq!(found[..2], [1, 5]);
    }
}
