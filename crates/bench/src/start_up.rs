//! From nothing to the first logits, phase by phase.

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
use resnet_wgpu::{Checkpoint, Choice, Error, Gpu, Hints, Model, Session, SessionOptions};

/// Batches in flight in the throughput scenario: one uploads while one
/// computes and one is read.
const IN_FLIGHT: usize = 3;

/// Seed of a preset's weights.
pub(super) const SEED: u64 = 0;

/// Where a network comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A preset, with seeded weights.
    Preset(String),
    /// A checkpoint.
    File(PathBuf),
}

impl Source {
    /// The file that it is read from, if it is.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::File(file) => Some(file),
            Self::Preset(_) => None,
        }
    }

    /// Reads or makes the model.
    pub fn load(&self) -> Result<Model, Error> {
        match self {
            Self::File(file) => Model::load(&Checkpoint::from_file(file)?, &Hints::default()),
            Self::Preset(name) => Model::synthetic(name.parse()?, SEED),
        }
    }
}

/// What one row is to compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The network.
    pub source: Source,
    /// Images of a run.
    pub batch_size: usize,
    /// Side of an image in pixels; the model's own by default.
    pub input_size: Option<usize>,
    /// One batch at a time, or several in flight.
    pub scenario: Scenario,
    /// In what activations and weights are stored.
    pub precision: Scalar,
    /// Largest error of a logit, over the largest logit, that counts as
    /// rounding; what trained networks have room for by default
    /// ([`tolerance_of_logits`]).
    pub tolerance: Option<f64>,
}

impl Case {
    /// Largest error of a logit, over the largest logit, that is right.
    pub fn tolerance(&self) -> f64 {
        self.tolerance
            .unwrap_or_else(|| tolerance_of_logits(self.precision))
    }

    /// Batches in flight.
    pub fn in_flight(&self) -> usize {
        match self.scenario {
            Scenario::Latency => 1,
            Scenario::Throughput => IN_FLIGHT,
        }
    }

    /// Side of the model's images.
    pub(super) fn side(&self, model: &Model) -> usize {
        self.input_size.unwrap_or(model.input_size())
    }
}

/// A session that has given its first logits.
#[derive(Debug)]
pub struct Started {
    /// How kernels were chosen.
    pub choice: Choice,
    /// The device.
    pub gpu: Gpu,
    /// The model.
    pub model: Model,
    /// The session.
    pub session: Session,
    /// What it took.
    pub startup: Startup,
    /// The batch: different images, as runs take them.
    pub input: Vec<f32>,
    /// The first logits.
    pub logits: Vec<f32>,
}

/// Opens the device, loads the model, and runs it once, with kernels as
/// `choose` says once the device is known.
#[cfg(not(target_arch = "wasm32"))]
pub fn start_up(
    options: &GpuOptions,
    case: &Case,
    choose: impl FnOnce(&Gpu) -> Choice,
) -> Result<Started, Error> {
    let began = Instant::now();
    let gpu = Gpu::new(options)?;
    let choice = choose(&gpu);
    let opened = began.elapsed();
    let model = case.source.load()?;
    let loaded = began.elapsed();
    start(gpu, model, case, &choice, [opened, loaded - opened])
}

/// The same on an open device, with a model that is loaded.
pub(super) fn start(
    gpu: Gpu,
    model: Model,
    case: &Case,
    choice: &Choice,
    [opened, loaded]: [Duration; 2],
) -> Result<Started, Error> {
    let began = Instant::now();
    let side = case.side(&model);
    let options = SessionOptions {
        batch: case.batch_size,
        input_size: Some((side, side)),
        in_flight: case.in_flight(),
        choice: choice.clone(),
        precision: case.precision.into(),
        // Another batch size would be other work.
        exact_batch: true,
        ..SessionOptions::default()
    };
    let session = Session::new(&gpu, &model, &options)?;
    let made = began.elapsed();
    // Images are nobody's start-up time.
    let input = batch(case.batch_size, &session);
    let ran = Instant::now();
    let logits = session.run_batch(&input, |outputs| outputs.logits().to_vec())?;
    let first = ran.elapsed();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let setup = session.setup();
    let startup = Startup {
        device_ms: ms(opened),
        load_ms: ms(loaded),
        plan_ms: ms(setup.plan),
        pipelines_ms: ms(setup.pipelines),
        upload_ms: ms(setup.upload),
        first_inference_ms: ms(first),
        total_ms: ms(opened + loaded + made + first),
    };
    Ok(Started {
        choice: choice.clone(),
        gpu,
        model,
        session,
        startup,
        input,
        logits,
    })
}

/// Different images, of mean 0 and variance 1; the first of a larger batch
/// are those of a smaller one.
fn batch(n: usize, session: &Session) -> Vec<f32> {
    padded(&seeded_images(n, session.graph().input_shape()))
}
