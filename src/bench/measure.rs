//! One row: right first, then fast, then right still.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::memory::PeakMemory;
use super::profile::{gpu_times, profile};
use super::result::{Memory, Row, Scenario, Startups, Stats, Status, Verification, Work};
use super::roofline::gflops;
use super::start_up::{Case, SEED, Source, Started, start};
use super::timed::{HostWatch, Repeat, Timings, timed};
use crate::error::Error;
use crate::gpu::{Clock, Gpu};
use crate::mix::{STEP, mix};
use crate::model::Model;
use crate::passes::lower;
use crate::plan::{Choice, DeviceProfile, Plan};
use crate::session::{Session, SessionOptions};
use crate::verify::{Difference, TOLERANCE_F32, seeded_images};

/// GPUs raise their clocks under load, so some load comes before the timing.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long the GPU is timed alone, for whole runs and for steps each.
const GPU_TIMING: Duration = Duration::from_secs(2);

/// The twin's logits for the first `n` images that rows run, `[n, classes]`.
/// Rows of one network share them.
pub fn reference(model: &Model, case: &Case) -> Result<Vec<f32>, Error> {
    let side = case.side(model);
    let options = SessionOptions {
        batch: case.batch_size,
        input_size: Some((side, side)),
        ..SessionOptions::default()
    };
    let mut twin = Session::cpu(model, &options)?;
    let images = seeded_images(case.batch_size, twin.graph().input_shape());
    Ok(twin.run(&images)?.logits.into_data())
}

/// What a row will compute, before it does.
pub fn work(model: &Model, case: &Case) -> Result<Work, Error> {
    let side = case.side(model);
    let cost = model.graph(side, side)?.total_cost();
    Ok(Work {
        model: model.network().name.clone(),
        weights: match &case.source {
            Source::Preset(_) => format!("seed {SEED}"),
            Source::File(_) => fingerprint(model),
        },
        parameters: cost.parameters,
        macs: cost.macs,
        batch_size: case.batch_size,
        input_size: side,
        precision: "f32".into(),
        scenario: case.scenario,
    })
}

/// 64 bits of all weights and their names.
fn fingerprint(model: &Model) -> String {
    let mut sum = 0;
    for (name, tensor) in model.params().iter() {
        let mut hash = 0;
        for byte in name.bytes() {
            hash = mix((hash ^ u64::from(byte)).wrapping_add(STEP));
        }
        for value in tensor.data() {
            hash = mix((hash ^ u64::from(value.to_bits())).wrapping_add(STEP));
        }
        // Whatever the order of the names.
        sum ^= hash;
    }
    format!("{sum:016x}")
}

impl Row {
    /// A row that has not been measured.
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
            profile: None,
        }
    }
}

/// Whether a device of that profile takes the case at all: to know it before
/// the twin computes what might be thousands of images.
pub fn check(model: &Model, case: &Case, profile: &DeviceProfile) -> Result<(), Error> {
    let side = case.side(model);
    let lowered = lower(&model.graph(side, side)?, model.params(), &[])?;
    Plan::new(&lowered, case.batch_size, profile, &[], &Choice::Auto)?;
    Ok(())
}

/// Fills `row`: verifies the first logits, times, verifies the last. The
/// `reference` may hold more images than the batch. Wrong outputs are no
/// error: the row says so, and has no speed.
pub fn measure(
    row: &mut Row,
    started: Started,
    case: &Case,
    reference: &[f32],
    repeat: &Repeat,
    mut progress: impl FnMut(&str),
) -> Result<(), Error> {
    let Started {
        mut session,
        input,
        logits,
        startup,
        ..
    } = started;
    let mut memory = PeakMemory::default();
    memory.look();
    row.startup.warm = Some(startup);
    for step in session.plan().into_iter().flat_map(|plan| &plan.steps) {
        *row.kernels.entry(step.kernel.name.into()).or_default() += 1;
    }

    progress("verifying");
    let images = Images::new(&input, reference, logits.len(), case);
    let judged = judge([&logits], &images.references[..1], case.batch_size);
    let mut verification = Verification {
        passed: judged.passed,
        deterministic: true,
        relative_error: judged.relative_error,
        relative_error_after: None,
        tolerance: TOLERANCE_F32,
        top1_equal: [judged.top1_equal, 0],
        images: case.batch_size,
    };
    if !verification.passed {
        row.fail(verification);
        return Ok(());
    }

    progress("warming up");
    let mut spent = Duration::ZERO;
    while spent < WARM_UP {
        let ran = Instant::now();
        session.run_batch(&input, |output, data| {
            let same = output != 0 || same_bits(&logits, data);
            verification.deterministic &= same;
        })?;
        spent += ran.elapsed();
    }
    progress("timing");
    let mut last = vec![Vec::with_capacity(logits.len()); images.inputs.len()];
    let watch = &mut HostWatch(Instant::now());
    let in_flight = case.in_flight();
    let timings = timed(
        &mut session,
        watch,
        &images.inputs,
        in_flight,
        repeat,
        &mut last,
    )?;
    memory.look();

    progress("verifying again");
    // The loop's own last outputs: a run apart could be right where it was
    // not. Too few repetitions may not have reached each input.
    let ran = last.iter().zip(&images.references);
    let (last, references): (Vec<_>, Vec<_>) = ran.filter(|(l, _)| !l.is_empty()).unzip();
    verification.deterministic &= last.first().is_none_or(|last| same_bits(&logits, last));
    let judged = judge(last, references, case.batch_size);
    verification.relative_error_after = judged.relative_error;
    verification.top1_equal[1] = judged.top1_equal;
    verification.passed = judged.passed;
    if !verification.passed {
        row.fail(verification);
        return Ok(());
    }
    row.verification = Some(verification);
    row.status = Status::Ok;
    row.speed(&timings, case);

    progress("timing the GPU alone");
    let gpu = gpu_times(&mut session, &input, GPU_TIMING)?;
    (row.gpu_clock, row.gpu) = gpu.unzip();
    progress("timing each layer");
    row.profile = profile(&mut session, &input, GPU_TIMING)?;
    row.warn();
    row.memory = session.plan().map(|plan| {
        let (activations, weights) = (plan.activation_bytes(), plan.weight_bytes());
        let other = session.other_bytes();
        Memory {
            activation_bytes: activations,
            weight_bytes: weights,
            other_bytes: other,
            device_bytes: activations + weights + other,
            process_peak_bytes: memory.bytes(),
        }
    });
    Ok(())
}

/// The same from a model on an open device, in this process, with a choice of
/// kernels; the start-up has no time for opening and loading.
pub fn measure_on(
    gpu: &Gpu,
    model: &Model,
    case: &Case,
    choice: &Choice,
    repeat: &Repeat,
) -> Result<Row, Error> {
    let mut row = Row::new(&gpu.describe(), work(model, case)?, case);
    let reference = reference(model, case)?;
    let none = [Duration::ZERO; 2];
    let started = start(gpu.clone(), model.clone(), case, choice, none)?;
    measure(&mut row, started, case, &reference, repeat, |_| {})?;
    Ok(row)
}

impl Row {
    fn fail(&mut self, verification: Verification) {
        let error = match verification
            .relative_error_after
            .or(verification.relative_error)
        {
            Some(error) => format!("off by {error:.1e} of the largest logit"),
            None => "not a number".into(),
        };
        self.status = Status::FailedVerification;
        self.error = Some(format!(
            "the logits are wrong: {error} (allowed {:.0e}); `resnet verify` tells which layer",
            verification.tolerance
        ));
        self.verification = Some(verification);
    }

    fn speed(&mut self, timings: &Timings, case: &Case) {
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
}

/// Samples whose standard deviation is a larger part of their mean scatter.
const SCATTER: f64 = 0.1;

/// GPU time that is a larger part of the wall time cannot be: the two are
/// taken in different runs, hence the margin.
const IMPOSSIBLE: f64 = 1.5;

/// Where submitting takes that much of the wall time, the work is done in it.
const SYNCHRONOUS: f64 = 0.9;

impl Row {
    /// Says what lessens the worth of its figures.
    fn warn(&mut self) {
        let Some(wall) = &self.end_to_end else { return };
        if wall.stddev > SCATTER * wall.mean {
            self.warnings.push(
                "times scatter (standard deviation over a tenth of the mean): other programs were \
                 running, or clocks changed; read the median and the minimum"
                    .into(),
            );
        }
        if let Some(encode) = &self.encode
            && self.in_flight == 1
            && encode.median > SYNCHRONOUS * wall.median
        {
            self.warnings.push(
                "this driver computes inside the submission, so the host's time includes the GPU's"
                    .into(),
            );
        }
        if let Some(gpu) = &self.gpu
            && self.gpu_clock == Some(Clock::Timestamps)
            && self.in_flight == 1
            && gpu.min > IMPOSSIBLE * wall.median
        {
            self.warnings.push(format!(
                "the GPU's own clock gives {:.3} ms for runs that take {:.3} ms in all: this \
                 driver's timestamps cannot be believed",
                gpu.min, wall.median
            ));
        }
    }
}

/// The batches that the timed loop takes turns between, and their logits.
/// With several in flight a second batch, the first turned round, shows
/// whether outputs are mixed up.
struct Images {
    inputs: Vec<Vec<f32>>,
    references: Vec<Vec<f32>>,
}

impl Images {
    fn new(input: &[f32], reference: &[f32], logits: usize, case: &Case) -> Self {
        let n = case.batch_size;
        let reference = &reference[..logits.min(reference.len())];
        let mut images = Self {
            inputs: vec![input.to_vec()],
            references: vec![reference.to_vec()],
        };
        if case.in_flight() > 1 && n > 1 {
            images.inputs.push(turned(input, n));
            images.references.push(turned(reference, n));
        }
        images
    }
}

/// A batch of `n` in reverse order.
fn turned(batch: &[f32], n: usize) -> Vec<f32> {
    let each = (batch.len() / n).max(1);
    batch.chunks(each).rev().flatten().copied().collect()
}

struct Judged {
    passed: bool,
    relative_error: Option<f64>,
    top1_equal: usize,
}

/// Compares batches of logits with what they should be; the worst counts.
fn judge<'a>(
    found: impl IntoIterator<Item = &'a Vec<f32>>,
    expected: impl IntoIterator<Item = &'a Vec<f32>>,
    images: usize,
) -> Judged {
    let mut judged = Judged {
        passed: false,
        relative_error: Some(0.0),
        top1_equal: images,
    };
    for (i, (found, expected)) in found.into_iter().zip(expected).enumerate() {
        let difference = Difference::between(found, expected);
        let relative = difference.relative();
        judged.passed = (i == 0 || judged.passed) && difference.within(TOLERANCE_F32);
        judged.relative_error = (judged.relative_error)
            .filter(|_| relative.is_finite())
            .map(|worst| worst.max(relative));
        let classes = (expected.len() / images.max(1)).max(1);
        let pairs = found.chunks(classes).zip(expected.chunks(classes));
        let equal = pairs.filter(|(f, e)| argmax(f) == argmax(e)).count();
        judged.top1_equal = judged.top1_equal.min(equal);
    }
    judged
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// The first of the largest.
fn argmax(logits: &[f32]) -> Option<usize> {
    let places = logits.iter().enumerate();
    let largest = places.rev().max_by(|a, b| a.1.total_cmp(b.1));
    largest.map(|(i, _)| i)
}
