//! Checks that reject results that no measurement gives. Numbers out of range are rejected during
//! reading, and contradictory fields afterwards.

use std::fmt::Display;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{Device, Memory, Report, Row, Stats, Status, Verification};

/// The relative rounding error by which a percentile may exceed its bounds.
const ROUNDING: f64 = 1e-9;

/// A field that holds a number or an optional number.
pub trait Number {
    /// Returns the number, or `None` if the field is empty.
    fn number(&self) -> Option<f64>;
}

impl Number for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Number for Option<f64> {
    fn number(&self) -> Option<f64> {
        *self
    }
}

/// Reads a finite number of 0 or above.
pub fn not_negative<'de, D: Deserializer<'de>, T: Deserialize<'de> + Number>(
    field: D,
) -> Result<T, D::Error> {
    let value = T::deserialize(field)?;
    let wrong = value.number().filter(|n| !n.is_finite() || *n < 0.0);
    refuse(wrong, "a finite number, 0 or above")?;
    Ok(value)
}

/// Reads a finite number above 0.
pub fn above_zero<'de, D: Deserializer<'de>, T: Deserialize<'de> + Number>(
    field: D,
) -> Result<T, D::Error> {
    let value = T::deserialize(field)?;
    let wrong = value.number().filter(|n| !n.is_finite() || *n <= 0.0);
    refuse(wrong, "a finite number above 0")?;
    Ok(value)
}

/// Reads a count of at least 1.
pub fn at_least_one<'de, D: Deserializer<'de>>(field: D) -> Result<usize, D::Error> {
    let value = usize::deserialize(field)?;
    refuse((value == 0).then_some(value), "at least 1")?;
    Ok(value)
}

fn refuse<E: Error>(found: Option<impl Display>, expected: &str) -> Result<(), E> {
    match found {
        Some(found) => Err(E::custom(format!("expected {expected}, found {found}"))),
        None => Ok(()),
    }
}

/// An error for a field that contradicts another field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected}, found {found}")]
pub struct Nonsense {
    /// The field, such as `rows[2].end_to_end.median`.
    pub path: String,
    /// The expected value.
    pub expected: String,
    /// The value that was found.
    pub found: String,
}

type Checked = Result<(), Nonsense>;

/// Returns an error unless `holds`. The texts are only made for an error.
fn expect(
    holds: bool,
    path: &str,
    expected: impl FnOnce() -> String,
    found: impl Display,
) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Nonsense {
            path: path.into(),
            expected: expected(),
            found: found.to_string(),
        })
    }
}

/// Checks the parts of a field, and puts the field's path in front of the paths in errors.
fn inside<'a, T: 'a>(
    path: &str,
    parts: impl IntoIterator<Item = &'a T>,
    check: impl Fn(&T) -> Checked,
) -> Checked {
    parts.into_iter().try_for_each(|part| {
        check(part).map_err(|e| Nonsense {
            path: format!("{path}.{}", e.path),
            ..e
        })
    })
}

/// Checks that the fields of a report do not contradict each other.
pub(super) fn check(report: &Report) -> Checked {
    for (i, device) in report.devices.iter().enumerate() {
        inside(&format!("devices[{i}]"), [device], check_device)?;
    }
    let devices = report.devices.len();
    for (i, row) in report.rows.iter().enumerate() {
        inside(&format!("rows[{i}]"), [row], |row| check_row(row, devices))?;
    }
    Ok(())
}

fn check_device(device: &Device) -> Checked {
    let [least, most] = device.subgroup_sizes;
    let expected = || format!("at least {least}, the least");
    expect(least <= most, "subgroup_sizes[1]", expected, most)
}

fn check_row(row: &Row, devices: usize) -> Checked {
    let index = row.device.unwrap_or_default();
    let is_one = row.device.is_none_or(|index| index < devices);
    let expected = || format!("the index of one of {devices} devices");
    expect(is_one, "device", expected, index)?;
    check_status(row)?;
    inside("verification", &row.verification, check_verification)?;
    inside("end_to_end", &row.end_to_end, |stats| {
        // Any work takes more than 0 ms, and ratios divide by this time.
        expect(
            stats.min > 0.0,
            "min",
            || "a time above 0".into(),
            stats.min,
        )
    })?;
    inside("end_to_end", &row.end_to_end, check_stats)?;
    inside("encode", &row.encode, check_stats)?;
    inside("gpu", &row.gpu, check_stats)?;
    inside("memory", &row.memory, check_memory)
}

/// Checks that a row has a speed if and only if its outputs are right.
fn check_status(row: &Row) -> Checked {
    let timed = row.end_to_end.is_some();
    let rated = row.images_per_second.is_some();
    if row.status != Status::Ok {
        let expected = || "null in a row whose status is not ok".into();
        return expect(!timed && !rated, "end_to_end", expected, "times");
    }
    let passed = row.verification.as_ref().is_some_and(|v| v.passed);
    for (path, there, what) in [
        ("device", row.device.is_some(), "a device"),
        ("verification", passed, "a verification that passed"),
        ("end_to_end", timed, "times"),
        ("images_per_second", rated, "a number"),
    ] {
        let expected = || format!("{what} in a row whose status is ok");
        expect(there, path, expected, "none")?;
    }
    Ok(())
}

fn check_verification(v: &Verification) -> Checked {
    for (name, check) in [("before", Some(&v.before)), ("after", v.after.as_ref())] {
        inside(name, check, |check| {
            let expected = || format!("at most {}, the images", v.images);
            let equal = check.top1_equal;
            expect(equal <= v.images, "top1_equal", expected, equal)
        })?;
    }
    Ok(())
}

fn check_stats(stats: &Stats) -> Checked {
    let Stats {
        min,
        max,
        median,
        p90,
        ..
    } = *stats;
    let one = || "at least one sample".into();
    expect(!stats.samples.is_empty(), "samples", one, "none")?;
    let slack = ROUNDING * max;
    let within = |path: &str, value: f64, low: f64, high: f64| {
        let holds = value >= low - slack && value <= high + slack;
        let expected = || format!("a time from {low} to {high}");
        expect(holds, path, expected, value)
    };
    within("mean", stats.mean, min, max)?;
    within("median", median, min, max)?;
    within("p90", p90, median, max)?;
    within("p99", stats.p99, p90, max)?;
    (stats.samples.iter()).try_for_each(|sample| within("samples", *sample, min, max))
}

fn check_memory(memory: &Memory) -> Checked {
    let activations = memory.activation_bytes;
    let parts = [memory.weight_bytes, memory.other_bytes];
    let largest = parts.into_iter().fold(activations, u64::max);
    let expected = || format!("at least {largest}, one of its parts");
    let all = memory.device_bytes;
    expect(all >= largest, "device_bytes", expected, all)
}
