//! Models fetched by name from the Hugging Face hub, into the cache that
//! Python's `huggingface_hub` has, and shares.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use resnet_wgpu_hub::{Event, Hub, HubError, HubOptions};
//!
//! let hub = Hub::new(HubOptions::from_env()?)?;
//! let id = "timm/resnet50.a1_in1k".parse()?;
//! let fetched = hub.fetch(&id, |event| {
//!     if let Event::Received { file, done, total } = event {
//!         println!("{file}: {done} of {total} bytes");
//!     }
//!     ControlFlow::Continue(()) // or Break, to leave the rest for later
//! })?;
//! println!("{}", fetched.weights.display());
//! # Ok::<(), HubError>(())
//! ```
//!
//! A transfer that breaks off is taken up where it ended, by the next process
//! if need be; what arrives is held against the hub's own hash before it is in
//! the cache under its name. One process receives a file and others wait for
//! it. Nothing is sent to another host than the endpoint but the request for
//! the file. Connections go through the proxy that the environment names
//! (`HTTPS_PROXY`, `NO_PROXY`).

mod address;
mod cache;
mod digest;
mod download;
mod error;
mod event;
mod fetch;
mod files;
mod homes;
mod http;
mod id;
mod lock;
pub mod locks;
mod options;
mod part;
mod remote;
mod store;
mod token;

use std::ops::ControlFlow;
use std::path::PathBuf;

pub use error::HubError;
pub use event::Event;
pub use fetch::{Fetched, Origin};
pub use files::MAX_FILE_BYTES;
pub use homes::{Accuracy, HOMES, Home, Place, home};
pub use id::ModelId;
pub use options::HubOptions;

use cache::RepoCache;
use fetch::Fetch;
use files::WEIGHTS;
use http::Client;

/// The hub and its cache.
///
/// ```
/// use resnet_wgpu_hub::{Hub, HubOptions, ModelId};
///
/// let cache = std::env::temp_dir().join("no-such-resnet-wgpu-cache");
/// let hub = Hub::new(HubOptions::new(cache))?;
/// let id: ModelId = "timm/resnet50.a1_in1k".parse()?;
/// // Nothing is asked: `fetch` does that.
/// assert_eq!(hub.cached(&id), None);
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hub {
    options: HubOptions,
    client: Client,
}

/// A model that is in the cache.
///
/// ```no_run
/// use resnet_wgpu_hub::{Hub, HubOptions, ModelId};
///
/// let hub = Hub::new(HubOptions::from_env()?)?;
/// let id: ModelId = "timm/resnet50.a1_in1k".parse()?;
/// if let Some(cached) = hub.cached(&id) {
///     println!("{}: {} bytes", cached.weights.display(), cached.bytes);
/// }
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The commit that its revision was when it was last fetched.
    pub commit: String,
    /// Its weights.
    pub weights: PathBuf,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Hub {
    /// The hub that the options name; nothing is asked yet.
    ///
    /// # Errors
    /// [`HubError::Setting`] for an endpoint or a token that no request can be made of.
    pub fn new(options: HubOptions) -> Result<Self, HubError> {
        options.check()?;
        let client = Client::new(&options);
        Ok(Self { options, client })
    }

    /// Where models are fetched from and kept.
    pub fn options(&self) -> &HubOptions {
        &self.options
    }

    /// Fetches a model's `model.safetensors`, `config.json`,
    /// `preprocessor_config.json` and `processor_config.json`, as far as it has them
    /// and the cache has not.
    ///
    /// One request tells whether a revision has moved on; a whole commit hash
    /// that is in the cache needs none. Where the hub cannot be reached, or
    /// refuses, a copy in the cache is taken, and [`Fetched::origin`] says so and
    /// why. `tell` hears what happens, and may end it.
    ///
    /// # Errors
    /// [`HubError`], with what helps. A copy in the cache does not stand in for a
    /// newer commit that has no `model.safetensors`, nor where the transfer of a
    /// newer one fails.
    pub fn fetch(
        &self,
        id: &ModelId,
        mut tell: impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Fetched, HubError> {
        let fetch = Fetch {
            options: &self.options,
            client: &self.client,
            id,
            cache: RepoCache::new(&self.options.cache, id),
        };
        fetch.run(&mut tell)
    }

    /// What the cache has of a model; nothing is asked.
    pub fn cached(&self, id: &ModelId) -> Option<Cached> {
        let snapshot = RepoCache::new(&self.options.cache, id).find(id.revision())?;
        let weights = snapshot.folder.join(WEIGHTS);
        Some(Cached {
            bytes: weights.metadata().ok()?.len(),
            commit: snapshot.commit,
            weights,
        })
    }
}
