//! Random problems for candidates: a graph of one operation, or of a convolution with random parts
//! of its epilogue.

use crate::graph::{Bias, Graph, GraphBuilder, GraphError, NodeId, Shape, Window};
use crate::kernels::{
    Algorithm, Candidate, KernelFamily, KernelOutputs, KernelVariant, Reduction, Tile,
};
use crate::mix::{STEP, mix};
use crate::plan::{DeviceProfile, Plan};
use crate::tensor::QUAD;

/// The value that batch norms add to the variance.
pub(super) const EPS: f32 = 1e-5;

/// A small graph that exercises one candidate, with a batch size.
pub(super) struct Problem {
    pub graph: Graph,
    /// A node whose value is compared in addition to the result.
    pub keep: Option<NodeId>,
    /// The sum that the following batch norm `bn` scales, if the graph has one.
    pub sum: Option<NodeId>,
    /// The outputs that the candidate's last kernel must write.
    pub outputs: KernelOutputs,
    pub batch: usize,
    pub text: String,
}

impl Problem {
    pub fn random(candidate: &Candidate, r: &mut Random, case: usize) -> Result<Self, GraphError> {
        let batch = 1 + r.below(3);
        // The first cases are extreme: one pixel, one channel.
        let (h, w, c) = match case {
            0 => (1, 1, 1),
            1 => (1, 9, 5),
            _ => (1 + r.below(19), 1 + r.below(19), 1 + r.below(40)),
        };
        let mut problem = match candidate.family() {
            KernelFamily::Conv | KernelFamily::GroupedConv => convolution(candidate, r, (h, w, c))?,
            family => other(family, r, (h, w, c))?,
        };
        let on = problem.graph.input_shape();
        problem.text = format!("batch {batch}, {} on {on}", problem.text);
        problem.batch = batch;
        Ok(problem)
    }

    /// Creates a problem of one image that compares only the result.
    fn of(graph: Graph, text: String) -> Self {
        Self {
            graph,
            keep: None,
            sum: None,
            outputs: KernelOutputs::Sum,
            batch: 1,
            text,
        }
    }

    /// Returns whether the plan uses the candidate with the expected outputs. A case without the
    /// candidate would prove nothing.
    pub fn reached(&self, candidate: &Candidate, plan: &Plan, profile: &DeviceProfile) -> bool {
        let mut own = plan.steps.iter().filter(|s| s.candidate == candidate.name);
        let Some(last) = own.next_back() else {
            return false;
        };
        let wanted = KernelVariant {
            outputs: self.outputs,
            ..last.variant()
        };
        last.outputs == self.outputs || !profile.binds(wanted.values())
    }
}

/// Makes a graph of one convolution, or of two that are added (the first is the residual). A batch
/// norm and a ReLU may follow.
fn convolution(
    candidate: &Candidate,
    r: &mut Random,
    (h, w, c): (usize, usize, usize),
) -> Result<Problem, GraphError> {
    // Half of the cases are small; the others have up to three columns of tiles.
    let tile = match candidate.algorithm {
        Algorithm::Kernel(kernel) => kernel.tile,
        Algorithm::Split { gemm, .. } | Algorithm::Winograd { gemm, .. } => gemm.tile,
    };
    let most = match (tile, r.below(2)) {
        (Tile::Gemm { bn, .. } | Tile::Cooperative { bn, .. }, 1) => 2 * bn * QUAD + 5,
        (Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. }, 1) => 2 * lanes * QUAD + 5,
        _ => 40,
    };
    let (mut inputs, mut outputs, mut groups) = (c, 1 + r.below(most), 1);
    let (mut k, mut padding) = ([1, 3, 5, 7][r.below(4)], r.below(4));
    match tile {
        _ if matches!(candidate.algorithm, Algorithm::Winograd { .. }) => k = 3,
        Tile::Gemm { reduction, .. } | Tile::Cooperative { reduction, .. } => match reduction {
            Reduction::Pointwise => (k, padding) = (1, 0),
            Reduction::Rgb => inputs = 3,
            Reduction::Window => {}
        },
        Tile::Direct { .. } | Tile::Row { .. } => {
            let any = matches!(tile, Tile::Direct { aligned: false, .. });
            let unit = if any { 1 } else { 4 };
            groups = 2 + r.below(5);
            inputs = groups * unit * (1 + r.below(3));
            outputs = groups * unit * (1 + r.below(3));
        }
        _ => {}
    }
    let (mut w, mut stride) = (w, 1 + r.below(3));
    match tile {
        _ if matches!(candidate.algorithm, Algorithm::Winograd { .. }) => stride = 1,
        Tile::Row { kernel, .. } => (k, stride) = (kernel, 1),
        Tile::Stem {
            pixels,
            kernel,
            stride: own,
            ..
        } => {
            (k, stride, inputs) = (kernel, own, 3);
            // Half of the rows are shorter than a tile; others have up to three tiles.
            w *= 1 + r.below(2) * pixels * stride / 8;
        }
        _ => {}
    }
    // A window must fit the padded input.
    while h.min(w) + 2 * padding < k {
        padding += 1;
    }
    let window = Window::new(k, stride, padding);
    let (mut residual, relu) = (r.below(2) == 1, r.below(2) == 1);
    let outputs_left = [
        KernelOutputs::Sum,
        KernelOutputs::Both,
        KernelOutputs::Normed,
    ][r.below(3)];
    // A norm directly after a single convolution would be folded into the convolution's weights.
    residual |= outputs_left == KernelOutputs::Normed && !relu;

    let mut g = GraphBuilder::new(Shape::new(h, w, inputs))?;
    let x = g.input();
    let bias = [Bias::Absent, Bias::Present][r.below(2)];
    let mut y = g.conv("conv1", x, outputs, window, groups, bias)?;
    if residual {
        let second = g.conv("conv2", x, outputs, window, groups, Bias::Present)?;
        y = g.add("add", second, y)?;
    }
    if relu {
        y = g.relu("relu", y);
    }
    let keep = (outputs_left == KernelOutputs::Both).then_some(y);
    let sum = (outputs_left != KernelOutputs::Sum).then_some(y);
    if sum.is_some() {
        let norm = g.batch_norm("bn", y, f64::from(EPS));
        y = g.relu("bn.relu", norm);
    }
    let text = format!(
        "{k}×{k} to {outputs} channels, stride {}, padding {padding}, {groups} groups, \
         residual {residual}, relu {relu}, leaving {outputs_left:?}",
        window.stride
    );
    Ok(Problem {
        keep,
        sum,
        outputs: outputs_left,
        ..Problem::of(g.finish(y), text)
    })
}

fn other(
    family: KernelFamily,
    r: &mut Random,
    (h, w, c): (usize, usize, usize),
) -> Result<Problem, GraphError> {
    let stride = 1 + r.below(3);
    let shape = match family {
        KernelFamily::Linear => Shape::new(1, 1, 1 + r.below(300)),
        KernelFamily::Ingest => Shape::new(h, w, 3),
        _ => Shape::new(h, w, c),
    };
    let mut g = GraphBuilder::new(shape)?;
    let x = g.input();
    let (y, text) = match family {
        KernelFamily::Linear => {
            let outputs = 1 + r.below(130);
            let mut y = g.linear("fc", x, outputs)?;
            let (residual, relu) = (r.below(2) == 1, r.below(2) == 1);
            if residual {
                let second = g.linear("fc2", x, outputs)?;
                y = g.add("add", second, y)?;
            }
            if relu {
                y = g.relu("relu", y);
            }
            let text = format!("linear to {outputs}, residual {residual}, relu {relu}");
            (y, text)
        }
        KernelFamily::MaxPool => {
            let kernel = 1 + r.below(h.min(w).min(4));
            let window = Window::new(kernel, stride, r.below(kernel / 2 + 1));
            let y = g.max_pool("maxpool", x, window)?;
            (y, format!("max pool {window:?}"))
        }
        KernelFamily::AvgPool => {
            let kernel = 1 + r.below(h.min(w).min(4));
            let window = Window::new(kernel, stride, r.below(kernel / 2 + 1));
            let y = g.avg_pool("avgpool", x, window)?;
            (y, format!("avg pool {window:?}"))
        }
        KernelFamily::GlobalAvgPool => (g.global_avg_pool("avgpool", x), "global avg pool".into()),
        KernelFamily::Add => {
            // A sum that no convolution can absorb: the input plus its own ReLU.
            let y = g.relu("relu", x);
            (g.add("add", y, x)?, "add".into())
        }
        KernelFamily::Relu => (g.relu("relu", x), "relu".into()),
        KernelFamily::ScaleShift => {
            let mut y = g.batch_norm("bn", x, f64::from(EPS));
            let relu = r.below(2) == 1;
            if relu {
                y = g.relu("relu", y);
            }
            (y, format!("scale-shift, relu {relu}"))
        }
        KernelFamily::ShortcutA => {
            let extra = r.below(30);
            let before = r.below(extra + 1);
            let y = g.shortcut_a("shortcut", x, c + extra, stride, before)?;
            let text = format!(
                "option A to {}, {before} before, stride {stride}",
                c + extra
            );
            (y, text)
        }
        KernelFamily::Softmax => (g.softmax("softmax", x), "softmax".into()),
        // A following operation must read the ingested input.
        KernelFamily::Ingest => (g.relu("relu", x), "input, relu".into()),
        // `convolution` handles these families, or they are part of a candidate that it handles.
        KernelFamily::Conv
        | KernelFamily::GroupedConv
        | KernelFamily::SumParts
        | KernelFamily::WinogradInput
        | KernelFamily::WinogradOutput => (x, String::new()),
    };
    Ok(Problem::of(g.finish(y), text))
}

/// A small random generator (splitmix64) with the same sequence on every platform.
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64, name: &str, case: usize) -> Self {
        let name = crate::weights::fnv1a64(name.as_bytes());
        Self(seed ^ name ^ (case as u64).wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Returns a number below `n`; `n` must be at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Returns a value in [−1, 1).
    pub fn value(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kernels::candidates;

    /// With few channels, wide tiles would never have a second column.
    #[test]
    fn convolutions_have_one_column_of_tiles_and_several() {
        for candidate in candidates() {
            let Algorithm::Kernel(kernel) = candidate.algorithm else {
                continue;
            };
            let width = match kernel.tile {
                Tile::Gemm { bn, .. } | Tile::Cooperative { bn, .. } => bn * QUAD,
                Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. } => lanes * QUAD,
                _ => continue,
            };
            let columns = (0..40).map(|case| {
                let mut r = Random::new(0, kernel.name, case);
                let problem = Problem::random(&candidate, &mut r, case).unwrap();
                problem.graph.output_shape().c.div_ceil(width)
            });
            let columns: Vec<usize> = columns.collect();
            let both = columns.contains(&1) && columns.contains(&2);
            assert!(both, "{}: {columns:?}", kernel.name);
        }
    }

    /// The outputs of a convolution are random: all kinds of outputs must occur for every
    /// candidate.
    #[test]
    fn convolutions_leave_all_that_they_can() {
        for candidate in candidates() {
            let convolves = matches!(
                candidate.family(),
                KernelFamily::Conv | KernelFamily::GroupedConv
            );
            if !convolves {
                continue;
            }
            let mut left = BTreeMap::new();
            for case in 0..40 {
                let mut r = Random::new(0, candidate.name, case);
                let problem = Problem::random(&candidate, &mut r, case).unwrap();
                *left.entry(problem.outputs).or_insert(0) += 1;
            }
            let often = left.len() == 3 && left.values().all(|&cases| cases >= 4);
            assert!(often, "{}: {left:?}", candidate.name);
        }
    }
}
