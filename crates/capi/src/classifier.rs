//! From pixels to labels.

use std::sync::Arc;

use resnet_wgpu::Classifier;

use crate::checked::{handle, release, slot};
use crate::device::ResnetDevice;
use crate::guard::{status, value};
use crate::model::{Names, ResnetModel};
use crate::options::ResnetOptions;
use crate::pixels::Pixels;
use crate::prediction::{Answer, ResnetPrediction};
use crate::status::{Failure, ResnetStatus};

/// A model on a device, ready to classify pictures of any size. Several threads
/// may use it at once; the device computes their pictures one after another.
pub struct ResnetClassifier {
    classifier: Classifier,
    names: Arc<Names>,
}

/// Sets a model up on a device: plans it, and reads and uploads its weights.
/// `options` may be NULL for the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classifier_new(
    device: *const ResnetDevice,
    model: *const ResnetModel,
    options: *const ResnetOptions,
    classifier: *mut *mut ResnetClassifier,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a place for a handle, and handles.
        let (slot, device, model, options) = unsafe {
            let slot = slot(classifier, "classifier")?;
            let (device, model) = (handle(device, "device")?, handle(model, "model")?);
            (slot, device, model, ResnetOptions::or_default(options)?)
        };
        let options = options.classifier();
        let made = Classifier::new(&device.device, &model.model, &options)?;
        slot.give(ResnetClassifier {
            classifier: made,
            names: Arc::clone(&model.names),
        });
        Ok(())
    })
}

/// The `k` likeliest classes of a picture, best first. It is resized and
/// cropped as the model asks for.
///
/// `pixels` are rows from the top, each `width` times red, green and blue.
/// `stride` is the bytes from the beginning of a row to that of the next, or 0
/// for rows without gaps. `predictions` has room for `k`; `count` receives how
/// many were written, which are fewer where the model has fewer classes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classify_rgb(
    classifier: *const ResnetClassifier,
    pixels: *const u8,
    width: u32,
    height: u32,
    stride: usize,
    k: usize,
    predictions: *mut ResnetPrediction,
    count: *mut usize,
) -> ResnetStatus {
    let picture = Pixels {
        first: pixels,
        width,
        height,
        stride,
        channels: 3,
    };
    // SAFETY: a handle, a picture, and places for answers.
    status(|| unsafe { classify(classifier, &picture, k, predictions, count) })
}

/// As resnet_classify_rgb(), of pixels of red, green, blue and alpha. The alpha
/// is dropped, as Pillow's convert("RGB") has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classify_rgba(
    classifier: *const ResnetClassifier,
    pixels: *const u8,
    width: u32,
    height: u32,
    stride: usize,
    k: usize,
    predictions: *mut ResnetPrediction,
    count: *mut usize,
) -> ResnetStatus {
    let picture = Pixels {
        first: pixels,
        width,
        height,
        stride,
        channels: 4,
    };
    // SAFETY: a handle, a picture, and places for answers.
    status(|| unsafe { classify(classifier, &picture, k, predictions, count) })
}

/// Goes on on another device, or on the same one opened anew, after
/// RESNET_STATUS_DEVICE_LOST: the model is read and uploaded again. Calls of other
/// threads that are under way end with that error. After a failure the classifier
/// is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classifier_recreate(
    classifier: *const ResnetClassifier,
    device: *const ResnetDevice,
) -> ResnetStatus {
    status(|| {
        // SAFETY: handles.
        let (classifier, device) =
            unsafe { (handle(classifier, "classifier")?, handle(device, "device")?) };
        Ok(classifier.classifier.recreate(&device.device)?)
    })
}

/// Frees a classifier, and with it the labels of its predictions; NULL is left
/// alone. No other thread may use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classifier_free(classifier: *mut ResnetClassifier) {
    // SAFETY: a handle that is not used again.
    value((), || unsafe { release(classifier, "classifier") });
}

/// # Safety
/// As [`handle`], [`Pixels::image`] and [`Answer::new`].
unsafe fn classify(
    classifier: *const ResnetClassifier,
    picture: &Pixels,
    k: usize,
    predictions: *mut ResnetPrediction,
    count: *mut usize,
) -> Result<(), Failure> {
    // SAFETY: the caller's word.
    let (answer, classifier, image) = unsafe {
        let answer = Answer::new(k, predictions, count)?;
        (answer, handle(classifier, "classifier")?, picture.image()?)
    };
    let found = classifier.classifier.classify(&image, k)?;
    answer.write(
        found
            .into_iter()
            .map(|p| (classifier.names).prediction(p.class, p.probability, p.logit)),
    )
}
