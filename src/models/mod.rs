//! Networks: the configuration that describes a network, the table of presets, the conversion of a
//! configuration to a graph, and the tensor names of checkpoints.

mod build;
mod naming;
mod network;
mod presets;

pub use network::{
    ActivationOrder, Block, Head, Naming, Network, Norm, Projection, Shortcut, Stem,
    StridePlacement,
};
pub use presets::{UnknownPreset, anti_aliased, presets};
