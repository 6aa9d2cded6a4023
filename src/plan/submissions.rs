//! Splits a schedule into submissions.
//!
//! One submission is enough, unless the device would take so long that the operating system resets
//! the driver.

use std::ops::Range;

use super::{DeviceClass, Step};

/// Maximum multiply-accumulates of one submission.
///
/// Windows resets the driver if a submission takes more than two seconds. This limit takes a tenth
/// of a second on a GPU that sustains 1 TFLOP/s.
const MACS: u64 = 50_000_000_000;

/// Returns the maximum multiply-accumulates of one submission on a device of the given class.
pub(super) fn most(class: DeviceClass) -> u64 {
    match class {
        // The operating system does not reset a driver that computes on the processor.
        DeviceClass::Software => u64::MAX,
        DeviceClass::Discrete
        | DeviceClass::Integrated
        | DeviceClass::Mobile
        | DeviceClass::Other => MACS,
    }
}

/// Returns the range of steps of each submission. The ranges cover all steps in order, and each has
/// at most `most` multiply-accumulates. A single step with more work gets a range of its own.
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
