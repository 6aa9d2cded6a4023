//! A plan's steps with their GPU objects, ready to be dispatched.

use std::sync::Arc;

use super::pipelines::Pipeline;
use super::upload::StepParams;
use super::value::Value;
use super::{Gpu, GpuError};
use crate::plan::{Binding, Plan};

/// A step with its GPU objects.
#[derive(Debug)]
pub(super) struct BoundDispatch {
    pub pipeline: Arc<Pipeline>,
    pub bind_group: wgpu::BindGroup,
    pub grid: [u32; 3],
}

/// Creates the GPU objects for the steps of a plan, bound to `slots` and `weights`.
pub(super) fn bound_dispatches(
    gpu: &Gpu,
    plan: &Plan,
    slots: &[Value],
    weights: &[Value],
) -> Result<Vec<BoundDispatch>, GpuError> {
    let words = StepParams::new(gpu, plan);
    let mut steps = Vec::with_capacity(plan.steps.len());
    for (i, step) in plan.steps.iter().enumerate() {
        let variant = step.variant();
        let pipeline = (gpu.pipelines().find(variant)).ok_or_else(|| GpuError::Kernel {
            kernel: variant.kernel.name,
            reason: "expected its pipeline, found none; load its plan again".into(),
        })?;
        let mut entries = vec![wgpu::BindGroupEntry {
            binding: 0,
            resource: words.binding(i),
        }];
        let reads = step.reads.iter().map(|read| match read {
            Binding::Slot(slot) => &slots[*slot],
            Binding::Weight(weight) => &weights[*weight],
        });
        let writes = step.writes.iter().map(|slot| &slots[*slot]);
        for value in reads.chain(writes) {
            entries.push(wgpu::BindGroupEntry {
                binding: entries.len() as u32,
                resource: value.binding(),
            });
        }
        let bind_group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&step.name),
            layout: &pipeline.layout,
            entries: &entries,
        });
        steps.push(BoundDispatch {
            pipeline,
            bind_group,
            grid: step.grid,
        });
    }
    Ok(steps)
}
