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
    Accuracy, Cached, Event, Fetched, HOMES, Home, Hub, HubError, HubOptions, ModelId, Origin,
    Place, home,
};

// Every file that can be fetched can also be read.
const _: () = assert!(resnet_wgpu_hub::MAX_FILE_BYTES == crate::weights::MAX_FILE_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Network, presets};

    #[test]
    fn every_row_is_of_a_preset_and_has_a_name_that_parses() {
        for home in HOMES {
            let network = Network::preset(home.preset).unwrap();
            assert_eq!(network.name, home.preset);
            if let Some(id) = home.id() {
                id.unwrap();
            }
            if let Some(accuracy) = home.accuracy {
                assert!((50.0..100.0).contains(&accuracy.top1), "{home:?}");
            }
        }
    }

    #[test]
    fn a_preset_has_one_home() {
        for preset in presets() {
            let mut homes = HOMES.iter().filter(|h| h.default && h.preset == preset);
            assert_eq!(homes.next(), home(preset));
            assert!(homes.next().is_none(), "{preset}");
        }
        assert!(home("plain18").is_none());
    }
}
