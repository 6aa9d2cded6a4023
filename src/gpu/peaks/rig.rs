//! The device objects that all measurements need: pipelines, buffers and a stopwatch.

use std::ops::Range;

use super::stopwatch::{PassDuration, Stopwatch};
use crate::gpu::readback::Readback;
use crate::gpu::{Gpu, GpuError};
use crate::kernels::PeakShader;

/// A device that is measured.
#[derive(Debug)]
pub struct Rig {
    pub(super) gpu: Gpu,
    stopwatch: Stopwatch,
}

/// Dispatches of one pipeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Launch<'a> {
    pub pipeline: &'a wgpu::ComputePipeline,
    pub binds: &'a wgpu::BindGroup,
    /// Workgroups of each dispatch.
    pub groups: u32,
    /// Number of dispatches, one after the other.
    pub times: u32,
}

impl Rig {
    /// Prepares measurements on `gpu`.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            stopwatch: Stopwatch::new(gpu)?,
        })
    }

    /// Returns the device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Returns whether a workgroup may have `invocations` invocations.
    pub fn has_workgroups_of(&self, invocations: u32) -> bool {
        invocations <= self.gpu.profile().invocations
    }

    /// Runs the dispatches in one pass and waits for their end.
    pub(super) fn time(&self, launch: Launch<'_>) -> Result<PassDuration, GpuError> {
        self.stopwatch.time(&self.gpu, |pass| {
            pass.set_pipeline(launch.pipeline);
            pass.set_bind_group(0, launch.binds, &[]);
            for _ in 0..launch.times {
                pass.dispatch_workgroups(launch.groups, 1, 1);
            }
        })
    }

    /// Creates the shader's pipeline, with a layout derived from the shader.
    pub(super) fn pipeline(
        &self,
        shader: &PeakShader,
        entry: &str,
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        let text = shader.source()?;
        self.gpu
            .shader_pipeline(shader.name(), text, entry, &mut Default::default())
    }

    /// Creates a bind group of whole buffers.
    pub(super) fn binds(
        &self,
        pipeline: &wgpu::ComputePipeline,
        buffers: &[(u32, &wgpu::Buffer)],
    ) -> Result<wgpu::BindGroup, GpuError> {
        let entries: Vec<_> = (buffers.iter())
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: *binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        self.gpu.handles().watch(0, || {
            let descriptor = wgpu::BindGroupDescriptor {
                label: None,
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            };
            self.gpu.device().create_bind_group(&descriptor)
        })
    }

    /// Creates a storage buffer that the host can also write and read.
    pub(super) fn storage(&self, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
        self.buffer(bytes, wgpu::BufferUsages::STORAGE)
    }

    /// Creates a buffer of parameters.
    pub(super) fn uniform(&self) -> Result<wgpu::Buffer, GpuError> {
        self.buffer(16, wgpu::BufferUsages::UNIFORM)
    }

    fn buffer(&self, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, GpuError> {
        let usage = usage | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        self.gpu.handles().watch(bytes, || {
            self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("peaks"),
                size: bytes,
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// Writes to the start of a buffer.
    pub(super) fn write(&self, buffer: &wgpu::Buffer, bytes: &[u8]) -> Result<(), GpuError> {
        self.gpu.handles().watch(bytes.len() as u64, || {
            self.gpu.queue().write_buffer(buffer, 0, bytes);
        })
    }

    /// Reads the bytes `range` of a buffer.
    pub(super) fn read(
        &self,
        buffer: &wgpu::Buffer,
        range: Range<u64>,
    ) -> Result<Vec<u8>, GpuError> {
        let bytes = range.end - range.start;
        let (readback, submitted) = self.gpu.handles().watch(bytes, || {
            let readback = Readback::new(self.gpu.handles(), bytes);
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
            encoder.copy_buffer_to_buffer(buffer, range.start, readback.buffer(), 0, bytes);
            readback.map(&encoder, bytes, None);
            (readback, self.gpu.queue().submit([encoder.finish()]))
        })?;
        let mut out = Vec::new();
        readback.read(self.gpu.handles(), submitted, bytes, |data| {
            out.extend_from_slice(bytemuck::cast_slice(data));
        })?;
        Ok(out)
    }

    /// Reads the start and the end of the first `bytes` bytes of a buffer, each with its offset.
    /// Both ends show cheaply that a dispatch ran, and that it ran to its end.
    pub(super) fn ends(
        &self,
        buffer: &wgpu::Buffer,
        bytes: u64,
    ) -> Result<[(u64, Vec<u8>); 2], GpuError> {
        let piece = bytes.min(16 << 10);
        let last = bytes - piece;
        Ok([
            (0, self.read(buffer, 0..piece)?),
            (last, self.read(buffer, last..bytes)?),
        ])
    }

    /// Creates an error that states the value found and the expected value.
    pub(super) fn wrong(&self, shader: &PeakShader, at: u64, found: f64, right: f64) -> GpuError {
        GpuError::Wrong {
            device: self.gpu.describe(),
            kernel: shader.name(),
            reason: format!("{found} where {right} is right, at {at}"),
        }
    }
}

/// Converts bytes to numbers. The bytes may have any alignment.
pub(super) fn numbers<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> impl Iterator<Item = T> {
    (bytes.chunks_exact(size_of::<T>())).map(bytemuck::pod_read_unaligned)
}
