//! A web page that classifies photos with the browser's WebGPU. No call may block in a
//! browser: the device, the answers and wgpu's errors are awaited.
#![cfg(target_arch = "wasm32")]
// The items that `#[wasm_bindgen]` generates have no documentation.
#![allow(missing_docs)]

use resnet_wgpu::{
    Checkpoint, Classifier, DeviceSelector, Error, Gpu, Hints, ImageLimits, Model, decode_bytes,
};
use wasm_bindgen::prelude::*;

/// A network on the browser's device.
#[wasm_bindgen]
pub struct Labeller {
    gpu: Gpu,
    classifier: Classifier,
}

#[wasm_bindgen]
impl Labeller {
    /// Opens the browser's device and sets up the network of a checkpoint's bytes, or the
    /// embedded network without bytes.
    pub async fn open(checkpoint: Option<Vec<u8>>) -> Result<Labeller, JsError> {
        let gpu = Gpu::new_async(DeviceSelector::Auto).await?;
        let model = match checkpoint {
            Some(bytes) => {
                let checkpoint = Checkpoint::from_bytes("the checkpoint", bytes)?;
                Model::load(&checkpoint, &Hints::default())?
            }
            None => Model::embedded()?, // ResNet-20: ten classes of CIFAR-10
        };
        let classifier = Classifier::new_async(&gpu, &model, &Default::default()).await?;
        Ok(Self { gpu, classifier })
    }

    /// Returns a line with the network and the device.
    pub fn describe(&self) -> String {
        let network = &self.classifier.model().network().name;
        format!("{network} on {}", self.gpu.describe())
    }

    /// Classifies the photo in the bytes of a file. Returns the `k` likeliest classes as
    /// JSON, best first.
    pub async fn classify(&self, photo: Vec<u8>, k: usize) -> Result<String, JsError> {
        let photo =
            decode_bytes("the photo", &photo, &ImageLimits::default()).map_err(Error::from)?;
        let best = self.classifier.classify_async(&photo, k).await?;
        let best: Vec<_> = best
            .iter()
            .map(|p| {
                serde_json::json!({
                    "label": p.label, "probability": p.probability, "logit": p.logit,
                })
            })
            .collect();
        Ok(serde_json::to_string(&best)?)
    }
}
