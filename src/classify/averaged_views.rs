//! Averages several views of a picture.

use super::Scores;

/// Averages the probabilities of a picture's views (He 2015, section 3.4).
#[derive(Debug, Clone)]
pub(super) struct AveragedViews {
    views: usize,
    seen: usize,
    /// The logits, used only if a picture has a single view.
    logits: Vec<f32>,
    /// Sums in f64, so that the mean does not depend on the order.
    sums: Vec<f64>,
}

impl AveragedViews {
    /// Creates an average of `views` views for each picture, at least one.
    pub fn new(views: usize) -> Self {
        Self {
            views: views.max(1),
            seen: 0,
            logits: vec![],
            sums: vec![],
        }
    }

    /// Adds image `index` of a batch as the next view.
    pub fn add(&mut self, scores: &Scores, index: usize) {
        let probabilities = scores.probabilities_of(index);
        if self.seen == 0 {
            self.sums.clear();
            self.sums.resize(probabilities.len(), 0.0);
        }
        for (sum, &p) in self.sums.iter_mut().zip(probabilities) {
            *sum += f64::from(p);
        }
        if self.views == 1 {
            self.logits.clear();
            self.logits.extend_from_slice(scores.logits_of(index));
        }
        self.seen += 1;
    }

    /// Returns whether all views have been added.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(dead_code, reason = "folders are read natively")
    )]
    pub fn is_whole(&self) -> bool {
        self.seen >= self.views
    }

    /// Replaces `scores` by the mean, as a batch of one image, and begins with the next picture.
    /// With a single view, the logits are those of the view. With several views, the logits are the
    /// logarithms of the mean probabilities; their softmax is the mean again.
    pub fn take_into(&mut self, scores: &mut Scores) {
        let n = self.seen.max(1) as f64;
        scores.classes = self.sums.len();
        scores.probabilities.clear();
        let mean = self.sums.iter().map(|sum| sum / n);
        scores.probabilities.extend(mean.clone().map(|p| p as f32));
        scores.logits.clear();
        match self.views {
            1 => scores.logits.extend_from_slice(&self.logits),
            _ => scores.logits.extend(mean.map(|p| p.ln() as f32)),
        }
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_view_keeps_its_logits() {
        let scores = Scores {
            logits: vec![1.0, 5.0, 7.0, 2.0],
            probabilities: vec![0.1, 0.9, 0.8, 0.2],
            classes: 2,
            layers: vec![],
        };
        let (mut mean, mut answer) = (AveragedViews::new(1), Scores::default());
        for (index, logits) in [[1.0, 5.0], [7.0, 2.0]].into_iter().enumerate() {
            assert!(!mean.is_whole());
            mean.add(&scores, index);
            mean.take_into(&mut answer);
            assert_eq!(answer.logits, logits);
            assert_eq!(answer.top(0, 1), [1 - index]);
        }
    }

    #[test]
    fn several_views_give_the_mean() {
        let views = Scores {
            logits: vec![0.0, 0.0, 3f32.ln(), 0.0],
            probabilities: vec![0.5, 0.5, 0.75, 0.25],
            classes: 2,
            layers: vec![],
        };
        let (mut mean, mut answer) = (AveragedViews::new(2), Scores::default());
        mean.add(&views, 0);
        assert!(!mean.is_whole());
        mean.add(&views, 1);
        assert!(mean.is_whole());
        mean.take_into(&mut answer);
        assert_eq!(answer.probabilities, [0.625, 0.375]);
    }

    #[test]
    fn what_no_view_holds_possible_comes_last() {
        let scores = Scores {
            logits: vec![0.0; 3],
            probabilities: vec![0.0, 1.0, 0.0],
            classes: 3,
            layers: vec![],
        };
        let (mut mean, mut answer) = (AveragedViews::new(2), Scores::default());
        mean.add(&scores, 0);
        mean.add(&scores, 0);
        mean.take_into(&mut answer);
        assert_eq!(answer.logits, [f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY]);
        assert_eq!(answer.top(0, 3), [1, 0, 2]);
    }
}
