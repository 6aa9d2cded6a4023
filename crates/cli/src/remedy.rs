//! Maps the library's errors to the command-line options that remedy them. The library itself does
//! not know about the command line.

use std::error::Error as StdError;

use resnet_wgpu::Error;
use resnet_wgpu::hub::HubError;
use resnet_wgpu::low_level::errors::{ClassifyError, SessionError};
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::graph::GraphError;
use resnet_wgpu::low_level::labels::LabelsError;
use resnet_wgpu::low_level::plan::PlanError;
use resnet_wgpu::low_level::weights::CheckpointError;

/// Returns the options that remedy an error, if any exist.
pub fn options(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    let error = error.downcast_ref::<Error>()?;
    of_layer(error, of_gpu)
        .or_else(|| of_layer(error, of_plan))
        .or_else(|| of_layer(error, of_checkpoint))
        .or_else(|| of_layer(error, of_hub))
        .or_else(|| of_layer(error, of_classify))
        .or_else(|| of_layer(error, |_: &GraphError| Some("`--input-size`")))
        .or_else(|| of_layer(error, of_labels))
        .or_else(|| of_layer(error, of_session))
}

/// Returns the options for an error of layer `E`; `None` if the error belongs to another layer.
fn of_layer<E: StdError + 'static>(
    error: &Error,
    options: impl FnOnce(&E) -> Option<&'static str>,
) -> Option<&'static str> {
    error.downcast_ref().and_then(options)
}

fn of_plan(error: &PlanError) -> Option<&'static str> {
    match error {
        PlanError::WeightTooLarge { .. } | PlanError::NoKernel { .. } => Some("`--device cpu`"),
        PlanError::TooLarge { .. } | PlanError::TooManyWorkgroups { .. } => {
            Some("`--batch-size`, `--input-size`")
        }
        PlanError::NoF16 => Some("`--precision f32`, `--device`"),
        _ => None,
    }
}

fn of_checkpoint(error: &CheckpointError) -> Option<&'static str> {
    match error {
        CheckpointError::Unrecognised { problem, .. } => {
            names_preset(problem).then_some("`--model PRESET`")
        }
        _ => None,
    }
}

fn of_hub(error: &HubError) -> Option<&'static str> {
    match error {
        HubError::Unreachable { .. } => Some("`--weights FILE`"),
        HubError::NoWeights { .. } => {
            Some("`--weights pytorch_model.bin` prints the line that does")
        }
        _ => None,
    }
}

fn of_labels(error: &LabelsError) -> Option<&'static str> {
    matches!(error, LabelsError::Count { .. }).then_some("`--labels FILE`")
}

fn of_classify(error: &ClassifyError) -> Option<&'static str> {
    match error {
        ClassifyError::NoNumbers { .. } => {
            Some("`--precision f32`; `resnet verify` names the layer")
        }
        ClassifyError::NoProbabilities { .. } => {
            Some("`--device cpu`; `resnet verify` checks a device")
        }
        _ => None,
    }
}

fn of_session(error: &SessionError) -> Option<&'static str> {
    matches!(error, SessionError::UnknownLayer { .. }).then_some("`resnet summary` lists all")
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

/// Returns whether the remedy asks the user to name the preset.
fn names_preset(remedy: &str) -> bool {
    remedy.contains("name the preset")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::with_sources;
    use resnet_wgpu::low_level::weights::{Listing, Settings};
    use resnet_wgpu::{Hints, Labels, Network};

    fn ends(error: impl Into<Error>, end: &str) {
        let message = with_sources(&error.into());
        assert!(message.ends_with(end), "{message}");
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
    fn other_errors_keep_the_librarys_message() {
        let error = Error::from(ClassifyError::Thread("it ended".into()));
        assert_eq!(with_sources(&error), error.to_string());
    }
}
