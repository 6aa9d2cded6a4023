//! Images through a classifier: decoded on all cores, run in batches, handed
//! on in order as batches finish.

use std::ops::ControlFlow;

use resnet_wgpu::classify::{Classifier, Scores, decode_ahead};
use resnet_wgpu::preprocess::RgbImage;

use crate::failure::Failure;

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
    mut each: impl FnMut(&Classifier, usize, Outcome<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let preprocess = classifier.preprocess().clone();
    let crop = |item: &T| {
        let image = load(item)?;
        preprocess.crop_image(&image).map_err(|e| e.to_string())
    };
    let window = 2 * classifier.batch();
    let mut waiting = Vec::with_capacity(classifier.batch());
    let mut outcome = Ok(());
    decode_ahead(items, window, crop, |index, crop| {
        outcome = match crop {
            Ok(crop) => take(classifier, &crop, index, &mut waiting, &mut each),
            Err(why) => each(classifier, index, Outcome::Broken(why)),
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    outcome?;
    flush(classifier, &mut waiting, &mut each)
}

/// Adds an image to the batch, and runs that when it is full.
fn take(
    classifier: &mut Classifier,
    crop: &RgbImage,
    index: usize,
    waiting: &mut Vec<usize>,
    each: &mut impl FnMut(&Classifier, usize, Outcome<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    waiting.push(index);
    match classifier.push_crop(crop)? {
        true => flush(classifier, waiting, each),
        false => Ok(()),
    }
}

/// Runs what waits.
fn flush(
    classifier: &mut Classifier,
    waiting: &mut Vec<usize>,
    each: &mut impl FnMut(&Classifier, usize, Outcome<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let scores = classifier.run()?;
    for (place, index) in waiting.drain(..).enumerate() {
        each(classifier, index, Outcome::Scored(&scores, place))?;
    }
    Ok(())
}
