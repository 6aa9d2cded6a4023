//! What the caller says about a checkpoint.

use crate::graph::ZeroChannels;
use crate::models::Network;

/// What the caller says about a checkpoint; it goes before everything that
/// the files say.
///
/// ```
/// use resnet_wgpu::{Hints, Network};
/// use resnet_wgpu::low_level::weights::{Listing, Settings};
///
/// # let net = Network::preset("resnet50").expect("a preset");
/// # let specs = net.graph(224, 224)?.params();
/// # let listing = Listing::new("example", specs.into_iter().map(|s| (s.name, s.shape)));
/// // Shapes do not tell where a bottleneck's stride is.
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
    /// Which network it is. It decides what shapes cannot tell; a checkpoint
    /// of another is found out by [`Checkpoint::load`](super::Checkpoint::load), which lists every
    /// difference.
    pub preset: Option<Network>,
    /// Where option A's zero channels go.
    pub zero_channels: Option<ZeroChannels>,
    /// Added to the variance in batch norm.
    pub eps: Option<f64>,
}
