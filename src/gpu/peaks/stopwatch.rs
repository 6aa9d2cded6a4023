//! Measures the duration of one pass by the host's clock, and by the device's clock if it has
//! timestamps.

use std::time::Instant;

use crate::gpu::timestamps::{Span, Timestamps};
use crate::gpu::{Gpu, GpuError};

/// The duration of a pass, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct PassDuration {
    /// Seconds from submission to completion, by the host's clock.
    pub wall: f64,
    /// Seconds from the begin of the pass to its end, by the device's clock. `None` if the device
    /// has no timestamps or its clock did not run forwards.
    pub device: Option<f64>,
}

/// Times passes of one device.
#[derive(Debug)]
pub(super) struct Stopwatch {
    timestamps: Option<Timestamps>,
}

impl Stopwatch {
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        let timestamps = Timestamps::new(gpu.handles(), 1)?;
        Ok(Self { timestamps })
    }

    /// Records a pass, runs it and waits for its end.
    pub fn time(
        &self,
        gpu: &Gpu,
        record: impl FnOnce(&mut wgpu::ComputePass<'_>),
    ) -> Result<PassDuration, GpuError> {
        let commands = gpu.handles().watch(0, || self.record(gpu, record))?;
        let start = Instant::now();
        let submitted = gpu.handles().watch(0, || gpu.queue().submit([commands]))?;
        gpu.handles().wait(submitted.clone())?;
        let wall = start.elapsed().as_secs_f64();
        let device = match &self.timestamps {
            Some(timestamps) => forwards(timestamps.read(gpu.handles(), submitted))?,
            None => None,
        };
        Ok(PassDuration { wall, device })
    }

    fn record(
        &self,
        gpu: &Gpu,
        record: impl FnOnce(&mut wgpu::ComputePass<'_>),
    ) -> wgpu::CommandBuffer {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = gpu.device().create_command_encoder(&descriptor);
        let timestamps = self.timestamps.as_ref();
        record(
            &mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("peaks"),
                timestamp_writes: timestamps.map(|t| t.writes(0)),
            }),
        );
        if let Some(timestamps) = timestamps {
            timestamps.resolve(&mut encoder);
        }
        encoder.finish()
    }
}

/// Returns the seconds of the first span, or `None` if the clock stood still or ran backwards.
fn forwards(read: Result<Vec<Span>, GpuError>) -> Result<Option<f64>, GpuError> {
    match read {
        Ok(spans) => {
            let seconds = spans.first().map(|span| span.duration().as_secs_f64());
            Ok(seconds.filter(|&seconds| seconds > 0.0))
        }
        Err(GpuError::Clock { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
