//! Measures the peak rate of reading and writing device memory.

use super::PeakRun;
use super::rig::{Launch, Rig, numbers};
use crate::gpu::GpuError;
use crate::kernels::PeakShader;

/// Invocations of a workgroup: the default limit of WebGPU.
const WORKGROUP: u32 = 256;
/// Bytes that one invocation copies in a step.
const PIECE: u64 = 16;

/// The kernel and two buffers. The first buffer is filled with the pattern.
#[derive(Debug)]
pub struct CopyPeak<'r> {
    rig: &'r Rig,
    shader: PeakShader,
    pipeline: wgpu::ComputePipeline,
    binds: wgpu::BindGroup,
    to: wgpu::Buffer,
    bytes: u64,
}

impl<'r> CopyPeak<'r> {
    /// Creates two buffers of `bytes` bytes, capped at the largest binding of the device.
    pub fn new(rig: &'r Rig, bytes: u64) -> Result<Self, GpuError> {
        let profile = rig.gpu().profile();
        let bytes = bytes.min(profile.max_binding) / PIECE * PIECE;
        let workgroup = WORKGROUP.min(profile.invocations);
        let shader = PeakShader::Copy { workgroup };
        let [from, to] = [rig.storage(bytes)?, rig.storage(bytes)?];
        let fill = rig.pipeline(&shader, "fill")?;
        rig.time(Launch {
            pipeline: &fill,
            binds: &rig.binds(&fill, &[(1, &from)])?,
            groups: 2_048.min(profile.max_workgroups),
            times: 1,
        })?;
        let pipeline = rig.pipeline(&shader, "copy")?;
        let binds = rig.binds(&pipeline, &[(0, &from), (1, &to)])?;
        Ok(Self {
            rig,
            shader,
            pipeline,
            binds,
            to,
            bytes,
        })
    }

    /// Returns the bytes of each buffer.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Copies the buffer `times` times, with about `pieces` pieces per invocation, and checks the
    /// copy.
    pub fn run(&self, times: u32, pieces: u32) -> Result<PeakRun, GpuError> {
        let profile = self.rig.gpu().profile();
        let each = u64::from(WORKGROUP) * PIECE * u64::from(pieces);
        let groups = self.bytes.div_ceil(each).min(profile.max_workgroups.into()) as u32;
        let elapsed = self.rig.time(Launch {
            pipeline: &self.pipeline,
            binds: &self.binds,
            groups,
            times,
        })?;
        for (offset, bytes) in self.rig.ends(&self.to, self.bytes)? {
            for (at, found) in (offset / 4..).zip(numbers::<u32>(&bytes)) {
                let right = pattern(at);
                if found != right {
                    let (found, right) = (found.into(), right.into());
                    return Err(self.rig.wrong(&self.shader, at, found, right));
                }
            }
        }
        Ok(PeakRun {
            // Each byte is read once and written once.
            amount: 2.0 * self.bytes as f64 * f64::from(times),
            elapsed,
        })
    }
}

/// Returns the word that `fill` in shaders/peaks/copy.wgsl writes at index `at`.
fn pattern(at: u64) -> u32 {
    (at as u32).wrapping_mul(2_654_435_761)
}
