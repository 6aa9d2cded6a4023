//! The convolutions of a network, and the candidates for each. Tuning and reports use this module
//! to find out what planning would choose.

use super::selection;
use super::steps::layer_name;
use super::{DeviceProfile, PlanOptions};
use crate::kernels::{self, Candidate, ConvProblem, Scalar};
use crate::passes::LoweredGraph;

/// A convolution problem, and the layers that share it.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::tune::{TuneOptions, shapes};
///
/// // Most convolutions of a ResNet-20 stage are alike, so its 19 convolutions have fewer shapes.
/// let shapes = shapes(&Model::embedded()?, &TuneOptions::default())?;
/// assert!(shapes.len() < 19);
/// assert_eq!(shapes[0].layers, ["conv1"]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvShape {
    /// The convolution problem.
    pub problem: ConvProblem,
    /// Names of the layers with this problem, in the network's order.
    pub layers: Vec<String>,
}

/// Returns the distinct convolutions of a network at a batch size, in the order of their first
/// layers.
pub fn conv_shapes(lowered: &LoweredGraph, batch: usize) -> Vec<ConvShape> {
    let mut shapes: Vec<ConvShape> = vec![];
    let graph = &lowered.graph;
    let problems = selection::problems(graph, batch);
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

/// Returns every candidate that can compute `problem` on the device in the given precision, in the
/// order of the table.
pub fn candidates(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    precision: Scalar,
) -> Vec<Candidate> {
    let profile = &profile.countable();
    kernels::candidates()
        .filter(|c| selection::fitting(c, problem, profile, precision).is_some())
        .collect()
}

/// Returns the candidate that a plan uses for `problem`, or `None` if no candidate can compute it
/// on the device.
pub fn selected_candidate(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    options: &PlanOptions,
) -> Option<Candidate> {
    selection::conv(problem, &profile.countable(), options).map(|chosen| chosen.candidate)
}
