//! `resnet profile`: times each step of the plan on the GPU.

pub mod args;
pub mod candidates;

use std::time::Duration;

use resnet_wgpu_bench::{
    CRATE_VERSION, Case, Check, Clock, Device, Host, Peaks, Profile, Scenario, StepTime, Work,
    peaks_on, profile, reference, start_up, trace, warm_up, work,
};
use serde::Serialize;

use crate::commands::profile::args::{ProfileArgs, StepOrder};
use crate::commands::summary::shape_text;
use crate::device;
use crate::failure::{Failure, with_sources};
use crate::host;
use crate::options::values::DeviceChoice;
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::term;
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// The approximate duration of the peak measurement.
const PEAKS_TIME: Duration = Duration::from_secs(4);

/// The largest number of timed runs. More samples would not improve the result.
const MAX_REPETITIONS: usize = 5000;

/// The version of the schema of `--json`.
const SCHEMA_VERSION: u32 = 1;

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct ProfileReport {
    schema_version: u32,
    created: String,
    crate_version: &'static str,
    wgpu_version: &'static str,
    host: Host,
    device: Device,
    work: Work,
    verification: Check,
    profile: Profile,
}

/// Runs the command.
pub fn command(args: &ProfileArgs) -> Result<(), Failure> {
    if args.candidates {
        return candidates::command(args);
    }
    let file = args.trace.as_deref();
    let file = file
        .map(|path| OutputFile::at(path, args.network.file()))
        .transpose()?;
    let DeviceChoice::Gpu(selector) = &args.device else {
        return Err(device::needs_gpu());
    };
    let resolved = device::open_gpu(&args.device, args.kernels)?.precision(args.precision)?;
    if let Some(why) = &resolved.why {
        term::note(&format!("--precision auto: f32, since {why}"));
    }
    let case = Case {
        source: args.network.clone(),
        batch_size: args.batch_size as usize,
        input_size: args.input_size.map(|n| n as usize),
        scenario: Scenario::Latency,
        precision: resolved.scalar,
        tolerance: None,
    };
    let progress = Progress::spinner("starting");
    let options = args.kernels.options(selector);
    let mut started = start_up(&options, &case, |gpu| {
        args.choice.choice(gpu, case.precision)
    })?;
    progress.message("computing reference logits on the CPU".into());
    let verification = started.check(&reference(&started.model, &case)?, &case);
    let tolerance = case.tolerance();
    if !verification.passed(tolerance) {
        return Err(Failure::new(verification.failure(tolerance)));
    }
    let session = &mut started.session;
    let input = &started.input;
    progress.message("warming up".into());
    warm_up(session, input, |_| {})?;
    progress.message("timing each step".into());
    let time = Duration::from_secs_f64(args.duration);
    let Some((mut profile, timeline)) = profile(session, input, time, MAX_REPETITIONS)? else {
        return Err(device::needs_gpu());
    };
    let peaks = peaks_on(&started.gpu, PEAKS_TIME, |what| {
        progress.message(format!("measuring the device's peak: {what}"));
    });
    if let Ok(peaks) = &peaks {
        profile.set_ceilings(peaks);
    }
    drop(progress);
    if let Some(file) = file {
        let trace = trace(&started.gpu.describe(), &profile, &timeline);
        let text = serde_json::to_string(&trace);
        let text = text.map_err(|e| Failure::new(format!("the trace: {e}")))?;
        file.write(text.as_bytes())?;
    }
    if args.sort == StepOrder::Time {
        profile.steps.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    }
    let mut device = Device::of(&started.gpu);
    match peaks {
        Ok(peaks) => device.peaks = Some(peaks),
        Err(error) => term::note(&format!("no roofline: {}", with_sources(&error))),
    }
    let found = ProfileReport {
        schema_version: SCHEMA_VERSION,
        created: host::now(),
        crate_version: CRATE_VERSION,
        wgpu_version: host::WGPU_VERSION,
        host: host::this_machine(),
        device,
        work: work(&started.model, &case)?,
        verification,
        profile,
    };
    if args.json {
        term::print_json_pretty(&found)
    } else {
        term::print(&text(&found, &started.gpu.describe()))
    }
}

fn text(found: &ProfileReport, device: &str) -> String {
    let mut table = Table::new(&[
        ("layer", Alignment::Left),
        ("kernel", Alignment::Left),
        ("output", Alignment::Right),
        ("ms", Alignment::Right),
        ("share", Alignment::Right),
        ("GFLOP/s", Alignment::Right),
        ("GB/s", Alignment::Right),
        ("roofline", Alignment::Right),
    ]);
    for step in &found.profile.steps {
        table.row(cells(step));
    }
    let p = &found.profile;
    let ceiling = p.ceiling_ms();
    table.row(vec![
        "all".into(),
        String::new(),
        String::new(),
        format!("{:.3}", p.total_ms),
        "100.0 %".into(),
        format!(
            "{:.1}",
            sum(p, |s| 2.0 * s.macs as f64) / (p.total_ms * 1e6)
        ),
        format!("{:.1}", sum(p, |s| s.bytes as f64) / (p.total_ms * 1e6)),
        ceiling.map_or_else(
            || "-".into(),
            |c| format!("{:.0} %", 100.0 * c / p.total_ms),
        ),
    ]);
    let clock = match p.clock {
        Clock::Timestamps => "the GPU's own timestamps, each step in a pass of its own",
        Clock::Wall => {
            "the host's clock, since this adapter has no timestamps: each time includes the \
             submission of the step and the wait for its end"
        }
    };
    let peaks = found.device.peaks.as_ref();
    let peaks = peaks.map_or_else(String::new, |peaks: &Peaks| {
        format!(
            "Roofline: the larger of compute and traffic time at this device's measured peaks, \
             {:.0} GFLOP/s (f32) and {:.1} GB/s, as a share of the measured time. Values above 100 % \
             occur if caches deliver more than memory can.\n",
            peaks.fma_f32_gflops, peaks.memory_gbytes_per_second
        )
    });
    let w = &found.work;
    format!(
        "{}, batch {}, {}×{} pixels, {}, on {device}\n\n{}\nMedians of {} runs by {clock}. Verified: \
         the logits are within {:.0e} of the CPU's.\n{peaks}",
        w.model,
        w.batch_size,
        w.input_size,
        w.input_size,
        w.precision,
        table.text(),
        p.repetitions,
        found.verification.relative_error.unwrap_or_default(),
    )
}

fn cells(step: &StepTime) -> Vec<String> {
    let rate = |value: f64| match value {
        0.0 => "-".to_owned(),
        value => format!("{value:.1}"),
    };
    vec![
        step.layer.clone(),
        step.kernel.clone(),
        shape_text(step.output),
        format!("{:.3}", step.ms),
        format!("{:.1} %", step.share),
        rate(step.gflops),
        rate(step.gbytes_per_second),
        (step.roofline_percent).map_or_else(|| "-".into(), |percent| format!("{percent:.0} %")),
    ]
}

fn sum(profile: &Profile, of: impl Fn(&StepTime) -> f64) -> f64 {
    profile.steps.iter().map(of).sum()
}
