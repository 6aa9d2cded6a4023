//! Measures the fixed costs of a dispatch and of a submission.

use std::time::Instant;

use super::rig::{Launch, Rig, numbers};
use super::stopwatch::PassDuration;
use crate::gpu::GpuError;
use crate::kernels::PeakShader;

/// A kernel that only counts its dispatches.
#[derive(Debug)]
pub struct DispatchOverhead<'r> {
    rig: &'r Rig,
    pipeline: wgpu::ComputePipeline,
    binds: wgpu::BindGroup,
    ticks: wgpu::Buffer,
}

impl<'r> DispatchOverhead<'r> {
    /// Creates the kernel.
    pub fn new(rig: &'r Rig) -> Result<Self, GpuError> {
        let pipeline = rig.pipeline(&PeakShader::Tick, "main")?;
        let ticks = rig.storage(16)?;
        Ok(Self {
            rig,
            binds: rig.binds(&pipeline, &[(0, &ticks)])?,
            pipeline,
            ticks,
        })
    }

    /// Runs `times` dispatches in one pass, and checks their number.
    pub fn run(&self, times: u32) -> Result<PassDuration, GpuError> {
        self.rig.write(&self.ticks, &[0; 16])?;
        let elapsed = self.rig.time(Launch {
            pipeline: &self.pipeline,
            binds: &self.binds,
            groups: 1,
            times,
        })?;
        let bytes = self.rig.read(&self.ticks, 0..4)?;
        match numbers::<u32>(&bytes).next() {
            Some(found) if found == times => Ok(elapsed),
            found => {
                let found = found.unwrap_or_default().into();
                Err(self.rig.wrong(&PeakShader::Tick, 0, found, times.into()))
            }
        }
    }
}

/// Returns the seconds that each of `times` empty submissions takes, including the wait for its
/// end.
pub fn round_trips(rig: &Rig, times: usize) -> Result<Vec<f64>, GpuError> {
    let gpu = rig.gpu();
    gpu.handles().watch(0, || {
        let trips = (0..times).map(|_| {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let commands = gpu.device().create_command_encoder(&descriptor).finish();
            let start = Instant::now();
            gpu.handles().wait(gpu.queue().submit([commands]))?;
            Ok(start.elapsed().as_secs_f64())
        });
        trips.collect()
    })?
}
