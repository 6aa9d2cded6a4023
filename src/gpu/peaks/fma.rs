//! Measures the peak rate of fused multiply-adds.

use super::PeakRun;
use super::rig::{Launch, Rig, numbers};
use crate::gpu::GpuError;
use crate::kernels::{PeakShader, Scalar};

/// The parameters of the shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FmaShape {
    /// The type of the computation.
    pub scalar: Scalar,
    /// Chains of an invocation, each a `vec4`.
    pub chains: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
}

/// The kernel, ready to run.
#[derive(Debug)]
pub struct FmaPeak<'r> {
    rig: &'r Rig,
    shape: FmaShape,
    shader: PeakShader,
    pipeline: wgpu::ComputePipeline,
    params: wgpu::Buffer,
    sums: wgpu::Buffer,
    binds: wgpu::BindGroup,
    max_groups: u32,
}

/// The largest number of invocations: several times what the largest GPUs hold at a time.
const MAX_INVOCATIONS: u32 = 1 << 22;

impl<'r> FmaPeak<'r> {
    /// Creates the kernel, runs a few rounds and checks the sums.
    pub fn new(rig: &'r Rig, shape: FmaShape) -> Result<Self, GpuError> {
        let FmaShape {
            scalar,
            chains,
            workgroup,
        } = shape;
        let shader = PeakShader::Fma {
            scalar,
            chains,
            workgroup,
        };
        let pipeline = rig.pipeline(&shader, "main")?;
        let max_groups = (MAX_INVOCATIONS / workgroup).min(rig.gpu().profile().max_workgroups);
        let params = rig.uniform()?;
        let sums = rig.storage(u64::from(max_groups * workgroup) * 4)?;
        let binds = rig.binds(&pipeline, &[(0, &params), (1, &sums)])?;
        let made = Self {
            rig,
            shape,
            shader,
            pipeline,
            params,
            sums,
            binds,
            max_groups,
        };
        for rounds in [1, 5] {
            made.run(workgroup, rounds)?;
        }
        Ok(made)
    }

    /// Runs `invocations` invocations of `rounds` rounds each, and checks the sums.
    pub fn run(&self, invocations: u32, rounds: u32) -> Result<PeakRun, GpuError> {
        let FmaShape {
            scalar,
            chains,
            workgroup,
        } = self.shape;
        let groups = (invocations / workgroup).clamp(1, self.max_groups);
        let pairs = rounds * self.shader.pairs();
        let step = step(scalar, pairs);
        // The words m, first and second: a pair of steps maps x to second − (first − x).
        let mut words = [-1.0, 1.0, 1.0 + step].map(f32::to_bits).to_vec();
        words.push(rounds);
        self.rig.write(&self.params, bytemuck::cast_slice(&words))?;
        let elapsed = self.rig.time(Launch {
            pipeline: &self.pipeline,
            binds: &self.binds,
            groups,
            times: 1,
        })?;
        let done = u64::from(groups) * u64::from(workgroup);
        for (offset, bytes) in self.rig.ends(&self.sums, done * 4)? {
            for (at, found) in (offset / 4..).zip(numbers::<f32>(&bytes)) {
                let right = sum(at, chains, pairs, step) + rounds as f32;
                if found != right {
                    let (found, right) = (found.into(), right.into());
                    return Err(self.rig.wrong(&self.shader, at, found, right));
                }
            }
        }
        // A step of a chain is four multiply-adds of two operations each.
        let steps = u64::from(pairs) * 2 * u64::from(chains);
        Ok(PeakRun {
            amount: (done * steps * 8) as f64,
            elapsed,
        })
    }
}

/// Returns the value that a pair of steps adds: 1 while all sums stay exact, and 0 for longer runs.
fn step(scalar: Scalar, pairs: u32) -> f32 {
    let exact = match scalar {
        Scalar::F16 => 1 << 10,
        // The sum of all chains must also be exact.
        Scalar::F32 => 1 << 18,
    };
    if pairs <= exact { 1.0 } else { 0.0 }
}

/// Returns the sum of the chains of invocation `at`.
fn sum(at: u64, chains: u32, pairs: u32, step: f32) -> f32 {
    let lanes = 4 * chains;
    let start: u32 = (0..lanes).map(|lane| (at % 16) as u32 + lane).sum();
    start as f32 + lanes as f32 * pairs as f32 * step
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replays the shader's arithmetic step by step.
    #[test]
    fn sums_are_what_the_chains_come_to() {
        for (scalar, pairs) in [(Scalar::F16, 9), (Scalar::F32, 9), (Scalar::F16, 5_000)] {
            let step = step(scalar, pairs);
            for at in [0, 3, 17] {
                let mut replayed = 0.0;
                for lane in 0..12 {
                    let mut x = ((at % 16) + lane) as f32;
                    for _ in 0..pairs {
                        x = x.mul_add(-1.0, 1.0);
                        x = x.mul_add(-1.0, 1.0 + step);
                    }
                    replayed += x;
                }
                assert_eq!(sum(at, 3, pairs, step), replayed);
            }
        }
    }

    #[test]
    fn everything_stays_exact() {
        for pairs in [1, 1_000, 1 << 17, 1 << 18, 1 << 20] {
            assert!(step(Scalar::F16, pairs) * pairs as f32 + 48.0 <= 2_048.0);
            let largest = sum(15, 8, pairs, step(Scalar::F32, pairs)) + pairs as f32;
            assert!(largest <= (1 << 24) as f32, "{pairs}: {largest}");
        }
    }
}
