//! Whether a result is one that measuring can give. Types alone admit a median
//! beyond the maximum, a speed of outputs that were wrong, a device that is
//! not there.

use super::{Device, Memory, Peaks, Profile, Report, Roofline, Row, Startup, Stats, Status};

/// Rounding may put a percentile that far beyond its neighbours.
const ROUNDING: f64 = 1e-9;

/// A field that no measurement gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected}, found {found}")]
pub struct Nonsense {
    /// The field, such as `rows[2].end_to_end.median`.
    pub path: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Nonsense {
    fn at(path: &str, expected: impl Into<String>, found: impl ToString) -> Self {
        Self {
            path: path.into(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    /// The same, seen from further out.
    fn within(mut self, outer: &str) -> Self {
        let dot = if self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{dot}{}", self.path);
        self
    }
}

type Checked = Result<(), Nonsense>;

/// Refuses a report that measuring cannot give.
pub(super) fn check(report: &Report) -> Checked {
    for (i, device) in report.devices.iter().enumerate() {
        check_device(device).map_err(|e| e.within(&format!("devices[{i}]")))?;
    }
    for (i, row) in report.rows.iter().enumerate() {
        check_row(row, report.devices.len()).map_err(|e| e.within(&format!("rows[{i}]")))?;
    }
    Ok(())
}

fn check_device(device: &Device) -> Checked {
    let [least, most] = device.subgroup_sizes;
    if least > most {
        let expected = format!("at least {least}, the least");
        return Err(Nonsense::at("subgroup_sizes[1]", expected, most));
    }
    let peaks = device.peaks.iter();
    inside("peaks", peaks, check_peaks)
}

fn check_peaks(peaks: &Peaks) -> Checked {
    above_zero("fma_f32_gflops", peaks.fma_f32_gflops)?;
    if let Some(gflops) = peaks.fma_f16_gflops {
        above_zero("fma_f16_gflops", gflops)?;
    }
    for (i, peak) in peaks.cooperative_matrix.iter().enumerate() {
        above_zero(&format!("cooperative_matrix[{i}].gflops"), peak.gflops)?;
    }
    above_zero("memory_gbytes_per_second", peaks.memory_gbytes_per_second)?;
    not_negative("dispatch_us", peaks.dispatch_us)?;
    not_negative("round_trip_us", peaks.round_trip_us)?;
    above_zero("upload_gbytes_per_second", peaks.upload_gbytes_per_second)?;
    above_zero(
        "readback_gbytes_per_second",
        peaks.readback_gbytes_per_second,
    )
}

fn check_row(row: &Row, devices: usize) -> Checked {
    if let Some(device) = row.device.filter(|d| *d >= devices) {
        let expected = format!("the index of one of {devices} devices");
        return Err(Nonsense::at("device", expected, device));
    }
    for (path, value) in [
        ("work.batch_size", row.work.batch_size),
        ("work.input_size", row.work.input_size),
    ] {
        if value == 0 {
            return Err(Nonsense::at(path, "at least 1", value));
        }
    }
    check_status(row)?;
    if let Some(v) = &row.verification {
        not_negative("verification.tolerance", v.tolerance)?;
        for (path, check) in [("before", Some(&v.before)), ("after", v.after.as_ref())] {
            let Some(check) = check else { continue };
            let path = |field| format!("verification.{path}.{field}");
            let error = check.relative_error.unwrap_or_default();
            not_negative(&path("relative_error"), error)?;
            if check.top1_equal > v.images {
                let expected = format!("at most {}, the images", v.images);
                let path = path("top1_equal");
                return Err(Nonsense::at(&path, expected, check.top1_equal));
            }
        }
    }
    inside("startup.cold", &row.startup.cold, check_startup)?;
    inside("startup.warm", &row.startup.warm, check_startup)?;
    inside("end_to_end", &row.end_to_end, |stats| {
        // Nothing is done in no time, and ratios divide by it.
        above_zero("min", stats.min)?;
        check_stats(stats)
    })?;
    inside("encode", &row.encode, check_stats)?;
    inside("gpu", &row.gpu, check_stats)?;
    for (path, value) in [
        ("images_per_second", row.images_per_second),
        ("gflops", row.gflops),
    ] {
        value.map_or(Ok(()), |value| not_negative(path, value))?;
    }
    inside("roofline", &row.roofline, check_roofline)?;
    inside("memory", &row.memory, check_memory)?;
    inside("profile", &row.profile, check_profile)
}

/// Only right outputs have a speed.
fn check_status(row: &Row) -> Checked {
    let passed = row.verification.as_ref().is_some_and(|v| v.passed);
    if row.status != Status::Ok {
        let timed = row.end_to_end.is_some() || row.images_per_second.is_some();
        let expected = "null in a row whose status is not ok";
        return match timed {
            true => Err(Nonsense::at("end_to_end", expected, "times")),
            false => Ok(()),
        };
    }
    for (path, there, expected) in [
        ("device", row.device.is_some(), "a device"),
        ("verification", passed, "a verification that passed"),
        ("end_to_end", row.end_to_end.is_some(), "times"),
        (
            "images_per_second",
            row.images_per_second.is_some(),
            "a number",
        ),
    ] {
        if !there {
            let expected = format!("{expected} in a row whose status is ok");
            return Err(Nonsense::at(path, expected, "none"));
        }
    }
    Ok(())
}

fn check_stats(stats: &Stats) -> Checked {
    if stats.samples.is_empty() {
        return Err(Nonsense::at("samples", "at least one sample", "none"));
    }
    not_negative("min", stats.min)?;
    not_negative("stddev", stats.stddev)?;
    not_negative("max", stats.max)?;
    let slack = ROUNDING * stats.max;
    let within = |path: &str, value: f64, [low, high]: [f64; 2], name: &str| {
        let inside = value >= low - slack && value <= high + slack;
        match inside {
            true => Ok(()),
            false => {
                let expected = format!("a time from {low} to {high}, {name}");
                Err(Nonsense::at(path, expected, value))
            }
        }
    };
    let all = [stats.min, stats.max];
    within("mean", stats.mean, all, "min and max")?;
    within("median", stats.median, all, "min and max")?;
    within(
        "p90",
        stats.p90,
        [stats.median, stats.max],
        "median and max",
    )?;
    within("p99", stats.p99, [stats.p90, stats.max], "p90 and max")?;
    for (i, sample) in stats.samples.iter().enumerate() {
        within(&format!("samples[{i}]"), *sample, all, "min and max")?;
    }
    Ok(())
}

fn check_startup(startup: &Startup) -> Checked {
    let Startup {
        device_ms,
        load_ms,
        plan_ms,
        pipelines_ms,
        upload_ms,
        first_inference_ms,
        total_ms,
    } = *startup;
    not_negative("device_ms", device_ms)?;
    not_negative("load_ms", load_ms)?;
    not_negative("plan_ms", plan_ms)?;
    not_negative("pipelines_ms", pipelines_ms)?;
    not_negative("upload_ms", upload_ms)?;
    not_negative("first_inference_ms", first_inference_ms)?;
    not_negative("total_ms", total_ms)
}

fn check_roofline(roofline: &Roofline) -> Checked {
    not_negative("ceiling_ms", roofline.ceiling_ms)?;
    not_negative("percent", roofline.percent)
}

fn check_memory(memory: &Memory) -> Checked {
    let parts = [
        memory.activation_bytes,
        memory.weight_bytes,
        memory.other_bytes,
    ];
    let largest = parts.into_iter().max().unwrap_or(0);
    if memory.device_bytes < largest {
        let expected = format!("at least {largest}, one of its parts");
        return Err(Nonsense::at("device_bytes", expected, memory.device_bytes));
    }
    Ok(())
}

fn check_profile(profile: &Profile) -> Checked {
    not_negative("total_ms", profile.total_ms)?;
    for (i, step) in profile.steps.iter().enumerate() {
        let check = || {
            not_negative("ms", step.ms)?;
            not_negative("share", step.share)?;
            not_negative("gflops", step.gflops)?;
            not_negative("gbytes_per_second", step.gbytes_per_second)?;
            not_negative("ceiling_ms", step.ceiling_ms.unwrap_or(0.0))?;
            not_negative("roofline_percent", step.roofline_percent.unwrap_or(0.0))
        };
        check().map_err(|e: Nonsense| e.within(&format!("steps[{i}]")))?;
    }
    Ok(())
}

/// Checks what is there, under its own path.
fn inside<'a, T: 'a>(
    path: &str,
    values: impl IntoIterator<Item = &'a T>,
    check: impl Fn(&T) -> Checked,
) -> Checked {
    (values.into_iter()).try_for_each(|value| check(value).map_err(|e| e.within(path)))
}

fn not_negative(path: &str, value: f64) -> Checked {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(Nonsense::at(path, "a finite number, 0 or above", value)),
    }
}

fn above_zero(path: &str, value: f64) -> Checked {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(Nonsense::at(path, "a finite number above 0", value)),
    }
}
