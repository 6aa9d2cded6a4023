//! Comparison of every candidate, and so of every kernel variant, with the CPU reference on random
//! shapes: odd sizes, channel counts that are no multiple of four, strides, groups, batches and
//! single pixels. The property tests and `resnet verify --kernels` both call this module.

use super::problem::{EPS, Problem, Random};
use super::{Difference, largest, tolerance};
use crate::error::Error;
use crate::gpu::{Executable, Gpu, Images};
use crate::graph::NodeId;
use crate::kernels::{Candidate, InputForm, MemoryKind, Scalar, candidates};
use crate::passes::lower;
use crate::plan::{KernelChoice, Plan, PlanOptions};
use crate::reference;
use crate::tensor::{Params, Tensor, padded, unpad_channels};

/// The result of one candidate over all its cases.
///
/// ```no_run
/// use resnet_wgpu::low_level::plan::Scalar;
/// use resnet_wgpu::low_level::verify;
/// use resnet_wgpu::{DeviceSelector, Gpu};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// for report in verify::kernels(&gpu, Scalar::F32, 0, 20, |_| {})? {
///     if !report.worst.within(report.tolerance) {
///         println!("{} is wrong on {}", report.kernel, report.worst_case);
///     }
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct KernelReport {
    /// The candidate's name, which is the kernel's name if the candidate is a single kernel.
    pub kernel: &'static str,
    /// The number of cases that ran; 0 if the device cannot run the candidate.
    pub cases: usize,
    /// The largest allowed relative error.
    pub tolerance: f64,
    /// The largest difference of all cases.
    pub worst: Difference,
    /// A description of the case with the largest difference.
    pub worst_case: String,
}

/// Runs `cases` random problems through every candidate that serves the precision and that the
/// device can run. `each` receives the report of each candidate as soon as the candidate is
/// checked. The results are deterministic in `seed`.
///
/// # Errors
/// [`ErrorKind::DeviceLost`](crate::ErrorKind::DeviceLost) if the device fails or refuses a kernel.
/// Wrong results are not an error; the reports contain them.
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

/// Returns the allowed error. Cooperative matrices round their factors to f16, whatever the storage
/// format of the buffers.
fn allowed(candidate: &Candidate, precision: Scalar) -> f64 {
    if candidate.rounds_factors() {
        tolerance(Scalar::F16)
    } else {
        tolerance(precision)
    }
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
    // The input is bytes if the candidate reads bytes, and floats otherwise.
    let bytes = candidate.name == "ingest.rgb8";
    let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    let pixels: Vec<u8> = (0..problem.batch * s.h * s.w * 3)
        .map(|_| r.below(256) as u8)
        .collect();
    let input = Tensor::from_fn([problem.batch, s.h, s.w, s.c], |i| {
        if bytes {
            (f32::from(pixels[i]) / 255.0 - mean[i % 3]) / std[i % 3]
        } else {
            r.value()
        }
    });
    let keep: Vec<NodeId> = problem.keep.into_iter().collect();
    let seen: Vec<NodeId> = problem.keep.into_iter().chain(problem.sum).collect();
    let reference = reference::run(graph, &params, &input, &seen)?;
    let expected: Vec<&Tensor> = std::iter::once(&reference.output)
        .chain(keep.iter().filter_map(|id| reference.nodes.get(id)))
        .collect();
    // A norm may shift the sum to near zero, but the rounding error of the sum remains.
    let normed = problem.sum.and_then(|sum| reference.nodes.get(&sum));
    let rounded = match normed {
        Some(sum) => f64::from(largest(sum.data())) * factor(&params)?,
        None => 0.0,
    };

    let lowered = lower(graph, &params, &keep)?;
    let options = PlanOptions {
        choice: KernelChoice::Prefer(candidate),
        precision,
        input: if bytes {
            InputForm::Rgb8 { mean, std }
        } else {
            InputForm::F32
        },
    };
    let plan = Plan::new(&lowered, problem.batch, gpu.profile(), &keep, &options)?;
    if !problem.reached(&candidate, &plan, gpu.profile()) {
        return Ok(Difference {
            max_abs: f64::NAN,
            scale: 1.0,
        });
    }
    let executable = Executable::isolated(gpu, plan, &lowered.params)?;
    // A run must not depend on slots that it does not write. NaNs in the slots reveal such a
    // dependence.
    for (i, slot) in executable.plan().slots.clone().iter().enumerate() {
        let scalar = match slot.memory_kind {
            MemoryKind::Texture(scalar) => scalar,
            MemoryKind::Buffer => precision,
        };
        let nans = vec![f32::NAN; slot.bytes as usize / scalar.bytes()];
        executable.write_slot(i, scalar, &nans)?;
    }
    let mut worst = Difference::default();
    let channels = graph.output_shape().c;
    let input = padded(&input);
    let images = if bytes {
        Images::from(&pixels)
    } else {
        Images::from(&input)
    };
    // The kept node has the same shape as the result.
    executable.run(images, |output, data| {
        let mut found = unpad_channels(data, channels);
        if padding_is_dirty(data, channels) {
            found.clear();
        }
        let mut difference = Difference::between(&found, expected[output].data());
        if output == 0 {
            difference.scale = difference.scale.max(rounded);
        }
        let relative = difference.relative();
        if output == 0 || relative > worst.relative() || relative.is_nan() {
            worst = difference;
        }
    })?;
    Ok(worst)
}

/// Returns the largest factor by which the batch norm `bn` scales a sum.
fn factor(params: &Params) -> Result<f64, Error> {
    let [weight, variance] = ["bn.weight", "bn.running_var"].map(|name| params.get(name));
    let (weight, variance) = (weight?, variance?);
    let factors = weight.data().iter().zip(variance.data());
    let factors: Vec<f32> = factors.map(|(w, v)| w / (v + EPS).sqrt()).collect();
    Ok(largest(&factors).into())
}

/// Returns whether a padding channel of the last quad is not zero. The next layer relies on zeros
/// there.
fn padding_is_dirty(data: &[f32], channels: usize) -> bool {
    let width = channels.next_multiple_of(4);
    data.chunks_exact(width)
        .any(|pixel| pixel[channels..].iter().any(|&v| v != 0.0))
}
