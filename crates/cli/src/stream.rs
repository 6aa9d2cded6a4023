//! Runs images through a classifier and reports the outcome of each.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dataset::find_images;
use resnet_wgpu::low_level::classify;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{Classifier, Device, ImageLimits, Scores, WaitTimes, decode_file};

use crate::failure::Failure;
use crate::skipped::SkipReason;
use crate::term;

/// Returns the number of batches in flight on a device. A GPU has two, so that one is computed
/// while the next is uploaded. The CPU has one, because it computes a batch as soon as the batch is
/// started.
pub fn in_flight(device: &Device) -> usize {
    device.gpu().map_or(1, |_| 2)
}

/// Returns the images of all paths in order, and the paths without any image. The latter are also
/// reported on stderr.
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<(&Path, SkipReason)>) {
    let mut images = vec![];
    let mut failed = vec![];
    for path in paths {
        match find_images(path) {
            Ok(found) => {
                images.extend(found.images);
                announce_skipped(&found.skipped);
            }
            Err(error) => {
                let reason = SkipReason::new(&error);
                term::error(&reason.message);
                failed.push((&**path, reason));
            }
        }
    }
    (images, failed)
}

/// Reports on stderr the entries of a directory that are ignored.
fn announce_skipped(skipped: &[PathBuf]) {
    const MAX_NAMES: usize = 5;
    let names: Vec<String> = (skipped.iter().take(MAX_NAMES))
        .map(|path| term::display_path(path))
        .collect();
    if let Some(more) = skipped
        .len()
        .checked_sub(MAX_NAMES)
        .filter(|&more| more > 0)
    {
        term::note(&format!("skipped: {} and {more} more", names.join(", ")));
    } else if !names.is_empty() {
        term::note(&format!("skipped: {}", names.join(", ")));
    }
}

/// Reads and decodes an image file.
pub fn read(path: impl AsRef<Path>, limits: &ImageLimits) -> Result<RgbImage, SkipReason> {
    decode_file(path, limits).map_err(|error| SkipReason::new(&error))
}

/// The outcome of one image.
pub enum Outcome<'a> {
    /// The scores of the batch, and the image's index in it. With several views, the scores are
    /// their mean.
    Scored(&'a Scores, usize),
    /// The image is skipped for this reason.
    Skipped(SkipReason),
}

/// Returns the stage that limited the speed of a run.
pub fn limit(waits: &WaitTimes) -> &'static str {
    if waits.decoding > waits.device {
        "decoding"
    } else {
        "the device"
    }
}

/// The images to run.
pub struct Images<'a, T> {
    pub items: &'a [T],
    /// Reads one image, on any thread. An error names the image.
    pub load: &'a (dyn Fn(&T) -> Result<RgbImage, SkipReason> + Sync),
    /// Returns the name of an image.
    pub name: &'a dyn Fn(&T) -> String,
}

/// Runs `images` through `classifier` and passes the outcome of every item to `each`.
///
/// After `stop` becomes true, no further item is started; images already on the device are
/// finished. The waiting times are returned even if the run fails.
pub fn run<T: Sync>(
    classifier: &Classifier,
    images: &Images<T>,
    stop: &AtomicBool,
    mut each: impl FnMut(usize, Outcome<'_>, &WaitTimes) -> Result<(), Failure>,
) -> (WaitTimes, Result<(), Failure>) {
    let mut waits = WaitTimes::default();
    let mut failed = None;
    let ran = classifier.score_all(images.items, images.load, |index, outcome, so_far| {
        waits = *so_far;
        let name = || (images.name)(&images.items[index]);
        let outcome = match outcome {
            classify::PictureOutcome::Scored(scores, at) => Outcome::Scored(scores, at),
            classify::PictureOutcome::Unread(why) => Outcome::Skipped(why),
            classify::PictureOutcome::Failed { error, size } => {
                let name = match size {
                    Some((width, height)) => format!("{}: at {width}x{height} pixels", name()),
                    None => name(),
                };
                Outcome::Skipped(SkipReason::named(&name, &error))
            }
        };
        if failed.is_none() {
            failed = each(index, outcome, &waits).err();
        }
        if failed.is_some() || stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let ran = ran.map(|all| waits = all).map_err(Failure::from);
    (waits, failed.map_or(ran, Err))
}
