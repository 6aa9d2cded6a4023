//! Ceilings of arithmetic and memory: the best of several shapes.

use std::time::Instant;

use super::ceiling::{ceiling, dispatch_size, is_plausible};
use crate::Clock;
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::kernels::Scalar;
use resnet_wgpu::low_level::peaks::{CopyPeak, FmaPeak, FmaShape, Rig};

/// The numbers of independent chains in an invocation that are tried with the first workgroup size.
/// Two chains fit into the sixteen registers of a processor. GPUs have registers for more.
const CHAINS: [u32; 3] = [2, 4, 8];
/// The workgroup sizes. Sizes after the first are tried with the best number of chains.
const WORKGROUPS: [u32; 3] = [64, 256, 128];
/// The most invocations, as a power of two.
const MAX_INVOCATIONS_LOG2: u32 = 22;

/// Measures GFLOP/s of fused multiply-adds.
pub(super) fn fma(
    rig: &Rig,
    clock: Clock,
    scalar: Scalar,
    deadline: Instant,
) -> Result<f64, GpuError> {
    let mut best = BestRate::default();
    for chains in CHAINS {
        best.attempt(deadline, chains, || {
            fma_rate(rig, clock, scalar, (chains, WORKGROUPS[0]), deadline)
        });
    }
    let chains = best.parameter.unwrap_or(CHAINS[0]);
    for workgroup in &WORKGROUPS[1..] {
        if rig.has_workgroups_of(*workgroup) {
            best.attempt(deadline, chains, || {
                fma_rate(rig, clock, scalar, (chains, *workgroup), deadline)
            });
        }
    }
    best.rate()
}

fn fma_rate(
    rig: &Rig,
    clock: Clock,
    scalar: Scalar,
    (chains, workgroup): (u32, u32),
    deadline: Instant,
) -> Result<f64, GpuError> {
    let shape = FmaShape {
        scalar,
        chains,
        workgroup,
    };
    let kernel = FmaPeak::new(rig, shape)?;
    ceiling(clock, deadline, |level| {
        let (invocations, rounds) = dispatch_size(level, MAX_INVOCATIONS_LOG2);
        kernel.run(invocations, rounds)
    })
}

/// Returns the clock to use: the device's clock if it exists and agrees with the host's, and the
/// host's clock otherwise. Also returns the reason if an existing device clock is not used.
pub(super) fn clock(rig: &Rig) -> Result<(Clock, Option<&'static str>), GpuError> {
    let features = rig.gpu().device().features();
    if !features.contains(wgpu::Features::TIMESTAMP_QUERY) {
        return Ok((Clock::Wall, None));
    }
    let shape = FmaShape {
        scalar: Scalar::F32,
        chains: CHAINS[0],
        workgroup: WORKGROUPS[0],
    };
    let kernel = FmaPeak::new(rig, shape)?;
    let mut last = None;
    ceiling(Clock::Wall, Instant::now(), |level| {
        let (invocations, rounds) = dispatch_size(level, MAX_INVOCATIONS_LOG2);
        let run = kernel.run(invocations, rounds)?;
        last = Some(run.elapsed);
        Ok(run)
    })?;
    Ok(match last {
        Some(elapsed) if is_plausible(elapsed) => (Clock::Timestamps, None),
        _ => (
            Clock::Wall,
            Some("the device's timestamps do not agree with the host's clock"),
        ),
    })
}

/// The bytes of each of the two buffers of a copy, if the device has memory for both.
const COPY_BYTES: u64 = 256 << 20;
/// The smallest buffers in bytes. Smaller buffers would measure caches.
const COPY_BYTES_AT_LEAST: u64 = 16 << 20;
/// The numbers of pieces that an invocation copies.
const PIECES: [u32; 3] = [1, 4, 16];

/// Measures GB/s of reading and writing together. Also returns the bytes of each buffer.
pub(super) fn memory(rig: &Rig, clock: Clock, deadline: Instant) -> Result<(f64, u64), GpuError> {
    let kernel = with_halved_sizes(COPY_BYTES, COPY_BYTES_AT_LEAST, |bytes| {
        let kernel = CopyPeak::new(rig, bytes)?;
        // Some drivers allocate the memory at its first use.
        kernel.run(1, PIECES[0])?;
        Ok(kernel)
    })?;
    let mut best = BestRate::default();
    for pieces in PIECES {
        best.attempt(deadline, pieces, || {
            ceiling(clock, deadline, |level| {
                kernel.run(1 << level.min(12), pieces)
            })
        });
    }
    Ok((best.rate()?, kernel.bytes()))
}

/// Calls `make` with `bytes`, and halves `bytes` after each failure for lack of memory. Stops when
/// `make` succeeds or when half the size would be below `least`.
pub(super) fn with_halved_sizes<T>(
    mut bytes: u64,
    least: u64,
    mut make: impl FnMut(u64) -> Result<T, GpuError>,
) -> Result<T, GpuError> {
    loop {
        match make(bytes) {
            Err(GpuError::OutOfMemory { .. } | GpuError::Refused { .. }) if bytes / 2 >= least => {
                bytes /= 2;
            }
            result => return result,
        }
    }
}

/// The best of several attempts, some of which may fail.
#[derive(Debug, Default)]
pub(super) struct BestRate {
    rate: f64,
    /// The parameter of the best attempt.
    parameter: Option<u32>,
    error: Option<GpuError>,
}

impl BestRate {
    /// Makes an attempt, unless the deadline has passed and an earlier attempt succeeded.
    pub(super) fn attempt(
        &mut self,
        deadline: Instant,
        parameter: u32,
        measure: impl FnOnce() -> Result<f64, GpuError>,
    ) {
        if self.parameter.is_some() && Instant::now() >= deadline {
            return;
        }
        match measure() {
            Ok(rate) if rate.is_finite() && rate > self.rate => {
                self.rate = rate;
                self.parameter = Some(parameter);
            }
            Ok(_) => {}
            Err(error) => self.error = Some(error),
        }
    }

    /// Returns the best rate, or the error if no attempt succeeded.
    pub(super) fn rate(self) -> Result<f64, GpuError> {
        match (self.parameter, self.error) {
            // Any wrong result makes the device's other results untrustworthy, too.
            (_, Some(error @ GpuError::Wrong { .. })) | (None, Some(error)) => Err(error),
            _ => Ok(self.rate),
        }
    }
}
