//! Predictions: the best classes of a picture.

use std::ffi::c_char;

use resnet_wgpu::Scores;

use crate::checked::{OutBuffer, handle, out_buffer, values};
use crate::guard::status;
use crate::model::{CNames, ResnetModel};
use crate::status::{Failure, ResnetStatus};

/// A class, with its probability for a picture.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ResnetPrediction {
    /// The name of the class. It lives as long as the classifier or model that returned
    /// it.
    pub label: *const c_char,
    /// The index of the class; the first is 0.
    pub class_index: usize,
    /// Softmax of the logits, from 0 to 1.
    pub probability: f32,
    /// The logit itself.
    pub logit: f32,
}

/// Writes the `k` largest logits of one image, best first; of equal logits, the one of
/// the lower class comes first. `classes` is the number of logits, which must be the
/// number of classes of the model. `predictions` has room for `k` predictions. `count`
/// receives the number of predictions written, which is less than `k` if the model has
/// fewer classes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_top_k(
    model: *const ResnetModel,
    logits: *const f32,
    classes: usize,
    k: usize,
    predictions: *mut ResnetPrediction,
    count: *mut usize,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a handle and memory for the results.
        let (model, buffer) = unsafe {
            let model = handle(model, "model")?;
            (model, PredictionBuffer::new(k, predictions, count)?)
        };
        let own = model.names.classes.len();
        if classes != own {
            let expected = format!("the {own} of the model");
            return Err(Failure::argument("classes", expected, classes.to_string()));
        }
        // SAFETY: the caller passes `classes` values.
        let logits = unsafe { values(logits, classes, "logits") }?;
        let scores = Scores {
            probabilities: softmax(logits),
            logits: logits.to_vec(),
            classes,
            layers: vec![],
        };
        if !scores.are_probabilities(0) {
            let expected = "finite numbers, whose softmax has a sum of 1";
            return Err(Failure::argument("logits", expected, "others"));
        }
        let found = scores.top(0, k).into_iter().map(|class| {
            let probability = scores.probabilities[class];
            let logit = scores.logits[class];
            model.names.prediction(class, probability, logit)
        });
        buffer.write(found)
    })
}

impl CNames {
    /// Returns a prediction of one class of the network.
    pub(crate) fn prediction(
        &self,
        class_index: usize,
        probability: f32,
        logit: f32,
    ) -> ResnetPrediction {
        ResnetPrediction {
            label: self.classes[class_index].as_ptr(),
            class_index,
            probability,
            logit,
        }
    }
}

/// The memory of the caller that receives predictions.
pub struct PredictionBuffer {
    predictions: OutBuffer<ResnetPrediction>,
    count: OutBuffer<usize>,
}

impl PredictionBuffer {
    /// # Safety
    /// The requirements of [`out_buffer`], for `k` predictions and their count.
    pub unsafe fn new(
        k: usize,
        predictions: *mut ResnetPrediction,
        count: *mut usize,
    ) -> Result<Self, Failure> {
        // SAFETY: the caller fulfils this function's requirements.
        let count = unsafe { out_buffer(count, 1, "count") }?;
        count.write(&[0]);
        if k == 0 {
            return Err(Failure::argument("k", "at least 1", "0"));
        }
        // SAFETY: the caller fulfils this function's requirements.
        let predictions = unsafe { out_buffer(predictions, k, "predictions") }?;
        Ok(Self { predictions, count })
    }

    /// Writes predictions and their count, at most `k`.
    pub fn write(&self, found: impl IntoIterator<Item = ResnetPrediction>) -> Result<(), Failure> {
        let found: Vec<ResnetPrediction> = found.into_iter().collect();
        self.predictions.write(&found);
        self.count.write(&[found.len()]);
        Ok(())
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.iter().map(|&x| f64::from(x - most).exp());
    let sum: f64 = powers.clone().sum();
    powers.map(|power| (power / sum) as f32).collect()
}
