//! Which options of this program the remedies of the library's errors are: the
//! library knows of no command line.

use std::error::Error as StdError;

use resnet_wgpu::Error;
use resnet_wgpu::gpu::GpuError;
use resnet_wgpu::hub::HubError;
use resnet_wgpu::labels::LabelsError;
use resnet_wgpu::plan::PlanError;
use resnet_wgpu::weights::CheckpointError;

/// The options that an error's remedy is done with, where there are any.
pub fn options(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    match error.downcast_ref::<Error>()? {
        Error::Gpu(error) => of_gpu(error),
        Error::Plan(PlanError::WeightTooLarge { .. } | PlanError::NoKernel { .. }) => {
            Some("`--device cpu`")
        }
        Error::Plan(PlanError::TooLarge { .. } | PlanError::TooManyWorkgroups { .. }) => {
            Some("`--batch-size`, `--input-size`")
        }
        Error::Plan(PlanError::NoF16) => Some("`--precision f32`, `--device`"),
        Error::Checkpoint(CheckpointError::Unrecognised { problem, .. }) => {
            names_preset(problem).then_some("`--model PRESET`")
        }
        Error::Graph(_) => Some("`--input-size`"),
        Error::Labels(LabelsError::Count { .. }) => Some("`--labels FILE`"),
        Error::Hub(HubError::Unreachable { .. }) => Some("`--weights FILE`"),
        Error::Hub(HubError::NoWeights { .. }) => {
            Some("`--weights pytorch_model.bin` prints the line that does")
        }
        Error::NoNumbers { .. } => Some("`--precision f32`; `resnet verify` names the layer"),
        Error::NoProbabilities { .. } => Some("`--device cpu`; `resnet verify` checks a device"),
        Error::UnknownLayer { .. } => Some("`resnet summary` lists all"),
        _ => None,
    }
}

fn of_gpu(error: &GpuError) -> Option<&'static str> {
    match error {
        GpuError::NoAdapter | GpuError::Refused { .. } => Some("`--device cpu`"),
        GpuError::Request { .. } => Some("`--device`"),
        GpuError::UnknownDevice { .. } => Some("`resnet devices` lists them"),
        GpuError::OutOfMemory { .. } => Some("`--batch-size`, `--input-size`"),
        GpuError::NoF16 { .. } => Some("`--precision f32`, `--device`"),
        GpuError::Beyond { .. } => Some("`--precision f32`"),
        _ => None,
    }
}

/// Whether a remedy is to say which network it is.
fn names_preset(remedy: &str) -> bool {
    remedy.contains("name the preset")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::with_sources;
    use resnet_wgpu::Labels;
    use resnet_wgpu::models::Network;
    use resnet_wgpu::weights::{Hints, Listing, Settings};

    fn ends(error: impl Into<Error>, end: &str) {
        let told = with_sources(&error.into());
        assert!(told.ends_with(end), "{told}");
    }

    #[test]
    fn remedies_end_with_their_options() {
        ends(GpuError::NoAdapter, "or use the CPU (`--device cpu`)");
        let device = "one".into();
        ends(
            GpuError::NoF16 { device },
            "(`--precision f32`, `--device`)",
        );
        let labels = Labels::cifar10().check(1000).unwrap_err();
        ends(labels, "trained with (`--labels FILE`)");
        let vgg = Network::preset("vgg19").unwrap();
        let size = vgg.graph(32, 32).unwrap_err();
        ends(size, "use its own input size (`--input-size`)");
    }

    #[test]
    fn networks_are_named_where_that_helps() {
        let none = Listing::new("file", []);
        let found = none.recognise(&Hints::default(), &Settings::default());
        ends(found.unwrap_err(), "listed (`--model PRESET`)");
    }

    #[test]
    fn others_are_as_the_library_tells_them() {
        let error = Error::Thread("it ended".into());
        assert_eq!(with_sources(&error), error.to_string());
    }
}
