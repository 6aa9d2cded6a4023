//! The measurement of one row: verifies the outputs, measures the speed, and verifies the outputs
//! again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::profile::{gpu_times, profile, warm_up};
use super::result::{Memory, Row, Scenario, Startups, Stats, Status, Verification, Work};
use super::roofline::gflops;
use super::start_up::{Case, SEED, Source, StartedSession, start};
use super::timing::{HostClock, RepetitionLimits, Timings, time_batches};
use super::verification::{Batches, reference, same_bits};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanOptions};
use resnet_wgpu::{Error, Gpu, KernelChoice, Model, Session};

/// The duration of timing the GPU without the host, once for whole runs and once for single steps.
const GPU_TIMING: Duration = Duration::from_secs(2);

/// The most timed runs in each of the two timings. More runs would not change the result.
const GPU_RUNS: usize = 50;

/// Describes the work of a row before the row is measured.
pub fn work(model: &Model, case: &Case) -> Result<Work, Error> {
    let side = case.side(model);
    let cost = model.graph(side, side)?.total_cost();
    Ok(Work {
        model: model.network().name.clone(),
        weights: match &case.source {
            Source::Preset(_) => format!("seed {SEED}"),
            Source::File(_) => model.fingerprint()?,
        },
        parameters: cost.parameters,
        macs: cost.macs,
        batch_size: case.batch_size,
        input_size: side,
        precision: case.precision.name().into(),
        scenario: case.scenario,
    })
}

impl Row {
    /// Makes a row that has not been measured.
    pub fn new(device_asked: &str, work: Work, case: &Case) -> Self {
        Self {
            device: None,
            device_asked: device_asked.into(),
            work,
            status: Status::Error,
            error: None,
            warnings: vec![],
            verification: None,
            startup: Startups::default(),
            end_to_end: None,
            in_flight: case.in_flight(),
            encode: None,
            gpu: None,
            gpu_clock: None,
            images_per_second: None,
            gflops: None,
            roofline: None,
            memory: None,
            kernels: BTreeMap::new(),
            kernels_by: None,
            profile: None,
        }
    }
}

/// Checks whether a device with this profile supports the case. The check runs before the CPU
/// reference computes possibly thousands of images.
///
/// # Errors
///
/// The error that planning the case for this device gives.
pub fn check(model: &Model, case: &Case, profile: &DeviceProfile) -> Result<(), Error> {
    let side = case.side(model);
    let lowered = lower(&model.graph(side, side)?, model.params(), &[])?;
    let options = PlanOptions {
        precision: case.precision,
        ..PlanOptions::default()
    };
    Plan::new(&lowered, case.batch_size, profile, &[], &options)?;
    Ok(())
}

/// Fills `row`: verifies the first logits, runs the timed loop, and verifies the last logits.
/// `reference` may hold more images than the case has. Wrong outputs are not an `Err`: the row's
/// status reports them, and the row has no speed.
pub fn measure(
    row: &mut Row,
    started: StartedSession,
    case: &Case,
    reference: &[f32],
    limits: &RepetitionLimits,
    mut peak_memory: impl FnMut() -> Option<u64>,
    mut progress: impl FnMut(&str),
) -> Result<(), Error> {
    let StartedSession {
        mut session,
        input,
        logits,
        startup,
        choice,
        ..
    } = started;
    peak_memory();
    row.startup.warm = Some(startup);
    for step in session.plan().into_iter().flat_map(|plan| &plan.steps) {
        *row.kernels.entry(step.kernel.name.into()).or_default() += 1;
    }
    row.kernels_by = session.plan().map(|plan| choice_in_words(&choice, plan));

    progress("verifying");
    let batches = Batches::new(&input, reference, case, &session);
    let first = std::slice::from_ref(&logits);
    let mut verification = Verification::of(batches.check(first), case);
    if !verification.passed {
        row.fail(verification);
        return Ok(());
    }

    progress("warming up");
    let mut deterministic = true;
    warm_up(&mut session, &input, |found| {
        deterministic &= same_bits(&logits, found)
    })?;
    progress("timing");
    let mut last = vec![Vec::with_capacity(logits.len()); batches.inputs.len()];
    let timings = time_batches(
        &mut session,
        &mut HostClock(Instant::now()),
        &batches.inputs,
        case.in_flight(),
        limits,
        &mut last,
    )?;
    let process_peak_bytes = peak_memory();

    progress("verifying again");
    // Check the outputs of the timed loop itself, because a separate run could be right although
    // the loop was wrong. A loop of one repetition fills only the first batch's logits.
    deterministic &= last.first().is_none_or(|last| same_bits(&logits, last));
    let after = batches.check(&last);
    verification.deterministic = Some(deterministic);
    verification.passed = after.passed(verification.tolerance);
    verification.after = Some(after);
    if !verification.passed {
        row.fail(verification);
        return Ok(());
    }
    row.verification = Some(verification);
    row.status = Status::Ok;
    row.set_speed(&timings, case);
    row.memory = memory_of(&session, process_peak_bytes);
    row.add_warnings();
    // The timings that follow may fail. The row stays valid without them.
    progress("timing the GPU alone");
    if let Err(error) = time_gpu(row, &mut session, &input) {
        row.warnings
            .push(format!("the GPU cannot be timed alone: {error}"));
    }
    Ok(())
}

/// Returns the method by which kernels were chosen, and for how many convolutions.
fn choice_in_words(choice: &KernelChoice, plan: &Plan) -> String {
    let by = match choice {
        KernelChoice::Auto => return "rules".into(),
        KernelChoice::Prefer(candidate) => candidate.name,
        // The only remaining choice is `KernelChoice::Tuned`.
        _ => "tuning",
    };
    let (all, wanted) = plan.convolutions;
    format!("{by} ({wanted} of {all} convolutions)")
}

fn time_gpu(row: &mut Row, session: &mut Session, input: &[f32]) -> Result<(), Error> {
    let Some(times) = gpu_times(session, input, GPU_TIMING, GPU_RUNS)? else {
        return Ok(());
    };
    if let Some(why) = times.implausibility() {
        row.warnings.push(why);
        return Ok(());
    }
    let profile = profile(session, input, GPU_TIMING, GPU_RUNS)?;
    row.gpu_clock = Some(times.clock);
    row.gpu = Some(times.gpu);
    row.profile = profile.map(|(profile, _)| profile);
    Ok(())
}

fn memory_of(session: &Session, process_peak_bytes: Option<u64>) -> Option<Memory> {
    let plan = session.plan()?;
    let activations = plan.activation_bytes();
    let weights = plan.weight_bytes();
    let other = session.other_bytes();
    Some(Memory {
        activation_bytes: activations,
        weight_bytes: weights,
        other_bytes: other,
        device_bytes: activations + weights + other,
        process_peak_bytes,
    })
}

/// Measures one row in this process, on an open device, with a loaded model and a choice of
/// kernels. The start-up times contain no time for opening the device and loading the model.
pub fn measure_on(
    gpu: &Gpu,
    model: &Model,
    case: &Case,
    choice: &KernelChoice,
    limits: &RepetitionLimits,
) -> Result<Row, Error> {
    let mut row = Row::new(&gpu.describe(), work(model, case)?, case);
    let reference = reference(model, case)?;
    let none = [Duration::ZERO; 2];
    let started = start(gpu.clone(), model.clone(), case, choice, none)?;
    measure(&mut row, started, case, &reference, limits, || None, |_| {})?;
    Ok(row)
}

/// The ratio of standard deviation to mean above which samples count as scattered.
const SCATTER: f64 = 0.1;

/// The ratio of submission time to wall time above which the driver is assumed to compute during
/// the submission.
const SYNCHRONOUS: f64 = 0.9;

impl Row {
    fn set_speed(&mut self, timings: &Timings, case: &Case) {
        let ms = |times: &[Duration]| -> Vec<f64> {
            times.iter().map(|t| t.as_secs_f64() * 1e3).collect()
        };
        self.end_to_end = Stats::of(ms(&timings.total));
        self.encode = Stats::of(ms(&timings.encode));
        let seconds = match (case.scenario, &self.end_to_end) {
            (Scenario::Latency, Some(stats)) => stats.median / 1e3,
            _ => timings.elapsed.as_secs_f64() / timings.total.len() as f64,
        };
        let images = case.batch_size as f64;
        self.images_per_second = Some(images / seconds);
        let macs = self.work.macs * case.batch_size as u64;
        self.gflops = Some(gflops(macs, seconds * 1e3));
    }

    /// Adds warnings about figures that are unreliable.
    fn add_warnings(&mut self) {
        let mut warn = |text: &str| self.warnings.push(text.to_owned());
        if let Some(wall) = &self.end_to_end {
            if wall.stddev > SCATTER * wall.mean {
                warn(
                    "times scatter (standard deviation over a tenth of the mean): other programs \
                     were running, or clocks changed; use the median and the minimum",
                );
            }
            let encode = self.encode.as_ref().map_or(0.0, |encode| encode.median);
            if self.in_flight == 1 && encode > SYNCHRONOUS * wall.median {
                warn(
                    "this driver computes inside the submission, so the host's time includes the \
                     GPU's",
                );
            }
        }
        if let Some(v) = &self.verification
            && v.checks().any(|check| check.top1_equal < v.images)
        {
            warn(
                "the first class of some images differs from the CPU reference: two logits are \
                 nearly equal",
            );
        }
    }
}
