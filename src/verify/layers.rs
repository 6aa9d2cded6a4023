//! Comparison of a network on a device with the CPU reference, layer by layer. Each step reads the
//! reference's own inputs, so that an error appears in the layer that causes it. The logits are
//! also compared end to end.

use super::{Difference, largest, tolerance, tolerance_of_logits};
use crate::error::Error;
use crate::gpu::{Executable, Gpu};
use crate::graph::{NodeId, Shape};
use crate::kernels::Scalar;
use crate::model::Model;
use crate::passes::lower;
use crate::plan::{Plan, PlanOptions};
use crate::reference::{ReferenceError, ReferenceExecutor, ReferenceModel};
use crate::tensor::{QUAD, Tensor, padded, quads, unpad_channels};
use crate::weights::synthetic_tensor;

/// The result of one layer.
///
/// ```no_run
/// use resnet_wgpu::low_level::plan::PlanOptions;
/// use resnet_wgpu::low_level::verify;
/// use resnet_wgpu::{DeviceSelector, Gpu, Model};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let (model, options) = (Model::embedded()?, PlanOptions::default());
/// let mut seen = 0;
/// verify::network(&gpu, &model, 2, (32, 32), &options, |layer, layers| {
///     seen += 1;
///     println!("{seen}/{layers} {}: {:.1e}", layer.layer, layer.difference.relative());
/// })?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LayerReport {
    /// The layer's name.
    pub layer: String,
    /// The candidate that computed the layer.
    pub kernel: &'static str,
    /// The shape of the output for one image.
    pub shape: Shape,
    /// The difference from the reference.
    pub difference: Difference,
    /// The state of the layer's values with respect to the range of f16.
    pub range: RangeCheck,
}

/// The state of a layer's values with respect to the range of their storage format.
///
/// ```no_run
/// use resnet_wgpu::low_level::plan::Scalar;
/// use resnet_wgpu::low_level::plan::PlanOptions;
/// use resnet_wgpu::low_level::verify::{self, RangeCheck};
/// use resnet_wgpu::{DeviceSelector, Gpu, Model};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let options = PlanOptions { precision: Scalar::F16, ..Default::default() };
/// let report = verify::network(&gpu, &Model::embedded()?, 1, (32, 32), &options, |_, _| {})?;
/// for layer in &report.layers {
///     if let RangeCheck::Overflows(largest) = layer.range {
///         println!("{}: {largest} is beyond f16, take f32", layer.layer);
///     }
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RangeCheck {
    /// All values are in range.
    Fits,
    /// The layer's result, or an intermediate value of the layer, is out of range. The field is the
    /// largest absolute value of the reference.
    Overflows(f64),
    /// An input of the layer is the out-of-range result of another layer, so this layer cannot be
    /// judged.
    Unknown,
}

impl LayerReport {
    /// Returns whether the layer's results are correct. A layer that cannot be judged counts as
    /// correct.
    pub fn passed(&self, tolerance: f64) -> bool {
        match self.range {
            RangeCheck::Fits => self.difference.within(tolerance),
            RangeCheck::Overflows(_) => false,
            RangeCheck::Unknown => true,
        }
    }
}

/// The result of a network.
///
/// ```no_run
/// use resnet_wgpu::low_level::plan::Scalar;
/// use resnet_wgpu::low_level::plan::PlanOptions;
/// use resnet_wgpu::low_level::verify;
/// use resnet_wgpu::{DeviceSelector, Gpu, Model};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let (model, options) = (Model::embedded()?, PlanOptions::default());
/// let report = verify::network(&gpu, &model, 2, (32, 32), &options, |_, _| {})?;
/// assert!(report.passed(Scalar::F32), "logits off by {:.1e}", report.logits.relative());
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkReport {
    /// All layers, in the order of the reference.
    pub layers: Vec<LayerReport>,
    /// The difference of the logits, end to end.
    pub logits: Difference,
}

impl NetworkReport {
    /// Returns whether all layers and the logits are correct for that precision.
    pub fn passed(&self, precision: Scalar) -> bool {
        let layers = tolerance(precision);
        self.logits.within(tolerance_of_logits(precision))
            && self.layers.iter().all(|l| l.passed(layers))
    }

    /// Iterates over the layers with results out of range of their storage format.
    pub fn overflows(&self) -> impl Iterator<Item = &LayerReport> {
        let over = |l: &&LayerReport| matches!(l.range, RangeCheck::Overflows(_));
        self.layers.iter().filter(over)
    }
}

/// Compares `model` with the reference on `batch` different seeded images of `h`×`w` pixels. `each`
/// receives the report of each layer as soon as the layer is compared.
///
/// # Errors
/// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a size that the
/// network does not support, [`ErrorKind::UnsupportedDevice`](crate::ErrorKind::UnsupportedDevice)
/// if the device cannot run the network, [`ErrorKind::DeviceLost`](crate::ErrorKind::DeviceLost) if
/// the device fails. Wrong results are not an error; the report contains them.
pub fn network(
    gpu: &Gpu,
    model: &Model,
    batch: usize,
    (h, w): (usize, usize),
    options: &PlanOptions,
    mut each: impl FnMut(&LayerReport, usize),
) -> Result<NetworkReport, Error> {
    let graph = model.graph(h, w)?;
    let lowered = lower(&graph, model.params(), &[])?;
    let plan = Plan::new(&lowered, batch, gpu.profile(), &[], options)?;
    let executable = Executable::isolated(gpu, plan, &lowered.params)?;

    // Allocate the images only after the device is known to support this batch size.
    let input = seeded_images(batch, graph.input_shape());
    let reference = ReferenceModel::new(&graph, model.params())?;
    let mut run = ReferenceExecutor::new(&reference, &input)?;
    let made_by = executable.plan().made_by.clone();
    for (made, maker) in lowered.origin.iter().zip(&made_by) {
        for input in maker.iter().flat_map(|&id| &lowered.graph.node(id).inputs) {
            run.hold(lowered.origin[input.0], *made)?;
        }
    }
    let total = made_by.iter().flatten().count() - 1;
    let stored = executable.plan().stored.clone();
    let mut fits = vec![true; lowered.graph.nodes.len()];
    let mut layers = Vec::with_capacity(total);
    let mut expected_logits = vec![];
    while let Some(original) = run.step()? {
        let Some(index) = lowered.origin.iter().position(|&o| o == original) else {
            continue; // absorbed by a later node
        };
        let node = &lowered.graph.nodes[index];
        // If only the batch norm or the pool after a sum is stored, the sum is compared through
        // this result.
        let Some(maker) = made_by[index].filter(|_| !node.inputs.is_empty()) else {
            continue;
        };
        let inputs = &lowered.graph.node(maker).inputs;
        let steps = executable.plan().steps.iter().enumerate();
        let own: Vec<usize> = steps
            .filter(|(_, s)| s.node == maker)
            .map(|(i, _)| i)
            .collect();
        let (Some(&first), Some(&last)) = (own.first(), own.last()) else {
            continue;
        };
        for input in inputs {
            let value = value(&run, lowered.origin[input.0])?;
            let slot = executable.plan().slot_of[input.0];
            executable.write_slot(slot, stored[input.0], &padded(value))?;
        }
        executable.run_steps(first..last + 1)?;
        let s = node.shape;
        let floats = batch * s.h * s.w * quads(s.c) * QUAD;
        let found =
            executable.read_slot(executable.plan().slot_of[index], stored[index], floats)?;
        let expected = value(&run, original)?.data();
        let found = unpad_channels(&found, s.c);
        let difference = Difference::between(&found, expected);
        let largest = largest(expected);
        let range = if inputs.iter().any(|input| !fits[input.0]) {
            RangeCheck::Unknown
        } else {
            range(&found, largest, options.precision)
        };
        // Results computed from lost values are lost, too. But if the reference's value is in
        // range, it is a valid input for the next layer.
        fits[index] = largest <= stored[index].largest();
        let report = LayerReport {
            layer: if maker.0 == index {
                executable.plan().steps[first].name.clone()
            } else {
                node.name.clone()
            },
            kernel: executable.plan().steps[first].candidate,
            shape: s,
            difference,
            range,
        };
        each(&report, total);
        layers.push(report);
        if original == graph.output {
            expected_logits = expected.to_vec();
        }
    }

    let mut logits = vec![];
    let classes = graph.output_shape().c;
    executable.run(&padded(&input), |output, data| {
        if output == 0 {
            logits = unpad_channels(data, classes);
        }
    })?;
    Ok(NetworkReport {
        layers,
        logits: Difference::between(&logits, &expected_logits),
    })
}

/// Compares a result with the range of f16. The result is out of range if the reference's value is
/// too large. It is also out of range if the device's value is not finite but the reference's value
/// is: then an intermediate value, such as a transformed tile, was too large.
fn range(found: &[f32], expected: f32, precision: Scalar) -> RangeCheck {
    let half = precision == Scalar::F16 && expected.is_finite();
    let lost = half && found.iter().any(|v| !v.is_finite());
    if (half && expected > precision.largest()) || lost {
        RangeCheck::Overflows(f64::from(expected))
    } else {
        RangeCheck::Fits
    }
}

/// Returns `batch` different images, `[N, H, W, C]`, of mean 0 and variance 1. A smaller batch
/// contains the first images of a larger one.
pub fn seeded_images(batch: usize, s: Shape) -> Tensor {
    let shape = [batch, s.c, s.h, s.w];
    let data = synthetic_tensor("input", &shape, 0, 1.0);
    match Tensor::new(shape, data) {
        Some(nchw) => nchw.nchw_to_nhwc(),
        None => Tensor::zeros([batch, s.h, s.w, s.c]),
    }
}

fn value<'a>(run: &'a ReferenceExecutor<'_>, id: NodeId) -> Result<&'a Tensor, Error> {
    // The values were held, so only a defect of this library leads here.
    run.value(id)
        .ok_or_else(|| ReferenceError::NoSuchNode { id: id.0, nodes: 0 }.into())
}
