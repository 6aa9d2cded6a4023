//! A benchmark in progress. Rows are measured one after another, each in a worker process of its
//! own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use resnet_wgpu::low_level::kernels::Scalar;
use resnet_wgpu::{Model, Precision};
use resnet_wgpu_bench::{
    CRATE_VERSION, Case, Peaks, Power, RepetitionLimits, Report, Row, SCHEMA_VERSION, Source, Work,
    check, reference, work,
};
use tempfile::TempDir;

use crate::commands::bench::args::BenchArgs;
use crate::commands::bench::measured_device::MeasuredDevice;
use crate::commands::bench::worker::{self, Job, Task, TaskResult, caches_can_be_moved};
use crate::failure::{Failure, with_sources};
use crate::host;
use crate::progress::Progress;
use crate::term;

/// The default repetition of a row: 5 seconds, but at least three times. Samples beyond the maximum
/// would not improve the result.
const DEFAULT_LIMITS: RepetitionLimits = RepetitionLimits {
    duration: Duration::from_secs(5),
    at_least: 3,
    at_most: 5000,
};

/// The largest number of samples of a row if the user sets the duration.
const MAX_SAMPLES: usize = 1_000_000;

/// A benchmark in progress.
pub struct Bench<'a> {
    args: &'a BenchArgs,
    repeat: RepetitionLimits,
    report: Report,
    folder: TempDir,
    models: HashMap<Source, LoadedModel>,
    progress: Progress,
}

/// A model with the reference's logits, for as many images as were needed so far.
struct LoadedModel {
    model: Model,
    /// The work at batch 1. Stored so that the weights are fingerprinted only once.
    work: Work,
    logits: Vec<f32>,
    file: PathBuf,
}

impl<'a> Bench<'a> {
    /// Loads all models, so that an unreadable model is reported before anything is measured.
    pub fn new(args: &'a BenchArgs, sources: &[Source]) -> Result<Self, Failure> {
        let progress = Progress::spinner("loading the models");
        let folder = tempfile::Builder::new().prefix("resnet-bench-").tempdir();
        let folder = folder.map_err(|e| Failure::new(format!("no temporary folder: {e}")))?;
        let mut models = HashMap::new();
        for (i, source) in sources.iter().enumerate() {
            let model = source.load()?;
            let loaded = LoadedModel {
                // Rejects an input size that the network does not support.
                work: work(&model, &case(args, source, 1, Scalar::F32))?,
                model,
                logits: vec![],
                file: folder.path().join(format!("reference-{i}")),
            };
            models.insert(source.clone(), loaded);
        }
        let repeat = match (args.repetitions, args.duration) {
            (Some(n), _) => RepetitionLimits::exactly(n as usize),
            (None, Some(seconds)) => RepetitionLimits {
                duration: Duration::from_secs_f64(seconds),
                at_most: MAX_SAMPLES,
                ..DEFAULT_LIMITS
            },
            (None, None) => DEFAULT_LIMITS,
        };
        let mut command = "resnet".to_owned();
        for word in std::env::args_os().skip(1) {
            command = format!("{command} {}", word.to_string_lossy());
        }
        Ok(Self {
            args,
            repeat,
            report: Report {
                schema_version: SCHEMA_VERSION,
                created: host::now(),
                command,
                crate_version: CRATE_VERSION.into(),
                wgpu_version: host::WGPU_VERSION.into(),
                repetitions: repeat.repetitions(),
                host: host::this_machine(),
                devices: vec![],
                rows: vec![],
            },
            folder,
            models,
            progress,
        })
    }

    /// Returns all results.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// Measures every row of one device.
    pub fn device(
        &mut self,
        device: &MeasuredDevice,
        sources: &[Source],
        batches: &[u32],
        precisions: &[Precision],
    ) -> Result<(), Failure> {
        let index = device.details.as_ref().map(|(device, _)| {
            let mut device = device.clone();
            if self.report.host.power == Power::Battery {
                let warning = "on battery: clocks may be reduced; measure on mains power";
                device.warnings.push(warning.into());
            }
            self.report.devices.push(device);
            self.report.devices.len() - 1
        });
        let mut peaks = None;
        if self.args.peaks {
            match self.peaks(device) {
                Ok(measured) => peaks = Some(measured),
                Err(why) => self.progress.suspend(|| {
                    term::note(&format!("{}: no peaks: {why}", device.description));
                }),
            }
        }
        if let Some(device) = index {
            self.report.devices[device].peaks = peaks.clone();
        }
        let mut scalars = vec![];
        for precision in precisions {
            let scalar = self.resolve_precision(device, *precision);
            if !scalars.contains(&scalar) {
                scalars.push(scalar);
            }
        }
        for source in sources {
            for &batch in batches {
                for &scalar in &scalars {
                    let case = case(self.args, source, batch as usize, scalar);
                    let mut row = self.row(device, &case)?;
                    row.device = index;
                    if let Some(peaks) = &peaks {
                        row.set_ceilings(peaks);
                    }
                    self.report.rows.push(row);
                }
            }
        }
        Ok(())
    }

    /// Resolves a requested precision for a device. If the device lacks the requested f16, its rows
    /// report the error.
    fn resolve_precision(&self, device: &MeasuredDevice, requested: Precision) -> Scalar {
        let resolved = (device.details.as_ref()).and_then(|(_, p)| requested.on(p).ok());
        let Some(resolved) = resolved else {
            return match requested {
                Precision::F16 => Scalar::F16,
                _ => Scalar::F32,
            };
        };
        if let Some(why) = &resolved.why {
            self.progress.suspend(|| {
                term::note(&format!(
                    "{}: --precision auto: f32, since {why}",
                    device.description
                ));
            });
        }
        resolved.scalar
    }

    fn peaks(&self, device: &MeasuredDevice) -> Result<Peaks, String> {
        let what = format!("peaks of {}", device.description);
        match self.run(device, Task::Peaks, &what, None)? {
            TaskResult::Peaks(peaks) => Ok(*peaks),
            other => Err(format!("expected peaks, found {other:?}")),
        }
    }

    /// Measures one row. A failed measurement is recorded in the row.
    fn row(&mut self, device: &MeasuredDevice, case: &Case) -> Result<Row, Failure> {
        let Some(loaded) = self.models.get(&case.source) else {
            return Err(Failure::new("a model is gone"));
        };
        let work = Work {
            batch_size: case.batch_size,
            precision: case.precision.name().into(),
            ..loaded.work.clone()
        };
        let row = Row::new(&device.description, work, case);
        let what = format!(
            "{}, batch {}, on {}",
            row.work.model, row.work.batch_size, device.description
        );
        Ok(match self.measure(device, case, row.clone(), &what) {
            Ok(row) => row,
            Err(why) => Row {
                error: Some(why),
                ..row
            },
        })
    }

    fn measure(
        &mut self,
        device: &MeasuredDevice,
        case: &Case,
        row: Row,
        what: &str,
    ) -> Result<Row, String> {
        if let (Some(loaded), Some((_, profile))) = (self.models.get(&case.source), &device.details)
        {
            check(&loaded.model, case, profile).map_err(|e| with_sources(&e))?;
        }
        // The start with empty caches and the measurement share a cache folder. Without a start
        // with empty caches, the driver's caches stay unchanged.
        let (cold, cache) = if !self.args.no_startup && caches_can_be_moved() {
            let cache = self.folder.path().join(self.report.rows.len().to_string());
            std::fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
            let task = Task::StartUp { case: case.clone() };
            let what = format!("{what}: start with empty driver caches");
            match self.run(device, task, &what, Some(&cache))? {
                TaskResult::StartUp(startup) => (Some(startup), Some(cache)),
                other => return Err(format!("expected a start-up, found {other:?}")),
            }
        } else {
            (None, None)
        };
        let task = Task::Measure {
            case: case.clone(),
            row: Box::new(row),
            repeat: self.repeat,
            reference: self.reference(case)?,
        };
        match self.run(device, task, what, cache.as_deref())? {
            TaskResult::Row(mut row) => {
                row.startup.cold = cold;
                Ok(*row)
            }
            other => Err(format!("expected a row, found {other:?}")),
        }
    }

    /// Writes a file with the reference's logits for the images of `case`, and returns its path.
    fn reference(&mut self, case: &Case) -> Result<PathBuf, String> {
        let Some(loaded) = self.models.get_mut(&case.source) else {
            return Err("the model is gone".into());
        };
        let classes = loaded.model.network().classes;
        if loaded.logits.len() < case.images() * classes {
            self.progress.message(format!(
                "{}: computing reference logits of {} images on the CPU",
                loaded.model.network().name,
                case.images()
            ));
            loaded.logits = reference(&loaded.model, case).map_err(|e| with_sources(&e))?;
            let bytes: Vec<u8> = loaded.logits.iter().flat_map(|x| x.to_le_bytes()).collect();
            let written = std::fs::write(&loaded.file, bytes);
            written.map_err(|e| format!("{}: {e}", loaded.file.display()))?;
        }
        Ok(loaded.file.clone())
    }

    fn run(
        &self,
        device: &MeasuredDevice,
        task: Task,
        what: &str,
        cache: Option<&Path>,
    ) -> Result<TaskResult, String> {
        let job = Job {
            device: device.selector.to_string(),
            kernels: device.kernels.clone(),
            checked: self.args.kernels.checked,
            task,
        };
        self.progress.message(what.to_owned());
        worker::run(&job, cache, |part| {
            self.progress.message(format!("{what}: {part}"));
        })
    }
}

fn case(args: &BenchArgs, source: &Source, batch_size: usize, precision: Scalar) -> Case {
    Case {
        source: source.clone(),
        batch_size,
        input_size: args.input_size.map(|n| n as usize),
        scenario: args.scenario.into(),
        precision,
        tolerance: args.tolerance,
    }
}
