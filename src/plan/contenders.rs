//! The convolutions of a network, and what could compute each: for tuning and
//! for reports, which ask what planning would decide.

use super::choose;
use super::steps::layer_name;
use super::{DeviceProfile, PlanOptions};
use crate::kernels::{Candidate, ConvProblem, Scalar, candidates};
use crate::passes::Lowered;

/// A convolution's shape, and the layers that have it.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::tune::{TuneOptions, shapes};
///
/// // Of ResNet-20's nineteen convolutions, those of a stage are mostly alike.
/// let shapes = shapes(&Model::embedded()?, &TuneOptions::default())?;
/// assert!(shapes.len() < 19);
/// assert_eq!(shapes[0].layers, ["conv1"]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
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
    let graph = &lowered.graph;
    let problems = choose::problems(graph, batch);
    for (problem, node) in problems.into_iter().zip(&graph.nodes) {
        let Some(problem) = problem else {
            continue;
        };
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

/// Every candidate that computes `problem` on the device in that precision, in
/// the table's order.
pub fn contenders(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    precision: Scalar,
) -> Vec<Candidate> {
    let profile = &profile.countable();
    candidates()
        .filter(|c| choose::fitting(c, problem, profile, precision).is_some())
        .collect()
}

/// The candidate that a plan takes for `problem`; `None` where none computes
/// it on the device.
pub fn chosen(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    options: &PlanOptions,
) -> Option<Candidate> {
    choose::conv(problem, &profile.countable(), options).map(|chosen| chosen.candidate)
}
