//! Measures each row in a separate process. A row then starts from a fresh state and has its own
//! peak memory, and a crash of a driver does not affect other rows.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use resnet_wgpu::{DeviceSelector, Error, Gpu};
use resnet_wgpu_bench::{
    Case, Peaks, RepetitionLimits, Row, StartedSession, Startup, measure, peaks, start_up,
};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, with_sources};
use crate::folder;
use crate::memory::PeakMemory;
use crate::options::choice::KernelChoice;
use crate::options::kernels::KernelArgs;
use crate::term;

/// The approximate duration of the peak measurement.
const PEAKS_TIME: Duration = Duration::from_secs(8);

/// The task of a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Start up and stop.
    StartUp {
        /// The work to start.
        case: Case,
    },
    /// Measure a row.
    Measure {
        /// The work to measure.
        case: Case,
        /// The row to fill.
        row: Box<Row>,
        /// The number of repetitions.
        repeat: RepetitionLimits,
        /// The file with the reference's logits, f32 in little-endian order.
        reference: PathBuf,
    },
    /// Measure the device's peaks.
    Peaks,
}

/// A task and the device that it runs on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    /// The device, in the syntax that [`DeviceSelector`] parses.
    pub device: String,
    /// The choice of kernels on the device.
    pub kernels: KernelChoice,
    /// True if kernels are compiled with checks of every memory access.
    pub checked: bool,
    /// The task.
    pub task: Task,
}

/// A line that a worker prints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WorkerMessage {
    Progress(String),
    Done(TaskResult),
    Failed(String),
}

/// The result of a task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskResult {
    /// The result of a start-up.
    StartUp(Startup),
    /// The result of a measurement.
    Row(Box<Row>),
    /// The result of measuring a device's peaks.
    Peaks(Box<Peaks>),
}

/// Runs the worker: reads a job from stdin and writes lines to stdout.
pub fn command() -> Result<(), Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|e| Failure::new(format!("stdin: {e}")))?;
    let job: Job = serde_json::from_str(&text)
        .map_err(|e| Failure::usage(format!("expected a job of `resnet bench` on stdin: {e}")))?;
    send(&work(job).map_or_else(WorkerMessage::Failed, WorkerMessage::Done))
}

/// The prefix of a worker's lines. Drivers print to stdout too, and not always complete lines.
const LINE_PREFIX: &str = "@resnet-bench ";

fn send(message: &WorkerMessage) -> Result<(), Failure> {
    let text = serde_json::to_string(message);
    let text = text.map_err(|e| Failure::new(format!("the result cannot be written: {e}")))?;
    term::print(&format!("\n{LINE_PREFIX}{text}\n"))
}

fn work(job: Job) -> Result<TaskResult, String> {
    let Ok(selector) = job.device.parse::<DeviceSelector>();
    let checked = job.checked;
    let options = KernelArgs { checked }.options(&selector);
    let progress = |text: &str| {
        if send(&WorkerMessage::Progress(text.to_owned())).is_err() {
            // The parent process has ended, so nobody needs the result.
            std::process::exit(1);
        }
    };
    let choose = |case: &Case| {
        let kernels = job.kernels.clone();
        let precision = case.precision;
        move |gpu: &Gpu| kernels.choice(gpu, precision)
    };
    match job.task {
        Task::StartUp { case } => {
            let StartedSession { startup, .. } =
                start_up(&options, &case, choose(&case)).map_err(error_text)?;
            Ok(TaskResult::StartUp(startup))
        }
        Task::Measure {
            case,
            mut row,
            repeat,
            reference,
        } => {
            progress("starting");
            let started = start_up(&options, &case, choose(&case)).map_err(error_text)?;
            let reference = floats(&reference)?;
            let mut memory = PeakMemory::default();
            let sample_memory = || memory.sample();
            measure(
                &mut row,
                started,
                &case,
                &reference,
                &repeat,
                sample_memory,
                progress,
            )
            .map_err(error_text)?;
            Ok(TaskResult::Row(row))
        }
        Task::Peaks => {
            let peaks = peaks(&selector, PEAKS_TIME, progress).map_err(error_text)?;
            Ok(TaskResult::Peaks(Box::new(peaks)))
        }
    }
}

fn error_text(error: Error) -> String {
    with_sources(&error)
}

/// Reads the floats of a file.
fn floats(file: &Path) -> Result<Vec<f32>, String> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", term::display_path(file)))?;
    let words = bytes.chunks_exact(4);
    Ok(words
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

/// Environment variables with the cache folders of drivers on Linux (Mesa, NVIDIA and AMD's own),
/// and with this program's folder for pipelines.
const CACHE_VARIABLES: [&str; 5] = [
    "MESA_SHADER_CACHE_DIR",
    "MESA_GLSL_CACHE_DIR",
    "__GL_SHADER_DISK_CACHE_PATH",
    "XDG_CACHE_HOME",
    folder::VARIABLE,
];

/// Returns whether the cache folders of drivers can be changed on this system.
pub fn caches_can_be_moved() -> bool {
    cfg!(any(target_os = "linux", target_os = "freebsd"))
}

/// Starts a worker, passes it the job, and waits for the result.
///
/// The worker's drivers store compiled shaders in `cache`, or in their usual folder if `cache` is
/// `None`. An error is a sentence for the user.
pub fn run(
    job: &Job,
    cache: Option<&Path>,
    mut progress: impl FnMut(&str),
) -> Result<TaskResult, String> {
    let failed = |what: &str, e: std::io::Error| format!("cannot {what} a process: {e}");
    let program = std::env::current_exe().map_err(|e| failed("find the program for", e))?;
    let mut command = Command::new(program);
    command.arg("bench-worker").stdin(Stdio::piped());
    if let Some(cache) = cache {
        command.envs(CACHE_VARIABLES.map(|name| (name, cache)));
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed("start", e))?;
    let text = serde_json::to_vec(job).map_err(|e| e.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        // If the worker ended before it read the job, its output is reported below.
        let _ = stdin.write_all(&text);
    }
    let mut end = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let Some(line) = line.strip_prefix(LINE_PREFIX) else {
                continue;
            };
            match serde_json::from_str(line) {
                Ok(WorkerMessage::Progress(what)) => progress(&what),
                Ok(WorkerMessage::Done(done)) => end = Some(Ok(done)),
                Ok(WorkerMessage::Failed(why)) => end = Some(Err(why)),
                Err(error) => end = Some(Err(format!("the result cannot be read: {error}"))),
            }
        }
    }
    let status = child.wait().map_err(|e| failed("wait for", e))?;
    end.unwrap_or_else(|| {
        Err(format!(
            "the measuring process ended with {status}; the driver may have crashed: update the \
             driver, or use another --device"
        ))
    })
}
