//! Fetches models by name from the Hugging Face hub, into the cache that it shares with Python's
//! `huggingface_hub`.
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
//!     ControlFlow::Continue(()) // or Break, to resume later
//! })?;
//! println!("{}", fetched.weights.display());
//! # Ok::<(), HubError>(())
//! ```
//!
//! An interrupted transfer resumes at the last received byte, if necessary in the next process.
//! Received bytes are compared with the hub's own hash before the file appears in the cache under
//! its name. One process downloads a file, and other processes wait for it. Only the request for a
//! file goes to hosts other than the endpoint. Connections use the proxy from the environment
//! (`HTTPS_PROXY`, `NO_PROXY`).

mod address;
mod blob_lock;
mod cache;
mod digest;
mod download;
mod error;
mod event;
mod fetch;
pub mod file_lock;
mod files;
mod http;
mod id;
mod options;
mod partial_file;
mod pretrained;
mod remote;
mod store;
mod token;

use std::ops::ControlFlow;
use std::path::PathBuf;

pub use error::HubError;
pub use event::Event;
pub use fetch::{FetchedModel, Provenance};
pub use files::MAX_FILE_BYTES;
pub use id::ModelId;
pub use options::HubOptions;
pub use pretrained::{
    PRETRAINED_WEIGHTS, PretrainedWeights, PublishedAccuracy, WeightsLocation, pretrained_weights,
};

use cache::RepoCache;
use fetch::FetchTask;
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
/// // `cached` sends no request; only `fetch` does.
/// assert_eq!(hub.cached(&id), None);
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hub {
    options: HubOptions,
    client: Client,
}

/// A model in the cache.
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
pub struct CachedModel {
    /// The commit that the revision had when it was last fetched.
    pub commit: String,
    /// The path of the weights.
    pub weights: PathBuf,
    /// The size of the weights in bytes.
    pub bytes: u64,
}

impl Hub {
    /// Creates a hub from options without sending a request.
    ///
    /// # Errors
    /// [`HubError::Setting`] if the endpoint or the token cannot be used in a request.
    pub fn new(options: HubOptions) -> Result<Self, HubError> {
        options.check()?;
        let client = Client::new(&options);
        Ok(Self { options, client })
    }

    /// Returns the options of the hub.
    pub fn options(&self) -> &HubOptions {
        &self.options
    }

    /// Fetches the files `model.safetensors`, `config.json`, `preprocessor_config.json` and
    /// `processor_config.json` of a model. Files in the cache and files that the model does not
    /// have are skipped.
    ///
    /// One request checks whether a revision has a newer commit. No request is needed if the
    /// revision is a whole commit hash that is in the cache. If the hub is unreachable or refuses
    /// to answer, a copy in the cache is used, and [`FetchedModel::provenance`] gives the reason.
    /// `events` receives all events and may cancel the fetch.
    ///
    /// # Errors
    /// [`HubError`], with the remedy in its message. A copy in the cache is not used if a newer
    /// commit has no `model.safetensors`, or if the transfer of a newer commit fails.
    pub fn fetch(
        &self,
        id: &ModelId,
        mut events: impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<FetchedModel, HubError> {
        let fetch = FetchTask {
            options: &self.options,
            client: &self.client,
            id,
            cache: RepoCache::new(&self.options.cache, id),
        };
        fetch.run(&mut events)
    }

    /// Returns the model's files in the cache, without sending a request.
    pub fn cached(&self, id: &ModelId) -> Option<CachedModel> {
        let snapshot = RepoCache::new(&self.options.cache, id).find(id.revision())?;
        let weights = snapshot.folder.join(WEIGHTS);
        Some(CachedModel {
            bytes: weights.metadata().ok()?.len(),
            commit: snapshot.commit,
            weights,
        })
    }
}
