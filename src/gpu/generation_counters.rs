//! Numbers that detect dropped and reordered command encoders of an application.

use super::Handles;

/// Bytes of a run's number.
pub(super) const COUNTER_BYTES: u64 = 4;

/// Generation counters on the device, shared by all frames of an executable.
///
/// Each run has a number. The first slice of a run clears all counters and
/// writes the number to the first one. Each later slice copies the number from
/// the counter of the slice before it to its own. The last slice copies it out
/// with the outputs. Another number comes out if a slice was not submitted, or
/// if another run came between two slices.
#[derive(Debug)]
pub(super) struct GenerationCounters([wgpu::Buffer; 2]);

impl GenerationCounters {
    /// Counters for runs of up to `slices` slices.
    pub fn new(handles: &Handles, slices: usize) -> Self {
        Self([(); 2].map(|()| {
            handles.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("marks"),
                size: COUNTER_BYTES * slices as u64,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        }))
    }

    /// Records the start of the run whose number lies at byte `at` of `from`.
    pub fn begin(&self, encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, at: u64) {
        (self.0.iter()).for_each(|marks| encoder.clear_buffer(marks, 0, None));
        encoder.copy_buffer_to_buffer(from, at, &self.0[0], 0, COUNTER_BYTES);
    }

    /// Records that a run continues with slice `slice`, counted from 0; at
    /// least 1.
    pub fn carry(&self, encoder: &mut wgpu::CommandEncoder, slice: usize) {
        let [from, to] = [slice - 1, slice].map(|slice| self.of(slice));
        encoder.copy_buffer_to_buffer(from.0, from.1, to.0, to.1, COUNTER_BYTES);
    }

    /// Records that slice `slice` was the last: the number goes to byte `at` of
    /// `into`.
    pub fn end(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        slice: usize,
        into: &wgpu::Buffer,
        at: u64,
    ) {
        let (marks, from) = self.of(slice);
        encoder.copy_buffer_to_buffer(marks, from, into, at, COUNTER_BYTES);
    }

    /// The counter of a slice. Neighbours lie in different buffers, as a copy
    /// within one buffer is not allowed.
    fn of(&self, slice: usize) -> (&wgpu::Buffer, u64) {
        (&self.0[slice % 2], COUNTER_BYTES * slice as u64)
    }
}
