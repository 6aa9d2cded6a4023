//! What a plan binds besides activations: weights and parameters.

use std::ops::Range;
use std::sync::Arc;

use super::Gpu;
use super::value::Value;
use crate::plan::{Plan, Weight};
use crate::tensor::Params;

/// Weights staged for upload, at most, before they are sent on: staging memory
/// is freed only behind a submission.
const STAGED_BYTES: u64 = 64 << 20;

/// Packs and uploads all weights.
pub(super) fn upload_all(gpu: &Gpu, weights: &[Weight], params: &Params) -> Vec<Value> {
    let mut staged = 0;
    let buffers = weights.iter().map(|weight| {
        let buffer = upload(gpu, weight, params);
        staged += weight.bytes();
        if staged > STAGED_BYTES {
            gpu.queue().submit([]);
            staged = 0;
        }
        buffer
    });
    let buffers = buffers.collect();
    gpu.queue().submit([]);
    buffers
}

fn upload(gpu: &Gpu, weight: &Weight, params: &Params) -> Value {
    let tensor = weight.tensor.as_deref();
    let value = Value::new(gpu, tensor.unwrap_or("zeros"), weight.bytes());
    let tensor = tensor.and_then(|name| params.get(name));
    let packed = weight.packing.pack(tensor.map(Arc::as_ref));
    value.write(gpu.queue(), bytemuck::cast_slice(&packed));
    value
}

/// The parameters of all steps in one buffer, each at an offset that may be
/// bound.
pub(super) struct StepParams {
    buffer: wgpu::Buffer,
    ranges: Vec<Range<u64>>,
}

impl StepParams {
    pub fn new(gpu: &Gpu, plan: &Plan) -> Self {
        let align = u64::from(gpu.device().limits().min_uniform_buffer_offset_alignment);
        let mut bytes: Vec<u8> = Vec::new();
        let mut ranges = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let start = (bytes.len() as u64).next_multiple_of(align);
            bytes.resize(start as usize, 0);
            bytes.extend_from_slice(bytemuck::cast_slice(&step.params));
            // Uniform blocks are whole vec4s in some drivers' eyes.
            bytes.resize(bytes.len().next_multiple_of(16), 0);
            ranges.push(start..bytes.len() as u64);
        }
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: bytes.len().max(16) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue().write_buffer(&buffer, 0, &bytes);
        Self { buffer, ranges }
    }

    pub fn binding(&self, step: usize) -> wgpu::BindingResource<'_> {
        let range = &self.ranges[step];
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: range.start,
            size: std::num::NonZeroU64::new(range.end - range.start),
        })
    }
}
