//! How a schedule is cut into submissions: one, unless its work would take a
//! device so long that the operating system resets the driver.

use std::ops::Range;

use super::{DeviceClass, Step};

/// Multiply-accumulates of one submission, at most. Windows gives a submission
/// two seconds; this is a tenth of one on a GPU that sustains 1 TFLOP/s.
const MACS: u64 = 50_000_000_000;

/// Multiply-accumulates of one submission, at most, on that kind of device.
pub(super) fn most(class: DeviceClass) -> u64 {
    match class {
        // Nobody resets a processor.
        DeviceClass::Software => u64::MAX,
        DeviceClass::Discrete
        | DeviceClass::Integrated
        | DeviceClass::Mobile
        | DeviceClass::Other => MACS,
    }
}

/// Ranges of steps, one a submission of at most so many multiply-accumulates,
/// that cover all steps in order. A step that is too much by itself is a
/// submission of its own.
pub(super) fn cut(steps: &[Step], most: u64) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut from, mut macs) = (0, 0u64);
    for (i, step) in steps.iter().enumerate() {
        if i > from && macs.saturating_add(step.macs) > most {
            ranges.push(from..i);
            (from, macs) = (i, 0);
        }
        macs = macs.saturating_add(step.macs);
    }
    ranges.push(from..steps.len());
    ranges
}
