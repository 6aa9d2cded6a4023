//! A single convolution on a device, for measuring candidates.

use std::ops::Range;

use crate::error::Error;
use crate::gpu::{Executable, Gpu, StepTimes};
use crate::graph::{Bias, GraphBuilder, GraphError, NodeId, Window};
use crate::kernels::{Candidate, ConvProblem, Scalar};
use crate::passes::{LoweredGraph, lower};
use crate::plan::{DeviceProfile, KernelChoice, Plan, PlanOptions};
use crate::reference;
use crate::tensor::{Params, Tensor, padded};
use crate::verify::Difference;
use crate::weights::synthetic_tensor;

/// The number of different images in a batch. More images would only slow the reference down.
const IMAGES: usize = 2;

/// A small network around one convolution, with its input and expected output.
pub(super) struct Trial {
    lowered: LoweredGraph,
    /// The convolution's node in `lowered`.
    conv: NodeId,
    problem: ConvProblem,
    /// The input of a whole batch, `[batch, h, w, quads]`.
    input: Vec<f32>,
    /// The reference's output of all different images, with channels padded to quads. The batch
    /// repeats these images.
    expected: Vec<f32>,
}

impl Trial {
    /// Creates a trial with seeded weights and images.
    pub fn new(problem: &ConvProblem) -> Result<Self, Error> {
        let mut g = GraphBuilder::new(problem.input)?;
        let x = g.input();
        let channels = problem.output.c;
        let residual = if problem.residual {
            let window = residual_window(problem);
            Some(g.conv("residual", x, channels, window, 1, Bias::Present)?)
        } else {
            None
        };
        let mut y = g.conv(
            "conv",
            x,
            channels,
            problem.window,
            problem.groups,
            Bias::Present,
        )?;
        if let Some(residual) = residual {
            // The residual is the second summand, so that the convolution `conv` absorbs the
            // addition.
            y = g.add("add", y, residual)?;
        }
        if problem.relu {
            y = g.relu("relu", y);
        }
        if g.shape(y) != problem.output {
            let problem = format!(
                "expected {} as its output, found {}",
                problem.output,
                g.shape(y)
            );
            return Err(GraphError::new("conv", problem).into());
        }
        let conv = y;
        let graph = g.finish(y);
        let mut params = Params::new();
        for spec in graph.params() {
            let data = synthetic_tensor(&spec.name, &spec.shape, 0, 1.0);
            params.insert(spec.name, tensor(spec.shape, data));
        }
        let s = problem.input;
        let shape = vec![IMAGES.min(problem.batch), s.h, s.w, s.c];
        let images = tensor(shape.clone(), synthetic_tensor("input", &shape, 0, 1.0));
        let expected = reference::run(&graph, &params, &images, &[])?.output;
        let images = padded(&images);
        let floats = images.len() / shape[0].max(1) * problem.batch;
        // The convolution runs many times, so its input must stay alive after the first run.
        let lowered = lower(&graph, &params, &[x])?;
        let at = lowered.origin.iter().position(|&origin| origin == conv);
        Ok(Self {
            // The convolution absorbs later nodes, and no node absorbs it.
            conv: at.map_or(lowered.graph.output, NodeId),
            lowered,
            problem: *problem,
            input: images.into_iter().cycle().take(floats).collect(),
            expected: padded(&expected),
        })
    }

    /// Prepares the convolution on the device with the given candidate. The input is uploaded, and
    /// the pipelines have run once.
    pub fn on(
        &self,
        gpu: &Gpu,
        candidate: Candidate,
        precision: Scalar,
    ) -> Result<DeviceTrial, Error> {
        let profile = DeviceProfile {
            // The input is kept but not read back, so the limit does not apply.
            max_buffer: u64::MAX,
            ..gpu.profile().clone()
        };
        let options = PlanOptions {
            precision,
            ..KernelChoice::Prefer(candidate).into()
        };
        let batch = self.problem.batch;
        let plan = Plan::new(&self.lowered, batch, &profile, &[NodeId(0)], &options)?;
        let plan = plan.result_only();
        let conv = |s: &crate::plan::Step| s.node == self.conv;
        let first = plan.steps.iter().position(conv).unwrap_or_default();
        let steps = first..plan.steps.len();
        let executable = Executable::isolated(gpu, plan, &self.lowered.params)?;
        let mut difference = Difference::default();
        executable.run(&self.input, |_, found| {
            for image in found.chunks(self.expected.len().max(1)) {
                let expected = &self.expected[..image.len()];
                let d = Difference::between(image, expected);
                if d.relative() > difference.relative() || d.relative().is_nan() {
                    difference = d;
                }
            }
        })?;
        Ok(DeviceTrial {
            executable,
            steps,
            difference,
        })
    }
}

/// Returns the window of a convolution that produces a residual of the output's shape. A 1×1 window
/// is preferred if it fits, because the reference computes the residual, too.
fn residual_window(problem: &ConvProblem) -> Window {
    let Window { stride, .. } = problem.window;
    let single = Window::new(1, stride, 0);
    let outputs = [problem.input.h, problem.input.w].map(|n| single.outputs(n));
    if outputs == [Some(problem.output.h), Some(problem.output.w)] {
        single
    } else {
        problem.window
    }
}

/// Returns a tensor of that shape. `data` has as many values as the shape.
fn tensor(shape: Vec<usize>, data: Vec<f32>) -> Tensor {
    Tensor::from_fn(shape, |i| data.get(i).copied().unwrap_or_default())
}

/// A convolution on a device, ready for timing.
pub(super) struct DeviceTrial {
    executable: Executable,
    /// The dispatches of the convolution itself.
    steps: Range<usize>,
    /// The largest difference of an image from the reference.
    pub difference: Difference,
}

impl DeviceTrial {
    /// Runs the convolution `times` times and returns the time.
    pub fn time(&mut self, times: usize) -> Result<StepTimes, Error> {
        Ok(self.executable.time_steps(self.steps.clone(), times)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::problem;
    use super::*;
    use crate::graph::Shape;
    use crate::plan::conv_shapes;

    /// The measured convolution must be the requested one.
    #[test]
    fn the_trial_has_the_problem_that_was_asked_for() {
        let stem = ConvProblem {
            input: Shape::new(20, 20, 3),
            output: Shape::new(10, 10, 16),
            window: Window::new(7, 2, 3),
            residual: false,
            relu: true,
            ..problem()
        };
        let grouped = ConvProblem {
            input: Shape::new(6, 6, 8),
            output: Shape::new(6, 6, 12),
            window: Window::new(3, 1, 1),
            groups: 4,
            relu: true,
            ..problem()
        };
        // A 1×1 window cannot make a residual if the main window shrinks the image.
        let shrinking = ConvProblem {
            input: Shape::new(6, 6, 4),
            output: Shape::new(4, 4, 4),
            window: Window::new(3, 1, 0),
            batch: 1,
            ..problem()
        };
        for problem in [problem(), stem, grouped, shrinking] {
            let trial = Trial::new(&problem).unwrap();
            let shapes = conv_shapes(&trial.lowered, problem.batch);
            let own = shapes.iter().find(|s| s.problem == problem);
            assert!(own.is_some(), "{problem:?}: {shapes:?}");
            let images = problem.batch.min(IMAGES);
            assert_eq!(trial.expected.len() % images, 0);
        }
    }

    #[test]
    fn a_problem_that_cannot_be_is_refused() {
        let problem = ConvProblem {
            output: Shape::new(50, 4, 6),
            ..problem()
        };
        let error = Trial::new(&problem).err().unwrap().to_string();
        assert!(error.contains("expected"), "{error}");
    }
}
