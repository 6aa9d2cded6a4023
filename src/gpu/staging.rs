//! Brings images to the device. wgpu's own way makes a buffer for each write,
//! of megabytes for a batch; this one is there for all runs.

use std::ops::Range;

use super::mapping::Mapping;
use super::{Gpu, GpuError};

/// Bytes of a run's number.
pub(super) const MARK: u64 = 4;

/// A buffer that the host writes and the device copies from, by turns.
#[derive(Debug)]
pub(super) struct Staging {
    buffer: wgpu::Buffer,
    mapping: Mapping,
}

impl Staging {
    /// Room for that many bytes, whole words.
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        Self {
            buffer: gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("images"),
                size: bytes,
                usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            }),
            mapping: Mapping::there(),
        }
    }

    /// The buffer to copy from, once it is filled.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Word of whether it is the host's.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Writes those bytes to its start, and that number to its end, if any.
    /// Whatever was to copy from it before must have completed.
    pub fn fill(&self, gpu: &Gpu, bytes: &[u8], number: Option<u32>) -> Result<(), GpuError> {
        self.mapping.wait(gpu)?;
        let write = |range: Range<u64>, bytes: &[u8]| -> Result<(), GpuError> {
            let view = self.buffer.get_mapped_range_mut(range);
            // It was mapped when the device was well.
            let mut view = view.map_err(|e| gpu.lost(e))?;
            view.slice(..bytes.len()).copy_from_slice(bytes);
            Ok(())
        };
        if !bytes.is_empty() {
            let words = (bytes.len() as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
            write(0..words, bytes)?;
        }
        if let Some(number) = number {
            let size = self.buffer.size();
            write(size - MARK..size, &number.to_le_bytes())?;
        }
        self.buffer.unmap();
        Ok(())
    }

    /// Has it ready for the host again when these commands are done with it.
    pub fn recycle(&self, encoder: &wgpu::CommandEncoder) {
        let (bytes, mode) = (self.buffer.size(), wgpu::MapMode::Write);
        self.mapping.ask(encoder, &self.buffer, mode, bytes);
    }
}
