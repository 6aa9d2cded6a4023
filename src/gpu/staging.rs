//! The upload of images. `Queue::write_buffer` creates a buffer for each write,
//! of megabytes for a batch; a staging buffer serves all runs of a frame.

use std::ops::Range;

use super::frame::Claim;
use super::generation_counters::COUNTER_BYTES;
use super::signal::Signal;
use super::{GpuError, Handles};

/// A buffer that the host writes and the device copies from, in turns.
#[derive(Debug)]
pub(super) struct Staging {
    buffer: wgpu::Buffer,
    signal: Signal,
}

impl Staging {
    /// A buffer of `bytes`, a multiple of 4, mapped for the host.
    pub fn new(handles: &Handles, bytes: u64) -> Self {
        Self {
            buffer: handles.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("images"),
                size: bytes,
                usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            }),
            signal: Signal::ended(),
        }
    }

    /// The buffer to copy from, once it is filled.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Reports when the buffer is mapped for the host.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Writes `bytes` to the start of the mapped buffer and `number`, if any, to
    /// its end, and unmaps it.
    pub fn fill(
        &self,
        handles: &Handles,
        bytes: &[u8],
        number: Option<u32>,
    ) -> Result<(), GpuError> {
        let write = |range: Range<u64>, bytes: &[u8]| -> Result<(), GpuError> {
            let view = self.buffer.get_mapped_range_mut(range);
            let mut view = view.map_err(|error| handles.lost(error))?;
            view.slice(..bytes.len()).copy_from_slice(bytes);
            Ok(())
        };
        if !bytes.is_empty() {
            let words = (bytes.len() as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
            write(0..words, bytes)?;
        }
        if let Some(number) = number {
            let size = self.buffer.size();
            write(size - COUNTER_BYTES..size, &number.to_le_bytes())?;
        }
        self.buffer.unmap();
        self.signal.reset();
        Ok(())
    }

    /// Maps the buffer for the host again once the commands of `encoder` are done
    /// with it.
    pub fn recycle(&self, encoder: &wgpu::CommandEncoder, claim: Option<Claim>) {
        let (bytes, mode) = (self.buffer.size(), wgpu::MapMode::Write);
        self.signal.map(encoder, &self.buffer, mode, bytes, claim);
    }
}
