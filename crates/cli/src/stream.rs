//! Images through a classifier, and what becomes of each.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::dataset::find_images;
use resnet_wgpu::low_level::classify;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{Classifier, Device, ImageLimits, Scores, Waits, decode_file};

use crate::failure::Failure;
use crate::left_out::LeftOut;
use crate::term;

/// Batches that are in flight on a device: one is computed while the next
/// arrives. On the CPU a batch is computed when it is started.
pub fn in_flight(device: &Device) -> usize {
    device.gpu().map_or(1, |_| 2)
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
    /// The scores of image `.1` of a batch; of several views, their mean.
    Scored(&'a Scores, usize),
    /// The image is left out, and why.
    Broken(LeftOut),
}

/// What limited a run: faster, that would have made the run faster.
pub fn limit(waits: &Waits) -> &'static str {
    if waits.decoding > waits.device {
        "decoding"
    } else {
        "the device"
    }
}

/// The images to run.
pub struct Images<'a, T> {
    pub items: &'a [T],
    /// Reads one, on any thread. An error names the image.
    pub load: &'a (dyn Fn(&T) -> Result<RgbImage, LeftOut> + Sync),
    /// The name of one.
    pub name: &'a dyn Fn(&T) -> String,
}

/// Runs `images` through `classifier`. `each` receives the outcome of every item. Once
/// `stop` is true, no further item is begun; those on the device are finished. The waits
/// are returned however the run ends.
pub fn run<T: Sync>(
    classifier: &Classifier,
    images: &Images<T>,
    stop: &AtomicBool,
    mut each: impl FnMut(usize, Outcome<'_>, &Waits) -> Result<(), Failure>,
) -> (Waits, Result<(), Failure>) {
    let (mut waits, mut failed) = (Waits::default(), None);
    let ran = classifier.score_all(images.items, images.load, |index, outcome, so_far| {
        waits = *so_far;
        let name = || (images.name)(&images.items[index]);
        let outcome = match outcome {
            classify::Outcome::Scored(scores, at) => Outcome::Scored(scores, at),
            classify::Outcome::Unread(why) => Outcome::Broken(why),
            classify::Outcome::Failed { error, size } => {
                let name = match size {
                    Some((width, height)) => format!("{}: at {width}x{height} pixels", name()),
                    None => name(),
                };
                Outcome::Broken(LeftOut::named(&name, &error))
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
