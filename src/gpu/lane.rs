//! What a run has to itself, so that several can be in flight: where its images
//! wait for the device and its outputs for the host.

use super::Gpu;
use super::readback::Readback;
use super::staging::Staging;

/// Buffers for one run at a time.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(super) upload: Staging,
    pub(super) readback: Readback,
    /// Of runs whose commands the application submits.
    pub(super) results: Option<Results>,
    /// Where outputs that are stored in f16 are widened.
    pub(super) floats: Vec<f32>,
}

/// What a run needs besides where the application submits its commands.
#[derive(Debug)]
pub(super) struct Results {
    /// Where outputs stay for the application's own shaders.
    pub outputs: wgpu::Buffer,
    /// A run's number goes from one to the other and back with each slice, to a
    /// place of the slice's own, and comes out with the outputs: where a slice was
    /// not submitted, another number does.
    pub marks: [wgpu::Buffer; 2],
}

/// Bytes of a run's number.
pub(super) const MARK: u64 = 4;

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
        let buffer = |label, size, usage| {
            gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage: usage | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        let marks = MARK * size.slices as u64;
        let mark = || buffer("marks", marks, wgpu::BufferUsages::empty());
        let results = || Results {
            outputs: buffer("results", size.readback, wgpu::BufferUsages::STORAGE),
            marks: [mark(), mark()],
        };
        Self {
            upload: Staging::new(gpu, size.upload_all()),
            readback: Readback::new(gpu, size.readback_all()),
            results: (size.slices > 0).then(results),
            // The first run is to be the last that allocates, on whichever lane.
            floats: Vec::with_capacity(size.halves),
        }
    }
}
