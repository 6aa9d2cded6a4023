//! What a plan binds besides activations: weights and parameters.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::stored::{beyond, store};
use super::value::Value;
use super::{Gpu, GpuError};
use crate::kernels::TEXTURE_ROW;
use crate::monitor::{Monitor, Stage};
use crate::plan::{Plan, Weight};
use crate::tensor::{Params, QUAD, Tensor, TensorError};

/// Weights on their way to the device, at most, before the host waits for
/// those before them: their staging memory is freed only behind a submission.
const STAGED_BYTES: usize = 2 << 20;

/// Quads that are packed at a time: what stays in a core's own cache until it
/// is handed over. Whole rows of a texture.
const PIECE_QUADS: usize = 32 << 10;

/// Reads, packs and uploads all weights, a tensor at a time: of the host's
/// memory it takes what the largest tensor takes, and a little, or as much again
/// as Winograd's transform makes of it, which is made whole.
pub(super) fn upload_all(
    gpu: &Gpu,
    weights: &[Weight],
    params: &Params,
    monitor: &Monitor,
) -> Result<Vec<Value>, GpuError> {
    // A tensor that is cut into chunks is read once for all of them.
    let mut chunks: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (i, weight) in weights.iter().enumerate() {
        chunks.entry(weight.tensor.as_deref()).or_default().push(i);
    }
    // The largest first: what it takes of the host is gone before the device's
    // memory is full, which is the same on some devices.
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
    // Each has been made above.
    Ok(values.into_iter().flatten().collect())
}

/// Weights on their way to the device.
struct Upload<'a> {
    gpu: &'a Gpu,
    monitor: &'a Monitor,
    /// Room for what is packed at a time.
    packed: Vec<f32>,
    /// Bytes that were handed over since the last submission.
    staged: usize,
    /// The submission before that.
    before: Option<wgpu::SubmissionIndex>,
}

impl Upload<'_> {
    /// A weight on the device. What kernels read of weights is written here
    /// and nowhere else.
    fn value(
        &mut self,
        name: Option<&str>,
        weight: &Weight,
        tensor: Option<&Tensor>,
    ) -> Result<Value, GpuError> {
        let (packing, scalar) = (weight.packing, weight.scalar);
        let quad_bytes = scalar.quad_bytes();
        let place = self.gpu.profile().storage.place(scalar);
        let value = Value::new(
            self.gpu.handles(),
            name.unwrap_or("zeros"),
            weight.bytes(),
            place,
        );
        let rows_at_once = match packing.by_rows() {
            true => whole_rows(packing.quads()),
            false => packing.rows(),
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

    /// Counts bytes that were handed over, and waits where they are too many.
    fn staged(&mut self, bytes: usize) -> Result<(), GpuError> {
        self.monitor.advance(Stage::Weights, bytes as u64)?;
        self.staged += bytes;
        if self.staged < STAGED_BYTES {
            return Ok(());
        }
        self.staged = 0;
        let submitted = self.gpu.queue().submit([]);
        match self.before.replace(submitted) {
            // A browser's queue takes all of it.
            Some(before) if cfg!(not(target_arch = "wasm32")) => self.gpu.handles().wait(before),
            _ => Ok(()),
        }
    }
}

/// How many rows of so many quads make at least a piece, and end where a row
/// of a texture ends.
fn whole_rows(quads: usize) -> usize {
    let texture_row = TEXTURE_ROW as usize;
    // Both are powers of two, or the quads have an odd part.
    let step = texture_row >> quads.trailing_zeros().min(texture_row.trailing_zeros());
    (PIECE_QUADS.div_ceil(quads.max(1))).next_multiple_of(step)
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
