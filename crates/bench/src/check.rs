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
pub struct ConsistencyError {
    /// The field, such as `rows[2].end_to_end.median`.
    pub path: String,
    /// The expected value.
    pub expected: String,
    /// The value that was found.
    pub found: String,
}

type CheckResult = Result<(), ConsistencyError>;

/// Returns the error for a field.
fn contradiction(path: &str, expected: impl Into<String>, found: impl Display) -> CheckResult {
    Err(ConsistencyError {
        path: path.into(),
        expected: expected.into(),
        found: found.to_string(),
    })
}

/// Checks the parts of a field, and puts the field's path in front of the paths in errors.
fn inside<'a, T: 'a>(
    path: &str,
    parts: impl IntoIterator<Item = &'a T>,
    check: impl Fn(&T) -> CheckResult,
) -> CheckResult {
    parts.into_iter().try_for_each(|part| {
        check(part).map_err(|e| ConsistencyError {
            path: format!("{path}.{}", e.path),
            ..e
        })
    })
}

/// Checks that the fields of a report do not contradict each other.
pub(super) fn check(report: &Report) -> CheckResult {
    for (i, device) in report.devices.iter().enumerate() {
        inside(&format!("devices[{i}]"), [device], check_device)?;
    }
    let devices = report.devices.len();
    for (i, row) in report.rows.iter().enumerate() {
        inside(&format!("rows[{i}]"), [row], |row| check_row(row, devices))?;
    }
    Ok(())
}

fn check_device(device: &Device) -> CheckResult {
    let [least, most] = device.subgroup_sizes;
    if least > most {
        let expected = format!("at least {least}, the least");
        return contradiction("subgroup_sizes[1]", expected, most);
    }
    Ok(())
}

fn check_row(row: &Row, devices: usize) -> CheckResult {
    if let Some(index) = row.device.filter(|index| *index >= devices) {
        let expected = format!("the index of one of {devices} devices");
        return contradiction("device", expected, index);
    }
    check_status(row)?;
    inside("verification", &row.verification, check_verification)?;
    inside("end_to_end", &row.end_to_end, |stats| {
        // Any work takes more than 0 ms, and ratios divide by this time.
        if stats.min <= 0.0 {
            return contradiction("min", "a time above 0", stats.min);
        }
        Ok(())
    })?;
    inside("end_to_end", &row.end_to_end, check_stats)?;
    inside("encode", &row.encode, check_stats)?;
    inside("gpu", &row.gpu, check_stats)?;
    inside("memory", &row.memory, check_memory)
}

/// Checks that a row has a speed if and only if its outputs are right.
fn check_status(row: &Row) -> CheckResult {
    let timed = row.end_to_end.is_some();
    let rated = row.images_per_second.is_some();
    if row.status != Status::Ok {
        if timed || rated {
            let expected = "null in a row whose status is not ok";
            return contradiction("end_to_end", expected, "times");
        }
        return Ok(());
    }
    let passed = row.verification.as_ref().is_some_and(|v| v.passed);
    for (path, exists, what) in [
        ("device", row.device.is_some(), "a device"),
        ("verification", passed, "a verification that passed"),
        ("end_to_end", timed, "times"),
        ("images_per_second", rated, "a number"),
    ] {
        if !exists {
            let expected = format!("{what} in a row whose status is ok");
            return contradiction(path, expected, "none");
        }
    }
    Ok(())
}

fn check_verification(v: &Verification) -> CheckResult {
    for (name, check) in [("before", Some(&v.before)), ("after", v.after.as_ref())] {
        inside(name, check, |check| {
            if check.top1_equal > v.images {
                let expected = format!("at most {}, the images", v.images);
                return contradiction("top1_equal", expected, check.top1_equal);
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn check_stats(stats: &Stats) -> CheckResult {
    let Stats {
        min,
        max,
        median,
        p90,
        ..
    } = *stats;
    if stats.samples.is_empty() {
        return contradiction("samples", "at least one sample", "none");
    }
    let slack = ROUNDING * max;
    let within = |path: &str, value: f64, low: f64, high: f64| {
        if !(low - slack..=high + slack).contains(&value) {
            return contradiction(path, format!("a time from {low} to {high}"), value);
        }
        Ok(())
    };
    within("mean", stats.mean, min, max)?;
    within("median", median, min, max)?;
    within("p90", p90, median, max)?;
    within("p99", stats.p99, p90, max)?;
    (stats.samples.iter()).try_for_each(|sample| within("samples", *sample, min, max))
}

fn check_memory(memory: &Memory) -> CheckResult {
    let activations = memory.activation_bytes;
    let parts = [memory.weight_bytes, memory.other_bytes];
    let largest = parts.into_iter().fold(activations, u64::max);
    if memory.device_bytes < largest {
        let expected = format!("at least {largest}, one of its parts");
        return contradiction("device_bytes", expected, memory.device_bytes);
    }
    Ok(())
}
