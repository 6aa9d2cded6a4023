//! Measures in a process of its own: a row starts from nothing, its peak
//! memory is its own, and a driver that crashes takes nothing else with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use resnet_wgpu::{DeviceSelector, Error, Gpu};
use resnet_wgpu_bench::{Case, Peaks, Repeat, Row, Started, Startup, measure, peaks, start_up};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, with_sources};
use crate::folder;
use crate::memory::PeakMemory;
use crate::options::choice::Kernels;
use crate::options::kernels::KernelArgs;
use crate::term;

/// About how long the peaks may take.
const PEAKS_TIME: Duration = Duration::from_secs(8);

/// What a worker is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Start up, and no more.
    StartUp {
        /// What to start.
        case: Case,
    },
    /// Measure a row.
    Measure {
        /// What to measure.
        case: Case,
        /// The row to fill.
        row: Box<Row>,
        /// How often.
        repeat: Repeat,
        /// File with the twin's logits, f32 in little-endian order.
        reference: PathBuf,
    },
    /// Measure the device's peaks.
    Peaks,
}

/// A task and where it runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    /// The device, as [`DeviceSelector`] parses it.
    pub device: String,
    /// How kernels are chosen there.
    pub kernels: Kernels,
    /// How kernels become pipelines there: checked or not.
    pub checked: bool,
    /// What to do there.
    pub task: Task,
}

/// A line that a worker prints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress(String),
    Done(Done),
    Failed(String),
}

/// What comes of a task.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Of a start-up.
    StartUp(Startup),
    /// Of a measurement.
    Row(Box<Row>),
    /// Of a device's peaks.
    Peaks(Box<Peaks>),
}

/// The worker's side: a job on stdin, lines on stdout.
pub fn command() -> Result<(), Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|e| Failure::new(format!("stdin: {e}")))?;
    let job: Job = serde_json::from_str(&text)
        .map_err(|e| Failure::usage(format!("expected a job of `resnet bench` on stdin: {e}")))?;
    tell(&work(job).map_or_else(Line::Failed, Line::Done))
}

/// What a worker's lines begin with: drivers print to stdout, too, and not
/// always whole lines.
const MARK: &str = "@resnet-bench ";

fn tell(line: &Line) -> Result<(), Failure> {
    let text = serde_json::to_string(line);
    let text = text.map_err(|e| Failure::new(format!("the result cannot be written: {e}")))?;
    term::print(&format!("\n{MARK}{text}\n"))
}

fn work(job: Job) -> Result<Done, String> {
    let Ok(selector) = job.device.parse::<DeviceSelector>();
    let checked = job.checked;
    let options = KernelArgs { checked }.options(&selector);
    let progress = |text: &str| {
        if tell(&Line::Progress(text.to_owned())).is_err() {
            // Whoever asked has gone; nobody waits for the rest.
            std::process::exit(1);
        }
    };
    let choose = |case: &Case| {
        let (kernels, precision) = (job.kernels.clone(), case.precision);
        move |gpu: &Gpu| kernels.choice(gpu, precision)
    };
    match job.task {
        Task::StartUp { case } => {
            let Started { startup, .. } = start_up(&options, &case, choose(&case)).map_err(told)?;
            Ok(Done::StartUp(startup))
        }
        Task::Measure {
            case,
            mut row,
            repeat,
            reference,
        } => {
            progress("starting");
            let started = start_up(&options, &case, choose(&case)).map_err(told)?;
            let reference = floats(&reference)?;
            let mut memory = PeakMemory::default();
            let look = || memory.look();
            measure(
                &mut row, started, &case, &reference, &repeat, look, progress,
            )
            .map_err(told)?;
            Ok(Done::Row(row))
        }
        Task::Peaks => {
            let peaks = peaks(&selector, PEAKS_TIME, progress).map_err(told)?;
            Ok(Done::Peaks(Box::new(peaks)))
        }
    }
}

fn told(error: Error) -> String {
    with_sources(&error)
}

/// The floats of a file.
fn floats(file: &Path) -> Result<Vec<f32>, String> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", term::shown(file)))?;
    let words = bytes.chunks_exact(4);
    Ok(words
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

/// Where drivers on Linux are told to keep compiled shaders (Mesa, NVIDIA, and
/// AMD's own), and where this program keeps pipelines.
const CACHES: [&str; 5] = [
    "MESA_SHADER_CACHE_DIR",
    "MESA_GLSL_CACHE_DIR",
    "__GL_SHADER_DISK_CACHE_PATH",
    "XDG_CACHE_HOME",
    folder::VARIABLE,
];

/// Whether drivers can be told to keep compiled shaders in a folder.
pub fn caches_can_be_moved() -> bool {
    cfg!(any(target_os = "linux", target_os = "freebsd"))
}

/// The other side: starts a worker whose drivers keep compiled shaders in
/// `cache`, or where they always do, hands the job over, and waits for what
/// comes of it. The error is a sentence.
pub fn run(
    job: &Job,
    cache: Option<&Path>,
    mut progress: impl FnMut(&str),
) -> Result<Done, String> {
    let failed = |what: &str, e: std::io::Error| format!("cannot {what} a process: {e}");
    let program = std::env::current_exe().map_err(|e| failed("find the program for", e))?;
    let mut command = Command::new(program);
    command.arg("bench-worker").stdin(Stdio::piped());
    if let Some(cache) = cache {
        command.envs(CACHES.map(|name| (name, cache)));
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed("start", e))?;
    let text = serde_json::to_vec(job).map_err(|e| e.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ended before it read says why below.
        let _ = stdin.write_all(&text);
    }
    let mut end = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let Some(line) = line.strip_prefix(MARK) else {
                continue;
            };
            match serde_json::from_str(line) {
                Ok(Line::Progress(what)) => progress(&what),
                Ok(Line::Done(done)) => end = Some(Ok(done)),
                Ok(Line::Failed(why)) => end = Some(Err(why)),
                Err(error) => end = Some(Err(format!("its result cannot be read: {error}"))),
            }
        }
    }
    let status = child.wait().map_err(|e| failed("wait for", e))?;
    end.unwrap_or_else(|| {
        Err(format!(
            "the process that measured it ended with {status}; the driver may have crashed: \
             update it, or use another --device"
        ))
    })
}
