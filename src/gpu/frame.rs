//! The resources that one run in flight owns, and their reuse.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::generation_counters::{COUNTER_BYTES, GenerationCounters};
use super::permits::Permit;
use super::readback::Readback;
use super::reports::Reports;
use super::staging::Staging;
use super::{GpuError, Handles};

/// The buffers of one run in flight.
#[derive(Debug)]
pub(super) struct Frame {
    /// Images on their way to the device.
    pub upload: Staging,
    /// Outputs on their way to the host.
    pub readback: Readback,
    /// Outputs that stay on the device for the application's shaders; only for
    /// runs whose commands the application submits.
    pub results: Option<wgpu::Buffer>,
    /// Room for the outputs that are stored in f16, widened to f32.
    pub floats: Mutex<Vec<f32>>,
    /// The run's claim, and one for each mapping that is pending.
    claims: AtomicUsize,
    permit: Mutex<Option<Permit>>,
}

/// Sizes of a frame's buffers in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameSize {
    pub upload: u64,
    pub readback: u64,
    /// Numbers of the largest output that is stored in f16.
    pub halves: usize,
    /// The most slices of a run whose commands the application submits; else 0.
    pub slices: usize,
}

impl FrameSize {
    /// Bytes for images, and for a run's number behind them.
    fn upload_all(&self) -> u64 {
        self.upload + COUNTER_BYTES * u64::from(self.slices > 0)
    }

    /// Bytes for outputs, and for a run's number behind them.
    fn readback_all(&self) -> u64 {
        self.readback + COUNTER_BYTES * u64::from(self.slices > 0)
    }

    /// Device memory of a frame.
    fn bytes(&self) -> u64 {
        let results = if self.slices > 0 { self.readback } else { 0 };
        self.upload_all() + self.readback_all() + results
    }
}

impl Frame {
    fn new(handles: &Handles, size: FrameSize) -> Self {
        let results = || {
            handles.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("results"),
                size: size.readback,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_DST
                    | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        Self {
            upload: Staging::new(handles, size.upload_all()),
            readback: Readback::new(handles, size.readback_all()),
            results: (size.slices > 0).then(results),
            // Allocated now: later runs allocate nothing, whichever frame they use.
            floats: Mutex::new(Vec::with_capacity(size.halves)),
            claims: AtomicUsize::new(0),
            permit: Mutex::default(),
        }
    }

    /// Returns whether another run can use the buffers once they are free. After
    /// an error nobody knows what state they are in.
    fn is_intact(&self, handles: &Handles) -> bool {
        matches!(self.upload.signal().is_mapped(handles), Ok(true))
            && !self.readback.signal().has_failed()
    }

    fn permit(&self) -> MutexGuard<'_, Option<Permit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frames of one executable: as many as runs may be in flight.
#[derive(Debug)]
pub(super) struct Frames {
    size: FrameSize,
    most: usize,
    free: Mutex<Vec<Arc<Frame>>>,
    counters: Option<GenerationCounters>,
    number: AtomicU32,
}

impl Frames {
    /// Creates `most` frames.
    pub fn new(handles: &Handles, size: FrameSize, most: usize) -> Arc<Self> {
        let frame = |_| Arc::new(Frame::new(handles, size));
        Arc::new(Self {
            size,
            most,
            free: Mutex::new((0..most).map(frame).collect()),
            counters: (size.slices > 0).then(|| GenerationCounters::new(handles, size.slices)),
            number: AtomicU32::new(0),
        })
    }

    /// Device memory of all frames.
    pub fn bytes(&self) -> u64 {
        2 * COUNTER_BYTES * self.size.slices as u64 + self.size.bytes() * self.most as u64
    }

    /// The counters that detect dropped encoders; only where the application
    /// submits a run's commands.
    pub fn counters(&self) -> Option<&GenerationCounters> {
        self.counters.as_ref()
    }

    /// Byte offsets of a run's number behind its images and its outputs.
    pub fn mark_offsets(&self) -> (u64, u64) {
        (self.size.upload, self.size.readback)
    }

    /// Returns the next run's number, which wraps after 2³² runs.
    pub fn next_number(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Claims a frame for a run. A frame that an error broke is replaced.
    pub fn claim(self: &Arc<Self>, handles: &Handles, permit: Permit) -> Result<Claim, GpuError> {
        let free = self.free().pop();
        let frame = match free.filter(|frame| frame.is_intact(handles)) {
            Some(frame) => {
                // A run that was dropped left its outputs mapped.
                if frame.readback.signal().has_ended() {
                    frame.readback.unmap(handles)?;
                }
                frame
            }
            None => {
                // In a browser the run reports a frame that could not be made.
                let (bytes, mut reports) = (self.size.bytes(), Reports::default());
                let made = || Frame::new(handles, self.size);
                Arc::new(handles.watch_later(bytes, &mut reports, made)?)
            }
        };
        *frame.permit() = Some(permit);
        Ok(Claim::new(frame, Arc::clone(self)))
    }

    fn free(&self) -> MutexGuard<'_, Vec<Arc<Frame>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A claim on a frame: of the run that uses it, or of a mapping that is pending.
/// The frame is free for another run once all claims are dropped, so a run that
/// is dropped early keeps its frame until the device is done with it.
#[derive(Debug)]
pub(super) struct Claim(Option<(Arc<Frame>, Arc<Frames>)>);

impl Claim {
    fn new(frame: Arc<Frame>, frames: Arc<Frames>) -> Self {
        frame.claims.fetch_add(1, Ordering::Relaxed);
        Self(Some((frame, frames)))
    }

    /// The frame; `None` once the claim is released.
    pub fn frame(&self) -> Option<&Frame> {
        self.0.as_ref().map(|(frame, _)| &**frame)
    }

    /// Another claim on the same frame.
    pub fn another(&self) -> Option<Self> {
        let (frame, frames) = self.0.as_ref()?;
        Some(Self::new(Arc::clone(frame), Arc::clone(frames)))
    }

    /// Releases the claim. The last one of a frame gives the frame, which is free
    /// once that is dropped.
    pub fn release(mut self) -> Option<FreeFrame> {
        self.take()
    }

    fn take(&mut self) -> Option<FreeFrame> {
        let (frame, frames) = self.0.take()?;
        let last = frame.claims.fetch_sub(1, Ordering::AcqRel) == 1;
        last.then(|| FreeFrame { frame, frames })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// A frame that nobody claims. It returns to its executable when it is dropped.
pub(super) struct FreeFrame {
    frame: Arc<Frame>,
    frames: Arc<Frames>,
}

impl Drop for FreeFrame {
    fn drop(&mut self) {
        let permit = self.frame.permit().take();
        self.frames.free().push(Arc::clone(&self.frame));
        // Only now may another run look for a frame.
        drop(permit);
    }
}
