//! Many pictures at full speed: decoded on all cores, run in batches, several of
//! them in flight, and returned in order.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use super::averaged_views::AveragedViews;
use super::decode_ahead::decode_ahead;
use super::{Classifier, Prediction, RunForm, Scores, size_of};
use crate::error::{Error, ErrorKind};
use crate::gpu::{Images, Intake};
use crate::graph::GraphError;
use crate::plan::PlanError;
use crate::preprocess::{ImageLimits, RgbImage, decode_file};
use crate::session::{CompiledNetwork, Run, Session};

/// The outcome of one picture.
#[derive(Debug)]
pub enum PictureOutcome<'a, E> {
    /// The scores of the picture are those of image `.1` of a batch. If the picture has
    /// several views, their mean.
    Scored(&'a Scores, usize),
    /// The picture could not be read.
    Unread(E),
    /// The picture was read and could not be classified.
    Failed {
        /// Why.
        error: Error,
        /// Width and height of the view that the network or the device has no room for.
        size: Option<(u32, u32)>,
    },
}

/// The time that the thread that feeds the device has waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitTimes {
    /// For pictures to be decoded.
    pub decoding: Duration,
    /// For the device to take or to finish a batch.
    pub device: Duration,
}

impl Classifier {
    /// The `k` likeliest classes of each image file, at full speed: files are decoded on
    /// all cores while the device computes. `each` receives the results in the order of
    /// the paths, on this thread. [`ClassifierOptions::batch`] makes runs larger.
    ///
    /// ```
    /// use resnet_wgpu::{Classifier, Device, Model};
    ///
    /// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
    /// let paths = ["photos/chelsea.png", "photos/rocket.jpg", "photos/missing.jpg"];
    /// classifier.classify_all(&paths, 1, |path, result| match result {
    ///     Ok(best) => println!("{}: {}", path.display(), best[0].label),
    ///     Err(error) => eprintln!("{error}"),
    /// })?;
    /// # Ok::<(), resnet_wgpu::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error of one picture is passed to `each`. An error of the device
    /// ([`ErrorKind::DeviceLost`]) ends the call; pictures in flight are lost.
    ///
    /// [`ClassifierOptions::batch`]: super::ClassifierOptions::batch
    pub fn classify_all<P: AsRef<Path> + Sync>(
        &self,
        paths: &[P],
        k: usize,
        mut each: impl FnMut(&Path, Result<Vec<Prediction>, Error>),
    ) -> Result<(), Error> {
        let load = |path: &P| decode_file(path, &ImageLimits::default()).map_err(Error::from);
        self.score_all(paths, load, |index, outcome, _| {
            let best = match outcome {
                PictureOutcome::Scored(scores, at) => Ok(self.top(scores, at, k)),
                PictureOutcome::Unread(error) | PictureOutcome::Failed { error, .. } => Err(error),
            };
            each(paths[index].as_ref(), best);
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// The scores of many pictures, at full speed. `load` reads a picture, on any thread.
    /// `each` receives the index of an item, what became of it, and the waits so far, on
    /// this thread and in the order of the items. After [`ControlFlow::Break`] no further
    /// picture is begun; those on the device are finished, and still passed to `each`.
    ///
    /// # Errors
    /// As [`Classifier::classify_all`].
    pub fn score_all<T: Sync, E: Send>(
        &self,
        items: &[T],
        load: impl Fn(&T) -> Result<RgbImage, E> + Sync,
        each: impl FnMut(usize, PictureOutcome<'_, E>, &WaitTimes) -> ControlFlow<()>,
    ) -> Result<WaitTimes, Error> {
        let (preprocess, views) = (self.preprocess(), self.views());
        let prepare = |item: &T| {
            let image = load(item).map_err(PictureOutcome::Unread)?;
            let crops = preprocess.views(&image, views);
            crops.map_err(|error| PictureOutcome::Failed {
                error: error.into(),
                size: None,
            })
        };
        // Enough for every core and for the next batches, and no more: the views of a
        // picture may take megabytes.
        let cores = available_parallelism().map_or(1, |n| n.get());
        let window = (2 * self.batch()).div_ceil(views.count()).max(2 * cores);
        let session = self.session();
        let mut feeder = Feeder {
            classifier: self,
            most: session.max_in_flight(),
            next: None,
            bytes: vec![],
            views: 0,
            filled: vec![],
            started: VecDeque::new(),
            spare: vec![],
            scores: Scores::default(),
            averaged: AveragedViews::new(views.count()),
            answer: Scores::default(),
            waits: WaitTimes::default(),
            flow: ControlFlow::Continue(()),
            session,
            each,
        };
        let mut fed = Ok(());
        let mut since = Instant::now();
        decode_ahead(items, window, prepare, |index, crops| {
            feeder.waits.decoding += since.elapsed();
            match crops {
                Ok(crops) => fed = feeder.take(index, &crops),
                Err(outcome) => feeder.report_in_turn(index, outcome),
            }
            since = Instant::now();
            match fed {
                Ok(()) => feeder.flow,
                Err(_) => ControlFlow::Break(()),
            }
        });
        fed?;
        feeder.end()?;
        Ok(feeder.waits)
    }
}

/// Fills one batch while others are computed.
struct Feeder<'a, E, F> {
    classifier: &'a Classifier,
    session: Session,
    /// Batches that may be in flight.
    most: usize,
    /// The network for the batch that is filled.
    next: Option<Arc<CompiledNetwork>>,
    /// The views of that batch, their number, and what is to be reported with it.
    bytes: Vec<u8>,
    views: usize,
    filled: Vec<Entry<E>>,
    /// The oldest first.
    started: VecDeque<(Run, Vec<Entry<E>>)>,
    /// An empty list of entries.
    spare: Vec<Entry<E>>,
    scores: Scores,
    /// The item whose views are coming in.
    averaged: AveragedViews,
    answer: Scores,
    waits: WaitTimes,
    flow: ControlFlow<()>,
    each: F,
}

/// A report that follows when a batch is finished.
enum Entry<E> {
    /// The next view of the batch, of that item.
    View(usize),
    /// An item without scores, which follows pictures that are not finished yet.
    Unscored(usize, PictureOutcome<'static, E>),
}

impl<E, F> Feeder<'_, E, F>
where
    F: FnMut(usize, PictureOutcome<'_, E>, &WaitTimes) -> ControlFlow<()>,
{
    /// The network for a view.
    fn network(&self, view: &RgbImage) -> Result<Arc<CompiledNetwork>, Error> {
        let size = size_of(view);
        if let Some(next) = self.next.as_ref().filter(|next| next.key.size == size) {
            return Ok(Arc::clone(next));
        }
        let compiled = self
            .classifier
            .compiled(&self.session, size, RunForm::Batch);
        self.session.device().block_on(compiled)?
    }

    /// Adds the views of a picture.
    fn take(&mut self, index: usize, views: &[RgbImage]) -> Result<(), Error> {
        // Before any view of the picture is run.
        for view in views {
            match self.network(view) {
                Err(error) if is_of_size(&error) => {
                    let size = Some(view.dimensions());
                    self.report_in_turn(index, PictureOutcome::Failed { error, size });
                    return Ok(());
                }
                compiled => drop(compiled?),
            }
        }
        for view in views {
            let compiled = self.network(view)?;
            let fits = |next: &Arc<CompiledNetwork>| next.key.size == compiled.key.size;
            if self.views > 0 && !self.next.as_ref().is_some_and(fits) {
                self.start()?;
            }
            self.bytes.extend_from_slice(view.as_raw());
            self.filled.push(Entry::View(index));
            self.views += 1;
            let is_full = self.views == compiled.batch;
            self.next = Some(compiled);
            if is_full {
                self.start()?;
            }
        }
        Ok(())
    }

    /// Starts the batch once fewer than `most` are in flight.
    fn start(&mut self) -> Result<(), Error> {
        let Some(compiled) = self.next.clone() else {
            return Ok(());
        };
        while self.started.len() >= self.most {
            self.finish()?;
        }
        let since = Instant::now();
        let images = Intake::Host(Images::Rgb8(&self.bytes));
        let run = self.session.start_with(&compiled, images);
        let run = self.session.device().block_on(run)??;
        self.waits.device += since.elapsed();
        self.bytes.clear();
        self.views = 0;
        let items = std::mem::replace(&mut self.filled, std::mem::take(&mut self.spare));
        self.started.push_back((run, items));
        Ok(())
    }

    /// Waits for the oldest batch and reports its pictures.
    fn finish(&mut self) -> Result<(), Error> {
        let Some((run, mut items)) = self.started.pop_front() else {
            return Ok(());
        };
        let since = Instant::now();
        self.classifier.read(run, &mut self.scores)?;
        self.waits.device += since.elapsed();
        let scores = std::mem::take(&mut self.scores);
        let mut answer = std::mem::take(&mut self.answer);
        let has_one_view = self.classifier.views().count() == 1;
        let mut at = 0;
        for entry in items.drain(..) {
            let index = match entry {
                Entry::View(index) => index,
                Entry::Unscored(index, outcome) => {
                    self.report(index, outcome);
                    continue;
                }
            };
            if has_one_view {
                self.report_scores(index, &scores, at);
            } else {
                self.averaged.add(&scores, at);
                if self.averaged.is_whole() {
                    self.averaged.take_into(&mut answer);
                    self.report_scores(index, &answer, 0);
                }
            }
            at += 1;
        }
        (self.scores, self.answer, self.spare) = (scores, answer, items);
        Ok(())
    }

    fn report_scores(&mut self, index: usize, scores: &Scores, at: usize) {
        let outcome = match self.classifier.check(scores, at) {
            Ok(()) => PictureOutcome::Scored(scores, at),
            Err(error) => PictureOutcome::Failed { error, size: None },
        };
        self.report(index, outcome);
    }

    /// Reports an item without scores after the pictures before it.
    fn report_in_turn(&mut self, index: usize, outcome: PictureOutcome<'static, E>) {
        if self.views > 0 {
            self.filled.push(Entry::Unscored(index, outcome));
        } else if let Some((_, items)) = self.started.back_mut() {
            items.push(Entry::Unscored(index, outcome));
        } else {
            self.report(index, outcome);
        }
    }

    fn report(&mut self, index: usize, outcome: PictureOutcome<'_, E>) {
        if (self.each)(index, outcome, &self.waits).is_break() {
            self.flow = ControlFlow::Break(());
        }
    }

    /// Runs what is left, unless no further picture is to be begun, and finishes what is
    /// on the device.
    fn end(&mut self) -> Result<(), Error> {
        if self.flow.is_continue() && self.views > 0 {
            self.start()?;
        }
        while !self.started.is_empty() {
            self.finish()?;
        }
        Ok(())
    }
}

/// Returns whether an error is about the size of a picture, and others may fit.
fn is_of_size(error: &Error) -> bool {
    error.downcast_ref::<PlanError>().is_some()
        || error.downcast_ref::<GraphError>().is_some()
        || error.kind() == ErrorKind::OutOfMemory
}
