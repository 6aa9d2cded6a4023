//! The convolutions of a network, and what could compute each: for tuning and
//! for reports, which ask what planning would decide.

use super::choose::{self, problem};
use super::cost::cost;
use super::steps::layer_name;
use super::{Choice, DeviceProfile};
use crate::graph::Op;
use crate::kernels::{Candidate, ConvProblem, candidates};
use crate::passes::Lowered;

/// A convolution's shape, and the layers that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvShape {
    /// The shape.
    pub problem: ConvProblem,
    /// Layers of that shape, in the network's order.
    pub layers: Vec<String>,
}

/// The distinct convolutions of a network at a batch size, in the order of
/// their first layers.
pub fn conv_shapes(lowered: &Lowered, batch: usize) -> Vec<ConvShape> {
    let mut shapes: Vec<ConvShape> = vec![];
    for node in &lowered.graph.nodes {
        let Op::Conv2d(conv) = &node.op else {
            continue;
        };
        let problem = problem(&lowered.graph, node, conv, batch);
        let layer = layer_name(node);
        match shapes.iter_mut().find(|s| s.problem == problem) {
            Some(shape) => shape.layers.push(layer),
            None => shapes.push(ConvShape {
                problem,
                layers: vec![layer],
            }),
        }
    }
    shapes
}

/// Every candidate that computes `problem` on the device in full precision, in
/// the table's order: what costs without end is nothing that planning takes by
/// itself.
pub fn contenders(problem: &ConvProblem, profile: &DeviceProfile) -> Vec<Candidate> {
    candidates()
        .filter(|c| choose::fitting(c, problem, profile).is_some())
        .filter(|c| cost(problem, c, profile).is_finite())
        .collect()
}

/// The candidate that a plan takes for `problem`; `None` where none computes
/// it on the device.
pub fn chosen(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    choice: &Choice,
) -> Option<Candidate> {
    choose::conv(problem, profile, choice).map(|chosen| chosen.candidate)
}
