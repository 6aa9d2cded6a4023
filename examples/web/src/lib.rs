//! Photos labelled in a browser tab, by its WebGPU. Nothing may block there: the
//! device, the answers and, behind the calls, wgpu's errors are awaited.
#![cfg(target_arch = "wasm32")]
// What `#[wasm_bindgen]` makes has none.
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
    /// Opens the browser's device and sets up the checkpoint in these bytes on
    /// it; the embedded network without any.
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

    /// The device and the network, in a line.
    pub fn describe(&self) -> String {
        let network = &self.classifier.model().network().name;
        format!("{network} on {}", self.gpu.describe())
    }

    /// The `k` likeliest classes of the photo in these bytes of a file, best first,
    /// as JSON.
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
