//! Chooses the candidate for each operation.

use super::cost::cost;
use super::kernel_choice::KernelChoice;
use super::{DeviceProfile, PlanError, PlanOptions};
use crate::graph::{Graph, Node, Op};
use crate::kernels::{
    Candidate, ConvProblem, KERNELS, Kernel, KernelFamily, KernelSequence, Scalar, candidates,
};

/// Returns the first kernel of a family that the device can run.
pub(super) fn any(family: KernelFamily, profile: &DeviceProfile) -> Option<&'static Kernel> {
    (KERNELS.iter()).find(|k| k.family == family && profile.runs(k))
}

/// Returns the kernel for fully connected layers.
///
/// At a batch of one, the layer's speed depends on reading the weights. A large device gets the
/// kernel with the largest workgroup, because it keeps the most reads in flight.
pub(super) fn linear(profile: &DeviceProfile, choice: &KernelChoice) -> Option<&'static Kernel> {
    let mut fitting = KERNELS
        .iter()
        .filter(|k| k.family == KernelFamily::Linear && profile.runs(k));
    let wanted = match choice {
        KernelChoice::Prefer(candidate) => fitting.clone().find(|k| k.name == candidate.name),
        KernelChoice::Auto | KernelChoice::Tuned(_) => None,
    };
    wanted.or_else(|| {
        if profile.cost_model().fill >= 256.0 {
            fitting.max_by_key(|k| k.workgroup)
        } else {
            fitting.next()
        }
    })
}

/// A chosen candidate, with its kernel sequence for the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    pub candidate: Candidate,
    pub sequence: KernelSequence,
    /// Set if the [`KernelChoice`] named the candidate; otherwise the built-in rules chose it.
    pub wanted: bool,
}

/// Returns the chosen candidate for each node, or `None` for a node that is no convolution.
///
/// # Errors
/// [`PlanError::NoKernel`] if no candidate fits a convolution.
pub(super) fn convolutions(
    graph: &Graph,
    batch: usize,
    profile: &DeviceProfile,
    options: &PlanOptions,
) -> Result<Vec<Option<Selection>>, PlanError> {
    let problems = problems(graph, batch).into_iter();
    let chosen = problems.zip(&graph.nodes).map(|(problem, node)| {
        let Some(problem) = problem else {
            return Ok(None);
        };
        let found = conv(&problem, profile, options);
        found.map(Some).ok_or_else(|| PlanError::NoKernel {
            layer: node.name.clone(),
            op: node.op.kind(),
            limits: profile.limits(),
        })
    });
    chosen.collect()
}

/// Returns the convolution problem of each node, or `None` for a node that is no convolution.
pub(super) fn problems(graph: &Graph, batch: usize) -> Vec<Option<ConvProblem>> {
    let problem = |node: &Node| match &node.op {
        Op::Conv2d(conv) => Some(ConvProblem {
            batch,
            input: graph.node(node.inputs[0]).shape,
            output: node.shape,
            window: conv.window,
            groups: conv.groups,
            residual: conv.epilogue.residual,
            relu: conv.epilogue.relu,
            points: 1,
        }),
        _ => None,
    };
    graph.nodes.iter().map(problem).collect()
}

/// Chooses the candidate for a convolution: the wanted one if it fits, otherwise the one with the
/// lowest estimated cost. Returns `None` if no candidate fits the problem and the device.
pub(super) fn conv(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    options: &PlanOptions,
) -> Option<Selection> {
    let precision = options.precision;
    if let Some(candidate) = options.choice.candidate_for(problem)
        && let Some(sequence) = fitting(&candidate, problem, profile, precision)
    {
        return Some(Selection {
            candidate,
            sequence,
            wanted: true,
        });
    }
    // `min_by` returns the first of equal elements, so the order of the table breaks ties.
    candidates()
        .filter_map(|candidate| {
            let sequence = fitting(&candidate, problem, profile, precision)?;
            let cost = cost(problem, &candidate, profile);
            let chosen = Selection {
                candidate,
                sequence,
                wanted: false,
            };
            Some((cost, chosen))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, chosen)| chosen)
}

/// Returns the candidate's kernel sequence if it fits the problem and the device runs all its
/// kernels.
pub(super) fn fitting(
    candidate: &Candidate,
    problem: &ConvProblem,
    profile: &DeviceProfile,
    precision: Scalar,
) -> Option<KernelSequence> {
    let family = match problem.groups {
        1 => KernelFamily::Conv,
        _ => KernelFamily::GroupedConv,
    };
    let able = candidate.serves(precision) && profile.runs_all(candidate);
    if candidate.family() != family || !able {
        return None;
    }
    let sequence = KernelSequence::new(candidate, problem, precision)?;
    // Only scratch buffers are checked here. Weights that are too large for every candidate have an
    // error of their own, `WeightTooLarge`.
    let binds = sequence
        .scratch
        .iter()
        .all(|s| s.bytes() <= profile.max_binding);
    binds.then_some(sequence)
}
