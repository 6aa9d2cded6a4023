//! Images through a classifier: decoded on all cores, run in batches, several
//! of them in flight, handed on in order as batches finish.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use resnet_wgpu::classify::{Classifier, Scores, decode_ahead};
use resnet_wgpu::gpu::Gpu;
use resnet_wgpu::preprocess::RgbImage;

use crate::failure::Failure;

/// Batches that are in flight on a device: one is computed while the next
/// arrives. On the CPU a batch is computed when it is started.
pub fn in_flight(gpu: Option<&Gpu>) -> usize {
    gpu.map_or(1, |_| 2)
}

/// What became of an image.
pub enum Outcome<'a> {
    /// Its scores are those of this index in the batch.
    Scored(&'a Scores, usize),
    /// It could not be read, and why.
    Broken(String),
}

/// Runs `items` through `classifier`; `load` reads one, on any thread. `each`
/// sees every item's outcome: the scored in order, the broken as soon as
/// their turn comes.
pub fn run<T: Sync>(
    classifier: &mut Classifier,
    items: &[T],
    load: impl Fn(&T) -> Result<RgbImage, String> + Sync,
    each: impl FnMut(&Classifier, usize, Outcome<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let preprocess = classifier.preprocess().clone();
    let crop = |item: &T| {
        let image = load(item)?;
        preprocess.crop_image(&image).map_err(|e| e.to_string())
    };
    let window = 2 * classifier.batch();
    let mut batches = Batches {
        filling: Vec::with_capacity(classifier.batch()),
        started: VecDeque::new(),
        scores: Scores::default(),
        classifier,
        each,
    };
    let mut outcome = Ok(());
    decode_ahead(items, window, crop, |index, crop| {
        outcome = match crop {
            Ok(crop) => batches.push(&crop, index),
            Err(why) => (batches.each)(batches.classifier, index, Outcome::Broken(why)),
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    outcome?;
    batches.end()
}

/// Batches on their way: one that is filled while others are computed.
struct Batches<'a, E> {
    classifier: &'a mut Classifier,
    /// The items of the batch that is filled.
    filling: Vec<usize>,
    /// The items of each batch in flight, oldest first.
    started: VecDeque<Vec<usize>>,
    scores: Scores,
    each: E,
}

impl<E> Batches<'_, E>
where
    E: FnMut(&Classifier, usize, Outcome<'_>) -> Result<(), Failure>,
{
    /// Adds an image, and starts the batch when it is full.
    fn push(&mut self, crop: &RgbImage, index: usize) -> Result<(), Failure> {
        self.filling.push(index);
        match self.classifier.push_crop(crop)? {
            true => self.start(),
            false => Ok(()),
        }
    }

    /// Starts the batch, once there is room for it.
    fn start(&mut self) -> Result<(), Failure> {
        let session = self.classifier.session();
        let mut next = Vec::new();
        if session.in_flight() == session.max_in_flight() {
            next = self.finish()?;
        }
        self.classifier.start()?;
        next.reserve(self.filling.len());
        self.started
            .push_back(std::mem::replace(&mut self.filling, next));
        Ok(())
    }

    /// Waits for the oldest batch and hands its scores on; gives its list of
    /// items back, empty.
    fn finish(&mut self) -> Result<Vec<usize>, Failure> {
        self.classifier.finish(&mut self.scores)?;
        let mut items = self.started.pop_front().unwrap_or_default();
        for (place, index) in items.drain(..).enumerate() {
            (self.each)(self.classifier, index, Outcome::Scored(&self.scores, place))?;
        }
        Ok(items)
    }

    /// Runs what is left.
    fn end(mut self) -> Result<(), Failure> {
        if self.classifier.pending() > 0 {
            self.start()?;
        }
        while self.classifier.session().in_flight() > 0 {
            self.finish()?;
        }
        Ok(())
    }
}
