//! What a plan binds besides activations: weights and parameters.

use std::collections::BTreeMap;
use std::ops::Range;

use super::value::Value;
use super::{Gpu, GpuError};
use crate::plan::{Plan, Weight};
use crate::tensor::Params;

/// Weights on their way to the device, at most, before the host waits for
/// those before them: their staging memory is freed only behind a submission.
/// Whole rows of a texture.
const STAGED_BYTES: usize = 4 << 20;

/// Reads, packs and uploads all weights, a tensor at a time: of the host's
/// memory it takes what the largest tensor takes, as it is and packed.
pub(super) fn upload_all(
    gpu: &Gpu,
    weights: &[Weight],
    params: &Params,
) -> Result<Vec<Value>, GpuError> {
    // A tensor that is cut into chunks is read once for all of them.
    let mut chunks: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (i, weight) in weights.iter().enumerate() {
        chunks.entry(weight.tensor.as_deref()).or_default().push(i);
    }
    let mut upload = Upload {
        gpu,
        staged: 0,
        before: None,
    };
    let mut values: Vec<Option<Value>> = weights.iter().map(|_| None).collect();
    for (name, chunks) in chunks {
        let tensor = name.map(|name| params.get(name)).transpose()?;
        for i in chunks {
            let packed = weights[i].packing.pack(tensor.as_deref());
            let label = name.unwrap_or("zeros");
            values[i] = Some(upload.value(label, bytemuck::cast_slice(&packed))?);
        }
    }
    gpu.queue().submit([]);
    // Each has been made above.
    Ok(values.into_iter().flatten().collect())
}

/// Weights on their way to the device.
struct Upload<'a> {
    gpu: &'a Gpu,
    /// Bytes that were handed over since the last submission.
    staged: usize,
    /// The submission before that.
    before: Option<wgpu::SubmissionIndex>,
}

impl Upload<'_> {
    /// A value with those bytes. What kernels read of weights is written here
    /// and nowhere else.
    fn value(&mut self, label: &str, bytes: &[u8]) -> Result<Value, GpuError> {
        let value = Value::new(self.gpu, label, bytes.len() as u64);
        let mut at = 0;
        for piece in bytes.chunks(STAGED_BYTES) {
            value.write(self.gpu.queue(), at, piece);
            at += piece.len() as u64;
            self.staged += piece.len();
            if self.staged >= STAGED_BYTES {
                let submitted = self.gpu.queue().submit([]);
                if let Some(before) = self.before.replace(submitted) {
                    self.gpu.wait(before)?;
                }
                self.staged = 0;
            }
        }
        Ok(value)
    }
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
