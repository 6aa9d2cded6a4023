//! `resnet bench`: selects the measurements and shows the results. The module `run` measures.

pub mod args;
mod measured_device;
pub mod run;
pub mod worker;

use std::path::{PathBuf, absolute};

use resnet_wgpu::{DeviceSelector, Gpu, adapters};
use resnet_wgpu_bench::report::{page, text};
use resnet_wgpu_bench::{Device, Report, Row, Source, Status};

use crate::commands::bench::args::{BenchArgs, BenchFormat};
use crate::commands::bench::measured_device::MeasuredDevice;
use crate::commands::bench::run::Bench;
use crate::device;
use crate::failure::{Failure, with_sources};
use crate::options::choice::KernelChoice;
use crate::options::values::{BenchDevice, DeviceChoice};
use crate::output_file::OutputFile;
use crate::term;

/// The networks that are measured if the user names none.
const DEFAULT_NETWORKS: [&str; 2] = ["resnet18", "resnet50"];

/// Runs the command.
pub fn command(args: &BenchArgs) -> Result<(), Failure> {
    let mut sources: Vec<Source> = match &args.networks[..] {
        [] => DEFAULT_NETWORKS
            .map(|name| Source::Preset(name.into()))
            .to_vec(),
        given => given.to_vec(),
    };
    let mut batches = args.batch_size.clone();
    remove_duplicates(&mut sources);
    remove_duplicates(&mut batches);
    // Invalid arguments are rejected before any work is done.
    let read: Vec<PathBuf> = sources.iter().filter_map(Source::file).cloned().collect();
    let page_file = file(&args.report, &read)?;
    let json_file = file(&args.save, &read)?;
    if let (Some(page), Some(json)) = (&page_file, &json_file)
        && absolute(page.path()).ok() == absolute(json.path()).ok()
    {
        return Err(Failure::usage(
            "--report and --save: expected two paths, found one; name another",
        ));
    }
    let devices = devices(args)?;
    let mut bench = Bench::new(args, &sources)?;
    for device in &devices {
        bench.device(device, &sources, &batches, &args.precision)?;
    }
    let report = bench.into_report();

    // The result is printed before files are written, so that a full disk cannot cause its loss.
    let json = || {
        let text = report.to_json();
        text.map_err(|e| Failure::new(format!("the result cannot be written as JSON: {e}")))
    };
    let format = if args.json {
        BenchFormat::Json
    } else {
        args.format
    };
    term::print(&match format {
        BenchFormat::Table => text::table(&report),
        BenchFormat::Markdown => text::markdown(&report),
        BenchFormat::Csv => text::csv(&report)
            .map_err(|e| Failure::new(format!("the result cannot be written as CSV: {e}")))?,
        BenchFormat::Json => json()?,
    })?;
    if let Some(file) = json_file {
        file.write(json()?.as_bytes())?;
    }
    if let Some(file) = page_file {
        let page = page(&[(String::new(), &report)])
            .map_err(|e| Failure::new(format!("the page cannot be made: {}", with_sources(&e))))?;
        file.write(page.as_bytes())?;
    }
    report_failed_rows(&report)
}

/// Removes duplicates and keeps the first of equal items.
fn remove_duplicates<T: PartialEq + Clone>(items: &mut Vec<T>) {
    let mut seen: Vec<T> = vec![];
    items.retain(|item| {
        let new = !seen.contains(item);
        if new {
            seen.push(item.clone());
        }
        new
    });
}

fn file(path: &Option<PathBuf>, read: &[PathBuf]) -> Result<Option<OutputFile>, Failure> {
    let path = path.as_deref();
    path.map(|path| OutputFile::at(path, read)).transpose()
}

/// Reports failed rows on stderr, and returns a failure if there were any.
fn report_failed_rows(report: &Report) -> Result<(), Failure> {
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
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Reported)
    }
}

/// Opens the requested devices; finding none is an error.
fn devices(args: &BenchArgs) -> Result<Vec<MeasuredDevice>, Failure> {
    let details = |gpu: &Gpu| (Device::of(gpu), gpu.profile().clone());
    match &args.device {
        BenchDevice::One(selector) => {
            let gpu = device::open_gpu(&DeviceChoice::Gpu(selector.clone()), args.kernels)?;
            Ok(vec![MeasuredDevice {
                selector: selector.clone(),
                description: gpu.describe(),
                details: Some(details(&gpu)),
                kernels: args.choice.resolve(&gpu),
            }])
        }
        BenchDevice::All => {
            let all = adapters().into_iter().map(|adapter| {
                let selector = DeviceSelector::Index(adapter.index);
                // The rows of a device that cannot be opened report the error.
                let gpu = Gpu::new(&selector).ok();
                MeasuredDevice {
                    description: adapter.describe(),
                    details: gpu.as_ref().map(details),
                    kernels: (gpu.as_ref())
                        .map_or(KernelChoice::Rules, |gpu| args.choice.resolve(gpu)),
                    selector,
                }
            });
            let all: Vec<MeasuredDevice> = all.collect();
            if all.is_empty() {
                Err(device::no_driver())
            } else {
                Ok(all)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_measured_twice() {
        let mut batches = vec![8, 1, 8, 2, 1];
        remove_duplicates(&mut batches);
        assert_eq!(batches, [8, 1, 2]);
    }
}
