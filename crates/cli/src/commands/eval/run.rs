//! The state of an evaluation: the counts so far, including those of an earlier run.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::dataset::Dataset;
use crate::eval::{
    EvaluationProvenance, Identity, Journal, LabelledPrediction, Tally, UnreadableImage,
    fingerprint,
};
use resnet_wgpu::{Classifier, Labels, Model, WaitTimes};

use crate::failure::{Failure, with_sources};
use crate::progress::Progress;
use crate::stream::limit;
use crate::term;
use resnet_wgpu_bench::text::number::{rate, thousands};

/// The state of an evaluation in progress.
pub struct EvaluationRun<'a> {
    data: &'a Dataset,
    labels: &'a Labels,
    tally: Tally,
    journal: Option<Journal>,
    /// For each requested image, true if the image has a prediction.
    known: Vec<bool>,
    resumed: u64,
    unreadable: Vec<UnreadableImage>,
    start: Instant,
    duration: Duration,
    /// The number of images that this run evaluated.
    evaluated: u64,
    limited_by: &'static str,
    failure: Option<Failure>,
    interrupted: bool,
}

impl<'a> EvaluationRun<'a> {
    /// Creates an empty run over the first `wanted` images.
    pub fn new(data: &'a Dataset, labels: &'a Labels, classes: usize, wanted: usize) -> Self {
        Self {
            data,
            labels,
            tally: Tally::new(classes),
            journal: None,
            known: vec![false; wanted],
            resumed: 0,
            unreadable: vec![],
            start: Instant::now(),
            duration: Duration::ZERO,
            evaluated: 0,
            limited_by: "nothing",
            failure: None,
            interrupted: false,
        }
    }

    /// Takes over the predictions of an earlier run from a file, and stores further predictions
    /// there.
    pub fn resume(
        &mut self,
        path: &Path,
        model: &Model,
        classifier: &Classifier,
    ) -> Result<(), Failure> {
        let run = fingerprint(&Identity {
            model,
            data: self.data,
            preprocess: classifier.preprocess(),
            views: classifier.views(),
            precision: classifier.session().precision(),
        })?;
        let classes = self.tally.classes().len();
        let journal = Journal::open(path, &run, |prediction| {
            if self.data.label(prediction.index) != Some(prediction.label) {
                return Err(format!(
                    "a label that differs from that of image {}",
                    prediction.index
                ));
            }
            if prediction.top.is_empty() || prediction.top.iter().any(|&class| class >= classes) {
                return Err(format!("a class that is not among the network's {classes}"));
            }
            if !(0.0..=1.0).contains(&prediction.confidence) {
                return Err(format!("a confidence of {}", prediction.confidence));
            }
            // A repeated image counts once; an image beyond the limit is not counted.
            if let Some(known @ false) = self.known.get_mut(prediction.index) {
                *known = true;
                self.tally.add(&prediction);
            }
            Ok(())
        });
        self.journal = Some(journal.map_err(|e| Failure::new(with_sources(&e)))?);
        self.resumed = self.tally.images();
        let done = self.resumed;
        let wanted = self.known.len() as u64;
        if done > 0 {
            let next = if done == wanted {
                "nothing is left to do"
            } else {
                "continuing with the others"
            };
            term::note(&format!(
                "{}: {} of {} images were evaluated by an earlier run; {next}",
                term::display_path(path),
                thousands(done),
                thousands(wanted),
            ));
        }
        Ok(())
    }

    /// Returns the indices of the images without a prediction.
    pub fn remaining(&self) -> Vec<usize> {
        (0..self.known.len()).filter(|&i| !self.known[i]).collect()
    }

    /// Starts the clock.
    pub fn begin(&mut self) {
        self.start = Instant::now();
    }

    /// Counts a prediction and stores it.
    pub fn record(&mut self, prediction: &LabelledPrediction) -> Result<(), Failure> {
        if let Some(journal) = &mut self.journal {
            let added = journal.add(prediction, self.labels);
            added.map_err(|e| Failure::new(with_sources(&e)))?;
        }
        self.tally.add(prediction);
        self.evaluated += 1;
        Ok(())
    }

    /// Counts and reports an image that cannot be read.
    pub fn skip(&mut self, index: usize, error: String, bar: &Progress) {
        bar.suspend(|| term::error(&error));
        let image = self.data.name(index);
        self.unreadable.push(UnreadableImage { image, error });
    }

    /// Returns the text after the progress bar.
    pub fn message(&self, waits: &WaitTimes) -> String {
        let speed = self.evaluated as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
        format!(
            "top-1 {:.2} %, {} images/s, limited by {}",
            100.0 * self.tally.top1().value,
            rate(speed),
            limit(waits)
        )
    }

    /// Stops the clock.
    pub fn end(&mut self, waits: &WaitTimes) {
        self.duration = self.start.elapsed();
        if self.evaluated > 0 {
            self.limited_by = limit(waits);
        }
    }

    /// Records that the user interrupted the run. Has no effect if all images are evaluated.
    pub fn interrupt(&mut self) {
        let done = self.images() + self.unreadable.len() as u64;
        if done < self.known.len() as u64 {
            self.interrupted = true;
            self.failure = Some(Failure::new(if self.journal.is_some() {
                "interrupted: the same command continues from here"
            } else {
                "interrupted: with --save FILE.csv, the same command would continue from here"
            }));
        }
    }

    /// Records that an error ended the run early.
    pub fn fail(&mut self, failure: Failure) {
        self.interrupted = true;
        self.failure = Some(failure);
    }

    /// Takes the reason why the run ended early.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Returns the number of evaluated images, including those of an earlier run.
    pub fn images(&self) -> u64 {
        self.tally.images()
    }

    /// Returns the counts.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes the images that could not be read.
    pub fn take_unreadable(&mut self) -> Vec<UnreadableImage> {
        std::mem::take(&mut self.unreadable)
    }

    /// Returns the provenance of the results, as far as the run knows it.
    pub fn provenance(&self) -> EvaluationProvenance {
        let seconds = self.duration.as_secs_f64();
        EvaluationProvenance {
            resumed: self.resumed,
            interrupted: self.interrupted,
            seconds,
            images_per_second: self.evaluated as f64 / seconds.max(1e-9),
            limited_by: self.limited_by.into(),
            ..Default::default()
        }
    }
}
