//! Every candidate, and so every kernel variant, on random shapes against the CPU twin: odd sizes,
//! channels that are no multiple of four, strides, groups, batches, single
//! pixels. The property tests and `resnet verify --kernels` both call this.

use super::{Difference, tolerance};
use crate::cpu;
use crate::error::Error;
use crate::gpu::{Engine, Gpu, Images};
use crate::graph::{Graph, GraphBuilder, GraphError, NodeId, Shape, Window};
use crate::kernels::{
    Candidate, Family, InputForm, Method, Outputs, Place, Reduction, Scalar, Tile, Variant,
    candidates,
};
use crate::mix::{STEP, mix};
use crate::passes::lower;
use crate::plan::{Choice, DeviceProfile, Plan, PlanOptions};
use crate::tensor::{Params, QUAD, Tensor, padded, unpad_channels};

/// One candidate's verdict over all its cases.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelReport {
    /// The candidate's name: the kernel's, where it is one.
    pub kernel: &'static str,
    /// Cases that ran; 0 where the device cannot run it.
    pub cases: usize,
    /// Largest relative error that it is allowed.
    pub tolerance: f64,
    /// The worst of them.
    pub worst: Difference,
    /// The worst case, readably.
    pub worst_case: String,
}

/// Runs `cases` random problems through every candidate that the device can
/// run and that has to do with that precision; `each` sees a candidate's report
/// as soon as it is known. Deterministic in `seed`.
pub fn kernels(
    gpu: &Gpu,
    precision: Scalar,
    seed: u64,
    cases: usize,
    mut each: impl FnMut(&KernelReport),
) -> Result<Vec<KernelReport>, Error> {
    let mut reports = vec![];
    for candidate in candidates().filter(|c| c.serves(precision)) {
        let mut report = KernelReport {
            kernel: candidate.name,
            cases: 0,
            tolerance: allowed(&candidate, precision),
            worst: Difference::default(),
            worst_case: String::new(),
        };
        if gpu.profile().runs_all(&candidate) {
            for case in 0..cases {
                let mut random = Random::new(seed, candidate.name, case);
                let problem = Problem::random(&candidate, &mut random, case)?;
                let difference = run(gpu, precision, candidate, &problem, &mut random)?;
                let worse = difference.relative() > report.worst.relative()
                    || difference.relative().is_nan();
                if report.cases == 0 || worse {
                    report.worst = difference;
                    report.worst_case = problem.text;
                }
                report.cases += 1;
            }
        }
        each(&report);
        reports.push(report);
    }
    Ok(reports)
}

/// Cooperative matrices take f16, whatever lies in the buffers.
fn allowed(candidate: &Candidate, precision: Scalar) -> f64 {
    match candidate.rounds_factors() {
        true => tolerance(Scalar::F16),
        false => tolerance(precision),
    }
}

/// A small graph that exercises one kernel, and a batch size.
struct Problem {
    graph: Graph,
    /// A node whose value is compared besides the result.
    keep: Option<NodeId>,
    /// What the kernel, or the last of several, has to leave.
    outputs: Outputs,
    batch: usize,
    text: String,
}

impl Problem {
    fn random(candidate: &Candidate, r: &mut Random, case: usize) -> Result<Self, GraphError> {
        let batch = 1 + r.below(3);
        // The first cases are the corners: one pixel, one channel.
        let (h, w, c) = match case {
            0 => (1, 1, 1),
            1 => (1, 9, 5),
            _ => (1 + r.below(19), 1 + r.below(19), 1 + r.below(40)),
        };
        let mut problem = match candidate.family() {
            Family::Conv | Family::GroupedConv => convolution(candidate, r, (h, w, c))?,
            family => other(family, r, (h, w, c))?,
        };
        let on = problem.graph.input_shape();
        problem.text = format!("batch {batch}, {} on {on}", problem.text);
        problem.batch = batch;
        Ok(problem)
    }

    /// One image, compared by its result alone.
    fn of(graph: Graph, text: String) -> Self {
        Self {
            graph,
            keep: None,
            outputs: Outputs::Sum,
            batch: 1,
            text,
        }
    }

    /// Whether the plan has the candidate do what is to be looked at; a case
    /// that does not reach it would prove nothing.
    fn reached(&self, candidate: &Candidate, plan: &Plan, profile: &DeviceProfile) -> bool {
        let mut own = plan.steps.iter().filter(|s| s.candidate == candidate.name);
        let Some(last) = own.next_back() else {
            return false;
        };
        let wanted = Variant {
            outputs: self.outputs,
            ..last.variant()
        };
        last.outputs == self.outputs || !profile.binds(wanted.values())
    }
}

/// One convolution, or two that are added, the first being the residual; and
/// perhaps a batch norm and a ReLU behind it.
fn convolution(
    candidate: &Candidate,
    r: &mut Random,
    (h, w, c): (usize, usize, usize),
) -> Result<Problem, GraphError> {
    // Half of the cases are small, the others have up to three columns of
    // tiles.
    let tile = match candidate.method {
        Method::Kernel(kernel) => kernel.tile,
        Method::Split { gemm, .. } | Method::Winograd { gemm, .. } => gemm.tile,
    };
    let most = match (tile, r.below(2)) {
        (Tile::Gemm { bn, .. } | Tile::Cooperative { bn, .. }, 1) => 2 * bn * QUAD + 5,
        (Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. }, 1) => 2 * lanes * QUAD + 5,
        _ => 40,
    };
    let (mut inputs, mut outputs, mut groups) = (c, 1 + r.below(most), 1);
    let (mut k, mut padding) = ([1, 3, 5, 7][r.below(4)], r.below(4));
    match tile {
        _ if matches!(candidate.method, Method::Winograd { .. }) => k = 3,
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
        _ if matches!(candidate.method, Method::Winograd { .. }) => stride = 1,
        Tile::Row { kernel, .. } => (k, stride) = (kernel, 1),
        Tile::Stem {
            pixels,
            kernel,
            stride: own,
            ..
        } => {
            (k, stride, inputs) = (kernel, own, 3);
            // Half of the rows are shorter than a tile, others take up to
            // three.
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
    let outputs_left = [Outputs::Sum, Outputs::Both, Outputs::Normed][r.below(3)];
    // A norm that only follows a convolution would be folded into its weights.
    residual |= outputs_left == Outputs::Normed && !relu;

    let mut g = GraphBuilder::new(Shape::new(h, w, inputs))?;
    let x = g.input();
    let bias = r.below(2) == 1;
    let mut y = g.conv("conv1", x, outputs, window, groups, bias)?;
    if residual {
        let second = g.conv("conv2", x, outputs, window, groups, true)?;
        y = g.add("add", second, y)?;
    }
    if relu {
        y = g.relu("relu", y);
    }
    let keep = (outputs_left == Outputs::Both).then_some(y);
    if outputs_left != Outputs::Sum {
        let norm = g.batch_norm("bn", y, 1e-5);
        y = g.relu("bn.relu", norm);
    }
    let text = format!(
        "{k}×{k} to {outputs} channels, stride {}, padding {padding}, {groups} groups, \
         residual {residual}, relu {relu}, leaving {outputs_left:?}",
        window.stride
    );
    Ok(Problem {
        keep,
        outputs: outputs_left,
        ..Problem::of(g.finish(y), text)
    })
}

fn other(
    family: Family,
    r: &mut Random,
    (h, w, c): (usize, usize, usize),
) -> Result<Problem, GraphError> {
    let stride = 1 + r.below(3);
    let shape = match family {
        Family::Linear => Shape::new(1, 1, 1 + r.below(300)),
        Family::Ingest => Shape::new(h, w, 3),
        _ => Shape::new(h, w, c),
    };
    let mut g = GraphBuilder::new(shape)?;
    let x = g.input();
    let (y, text) = match family {
        Family::Linear => {
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
        Family::MaxPool => {
            let kernel = 1 + r.below(h.min(w).min(4));
            let window = Window::new(kernel, stride, r.below(kernel / 2 + 1));
            let y = g.max_pool("maxpool", x, window)?;
            (y, format!("max pool {window:?}"))
        }
        Family::AvgPool => {
            let kernel = 1 + r.below(h.min(w).min(4));
            let window = Window::new(kernel, stride, r.below(kernel / 2 + 1));
            let y = g.avg_pool("avgpool", x, window)?;
            (y, format!("avg pool {window:?}"))
        }
        Family::GlobalAvgPool => (g.global_avg_pool("avgpool", x), "global avg pool".into()),
        Family::Add => {
            // A sum that no convolution can take in: of the input with its
            // own ReLU.
            let y = g.relu("relu", x);
            (g.add("add", y, x)?, "add".into())
        }
        Family::Relu => (g.relu("relu", x), "relu".into()),
        Family::ScaleShift => {
            let mut y = g.batch_norm("bn", x, 1e-5);
            let relu = r.below(2) == 1;
            if relu {
                y = g.relu("relu", y);
            }
            (y, format!("scale-shift, relu {relu}"))
        }
        Family::ShortcutA => {
            let extra = r.below(30);
            let before = r.below(extra + 1);
            let y = g.shortcut_a("shortcut", x, c + extra, stride, before)?;
            let text = format!(
                "option A to {}, {before} before, stride {stride}",
                c + extra
            );
            (y, text)
        }
        Family::Softmax => (g.softmax("softmax", x), "softmax".into()),
        // What is taken in has to be read by something.
        Family::Ingest => (g.relu("relu", x), "input, relu".into()),
        // Handled by `convolution`, or part of what is.
        Family::Conv
        | Family::GroupedConv
        | Family::SumParts
        | Family::WinogradInput
        | Family::WinogradOutput => (x, String::new()),
    };
    Ok(Problem::of(g.finish(y), text))
}

fn run(
    gpu: &Gpu,
    precision: Scalar,
    candidate: Candidate,
    problem: &Problem,
    r: &mut Random,
) -> Result<Difference, Error> {
    let graph = &problem.graph;
    let mut params = Params::new();
    for spec in graph.params() {
        let positive = spec.name.ends_with("running_var");
        params.insert(
            spec.name,
            Tensor::from_fn(spec.shape, |_| {
                if positive { 1.5 + r.value() } else { r.value() }
            }),
        );
    }
    let s = graph.input_shape();
    // Bytes where the candidate takes bytes, else floats.
    let bytes = candidate.name == "ingest.rgb8";
    let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    let pixels: Vec<u8> = (0..problem.batch * s.h * s.w * 3)
        .map(|_| r.below(256) as u8)
        .collect();
    let input = Tensor::from_fn([problem.batch, s.h, s.w, s.c], |i| match bytes {
        true => (f32::from(pixels[i]) / 255.0 - mean[i % 3]) / std[i % 3],
        false => r.value(),
    });
    let keep: Vec<NodeId> = problem.keep.into_iter().collect();
    let twin = cpu::run(graph, &params, &input, &keep)?;
    let expected: Vec<&Tensor> = std::iter::once(&twin.output)
        .chain(twin.nodes.values())
        .collect();

    let lowered = lower(graph, &params, &keep)?;
    let options = PlanOptions {
        choice: Choice::Prefer(candidate),
        precision,
        input: match bytes {
            true => InputForm::Rgb8 { mean, std },
            false => InputForm::F32,
        },
    };
    let plan = Plan::new(&lowered, problem.batch, gpu.profile(), &keep, &options)?;
    if !problem.reached(&candidate, &plan, gpu.profile()) {
        return Ok(Difference {
            max_abs: f64::NAN,
            scale: 1.0,
        });
    }
    let mut engine = Engine::new(gpu, plan, &lowered.params)?;
    // Slots that the run does not write must not matter, so they are filled
    // with what would show.
    for (i, slot) in engine.plan().slots.clone().iter().enumerate() {
        let scalar = match slot.place {
            Place::Texture(scalar) => scalar,
            Place::Buffer => precision,
        };
        let nans = vec![f32::NAN; slot.bytes as usize / scalar.bytes()];
        engine.write_slot(i, scalar, &nans)?;
    }
    let mut worst = Difference::default();
    let channels = graph.output_shape().c;
    let input = padded(&input);
    let images = match bytes {
        true => Images::from(&pixels),
        false => Images::from(&input),
    };
    // What is kept has the result's shape.
    engine.run(images, |output, data| {
        let mut found = unpad_channels(data, channels);
        if padding_is_dirty(data, channels) {
            found.clear();
        }
        let difference = Difference::between(&found, expected[output].data());
        let relative = difference.relative();
        if output == 0 || relative > worst.relative() || relative.is_nan() {
            worst = difference;
        }
    })?;
    Ok(worst)
}

/// Channels that pad the last quad must be zero: the next layer relies on it.
fn padding_is_dirty(data: &[f32], channels: usize) -> bool {
    let width = channels.next_multiple_of(4);
    data.chunks_exact(width)
        .any(|pixel| pixel[channels..].iter().any(|&v| v != 0.0))
}

/// A small generator (splitmix64), so that a seed means the same everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64, name: &str, case: usize) -> Self {
        let name = crate::weights::fnv1a64(name.as_bytes());
        Self(seed ^ name ^ (case as u64).wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below `n`, which is at least 1.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A value in [−1, 1).
    fn value(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wide tiles would never have a second column if few channels were drawn.
    #[test]
    fn convolutions_have_one_column_of_tiles_and_several() {
        for candidate in candidates() {
            let Method::Kernel(kernel) = candidate.method else {
                continue;
            };
            let width = match kernel.tile {
                Tile::Gemm { bn, .. } => bn * QUAD,
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
}
