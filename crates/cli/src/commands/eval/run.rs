//! The state of an evaluation: the counts so far, including those of an earlier run.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::dataset::Dataset;
use crate::eval::{About, Answer, Broken, Identity, Journal, Tally, fingerprint};
use resnet_wgpu::{Classifier, Labels, Model, Waits};

use crate::failure::{Failure, with_sources};
use crate::progress::Progress;
use crate::stream::limit;
use crate::term;
use resnet_wgpu_bench::text::number::{rate, thousands};

/// The state of an evaluation in progress.
pub struct Run<'a> {
    data: &'a Dataset,
    labels: &'a Labels,
    tally: Tally,
    journal: Option<Journal>,
    /// For each requested image, true if the image has a prediction.
    known: Vec<bool>,
    resumed: u64,
    broken: Vec<Broken>,
    strict: bool,
    begun: Instant,
    took: Duration,
    /// The number of images that this run evaluated.
    now: u64,
    limited_by: &'static str,
    ended: Option<Failure>,
    interrupted: bool,
}

impl<'a> Run<'a> {
    /// Creates an empty run over the first `wanted` images.
    pub fn new(
        data: &'a Dataset,
        labels: &'a Labels,
        classes: usize,
        wanted: usize,
        strict: bool,
    ) -> Self {
        Self {
            data,
            labels,
            tally: Tally::new(classes),
            journal: None,
            known: vec![false; wanted],
            resumed: 0,
            broken: vec![],
            strict,
            begun: Instant::now(),
            took: Duration::ZERO,
            now: 0,
            limited_by: "nothing",
            ended: None,
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
        let journal = Journal::open(path, &run, |answer| {
            if self.data.label(answer.index) != Some(answer.label) {
                return Err(format!(
                    "a label that differs from that of image {}",
                    answer.index
                ));
            }
            if answer.top.is_empty() || answer.top.iter().any(|&class| class >= classes) {
                return Err(format!("a class that is not among the network's {classes}"));
            }
            if !(0.0..=1.0).contains(&answer.confidence) {
                return Err(format!("a confidence of {}", answer.confidence));
            }
            // A repeated image counts once; an image beyond the limit is not counted.
            if let Some(known @ false) = self.known.get_mut(answer.index) {
                *known = true;
                self.tally.add(&answer);
            }
            Ok(())
        });
        self.journal = Some(journal.map_err(|e| Failure::new(with_sources(&e)))?);
        self.resumed = self.tally.images();
        let (done, wanted) = (self.resumed, self.known.len() as u64);
        if done > 0 {
            let next = if done == wanted {
                "nothing is left to do"
            } else {
                "continuing with the others"
            };
            term::note(&format!(
                "{}: {} of {} images were evaluated by an earlier run; {next}",
                term::shown(path),
                thousands(done),
                thousands(wanted),
            ));
        }
        Ok(())
    }

    /// Returns the indices of the images without a prediction.
    pub fn left(&self) -> Vec<usize> {
        (0..self.known.len()).filter(|&i| !self.known[i]).collect()
    }

    /// Starts the clock.
    pub fn begin(&mut self) {
        self.begun = Instant::now();
    }

    /// Counts a prediction and stores it.
    pub fn answered(&mut self, answer: &Answer) -> Result<(), Failure> {
        if let Some(journal) = &mut self.journal {
            let added = journal.add(answer, self.labels);
            added.map_err(|e| Failure::new(with_sources(&e)))?;
        }
        self.tally.add(answer);
        self.now += 1;
        Ok(())
    }

    /// Counts an image that cannot be read. Returns an error in strict mode, which ends the run.
    pub fn broken(&mut self, index: usize, error: String, bar: &Progress) -> Result<(), Failure> {
        if self.strict {
            return Err(Failure::new(error));
        }
        bar.aside(|| term::error(&error));
        let image = self.data.name(index);
        self.broken.push(Broken { image, error });
        Ok(())
    }

    /// Returns the text after the progress bar.
    pub fn message(&self, waits: &Waits) -> String {
        let speed = self.now as f64 / self.begun.elapsed().as_secs_f64().max(1e-9);
        format!(
            "top-1 {:.2} %, {} images/s, limited by {}",
            100.0 * self.tally.top1().value,
            rate(speed),
            limit(waits)
        )
    }

    /// Stops the clock. `stopped` is whether the user interrupted the run, `kept` whether
    /// predictions are stored in a file.
    pub fn end(&mut self, waits: &Waits, stopped: bool, kept: bool) {
        self.took = self.begun.elapsed();
        if self.now > 0 {
            self.limited_by = limit(waits);
        }
        let seen = self.images() + self.broken.len() as u64;
        if stopped && seen < self.known.len() as u64 {
            self.interrupted = true;
            self.ended = Some(Failure::new(if kept {
                "interrupted: the same command continues from here"
            } else {
                "interrupted: with --save FILE.csv, the same command would continue from here"
            }));
        }
    }

    /// Records that an error ended the run early.
    pub fn fail(&mut self, failure: Failure) {
        self.interrupted = true;
        self.ended = Some(failure);
    }

    /// Takes the reason why the run ended early.
    pub fn ended(&mut self) -> Option<Failure> {
        self.ended.take()
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
    pub fn take_failures(&mut self) -> Vec<Broken> {
        std::mem::take(&mut self.broken)
    }

    /// Returns the provenance of the results, as far as the run knows it.
    pub fn about(&self) -> About {
        let seconds = self.took.as_secs_f64();
        About {
            resumed: self.resumed,
            interrupted: self.interrupted,
            seconds,
            images_per_second: self.now as f64 / seconds.max(1e-9),
            limited_by: self.limited_by.into(),
            ..Default::default()
        }
    }
}
