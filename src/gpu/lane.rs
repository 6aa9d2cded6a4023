//! What a run has to itself, so that several can be in flight: where its images
//! wait for the device and its outputs for the host.

use super::Gpu;
use super::readback::Readback;
use super::staging::{MARK, Staging};

/// Buffers for one run at a time.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(super) upload: Staging,
    pub(super) readback: Readback,
    /// Where outputs stay for the application's own shaders, of runs whose commands
    /// it submits.
    pub(super) results: Option<wgpu::Buffer>,
    /// Where outputs that are stored in f16 are widened.
    pub(super) floats: Vec<f32>,
}

/// Tells runs apart whose commands the application submits. All lanes share it, as
/// they share activations. A run's number goes from one buffer to the other and
/// back with each slice, to a place of the slice's own, and comes out with the
/// outputs; the first slice clears all places. Where a slice was not submitted, or
/// another run's came between, another number comes out.
#[derive(Debug)]
pub(super) struct Marks([wgpu::Buffer; 2]);

impl Marks {
    pub fn new(gpu: &Gpu, slices: usize) -> Self {
        let size = MARK * slices as u64;
        Self([(); 2].map(|()| buffer(gpu, "marks", size, wgpu::BufferUsages::empty())))
    }

    /// Records that a run begins, whose number lies there.
    pub fn begin(&self, encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, at: u64) {
        (self.0.iter()).for_each(|marks| encoder.clear_buffer(marks, 0, None));
        encoder.copy_buffer_to_buffer(from, at, &self.0[0], 0, MARK);
    }

    /// Records that a run goes on with that slice, which is not its first.
    pub fn go_on(&self, encoder: &mut wgpu::CommandEncoder, slice: usize) {
        let [from, to] = [slice - 1, slice].map(|slice| self.of(slice));
        encoder.copy_buffer_to_buffer(from.0, from.1, to.0, to.1, MARK);
    }

    /// Records that a run ends with that slice: its number goes there.
    pub fn end(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        slice: usize,
        into: &wgpu::Buffer,
        at: u64,
    ) {
        let (marks, from) = self.of(slice);
        encoder.copy_buffer_to_buffer(marks, from, into, at, MARK);
    }

    /// Where the number is after that slice.
    fn of(&self, slice: usize) -> (&wgpu::Buffer, u64) {
        (&self.0[slice % 2], MARK * slice as u64)
    }
}

/// How large a lane's buffers are, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneSize {
    pub upload: u64,
    pub readback: u64,
    /// Numbers of the largest output that is stored in f16.
    pub halves: usize,
    /// The most slices that a run has, where the application submits its commands;
    /// else 0.
    pub slices: usize,
}

impl LaneSize {
    /// Bytes for images; a run's number comes last.
    pub fn upload_all(&self) -> u64 {
        self.upload + MARK * u64::from(self.slices > 0)
    }

    /// Bytes for outputs; a run's number comes last.
    pub fn readback_all(&self) -> u64 {
        self.readback + MARK * u64::from(self.slices > 0)
    }
}

impl Lane {
    pub(super) fn new(gpu: &Gpu, size: LaneSize) -> Self {
        let results = || buffer(gpu, "results", size.readback, wgpu::BufferUsages::STORAGE);
        Self {
            upload: Staging::new(gpu, size.upload_all()),
            readback: Readback::new(gpu, size.readback_all()),
            results: (size.slices > 0).then(results),
            // The first run is to be the last that allocates, on whichever lane.
            floats: Vec::with_capacity(size.halves),
        }
    }
}

fn buffer(gpu: &Gpu, label: &str, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size,
        usage: usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}
