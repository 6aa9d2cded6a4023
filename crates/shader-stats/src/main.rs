//! Compiles every kernel of resnet-wgpu with the GPU driver at hand, and reports the compiler's own
//! statistics: registers, spills, occupancy, the share of multiply-adds. The driver need not be
//! that of a GPU that exists: a driver over a kernel interface that computes nothing will do.

mod audited;
mod compare;
mod error;
mod figures;
mod hot_loop;
mod measure;
mod result;
mod spirv;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use resnet_wgpu::low_level::whole_file;

pub use error::Error;
use measure::{Device, Listings};
use result::Statistics;

/// Report the statistics of a GPU's own shader compiler for the kernels of resnet-wgpu
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compile kernels and print their statistics
    Measure(MeasureArgs),
    /// Name what became worse from one file of statistics to another
    ///
    /// The exit code is 1 if something became worse.
    Compare {
        /// File that `measure --output` wrote
        before: PathBuf,
        /// File that `measure --output` wrote later
        after: PathBuf,
    },
}

#[derive(Debug, Args)]
struct MeasureArgs {
    /// Number of the adapter among those of Vulkan
    #[arg(long, default_value_t = 0)]
    device: usize,
    /// Measure only the kernels that the device chooses for this preset
    #[arg(long, value_name = "PRESET")]
    model: Option<String>,
    /// Batch size of the network
    #[arg(long, default_value_t = 1, requires = "model")]
    batch_size: usize,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// JSON file to write; an existing file is replaced
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folder for the driver's own statistics and listings of each kernel
    #[arg(long, value_name = "FOLDER")]
    listings: Option<PathBuf>,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Measure(args) => measure(&args),
        Command::Compare { before, after } => compare(&before, &after),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn measure(args: &MeasureArgs) -> Result<ExitCode, Error> {
    let device = Device::open(args.device)?;
    let listings = args.listings.as_deref().map(Listings::new).transpose()?;
    let network = args.model.as_ref().map(|name| (&name[..], args.batch_size));
    let statistics = device.statistics(network, listings.as_ref())?;
    if let Some(path) = &args.output {
        whole_file::replace(path, statistics.json()?.as_bytes()).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
    }
    if args.json {
        print!("{}", statistics.json()?);
    } else {
        println!("{} ({})\n", statistics.gpu, statistics.driver);
        print!("{}", table::table(&statistics).text());
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(before: &Path, after: &Path) -> Result<ExitCode, Error> {
    let found = compare::worse(&Statistics::read(before)?, &Statistics::read(after)?);
    for worse in &found {
        let (kernel, figure) = (&worse.kernel, worse.figure);
        println!(
            "{kernel}: {figure} {} before, {} after",
            worse.before, worse.after
        );
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
