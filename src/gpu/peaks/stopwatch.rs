//! How long one pass takes: by the host's clock, and by the device's own where
//! it has one.

use std::time::{Duration, Instant};

use crate::gpu::readback::Readback;
use crate::gpu::{Gpu, GpuError};

/// Bytes of the two timestamps of a pass.
const BYTES: u64 = 16;

/// What a pass took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elapsed {
    /// From submission to completion, by the host's clock.
    pub wall: f64,
    /// From the pass's beginning to its end, by the device's, where it has one
    /// and it ran forwards. Seconds, as above.
    pub device: Option<f64>,
}

/// Times passes of one device.
#[derive(Debug)]
pub(super) struct Stopwatch {
    queries: Option<Queries>,
}

#[derive(Debug)]
struct Queries {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    readback: Readback,
    seconds_per_tick: f64,
}

impl Stopwatch {
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        let device = gpu.device();
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(Self { queries: None });
        }
        let queries = gpu.watch(BYTES, || Queries {
            set: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("stopwatch"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            }),
            resolved: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("stopwatch"),
                size: BYTES,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
            readback: Readback::new(gpu, BYTES),
            seconds_per_tick: f64::from(gpu.queue().get_timestamp_period()) * 1e-9,
        })?;
        Ok(Self {
            queries: Some(queries),
        })
    }

    /// Records a pass, runs it and waits for it.
    pub fn time(
        &self,
        gpu: &Gpu,
        record: impl FnOnce(&mut wgpu::ComputePass<'_>),
    ) -> Result<Elapsed, GpuError> {
        let commands = gpu.watch(0, || self.record(gpu, record))?;
        let start = Instant::now();
        let submitted = gpu.watch(0, || gpu.queue().submit([commands]))?;
        wait(gpu, submitted.clone())?;
        let wall = start.elapsed().as_secs_f64();
        let mut device = None;
        if let Some(queries) = &self.queries {
            (queries.readback).read(gpu, submitted, BYTES, |ticks| {
                device = queries.seconds(bytemuck::cast_slice(ticks));
            })?;
        }
        Ok(Elapsed { wall, device })
    }

    fn record(
        &self,
        gpu: &Gpu,
        record: impl FnOnce(&mut wgpu::ComputePass<'_>),
    ) -> wgpu::CommandBuffer {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = gpu.device().create_command_encoder(&descriptor);
        let queries = self.queries.as_ref();
        record(
            &mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("peaks"),
                timestamp_writes: queries.map(|q| wgpu::ComputePassTimestampWrites {
                    query_set: &q.set,
                    beginning_of_pass_write_index: Some(0),
                    end_of_pass_write_index: Some(1),
                }),
            }),
        );
        if let Some(q) = queries {
            encoder.resolve_query_set(&q.set, 0..2, &q.resolved, 0);
            encoder.copy_buffer_to_buffer(&q.resolved, 0, q.readback.buffer(), 0, BYTES);
        }
        encoder.finish()
    }
}

impl Queries {
    /// None where the clock stood still or ran backwards.
    fn seconds(&self, ticks: &[u64]) -> Option<f64> {
        let [begin, end] = ticks else { return None };
        let ticks = end.checked_sub(*begin).filter(|&ticks| ticks > 0)?;
        Some(ticks as f64 * self.seconds_per_tick)
    }
}

/// How long a submission may take. Nothing that is measured comes near; a
/// device that is away for so long does not come back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a submission.
pub(super) fn wait(gpu: &Gpu, submitted: wgpu::SubmissionIndex) -> Result<(), GpuError> {
    let wait = wgpu::PollType::Wait {
        submission_index: Some(submitted),
        timeout: Some(PATIENCE),
    };
    gpu.device().poll(wait).map_err(|e| gpu.lost(e))?;
    Ok(())
}
