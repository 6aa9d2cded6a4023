//! The choice of kernels, for commands that run on a GPU.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use resnet_wgpu::low_level::kernels::{Candidate, Scalar, candidate};
use resnet_wgpu::low_level::tune::{TuningError, TuningProvenance};
use resnet_wgpu::{Gpu, Precision, Tuning};
use serde::{Deserialize, Serialize};

use crate::failure::with_sources;
use crate::folder;
use crate::options::tuning_choice::TuningChoice;
use crate::options::values;
use crate::term;

/// The choice of kernels.
#[derive(Debug, Clone, Args)]
pub struct ChoiceArgs {
    /// Tuning to use: auto, off, or a file that `resnet tune` wrote
    ///
    /// `auto` uses the tuning that `resnet tune` stored for this device, if one exists. `off` uses
    /// the built-in rules. The rules also apply to shapes that were not measured. A tuning of
    /// another device, driver or version is skipped with a note.
    #[arg(long, value_name = "TUNING", default_value = "auto", hide_short_help = true,
          value_parser = values::tuning)]
    pub tuning: TuningChoice,

    /// Kernel to use wherever it fits, for debugging
    ///
    /// Use this kernel for every convolution that it fits, and the built-in rules for the others.
    /// `resnet profile --candidates` lists the kernels that fit, and `resnet verify --kernels`
    /// lists all kernels.
    #[arg(long, value_name = "NAME", hide_short_help = true, conflicts_with = "tuning",
          value_parser = values::kernel)]
    pub kernel: Option<Candidate>,
}

/// The choice of kernels for one device, in a form that can be passed to other processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelChoice {
    /// The built-in rules.
    Rules,
    /// The file of a tuning that was made on the device.
    Tuned(PathBuf),
    /// One candidate, by name.
    One(String),
}

impl ChoiceArgs {
    /// Returns the choice of kernels for a device. Reports on stderr which tuning is used, or why a
    /// tuning is not used.
    pub fn choice(&self, gpu: &Gpu, precision: Scalar) -> resnet_wgpu::KernelChoice {
        self.resolve(gpu).choice(gpu, precision)
    }

    /// Returns the choice of kernels for a GPU, or the default without a GPU. The requested
    /// precision is resolved for the GPU first.
    pub fn choice_on(&self, gpu: Option<&Gpu>, requested: Precision) -> resnet_wgpu::KernelChoice {
        let resolved = |gpu: &Gpu| gpu.precision(requested).map(|resolved| resolved.scalar);
        gpu.map_or(resnet_wgpu::KernelChoice::Auto, |gpu| {
            self.choice(gpu, resolved(gpu).unwrap_or_default())
        })
    }

    /// Returns the choice of kernels in a form for other processes, and reports the tuning on
    /// stderr.
    pub fn resolve(&self, gpu: &Gpu) -> KernelChoice {
        if let Some(candidate) = self.kernel {
            return KernelChoice::One(candidate.name.to_owned());
        }
        let path = match &self.tuning {
            TuningChoice::Off => None,
            TuningChoice::File(path) => Some(path.clone()),
            TuningChoice::Auto => tuning_path(gpu).filter(|path| path.exists()),
        };
        let Some(path) = path else {
            return KernelChoice::Rules;
        };
        match Tuning::for_device(&path, gpu) {
            Ok(tuning) => {
                term::note(&format!(
                    "using the tuning of this device ({} shapes, {}); `--tuning off` uses the \
                     built-in rules",
                    tuning.shapes().len(),
                    term::display_path(&path)
                ));
                KernelChoice::Tuned(path)
            }
            Err(error) => {
                term::note(&format!(
                    "the tuning is skipped, and kernels are chosen by the built-in rules: {}",
                    with_sources(&error)
                ));
                KernelChoice::Rules
            }
        }
    }
}

impl KernelChoice {
    /// Converts to the choice for a device. A tuning that can no longer be read is replaced by the
    /// built-in rules, without a note: `ChoiceArgs::found` has reported the tuning.
    pub fn choice(&self, gpu: &Gpu, precision: Scalar) -> resnet_wgpu::KernelChoice {
        use resnet_wgpu::KernelChoice;
        match self {
            Self::Rules => KernelChoice::Auto,
            Self::One(name) => candidate(name).map_or(KernelChoice::Auto, KernelChoice::Prefer),
            Self::Tuned(path) => {
                let tuning = Tuning::read(path).ok();
                let choice = tuning.and_then(|tuning| tuning.choice(gpu, precision.name()).ok());
                choice.unwrap_or_default()
            }
        }
    }
}

/// Returns the path at which a device's tuning is stored. The file may not exist.
pub fn tuning_path(gpu: &Gpu) -> Option<PathBuf> {
    Some(folder::cache()?.join(TuningProvenance::of(gpu).file_name()))
}

/// Reads the tuning in a file. Returns an empty tuning if the file does not exist or does not suit
/// this device; the latter is reported on stderr.
pub fn existing_tuning(path: &Path, gpu: &Gpu) -> Tuning {
    match Tuning::for_device(path, gpu) {
        Ok(tuning) => tuning,
        Err(error) => {
            let missing = matches!(
                &error,
                TuningError::Read { source, .. } if source.kind() == ErrorKind::NotFound
            );
            if !missing {
                let why = with_sources(&error);
                term::note(&format!("the earlier tuning is replaced: {why}"));
            }
            Tuning::new(TuningProvenance::of(gpu))
        }
    }
}
