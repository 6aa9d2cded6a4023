//! Results as CSV for spreadsheets.

use std::io;

use crate::{Clock, Device, Power, Report, Row, Startup, Stats, Status};

use super::works::scenario;

/// The name and the value of each column.
type Columns = Vec<(String, String)>;

/// Returns the result as CSV with a header line and one line per row. A line contains every scalar
/// of the row, its device and its machine. Samples, kernels and profiles are in JSON only. The
/// cells of values that were not measured are empty.
///
/// Columns keep their names, and a new version adds its new columns at the end:
///
/// - `created`, `command`, `crate_version`, `wgpu_version`, `os`, `kernel`, `cpu`, `cpus`,
///   `memory_bytes`, `power`
/// - `device`, `device_asked`, `device_name`, `vendor`, `vendor_id`, `device_id`, `driver`,
///   `driver_info`, `backend`, `kind`, `subgroup_min`, `subgroup_max`, the limits under their
///   names, `features` and `warnings` (separated by `; `)
/// - `peak_clock`, `peak_fma_f32_gflops`, `peak_fma_f16_gflops`, `peak_memory_gbytes_per_second`,
///   `peak_memory_buffer_bytes`, `peak_dispatch_us`, `peak_round_trip_us`,
///   `peak_upload_gbytes_per_second`, `peak_readback_gbytes_per_second`
/// - `model`, `weights`, `parameters`, `macs`, `batch_size`, `input_size`, `precision`, `scenario`
/// - `status`, `error`, `passed`, `deterministic`, `relative_error`, `top1_equal`,
///   `relative_error_after`, `top1_equal_after`, `tolerance`, `images`
/// - for `end_to_end`, `encode` and `gpu`: `…_median_ms`, `…_mean_ms`, `…_stddev_ms`, `…_min_ms`,
///   `…_p90_ms`, `…_p99_ms`, `…_max_ms`, `…_n`; `gpu_clock`
/// - `images_per_second`, `gflops`, `roofline_ceiling_ms`, `roofline_percent`
/// - `activation_bytes`, `weight_bytes`, `other_bytes`, `device_bytes`, `process_peak_bytes`
/// - for `startup_cold` and `startup_warm`: `…_device_ms`, `…_load_ms`, `…_plan_ms`,
///   `…_pipelines_ms`, `…_upload_ms`, `…_first_inference_ms`, `…_total_ms`
pub fn csv(report: &Report) -> io::Result<String> {
    let mut writer = ::csv::Writer::from_writer(vec![]);
    // Write the header line even if the result has no rows.
    let head = columns(report, None);
    writer.write_record(head.iter().map(|(name, _)| name))?;
    for row in &report.rows {
        let line = columns(report, Some(row));
        writer.write_record(line.iter().map(|(_, value)| value))?;
    }
    let bytes = writer.into_inner().map_err(|e| e.into_error())?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Returns the columns of one row. Without a row, the values of the row are empty.
fn columns(report: &Report, row: Option<&Row>) -> Columns {
    let mut out = vec![];
    environment(report, &mut out);
    let index = row.and_then(|r| r.device);
    put(&mut out, "device", index);
    put(&mut out, "device_asked", row.map(|r| &r.device_asked));
    device(index.and_then(|i| report.devices.get(i)), &mut out);
    work(row, &mut out);
    outcome(row, &mut out);
    for (name, value) in [
        ("end_to_end", row.and_then(|r| r.end_to_end.as_ref())),
        ("encode", row.and_then(|r| r.encode.as_ref())),
        ("gpu", row.and_then(|r| r.gpu.as_ref())),
    ] {
        stats(name, value, &mut out);
    }
    let gpu_clock = row.and_then(|r| r.gpu_clock);
    put(&mut out, "gpu_clock", gpu_clock.map(clock));
    put(
        &mut out,
        "images_per_second",
        row.and_then(|r| r.images_per_second),
    );
    put(&mut out, "gflops", row.and_then(|r| r.gflops));
    let roofline = row.and_then(|r| r.roofline.as_ref());
    put(
        &mut out,
        "roofline_ceiling_ms",
        roofline.map(|r| r.ceiling_ms),
    );
    put(&mut out, "roofline_percent", roofline.map(|r| r.percent));
    let m = row.and_then(|r| r.memory.as_ref());
    put(&mut out, "activation_bytes", m.map(|m| m.activation_bytes));
    put(&mut out, "weight_bytes", m.map(|m| m.weight_bytes));
    put(&mut out, "other_bytes", m.map(|m| m.other_bytes));
    put(&mut out, "device_bytes", m.map(|m| m.device_bytes));
    put(
        &mut out,
        "process_peak_bytes",
        m.and_then(|m| m.process_peak_bytes),
    );
    for (name, value) in [
        ("startup_cold", row.and_then(|r| r.startup.cold.as_ref())),
        ("startup_warm", row.and_then(|r| r.startup.warm.as_ref())),
    ] {
        startup(name, value, &mut out);
    }
    out
}

fn put(out: &mut Columns, name: &str, value: Option<impl ToString>) {
    let value = value.map_or_else(String::new, |v| v.to_string());
    out.push((name.into(), value));
}

fn environment(report: &Report, out: &mut Columns) {
    let host = &report.host;
    put(out, "created", Some(&report.created));
    put(out, "command", Some(&report.command));
    put(out, "crate_version", Some(&report.crate_version));
    put(out, "wgpu_version", Some(&report.wgpu_version));
    put(out, "os", Some(&host.os));
    put(out, "kernel", Some(&host.kernel));
    put(out, "cpu", Some(&host.cpu));
    put(out, "cpus", Some(host.cpus));
    put(out, "memory_bytes", Some(host.memory_bytes));
    let power = match host.power {
        Power::Mains => "mains",
        Power::Battery => "battery",
        Power::Unknown => "unknown",
    };
    put(out, "power", Some(power));
}

fn device(d: Option<&Device>, out: &mut Columns) {
    put(out, "device_name", d.map(|d| &d.name));
    put(out, "vendor", d.map(|d| &d.vendor));
    put(out, "vendor_id", d.map(|d| d.vendor_id));
    put(out, "device_id", d.map(|d| d.device_id));
    put(out, "driver", d.map(|d| &d.driver));
    put(out, "driver_info", d.map(|d| &d.driver_info));
    put(out, "backend", d.map(|d| &d.backend));
    put(out, "kind", d.map(|d| &d.kind));
    put(out, "subgroup_min", d.map(|d| d.subgroup_sizes[0]));
    put(out, "subgroup_max", d.map(|d| d.subgroup_sizes[1]));
    let l = d.map(|d| &d.limits);
    put(out, "max_buffer_size", l.map(|l| l.max_buffer_size));
    let binding = l.map(|l| l.max_storage_buffer_binding_size);
    put(out, "max_storage_buffer_binding_size", binding);
    let buffers = l.map(|l| l.max_storage_buffers_per_shader_stage);
    put(out, "max_storage_buffers_per_shader_stage", buffers);
    let storage = l.map(|l| l.max_compute_workgroup_storage_size);
    put(out, "max_compute_workgroup_storage_size", storage);
    let invocations = l.map(|l| l.max_compute_invocations_per_workgroup);
    put(out, "max_compute_invocations_per_workgroup", invocations);
    let workgroups = l.map(|l| l.max_compute_workgroups_per_dimension);
    put(out, "max_compute_workgroups_per_dimension", workgroups);
    put(out, "features", d.map(|d| d.features.join("; ")));
    put(out, "warnings", d.map(|d| d.warnings.join("; ")));
    let p = d.and_then(|d| d.peaks.as_ref());
    put(out, "peak_clock", p.map(|p| clock(p.clock)));
    put(out, "peak_fma_f32_gflops", p.map(|p| p.fma_f32_gflops));
    put(out, "peak_fma_f16_gflops", p.and_then(|p| p.fma_f16_gflops));
    let memory = p.map(|p| p.memory_gbytes_per_second);
    put(out, "peak_memory_gbytes_per_second", memory);
    put(
        out,
        "peak_memory_buffer_bytes",
        p.map(|p| p.memory_buffer_bytes),
    );
    put(out, "peak_dispatch_us", p.map(|p| p.dispatch_us));
    put(out, "peak_round_trip_us", p.map(|p| p.round_trip_us));
    let upload = p.map(|p| p.upload_gbytes_per_second);
    put(out, "peak_upload_gbytes_per_second", upload);
    let readback = p.map(|p| p.readback_gbytes_per_second);
    put(out, "peak_readback_gbytes_per_second", readback);
}

fn work(row: Option<&Row>, out: &mut Columns) {
    let w = row.map(|r| &r.work);
    put(out, "model", w.map(|w| &w.model));
    put(out, "weights", w.map(|w| &w.weights));
    put(out, "parameters", w.map(|w| w.parameters));
    put(out, "macs", w.map(|w| w.macs));
    put(out, "batch_size", w.map(|w| w.batch_size));
    put(out, "input_size", w.map(|w| w.input_size));
    put(out, "precision", w.map(|w| &w.precision));
    put(out, "scenario", w.map(|w| scenario(w.scenario)));
}

fn outcome(row: Option<&Row>, out: &mut Columns) {
    let status = row.map(|r| match r.status {
        Status::Ok => "ok",
        Status::FailedVerification => "failed_verification",
        Status::Error => "error",
    });
    put(out, "status", status);
    put(out, "error", row.and_then(|r| r.error.as_ref()));
    let v = row.and_then(|r| r.verification.as_ref());
    put(out, "passed", v.map(|v| v.passed));
    put(out, "deterministic", v.and_then(|v| v.deterministic));
    let before = v.map(|v| &v.before);
    let after = v.and_then(|v| v.after.as_ref());
    for (name, check) in [("", before), ("_after", after)] {
        let error = check.and_then(|check| check.relative_error);
        put(out, &format!("relative_error{name}"), error);
        let equal = check.map(|check| check.top1_equal);
        put(out, &format!("top1_equal{name}"), equal);
    }
    put(out, "tolerance", v.map(|v| v.tolerance));
    put(out, "images", v.map(|v| v.images));
}

fn stats(prefix: &str, s: Option<&Stats>, out: &mut Columns) {
    put(out, &format!("{prefix}_median_ms"), s.map(|s| s.median));
    put(out, &format!("{prefix}_mean_ms"), s.map(|s| s.mean));
    put(out, &format!("{prefix}_stddev_ms"), s.map(|s| s.stddev));
    put(out, &format!("{prefix}_min_ms"), s.map(|s| s.min));
    put(out, &format!("{prefix}_p90_ms"), s.map(|s| s.p90));
    put(out, &format!("{prefix}_p99_ms"), s.map(|s| s.p99));
    put(out, &format!("{prefix}_max_ms"), s.map(|s| s.max));
    put(out, &format!("{prefix}_n"), s.map(|s| s.samples.len()));
}

fn startup(prefix: &str, s: Option<&Startup>, out: &mut Columns) {
    put(out, &format!("{prefix}_device_ms"), s.map(|s| s.device_ms));
    put(out, &format!("{prefix}_load_ms"), s.map(|s| s.load_ms));
    put(out, &format!("{prefix}_plan_ms"), s.map(|s| s.plan_ms));
    put(
        out,
        &format!("{prefix}_pipelines_ms"),
        s.map(|s| s.pipelines_ms),
    );
    put(out, &format!("{prefix}_upload_ms"), s.map(|s| s.upload_ms));
    put(
        out,
        &format!("{prefix}_first_inference_ms"),
        s.map(|s| s.first_inference_ms),
    );
    put(out, &format!("{prefix}_total_ms"), s.map(|s| s.total_ms));
}

fn clock(clock: Clock) -> &'static str {
    match clock {
        Clock::Timestamps => "timestamps",
        Clock::Wall => "wall",
    }
}
