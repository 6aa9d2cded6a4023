//! Networks: the configuration that describes them, the table of presets,
//! the function that turns one into a graph, and the names that checkpoints
//! give its tensors.

mod build;
mod naming;
mod network;
mod presets;

pub use network::{
    ActivationOrder, Block, Head, Naming, Network, Norm, Projection, Shortcut, Stem,
    StridePlacement,
};
pub use presets::{UnknownPreset, anti_aliased, presets};
