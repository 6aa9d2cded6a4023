//! Tuning: times the candidates on a device for each distinct convolution, and stores the fastest
//! in a file that can be shipped.
//!
//! A plan follows the built-in rules for the class of device unless it gets the fastest candidates
//! from [`Tuning::choice`]. Shapes without measurements always follow the rules. Files are written
//! only on request, and no state is global.

mod file;
mod key;
mod measure;
mod provenance;
mod trial;
mod tuning;

use std::time::Duration;

pub use crate::error::tuning::{SCHEMA_VERSION, StaleTuning, TuningError};
pub use key::{ConvKey, F32};
pub use measure::measure;
pub use provenance::TuningProvenance;
pub use tuning::{Tuning, TuningEntry};

use crate::error::Error;
use crate::gpu::{Clock, Gpu};
use crate::kernels::{ConvProblem, Scalar};
use crate::model::Model;
use crate::passes::lower;
use crate::plan::{ConvShape, conv_shapes};

/// Options for the measurement of candidates.
///
/// ```
/// use std::time::Duration;
///
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::tune::{self, TuneOptions};
///
/// let options = TuneOptions {
///     batch: 8,
///     time: Duration::from_millis(50),
///     ..Default::default()
/// };
/// // The shapes that `tune` would measure with these options.
/// let shapes = tune::shapes(&Model::embedded()?, &options)?;
/// assert!(shapes.iter().all(|shape| shape.problem.batch == 8));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TuneOptions {
    /// The number of images in a run. The results are valid only for this number.
    pub batch: usize,
    /// The storage format of activations and weights. The results are valid only for this format.
    pub precision: Scalar,
    /// The height and width of the images. The default is the model's own size.
    pub input_size: Option<(usize, usize)>,
    /// The approximate time for the alternating rounds of a shape's fastest candidates.
    pub time: Duration,
    /// True if clearly slower candidates are timed as carefully as the others.
    pub thorough: bool,
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self {
            batch: 1,
            precision: Scalar::F32,
            input_size: None,
            time: Duration::from_millis(250),
            thorough: false,
        }
    }
}

/// The result of the measurements for one shape.
///
/// ```no_run
/// use resnet_wgpu::low_level::tune::{self, TuneOptions};
/// use resnet_wgpu::{DeviceSelector, Gpu, Model};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// tune::tune(&gpu, &Model::embedded()?, &TuneOptions::default(), |report| {
///     if let Some(winner) = report.winner {
///         println!("{}: {winner}, {:?} ms", report.key(), report.ms(winner));
///     }
/// })?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeReport {
    /// The shape.
    pub problem: ConvProblem,
    /// The precision of the computation.
    pub precision: String,
    /// The layers with this shape.
    pub layers: Vec<String>,
    /// The clock used for timing.
    pub clock: Clock,
    /// The choice of the built-in rules.
    pub rules: Option<&'static str>,
    /// The fastest candidate, or the choice of the rules if its time is equal within the noise.
    /// `None` if no candidate computed correct results.
    pub winner: Option<&'static str>,
    /// All candidates, ordered from the fastest to the slowest; failed candidates come last.
    pub timings: Vec<Timing>,
}

impl ShapeReport {
    /// Returns the time of a candidate in milliseconds, if it was timed.
    pub fn ms(&self, candidate: &str) -> Option<f64> {
        let of = self.timings.iter().find(|t| t.candidate == candidate);
        of.and_then(Timing::ms)
    }

    /// Returns the key of the shape.
    pub fn key(&self) -> ConvKey {
        ConvKey::new(&self.precision, &self.problem)
    }
}

/// The result for one candidate.
///
/// ```no_run
/// use resnet_wgpu::low_level::tune::{self, TuneOptions};
/// use resnet_wgpu::{DeviceSelector, Gpu, Model};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// let options = TuneOptions::default();
/// for shape in tune::shapes(&Model::embedded()?, &options)? {
///     for timing in tune::measure(&gpu, &shape, &options)?.timings {
///         println!("{}: {:?} ms", timing.candidate, timing.ms());
///     }
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// The candidate's name.
    pub candidate: &'static str,
    /// The time or the failure.
    pub outcome: TuningOutcome,
}

/// The time of a candidate, or the reason for its failure.
///
/// ```
/// use resnet_wgpu::low_level::tune::{TuningOutcome, Timing};
///
/// let timing = Timing {
///     candidate: "conv.tiled.32x32",
///     outcome: TuningOutcome::Failed("wrong".into()),
/// };
/// match &timing.outcome {
///     TuningOutcome::Timed { ms, samples } => println!("{ms} ms, the median of {samples}"),
///     TuningOutcome::Failed(why) => println!("{} cannot win: {why}", timing.candidate),
/// }
/// assert_eq!(timing.ms(), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum TuningOutcome {
    /// The candidate computed correct results.
    Timed {
        /// The median time in milliseconds of one run of the batch.
        ms: f64,
        /// The number of samples.
        samples: usize,
    },
    /// The candidate computed wrong results, or the device refused it.
    Failed(String),
}

impl Timing {
    /// Returns the time in milliseconds, if the candidate was timed.
    pub fn ms(&self) -> Option<f64> {
        match self.outcome {
            TuningOutcome::Timed { ms, .. } => Some(ms),
            TuningOutcome::Failed(_) => None,
        }
    }
}

/// Measures all distinct convolutions of a network. `each` receives the report of each shape as
/// soon as the shape is measured.
///
/// # Errors
/// The errors of [`shapes()`] and [`measure()`].
pub fn tune(
    gpu: &Gpu,
    model: &Model,
    options: &TuneOptions,
    mut each: impl FnMut(&ShapeReport),
) -> Result<Tuning, Error> {
    let mut tuning = Tuning::new(TuningProvenance::of(gpu));
    for shape in shapes(model, options)? {
        let report = measure(gpu, &shape, options)?;
        each(&report);
        tuning.add(&report);
    }
    Ok(tuning)
}

/// Returns the distinct convolutions of a network, which [`tune`] measures.
///
/// # Errors
/// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a size that the
/// network does not support, [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) for weights
/// that do not fit the network.
pub fn shapes(model: &Model, options: &TuneOptions) -> Result<Vec<ConvShape>, Error> {
    let side = model.input_size();
    let (h, w) = options.input_size.unwrap_or((side, side));
    let lowered = lower(&model.graph(h, w)?, model.params(), &[])?;
    Ok(conv_shapes(&lowered, options.batch))
}
