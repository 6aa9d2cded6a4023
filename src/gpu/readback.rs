//! The download of results.

use super::frame::Claim;
use super::reports::Reports;
use super::signal::Signal;
use super::{GpuError, Handles};

/// A buffer that the device copies to and the host reads, in turns.
#[derive(Debug)]
pub(super) struct Readback {
    buffer: wgpu::Buffer,
    signal: Signal,
}

impl Readback {
    /// A buffer of `bytes`.
    pub fn new(handles: &Handles, bytes: u64) -> Self {
        Self {
            buffer: handles.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: bytes,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            signal: Signal::default(),
        }
    }

    /// The buffer to copy results to.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Reports when the results are mapped.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Maps the first `bytes` once the commands of `encoder` are done.
    pub fn map(&self, encoder: &wgpu::CommandEncoder, bytes: u64, claim: Option<Claim>) {
        let mode = wgpu::MapMode::Read;
        self.signal.map(encoder, &self.buffer, mode, bytes, claim);
    }

    /// Unmaps the buffer for the next commands.
    pub fn unmap(&self, handles: &Handles) -> Result<(), GpuError> {
        self.signal.reset();
        // On a lost device this is an error; a browser's next run reports it.
        handles.watch_later(0, &mut Reports::default(), || self.buffer.unmap())
    }

    /// Waits for the submission of commands that [map](Self::map) the buffer, and
    /// reads its first `bytes`. After an error the buffer is of no further use.
    pub fn read(
        &self,
        handles: &Handles,
        submitted: wgpu::SubmissionIndex,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        if !self.signal.is_mapped(handles)? {
            handles.wait(submitted)?;
            let mapped = std::future::poll_fn(|task| self.signal.poll(handles, task));
            handles.block_on(mapped)??;
        }
        self.show(handles, bytes, read)
    }

    /// Reads the first `bytes` of the mapped buffer, and unmaps it.
    pub fn show(
        &self,
        handles: &Handles,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        let view = self.buffer.get_mapped_range(0..bytes);
        view.map_err(|error| handles.lost(error))
            .map(|view| read(&view))?;
        self.unmap(handles)
    }
}
