//! Models fetched by name from the Hugging Face hub (feature `hub`), as the crate `resnet-wgpu-hub`
//! provides them.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use resnet_wgpu::hub::{Event, Hub, HubOptions};
//! use resnet_wgpu::{Checkpoint, Hints, Model};
//!
//! let hub = Hub::new(HubOptions::from_env()?)?;
//! let id = "timm/resnet50.a1_in1k".parse()?;
//! let fetched = hub.fetch(&id, |event| {
//!     if let Event::Received { file, done, total } = event {
//!         println!("{file}: {done} of {total} bytes");
//!     }
//!     ControlFlow::Continue(()) // or Break, to leave the rest for later
//! })?;
//! let model = Model::load(&Checkpoint::from_file(fetched.weights)?, &Hints::default())?;
//! # Ok::<(), resnet_wgpu::Error>(())
//! ```

pub use resnet_wgpu_hub::{
    CachedModel, Event, FetchedModel, Hub, HubError, HubOptions, ModelId, PRETRAINED_WEIGHTS,
    PretrainedWeights, Provenance, PublishedAccuracy, WeightsLocation, pretrained_weights,
};

// Every file that can be fetched can also be read.
const _: () = assert!(resnet_wgpu_hub::MAX_FILE_BYTES == crate::weights::MAX_FILE_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Network, presets};

    #[test]
    fn every_row_names_a_preset_and_has_a_name_that_parses() {
        for weights in PRETRAINED_WEIGHTS {
            let network = Network::preset(weights.preset).unwrap();
            assert_eq!(network.name, weights.preset);
            if let Some(id) = weights.id() {
                id.unwrap();
            }
            if let Some(accuracy) = weights.accuracy {
                assert!((50.0..100.0).contains(&accuracy.top1), "{weights:?}");
            }
        }
    }

    #[test]
    fn a_preset_has_one_default() {
        for preset in presets() {
            let of_preset = PRETRAINED_WEIGHTS.iter().filter(|w| w.preset == preset);
            let mut defaults = of_preset.filter(|w| w.default);
            assert_eq!(defaults.next(), pretrained_weights(preset));
            assert!(defaults.next().is_none(), "{preset}");
        }
        assert!(pretrained_weights("plain18").is_none());
    }
}
