//! Images through a classifier: decoded on all cores, run in batches, several
//! of them in flight, handed on in order as batches finish.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::dataset::find_images;
use resnet_wgpu::Error;
use resnet_wgpu::classify::{Batches, Classifier, Mean, Scores, decode_ahead};
use resnet_wgpu::cpu::CpuError;
use resnet_wgpu::gpu::{Gpu, GpuError};
use resnet_wgpu::preprocess::{ImageLimits, RgbImage, decode_file};

use crate::failure::Failure;
use crate::left_out::LeftOut;
use crate::term;

/// Batches that are in flight on a device: one is computed while the next
/// arrives. On the CPU a batch is computed when it is started.
pub fn in_flight(gpu: Option<&Gpu>) -> usize {
    gpu.map_or(1, |_| 2)
}

/// The images of all paths in order, and the paths that have none, which are
/// reported on stderr.
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<(&Path, LeftOut)>) {
    let mut images = vec![];
    let mut failed = vec![];
    for path in paths {
        match find_images(path) {
            Ok(found) => {
                images.extend(found.images);
                announce_left_out(&found.left_out);
            }
            Err(error) => {
                let left_out = LeftOut::new(&error);
                term::error(&left_out.message);
                failed.push((&**path, left_out));
            }
        }
    }
    (images, failed)
}

/// Says on stderr what a directory holds that is not looked at.
fn announce_left_out(left_out: &[PathBuf]) {
    const SHOWN: usize = 5;
    let names: Vec<String> = (left_out.iter().take(SHOWN))
        .map(|path| term::shown(path))
        .collect();
    if let Some(more) = left_out.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        term::note(&format!(
            "not looked at: {} and {more} more",
            names.join(", ")
        ));
    } else if !names.is_empty() {
        term::note(&format!("not looked at: {}", names.join(", ")));
    }
}

/// Reads an image file.
pub fn read(path: impl AsRef<Path>, limits: &ImageLimits) -> Result<RgbImage, LeftOut> {
    decode_file(path, limits).map_err(|error| LeftOut::new(&error))
}

/// What became of an image.
pub enum Outcome<'a> {
    /// Its scores are those of this index in the batch; of several views, their
    /// mean.
    Scored(&'a Scores, usize),
    /// It is left out, and why.
    Broken(LeftOut),
}

/// How long the thread that feeds the device waited, and for what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits {
    /// For images to be decoded.
    pub images: Duration,
    /// For the device to take or to finish a batch.
    pub device: Duration,
}

impl Waits {
    /// What the run waited for most: faster, that would have made it faster.
    pub fn limit(&self) -> &'static str {
        match self.images > self.device {
            true => "decoding",
            false => "the device",
        }
    }
}

/// What is to be run.
pub struct Images<'a, T> {
    pub items: &'a [T],
    /// Reads one, on any thread; what is wrong with it names it.
    pub load: &'a (dyn Fn(&T) -> Result<RgbImage, LeftOut> + Sync),
    /// What it is called.
    pub name: &'a (dyn Fn(&T) -> String + Sync),
}

/// Runs `images` through `classifier`. `each` sees every item's outcome: the
/// scored in order, the broken as soon as their turn comes. Where `stop` becomes
/// true, no further item is begun; those on the device are finished. What was
/// waited for is told however it ends.
pub fn run<T: Sync>(
    classifier: &Classifier,
    images: &Images<T>,
    stop: &AtomicBool,
    each: impl FnMut(&Classifier, usize, Outcome<'_>, &Waits) -> Result<(), Failure>,
) -> (Waits, Result<(), Failure>) {
    let (preprocess, views) = (classifier.preprocess().clone(), classifier.views().clone());
    let prepare = |item: &T| {
        let image = (images.load)(item)?;
        let views = preprocess.views(&image, &views);
        views.map_err(|e| LeftOut::named(&(images.name)(item), &Error::from(e)))
    };
    // Enough for every core and for the next batches, and no more: a picture's
    // views may take megabytes.
    let cores = available_parallelism().map_or(1, |n| n.get());
    let window = (2 * classifier.batch()).div_ceil(views.count());
    let mut batches = OnTheWay {
        filling: Vec::with_capacity(classifier.batch()),
        started: VecDeque::new(),
        scores: Scores::default(),
        mean: Mean::new(views.count()),
        answer: Scores::default(),
        waits: Waits::default(),
        batches: Batches::new(classifier),
        classifier,
        name: &|index: usize| (images.name)(&images.items[index]),
        each,
    };
    let mut outcome = Ok(());
    let mut since = Instant::now();
    let items = images.items;
    decode_ahead(items, window.max(2 * cores), prepare, |index, views| {
        if stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        batches.waits.images += since.elapsed();
        outcome = match views {
            Ok(views) => batches.take(index, &views),
            Err(why) => batches.tell(index, Outcome::Broken(why)),
        };
        since = Instant::now();
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    let outcome = outcome.and_then(|()| batches.end(stop.load(Ordering::Relaxed)));
    (batches.waits, outcome)
}

/// Batches on their way: one that is filled while others are computed.
struct OnTheWay<'a, E> {
    classifier: &'a Classifier,
    batches: Batches,
    /// The items of the batch that is filled, one for each view.
    filling: Vec<usize>,
    /// The items of each batch in flight, oldest first.
    started: VecDeque<Vec<usize>>,
    scores: Scores,
    /// Of the item whose views are coming in, and where it is put.
    mean: Mean,
    answer: Scores,
    waits: Waits,
    /// The name of an item.
    name: &'a dyn Fn(usize) -> String,
    each: E,
}

impl<E> OnTheWay<'_, E>
where
    E: FnMut(&Classifier, usize, Outcome<'_>, &Waits) -> Result<(), Failure>,
{
    /// Takes an image's views. One that the network or the device has no room
    /// for is no reason to end: it is told before any of its views is run.
    fn take(&mut self, index: usize, views: &[RgbImage]) -> Result<(), Failure> {
        let any_size = self.classifier.views().any_size();
        for view in views.iter().filter(|_| any_size) {
            match self.batches.admit(view) {
                Err(
                    error @ (Error::Plan(_)
                    | Error::Graph(_)
                    | Error::Cpu(CpuError::TooLarge { .. })
                    | Error::Gpu(GpuError::OutOfMemory { .. })),
                ) => {
                    let (width, height) = view.dimensions();
                    let name = format!("{}: at {width}x{height} pixels", (self.name)(index));
                    let why = LeftOut::named(&name, &error);
                    return self.tell(index, Outcome::Broken(why));
                }
                other => other?,
            }
        }
        views.iter().try_for_each(|view| self.push(view, index))
    }

    /// Adds a view of an image, and starts the batch when it is full.
    fn push(&mut self, view: &RgbImage, index: usize) -> Result<(), Failure> {
        if !self.batches.accepts(view) {
            self.start()?;
        }
        self.filling.push(index);
        match self.batches.push_crop(view)? {
            true => self.start(),
            false => Ok(()),
        }
    }

    /// Starts the batch, once there is room for it.
    fn start(&mut self) -> Result<(), Failure> {
        let mut next = Vec::new();
        if self.batches.in_flight() == self.batches.max_in_flight() {
            next = self.finish()?;
        }
        let since = Instant::now();
        self.batches.start()?;
        self.waits.device += since.elapsed();
        next.reserve(self.filling.len());
        self.started
            .push_back(std::mem::replace(&mut self.filling, next));
        Ok(())
    }

    /// Waits for the oldest batch and hands its scores on; gives its list of
    /// items back, empty.
    fn finish(&mut self) -> Result<Vec<usize>, Failure> {
        let since = Instant::now();
        self.batches.finish(&mut self.scores)?;
        self.waits.device += since.elapsed();
        let mut items = self.started.pop_front().unwrap_or_default();
        let one = self.classifier.views().count() == 1;
        for (place, index) in items.drain(..).enumerate() {
            if one {
                let outcome = scored(self.classifier, &self.scores, place, || (self.name)(index));
                (self.each)(self.classifier, index, outcome, &self.waits)?;
                continue;
            }
            self.mean.add(&self.scores, place);
            if self.mean.is_whole() {
                self.mean.take_into(&mut self.answer);
                let outcome = scored(self.classifier, &self.answer, 0, || (self.name)(index));
                (self.each)(self.classifier, index, outcome, &self.waits)?;
            }
        }
        Ok(items)
    }

    fn tell(&mut self, index: usize, outcome: Outcome<'_>) -> Result<(), Failure> {
        (self.each)(self.classifier, index, outcome, &self.waits)
    }

    /// Runs what is left, or finishes what is on the device.
    fn end(&mut self, stopped: bool) -> Result<(), Failure> {
        if self.batches.pending() > 0 && !stopped {
            self.start()?;
        }
        while self.batches.in_flight() > 0 {
            self.finish()?;
        }
        Ok(())
    }
}

/// What became of an image that was run.
fn scored<'a>(
    classifier: &Classifier,
    scores: &'a Scores,
    index: usize,
    name: impl FnOnce() -> String,
) -> Outcome<'a> {
    match classifier.check(scores, index) {
        Ok(()) => Outcome::Scored(scores, index),
        Err(error) => Outcome::Broken(LeftOut::named(&name(), &error)),
    }
}
