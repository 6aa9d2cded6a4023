//! The caller's hints about a checkpoint.

use crate::graph::ZeroChannels;
use crate::models::Network;

/// Facts about a checkpoint that the caller states. Hints take priority over everything in the
/// files.
///
/// ```
/// use resnet_wgpu::{Hints, Network};
/// use resnet_wgpu::low_level::weights::{Listing, Settings};
///
/// # let net = Network::preset("resnet50").expect("a preset");
/// # let specs = net.graph(224, 224)?.params();
/// # let listing = Listing::new("example", specs.into_iter().map(|s| (s.name, s.shape)));
/// // The tensors' shapes do not show which convolution of a bottleneck has the stride.
/// let hints = Hints {
///     preset: Network::preset("resnet50-v1"),
///     ..Hints::default()
/// };
/// let found = listing.recognise(&hints, &Settings::default())?;
/// assert_eq!(found.network.name, "resnet50-v1");
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The checkpoint's network. This preset decides the properties that shapes do not determine.
    /// If the checkpoint holds another network, [`Checkpoint::load`](super::Checkpoint::load) fails
    /// and lists every difference.
    pub preset: Option<Network>,
    /// The position of the zero channels in option-A shortcuts.
    pub zero_channels: Option<ZeroChannels>,
    /// The number that batch norm adds to the variance.
    pub eps: Option<f64>,
}
