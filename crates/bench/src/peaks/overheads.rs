//! Costs of a dispatch, of a round trip, and of moving data. The costs are medians, because a
//! network pays them repeatedly.

use std::time::Instant;

use super::ceiling::{median, per_dispatch, seconds};
use super::kernels::with_halved_sizes;
use crate::Clock;
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::peaks::{DispatchOverhead, Rig, TransferPeak, round_trips};

/// The number of dispatches in one pass.
const DISPATCHES: u32 = 256;
/// The number of passes with one dispatch, and of passes with [`DISPATCHES`] dispatches.
const PASSES: usize = 11;
/// The number of empty submissions. The first [`WARM_UP_ROUND_TRIPS`] submissions are not counted.
const ROUND_TRIPS: usize = 70;
const WARM_UP_ROUND_TRIPS: usize = 20;
/// The number of bytes in one transfer, if the device has memory for them.
const TRANSFER_BYTES: u64 = 64 << 20;
const TRANSFER_BYTES_AT_LEAST: u64 = 1 << 20;
/// The most transfers in each direction. One more transfer, made before them, is not counted.
const TRANSFERS: usize = 9;
const TRANSFERS_AT_LEAST: usize = 3;

/// Measures the seconds that one dispatch among many takes.
pub(super) fn dispatch(rig: &Rig, clock: Clock) -> Result<f64, GpuError> {
    let tick = DispatchOverhead::new(rig)?;
    tick.run(DISPATCHES)?;
    let measure = |times| -> Result<f64, GpuError> {
        let samples = (0..PASSES).map(|_| Ok(seconds(clock, tick.run(times)?)));
        Ok(median(samples.collect::<Result<_, GpuError>>()?).unwrap_or_default())
    };
    Ok(per_dispatch(measure(1)?, measure(DISPATCHES)?, DISPATCHES))
}

/// Measures the seconds that an empty submission and the wait for it take.
pub(super) fn round_trip(rig: &Rig) -> Result<f64, GpuError> {
    let mut samples = round_trips(rig, ROUND_TRIPS)?;
    Ok(median(samples.split_off(WARM_UP_ROUND_TRIPS)).unwrap_or_default())
}

/// Measures GB/s to the device and from the device.
pub(super) fn transfers(rig: &Rig, deadline: Instant) -> Result<(f64, f64), GpuError> {
    let mut transfers = with_halved_sizes(TRANSFER_BYTES, TRANSFER_BYTES_AT_LEAST, |bytes| {
        let mut transfers = TransferPeak::new(rig, bytes)?;
        transfers.upload()?;
        transfers.readback()?;
        Ok(transfers)
    })?;
    transfers.check()?;
    let mut up = Vec::new();
    let mut down = Vec::new();
    while up.len() < TRANSFERS {
        if up.len() >= TRANSFERS_AT_LEAST && Instant::now() >= deadline {
            break;
        }
        up.push(transfers.upload()?);
        down.push(transfers.readback()?);
    }
    let bytes = transfers.bytes() as f64;
    let rate = |samples| median(samples).map_or(0.0, |s| bytes / s / 1e9);
    Ok((rate(up), rate(down)))
}
