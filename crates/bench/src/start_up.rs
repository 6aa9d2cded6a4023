//! The start-up of a session, from opening the device to the first logits, timed phase by phase.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::result::{Scenario, Startup};
#[cfg(not(target_arch = "wasm32"))]
use resnet_wgpu::GpuOptions;
use resnet_wgpu::low_level::kernels::Scalar;
use resnet_wgpu::low_level::seeded_images;
use resnet_wgpu::low_level::tensor::padded;
use resnet_wgpu::low_level::verify::tolerance_of_logits;
use resnet_wgpu::{Checkpoint, Error, Gpu, Hints, KernelChoice, Model, Session, SessionOptions};

/// The number of batches in flight in the throughput scenario: one uploads, one computes, and one
/// is read.
const IN_FLIGHT: usize = 3;

/// The seed of a preset's weights.
pub(super) const SEED: u64 = 0;

/// The source of a network.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A preset, with seeded weights.
    Preset(String),
    /// A checkpoint file.
    File(PathBuf),
}

impl Source {
    /// Returns the checkpoint file, or `None` for a preset.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::File(file) => Some(file),
            Self::Preset(_) => None,
        }
    }

    /// Reads the model from its checkpoint, or makes the preset's model with seeded weights.
    pub fn load(&self) -> Result<Model, Error> {
        match self {
            Self::File(file) => Model::load(&Checkpoint::from_file(file)?, &Hints::default()),
            Self::Preset(name) => Model::synthetic(name.parse()?, SEED),
        }
    }
}

/// The work that one row measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The network.
    pub source: Source,
    /// The number of images in a run.
    pub batch_size: usize,
    /// The side of an image in pixels. The default is the model's own input size.
    pub input_size: Option<usize>,
    /// The scenario: one batch at a time, or several in flight.
    pub scenario: Scenario,
    /// The scalar type in which activations and weights are stored.
    pub precision: Scalar,
    /// The largest error of a logit, relative to the largest logit, that counts as rounding. The
    /// default is the tolerance for trained networks ([`tolerance_of_logits`]).
    pub tolerance: Option<f64>,
}

impl Case {
    /// Returns the largest accepted error of a logit, relative to the largest logit.
    pub fn tolerance(&self) -> f64 {
        self.tolerance
            .unwrap_or_else(|| tolerance_of_logits(self.precision))
    }

    /// Returns the number of batches in flight.
    pub fn in_flight(&self) -> usize {
        match self.scenario {
            Scenario::Latency => 1,
            Scenario::Throughput => IN_FLIGHT,
        }
    }

    /// Returns the side of the input images in pixels.
    pub(super) fn side(&self, model: &Model) -> usize {
        self.input_size.unwrap_or(model.input_size())
    }
}

/// A session that has computed its first logits.
#[derive(Debug)]
pub struct StartedSession {
    /// The choice of kernels.
    pub choice: KernelChoice,
    /// The device.
    pub gpu: Gpu,
    /// The model.
    pub model: Model,
    /// The session.
    pub session: Session,
    /// The time of each start-up phase.
    pub startup: Startup,
    /// The input batch of different images, in the layout that runs accept.
    pub input: Vec<f32>,
    /// The logits of the first run.
    pub logits: Vec<f32>,
}

/// Opens the device, loads the model, and runs it once. `choose` selects the kernels for the open
/// device.
#[cfg(not(target_arch = "wasm32"))]
pub fn start_up(
    options: &GpuOptions,
    case: &Case,
    choose: impl FnOnce(&Gpu) -> KernelChoice,
) -> Result<StartedSession, Error> {
    let began = Instant::now();
    let gpu = Gpu::new(options)?;
    let choice = choose(&gpu);
    let opened = began.elapsed();
    let model = case.source.load()?;
    let loaded = began.elapsed();
    start(gpu, model, case, &choice, [opened, loaded - opened])
}

/// Starts a session with a loaded model on an open device, and runs it once. `opened` and `loaded`
/// are the times that opening and loading took.
pub(super) fn start(
    gpu: Gpu,
    model: Model,
    case: &Case,
    choice: &KernelChoice,
    [opened, loaded]: [Duration; 2],
) -> Result<StartedSession, Error> {
    let began = Instant::now();
    let side = case.side(&model);
    let options = SessionOptions {
        batch: case.batch_size,
        input_size: Some((side, side)),
        in_flight: case.in_flight(),
        choice: choice.clone(),
        precision: case.precision.into(),
        // Another batch size would be different work.
        exact_batch: true,
        ..SessionOptions::default()
    };
    let session = Session::new(&gpu, &model, &options)?;
    let set_up = began.elapsed();
    // Making the images is not part of the start-up.
    let input = batch(case.batch_size, &session);
    let run_began = Instant::now();
    let logits = session.run_batch(&input, |outputs| outputs.logits().to_vec())?;
    let first_run = run_began.elapsed();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let setup = session.setup_times();
    let startup = Startup {
        device_ms: ms(opened),
        load_ms: ms(loaded),
        plan_ms: ms(setup.plan),
        pipelines_ms: ms(setup.pipelines),
        upload_ms: ms(setup.upload),
        first_inference_ms: ms(first_run),
        total_ms: ms(opened + loaded + set_up + first_run),
    };
    Ok(StartedSession {
        choice: choice.clone(),
        gpu,
        model,
        session,
        startup,
        input,
        logits,
    })
}

/// Returns different images of mean 0 and variance 1. A smaller batch is a prefix of a larger one.
fn batch(n: usize, session: &Session) -> Vec<f32> {
    padded(&seeded_images(n, session.graph().input_shape()))
}
