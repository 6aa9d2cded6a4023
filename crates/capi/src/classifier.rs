//! Classifiers, which turn pixels into labels.

use std::sync::Arc;

use resnet_wgpu::Classifier;

use crate::checked::{handle, out_handle, release};
use crate::device::ResnetDevice;
use crate::guard::{status, value};
use crate::model::{CNames, ResnetModel};
use crate::options::ResnetOptions;
use crate::pixels::Pixels;
use crate::prediction::{PredictionBuffer, ResnetPrediction};
use crate::status::{Failure, ResnetStatus};

/// A model on a device, ready to classify pictures of any size. Several threads may use
/// a classifier at once; the device computes their pictures one after another.
pub struct ResnetClassifier {
    classifier: Classifier,
    names: Arc<CNames>,
}

/// Sets up a model on a device: plans the network, then reads and uploads its weights.
/// `options` may be NULL for the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classifier_new(
    device: *const ResnetDevice,
    model: *const ResnetModel,
    options: *const ResnetOptions,
    classifier: *mut *mut ResnetClassifier,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes memory for a handle, and handles.
        let (out, device, model, options) = unsafe {
            let out = out_handle(classifier, "classifier")?;
            let device = handle(device, "device")?;
            let model = handle(model, "model")?;
            (out, device, model, ResnetOptions::or_default(options)?)
        };
        let options = options.classifier();
        let classifier = Classifier::new(&device.device, &model.model, &options)?;
        out.write_handle(ResnetClassifier {
            classifier,
            names: Arc::clone(&model.names),
        });
        Ok(())
    })
}

/// Writes the `k` likeliest classes of a picture, best first. The picture is resized
/// and cropped as the model requires.
///
/// `pixels` are rows from the top, each with `width` times red, green and blue.
/// `stride` is the number of bytes from the start of a row to the start of the next
/// row, or 0 for rows without gaps. `predictions` has room for `k` predictions. `count`
/// receives the number of predictions written, which is less than `k` if the model has
/// fewer classes.
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
    // SAFETY: the caller passes a handle, a picture and memory for the results.
    status(|| unsafe { classify(classifier, &picture, k, predictions, count) })
}

/// Classifies like resnet_classify_rgb(), but from pixels of red, green, blue and
/// alpha. The alpha is dropped, as in Pillow's convert("RGB").
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
    // SAFETY: the caller passes a handle, a picture and memory for the results.
    status(|| unsafe { classify(classifier, &picture, k, predictions, count) })
}

/// Moves the classifier to another device, or to the same device opened again, after
/// RESNET_STATUS_DEVICE_LOST. The model is read and uploaded again. Calls of other
/// threads that are still running return that error. If this call fails, the classifier
/// does not change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classifier_recreate(
    classifier: *const ResnetClassifier,
    device: *const ResnetDevice,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes handles.
        let (classifier, device) =
            unsafe { (handle(classifier, "classifier")?, handle(device, "device")?) };
        Ok(classifier.classifier.recreate(&device.device)?)
    })
}

/// Frees a classifier and the labels of its predictions; NULL is ignored. No other
/// thread may use the classifier during or after this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_classifier_free(classifier: *mut ResnetClassifier) {
    // SAFETY: the caller passes a handle and does not use it again.
    value((), || unsafe { release(classifier, "classifier") });
}

/// # Safety
/// The requirements of [`handle`], [`Pixels::image`] and [`PredictionBuffer::new`].
unsafe fn classify(
    classifier: *const ResnetClassifier,
    picture: &Pixels,
    k: usize,
    predictions: *mut ResnetPrediction,
    count: *mut usize,
) -> Result<(), Failure> {
    // SAFETY: the caller fulfils this function's requirements.
    let (buffer, classifier, image) = unsafe {
        let buffer = PredictionBuffer::new(k, predictions, count)?;
        (buffer, handle(classifier, "classifier")?, picture.image()?)
    };
    let found = classifier.classifier.classify(&image, k)?;
    buffer.write(
        found
            .into_iter()
            .map(|p| (classifier.names).prediction(p.class, p.probability, p.logit)),
    )
}
