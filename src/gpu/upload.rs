//! Uploads the values that a plan binds besides activations: weights and parameters.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::scalar_bytes::{beyond, store};
use super::value::Value;
use super::{Gpu, GpuError};
use crate::kernels::TEXTURE_ROW;
use crate::monitor::{Monitor, Stage};
use crate::plan::{Plan, Weight};
use crate::tensor::{Params, QUAD, Tensor, TensorError};

/// The largest number of bytes of weights on their way to the device before the host waits for
/// earlier ones. wgpu frees staging memory only after a submission.
const STAGED_BYTES: usize = 2 << 20;

/// Channel quads that are packed at a time: a piece that stays in a core's own cache until it is
/// uploaded. A whole number of texture rows.
const PIECE_QUADS: usize = 32 << 10;

/// Reads, packs and uploads all weights, one tensor at a time.
///
/// Host memory peaks at the size of the largest tensor plus a small buffer. For a Winograd
/// transform, the size of the transform is added, because the transform is computed as a whole.
pub(super) fn upload_all(
    gpu: &Gpu,
    weights: &[Weight],
    params: &Params,
    monitor: &Monitor,
) -> Result<Vec<Value>, GpuError> {
    // A tensor that is split into chunks is read once for all chunks.
    let mut chunks: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (i, weight) in weights.iter().enumerate() {
        chunks.entry(weight.tensor.as_deref()).or_default().push(i);
    }
    // The largest tensor comes first, so that its host memory is free again before the device's
    // memory is full. On some devices, host and device share memory.
    let mut chunks: Vec<_> = chunks.into_iter().collect();
    let len = |chunks: &Vec<usize>| chunks.iter().map(|&i| weights[i].packing.len()).sum();
    chunks.sort_by_key(|(_, chunks)| Reverse::<usize>(len(chunks)));
    let bytes = weights.iter().map(Weight::bytes).sum();
    monitor.expect(Stage::Weights, bytes);
    let mut upload = Upload {
        gpu,
        monitor,
        packed: vec![],
        staged: 0,
        before: None,
    };
    let mut values: Vec<Option<Value>> = weights.iter().map(|_| None).collect();
    for (name, chunks) in chunks {
        let tensor = name.map(|name| params.get(name)).transpose()?;
        for i in chunks {
            if let Some(tensor) = &tensor
                && !weights[i].packing.takes(tensor.shape())
            {
                let problem = format!(
                    "expected the shape that it was planned with, found {:?}; plan and run with \
                     the same weights",
                    tensor.shape()
                );
                return Err(TensorError::new(name.unwrap_or_default(), problem).into());
            }
            values[i] = Some(upload.value(name, &weights[i], tensor.as_deref())?);
        }
    }
    gpu.queue().submit([]);
    // The loop above has set every value.
    Ok(values.into_iter().flatten().collect())
}

/// An upload of weights in progress.
struct Upload<'a> {
    gpu: &'a Gpu,
    monitor: &'a Monitor,
    /// Buffer for the weights that are packed at a time.
    packed: Vec<f32>,
    /// Bytes passed to the queue since the last submission.
    staged: usize,
    /// The last submission. The host waits for its end after the next submission.
    before: Option<wgpu::SubmissionIndex>,
}

impl Upload<'_> {
    /// Creates one weight on the device and uploads its data. Only this function writes the weights
    /// that kernels read.
    fn value(
        &mut self,
        name: Option<&str>,
        weight: &Weight,
        tensor: Option<&Tensor>,
    ) -> Result<Value, GpuError> {
        let (packing, scalar) = (weight.packing, weight.scalar);
        let quad_bytes = scalar.quad_bytes();
        let memory_kind = self.gpu.profile().storage.memory_kind(scalar);
        let value = Value::new(
            self.gpu.handles(),
            name.unwrap_or("zeros"),
            weight.bytes(),
            memory_kind,
        );
        let rows_at_once = if packing.by_rows() {
            whole_rows(packing.quads())
        } else {
            packing.rows()
        };
        let mut packed = std::mem::take(&mut self.packed);
        for first in (0..packing.rows()).step_by(rows_at_once) {
            let rows = first..packing.rows().min(first + rows_at_once);
            packing.pack(tensor, rows, &mut packed);
            if let Some(value) = beyond(&packed, scalar) {
                let tensor = name.unwrap_or_default().to_owned();
                return Err(GpuError::Beyond { tensor, value });
            }
            let mut at = (first * packing.quads() * quad_bytes) as u64;
            for piece in packed.chunks(PIECE_QUADS * QUAD) {
                store(piece, scalar, |bytes| {
                    value.write(self.gpu.queue(), at, bytes);
                    at += bytes.len() as u64;
                    self.staged(bytes.len())
                })?;
            }
        }
        self.packed = packed;
        Ok(value)
    }

    /// Counts bytes passed to the queue. At [`STAGED_BYTES`], submits them and waits for the
    /// submission before.
    fn staged(&mut self, bytes: usize) -> Result<(), GpuError> {
        self.monitor.advance(Stage::Weights, bytes as u64)?;
        self.staged += bytes;
        if self.staged < STAGED_BYTES {
            return Ok(());
        }
        self.staged = 0;
        let submitted = self.gpu.queue().submit([]);
        match self.before.replace(submitted) {
            // In a browser, nothing may wait, and the queue accepts any number of bytes.
            Some(before) if cfg!(not(target_arch = "wasm32")) => self.gpu.handles().wait(before),
            _ => Ok(()),
        }
    }
}

/// Returns the number of rows of `quads` channel quads each that fill at least one piece and end at
/// the end of a texture row.
fn whole_rows(quads: usize) -> usize {
    let texture_row = TEXTURE_ROW as usize;
    // The texture row is a power of two, so `step` is the row divided by the powers of two in
    // `quads`. Then `step * quads` is a multiple of the row.
    let step = texture_row >> quads.trailing_zeros().min(texture_row.trailing_zeros());
    (PIECE_QUADS.div_ceil(quads.max(1))).next_multiple_of(step)
}

/// The parameters of all steps in one buffer, each at an offset that a binding may use.
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
            // Some drivers require uniform blocks to consist of whole vec4s.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_rows_of_a_texture() {
        for quads in [1, 3, 8, 16, 24, 250, 512, 768, 100_000] {
            let rows = whole_rows(quads);
            assert_eq!(rows * quads % TEXTURE_ROW as usize, 0, "{quads}");
            assert!(rows * quads >= PIECE_QUADS);
            assert!(rows * quads <= PIECE_QUADS + (TEXTURE_ROW as usize + 1) * quads);
        }
        assert_eq!(PIECE_QUADS % TEXTURE_ROW as usize, 0);
    }
}
