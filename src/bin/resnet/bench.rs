//! `resnet bench`: rows measured one after another, each by a worker of its
//! own, and shown.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use resnet_wgpu::bench::{
    CRATE_VERSION, Case, Host, Peaks, Power, Repeat, Report, Row, SCHEMA_VERSION, Source, Status,
    check, now, page, reference, text, wgpu_version, work,
};
use resnet_wgpu::gpu::{DeviceSelector, Gpu, adapters};
use resnet_wgpu::model::Model;
use resnet_wgpu::plan::DeviceProfile;
use tempfile::TempDir;

use crate::bench_args::{BenchArgs, Format};
use crate::bench_worker::{self, Done, Job, Task, caches_can_be_moved};
use crate::device;
use crate::failure::{Failure, with_sources};
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::term;
use crate::values::{BenchDevice, DeviceChoice};

/// What is measured where nobody says.
const NETWORKS: [&str; 2] = ["resnet18", "resnet50"];

/// How often a row is repeated where nobody says: for a while, and three times
/// where that is not enough. More samples than the most tell nothing new.
const REPEAT: Repeat = Repeat {
    duration: Duration::from_secs(5),
    at_least: 3,
    at_most: 5000,
};

/// Runs the command.
pub fn command(args: &BenchArgs) -> Result<(), Failure> {
    let sources: Vec<Source> = match &args.networks[..] {
        [] => NETWORKS.map(|name| Source::Preset(name.into())).to_vec(),
        given => given.to_vec(),
    };
    let read: Vec<PathBuf> = (sources.iter())
        .filter_map(|source| match source {
            Source::File(file) => Some(file.clone()),
            Source::Preset(_) => None,
        })
        .collect();
    // All that can be refused is refused before the work.
    let page_file = file(&args.report, &read)?;
    let json_file = file(&args.save, &read)?;
    if args.report.is_some() && args.report == args.save {
        return Err(Failure::usage(
            "--report and --save: expected two paths, found one; name another",
        ));
    }
    let devices = devices(&args.device)?;
    let mut bench = Bench::new(args)?;
    for device in &devices {
        bench.device(device, &sources)?;
    }
    let report = bench.end();

    if let Some(file) = json_file {
        file.write(json(&report)?.as_bytes())?;
    }
    if let Some(file) = page_file {
        let page = page(&[(String::new(), &report)])
            .map_err(|e| Failure::new(format!("the page cannot be made: {}", with_sources(&e))))?;
        file.write(page.as_bytes())?;
    }
    let format = if args.json { Format::Json } else { args.format };
    term::print(&match format {
        Format::Table => text::table(&report),
        Format::Markdown => text::markdown(&report),
        Format::Csv => text::csv(&report)
            .map_err(|e| Failure::new(format!("the result cannot be written as CSV: {e}")))?,
        Format::Json => json(&report)?,
    })?;
    conclude(&report)
}

fn file(path: &Option<PathBuf>, read: &[PathBuf]) -> Result<Option<OutputFile>, Failure> {
    let path = path.as_deref();
    path.map(|path| OutputFile::at(path, read)).transpose()
}

fn json(report: &Report) -> Result<String, Failure> {
    report
        .to_json()
        .map_err(|e| Failure::new(format!("the result cannot be written as JSON: {e}")))
}

/// Tells on stderr what failed, as the exit code does.
fn conclude(report: &Report) -> Result<(), Failure> {
    let failed: Vec<&Row> = (report.rows.iter())
        .filter(|row| row.status != Status::Ok)
        .collect();
    for row in &failed {
        let why = row.error.as_deref().unwrap_or("it failed");
        term::error(&format!(
            "{}, batch {}, on {}: {why}",
            row.work.model, row.work.batch_size, row.device_asked
        ));
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Reported),
    }
}

/// A device that was found: how workers are told, how people are, and what it
/// takes.
struct Found {
    selector: DeviceSelector,
    shown: String,
    profile: Option<DeviceProfile>,
}

/// The devices that are meant; none of them being there is an error.
fn devices(asked: &BenchDevice) -> Result<Vec<Found>, Failure> {
    match asked {
        BenchDevice::One(selector) => {
            let gpu = device::open_gpu(&DeviceChoice::Gpu(selector.clone()))?;
            Ok(vec![Found {
                selector: selector.clone(),
                shown: gpu.describe(),
                profile: Some(gpu.profile().clone()),
            }])
        }
        BenchDevice::All => {
            let all = adapters().into_iter().map(|adapter| {
                let selector = DeviceSelector::Index(adapter.index);
                // What cannot be opened is told by its rows.
                let gpu = Gpu::new(&selector).ok();
                Found {
                    shown: adapter.describe(),
                    profile: gpu.map(|gpu| gpu.profile().clone()),
                    selector,
                }
            });
            let all: Vec<Found> = all.collect();
            match all.is_empty() {
                false => Ok(all),
                true => Err(device::no_driver()),
            }
        }
    }
}

/// A benchmark under way.
struct Bench<'a> {
    args: &'a BenchArgs,
    repeat: Repeat,
    report: Report,
    folder: TempDir,
    /// Models, and the logits of as many images as were needed so far.
    models: HashMap<Source, (Model, Vec<f32>)>,
    progress: Progress,
}

impl<'a> Bench<'a> {
    fn new(args: &'a BenchArgs) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("resnet-bench-").tempdir();
        let repeat = match (args.repetitions, args.duration) {
            (Some(n), _) => Repeat::times(n as usize),
            (None, Some(seconds)) => Repeat {
                duration: Duration::from_secs_f64(seconds),
                ..REPEAT
            },
            (None, None) => REPEAT,
        };
        let words = std::env::args_os().skip(1);
        let mut command = "resnet".to_owned();
        for word in words {
            command = format!("{command} {}", word.to_string_lossy());
        }
        Ok(Self {
            args,
            repeat,
            report: Report {
                schema_version: SCHEMA_VERSION,
                created: now(),
                command,
                crate_version: CRATE_VERSION.into(),
                wgpu_version: wgpu_version().into(),
                repetitions: repeat.repetitions(),
                host: Host::here(),
                devices: vec![],
                rows: vec![],
            },
            folder: folder.map_err(|e| Failure::new(format!("no temporary folder: {e}")))?,
            models: HashMap::new(),
            progress: Progress::spinner("starting"),
        })
    }

    fn end(mut self) -> Report {
        for device in &mut self.report.devices {
            if self.report.host.power == Power::Battery {
                device
                    .warnings
                    .push("on battery: clocks may be held down; measure on the mains".into());
            }
        }
        self.report
    }

    /// Every row of one device.
    fn device(&mut self, found: &Found, sources: &[Source]) -> Result<(), Failure> {
        let mut peaks = None;
        if self.args.peaks {
            match self.peaks(found) {
                Ok(measured) => peaks = Some(measured),
                Err(why) => term::note(&format!("{}: no peaks: {why}", found.shown)),
            }
        }
        for source in sources {
            for &batch in &self.args.batch_size {
                let case = Case {
                    source: source.clone(),
                    batch_size: batch as usize,
                    input_size: self.args.input_size.map(|n| n as usize),
                    scenario: self.args.scenario.into(),
                };
                self.row(found, &case, peaks.as_ref())?;
            }
        }
        Ok(())
    }

    fn peaks(&mut self, found: &Found) -> Result<Peaks, String> {
        let what = format!("peaks of {}", found.shown);
        match self.run(&found.selector, Task::Peaks, &what, None)? {
            Done::Peaks(peaks) => Ok(*peaks),
            other => Err(format!("expected peaks, found {other:?}")),
        }
    }

    /// One row. Only what makes all rows impossible, a checkpoint that cannot
    /// be read, is an error; whatever else fails stands in the row.
    fn row(&mut self, found: &Found, case: &Case, peaks: Option<&Peaks>) -> Result<(), Failure> {
        if !self.models.contains_key(&case.source) {
            self.progress.message("loading the model".into());
            let model = case.source.load()?;
            self.models.insert(case.source.clone(), (model, vec![]));
        }
        let Some((model, _)) = self.models.get(&case.source) else {
            return Ok(());
        };
        let row = Row::new(&found.shown, work(model, case)?, case);
        let what = format!(
            "{}, batch {}, on {}",
            row.work.model, row.work.batch_size, found.shown
        );
        let mut row = match self.measured(found, case, row.clone(), &what) {
            Ok(row) => row,
            Err(why) => Row {
                error: Some(why),
                ..row
            },
        };
        if let (Some(peaks), Some(device)) = (peaks, row.device) {
            row.set_ceilings(peaks);
            self.report.devices[device].peaks = Some(peaks.clone());
        }
        self.report.rows.push(row);
        Ok(())
    }

    fn measured(
        &mut self,
        found: &Found,
        case: &Case,
        row: Row,
        what: &str,
    ) -> Result<Row, String> {
        if let (Some((model, _)), Some(profile)) = (self.models.get(&case.source), &found.profile) {
            check(model, case, profile).map_err(|e| with_sources(&e))?;
        }
        // Both starts share a folder for the driver's caches; where there is
        // no cold one, the caches stay as they were found.
        let (cold, cache) = match !self.args.no_startup && caches_can_be_moved() {
            true => {
                let cache = self.folder.path().join(self.report.rows.len().to_string());
                std::fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
                let task = Task::StartUp { case: case.clone() };
                let what = format!("{what}: start with empty driver caches");
                match self.run(&found.selector, task, &what, Some(&cache))? {
                    Done::StartUp(startup) => (Some(startup), Some(cache)),
                    other => return Err(format!("expected a start-up, found {other:?}")),
                }
            }
            false => (None, None),
        };
        let task = Task::Measure {
            case: case.clone(),
            row: Box::new(row),
            repeat: self.repeat,
            reference: self.reference(case)?,
        };
        let (device, mut row) = match self.run(&found.selector, task, what, cache.as_deref())? {
            Done::Row(row) => *row,
            other => return Err(format!("expected a row, found {other:?}")),
        };
        row.startup.cold = cold;
        let known = self.report.devices.iter().position(|d| d.is(&device));
        row.device = Some(known.unwrap_or_else(|| {
            self.report.devices.push(device);
            self.report.devices.len() - 1
        }));
        Ok(row)
    }

    /// A file with the twin's logits for as many images as the case has.
    fn reference(&mut self, case: &Case) -> Result<PathBuf, String> {
        let place = self.models.keys().position(|known| *known == case.source);
        let file = format!("reference-{}", place.unwrap_or_default());
        let file = self.folder.path().join(file);
        let Some((model, logits)) = self.models.get_mut(&case.source) else {
            return Err("the model is gone".into());
        };
        let classes = model.network().classes;
        if logits.len() < case.batch_size * classes {
            self.progress.message(format!(
                "{}: the CPU computes the logits of {} images",
                model.network().name,
                case.batch_size
            ));
            *logits = reference(model, case).map_err(|e| with_sources(&e))?;
        }
        let bytes: Vec<u8> = logits.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(&file, bytes).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok(file)
    }

    fn run(
        &self,
        selector: &DeviceSelector,
        task: Task,
        what: &str,
        cache: Option<&Path>,
    ) -> Result<Done, String> {
        let job = Job {
            device: selector.to_string(),
            task,
        };
        self.progress.message(what.to_owned());
        bench_worker::run(&job, cache, |part| {
            self.progress.message(format!("{what}: {part}"));
        })
    }
}
