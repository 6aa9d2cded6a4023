//! Classes, best first.

use std::ffi::c_char;

use resnet_wgpu::Scores;

use crate::checked::{Out, handle, out, values};
use crate::guard::status;
use crate::model::{Names, ResnetModel};
use crate::status::{Failure, ResnetStatus};

/// A class, and how much a picture is like it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ResnetPrediction {
    /// The class's name. It lives as long as the classifier or model that gave
    /// it.
    pub label: *const c_char,
    /// The class; the first is 0.
    pub class_index: usize,
    /// Softmax of the logits, from 0 to 1.
    pub probability: f32,
    /// The logit itself.
    pub logit: f32,
}

/// The `k` largest of one image's logits, best first, and among equals the lower
/// class first. `classes` is how many logits there are: as many as the model has
/// classes. `predictions` has room for `k`; `count` receives how many were
/// written, which are fewer where the model has fewer classes.
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
        // SAFETY: a handle and places for answers.
        let (model, answer) =
            unsafe { (handle(model, "model")?, Answer::new(k, predictions, count)?) };
        let own = model.names.classes.len();
        if classes != own {
            let expected = format!("the {own} of the model");
            return Err(Failure::argument("classes", expected, classes.to_string()));
        }
        // SAFETY: so many values.
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
            let (probability, logit) = (scores.probabilities[class], scores.logits[class]);
            model.names.prediction(class, probability, logit)
        });
        answer.write(found)
    })
}

impl Names {
    /// A prediction of a class of the network.
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

/// Where predictions go.
pub struct Answer {
    predictions: Out<ResnetPrediction>,
    count: Out<usize>,
}

impl Answer {
    /// # Safety
    /// As [`out`], for `k` predictions and their count.
    pub unsafe fn new(
        k: usize,
        predictions: *mut ResnetPrediction,
        count: *mut usize,
    ) -> Result<Self, Failure> {
        // SAFETY: the caller's word.
        let count = unsafe { out(count, 1, "count") }?;
        count.write(&[0]);
        if k == 0 {
            return Err(Failure::argument("k", "at least 1", "0"));
        }
        // SAFETY: the caller's word.
        let predictions = unsafe { out(predictions, k, "predictions") }?;
        Ok(Self { predictions, count })
    }

    /// At most the `k` that there is room for.
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
