//! Brings results to the host.

use super::mapping::Mapping;
use super::{Gpu, GpuError};

/// A buffer that the host can read, and word of its mapping.
#[derive(Debug)]
pub(super) struct Readback {
    buffer: wgpu::Buffer,
    mapping: Mapping,
}

impl Readback {
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        Self {
            buffer: gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: bytes,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            mapping: Mapping::default(),
        }
    }

    /// The buffer to copy results to.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Waits for a submission and shows `read` the first `bytes`.
    pub fn read(
        &self,
        gpu: &Gpu,
        submitted: wgpu::SubmissionIndex,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        let result = self
            .map(gpu, submitted, bytes)
            .and_then(|()| self.show(gpu, bytes, read));
        // Mapped, pending or failed: the next run finds it unmapped.
        self.buffer.unmap();
        result
    }

    fn map(&self, gpu: &Gpu, submitted: wgpu::SubmissionIndex, bytes: u64) -> Result<(), GpuError> {
        self.mapping.ask(&self.buffer, wgpu::MapMode::Read, bytes);
        gpu.wait(submitted)?;
        self.mapping.wait(gpu)
    }

    fn show(&self, gpu: &Gpu, bytes: u64, read: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let view = self.buffer.get_mapped_range(0..bytes);
        let view = view.map_err(|e| gpu.lost(e))?;
        read(&view);
        Ok(())
    }
}
