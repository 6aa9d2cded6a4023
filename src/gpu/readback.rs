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

    /// Word of whether they have come.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Has it for the next commands; it is mapped.
    pub fn unmap(&self, gpu: &Gpu) -> Result<(), GpuError> {
        // The device may be lost by now.
        gpu.watch(0, || self.buffer.unmap())
    }

    /// Has the first `bytes` mapped when these commands are done.
    pub fn ask(&self, encoder: &wgpu::CommandEncoder, bytes: u64) {
        let mode = wgpu::MapMode::Read;
        self.mapping.ask(encoder, &self.buffer, mode, bytes);
    }

    /// Waits for the submission of commands that [`ask`](Self::ask)ed for it, and
    /// shows `read` the first `bytes`. After an error it is of no further use.
    pub fn read(
        &self,
        gpu: &Gpu,
        submitted: wgpu::SubmissionIndex,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        if !self.mapping.look(gpu)? {
            gpu.wait(submitted)?;
            self.mapping.wait(gpu)?;
        }
        self.show(gpu, bytes, read)
    }

    /// Shows `read` the first `bytes`, which are mapped, and has it ready for the
    /// next commands.
    pub fn show(&self, gpu: &Gpu, bytes: u64, read: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let view = self.buffer.get_mapped_range(0..bytes);
        view.map_err(|e| gpu.lost(e)).map(|view| read(&view))?;
        self.unmap(gpu)
    }
}
