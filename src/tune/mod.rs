//! Tuning: candidates timed on a device for each distinct convolution, and
//! the winners kept in a file that can be shipped.
//!
//! A plan goes by built-in rules for the class of device unless it is given
//! winners ([`Tuning::choice`]); a shape that was not measured goes by the
//! rules in any case. Nothing is written unasked, and nothing is global.

mod file;
mod key;
mod measure;
mod origin;
mod trial;
mod tuning;

use std::time::Duration;

pub use crate::error::tuning::{SCHEMA_VERSION, Stale, TuningError};
pub use key::{ConvKey, F32};
pub use measure::measure;
pub use origin::Origin;
pub use tuning::{Tuned, Tuning};

use crate::error::Error;
use crate::gpu::{Clock, Gpu};
use crate::kernels::{ConvProblem, Scalar};
use crate::model::Model;
use crate::passes::lower;
use crate::plan::{ConvShape, conv_shapes};

/// How candidates are measured.
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
/// // What `tune` would measure with them.
/// let shapes = tune::shapes(&Model::embedded()?, &options)?;
/// assert!(shapes.iter().all(|shape| shape.problem.batch == 8));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TuneOptions {
    /// Images of a run; the winners are for exactly that many.
    pub batch: usize,
    /// In what activations and weights are stored; the winners are for that.
    pub precision: Scalar,
    /// Height and width of the images; the model's own size by default.
    pub input_size: Option<(usize, usize)>,
    /// About how long the nearest candidates of a shape are timed against each
    /// other.
    pub time: Duration,
    /// Time candidates that are clearly slower as carefully as the others.
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

/// What was found for a shape.
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
    /// In what it was computed.
    pub precision: String,
    /// Layers that have it.
    pub layers: Vec<String>,
    /// How it was timed.
    pub clock: Clock,
    /// What the built-in rules choose.
    pub rules: Option<&'static str>,
    /// The fastest, or what the rules choose where that is as fast within the
    /// noise; `None` where no candidate computed it rightly.
    pub winner: Option<&'static str>,
    /// Every candidate, the fastest first, those that failed last.
    pub timings: Vec<Timing>,
}

impl ShapeReport {
    /// Milliseconds that a candidate took, if it was timed.
    pub fn ms(&self, candidate: &str) -> Option<f64> {
        let of = self.timings.iter().find(|t| t.candidate == candidate);
        of.and_then(Timing::ms)
    }

    /// The shape as a key.
    pub fn key(&self) -> ConvKey {
        ConvKey::new(&self.precision, &self.problem)
    }
}

/// What was found for a candidate.
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
    /// Its name.
    pub candidate: &'static str,
    /// What it took.
    pub outcome: Outcome,
}

/// What a candidate took, or why that is not known.
///
/// ```
/// use resnet_wgpu::low_level::tune::{Outcome, Timing};
///
/// let timing = Timing {
///     candidate: "conv.tiled.32x32",
///     outcome: Outcome::Failed("wrong".into()),
/// };
/// match &timing.outcome {
///     Outcome::Timed { ms, samples } => println!("{ms} ms, the median of {samples}"),
///     Outcome::Failed(why) => println!("{} cannot win: {why}", timing.candidate),
/// }
/// assert_eq!(timing.ms(), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was right.
    Timed {
        /// Milliseconds of one run of the batch, median.
        ms: f64,
        /// Samples that it is the median of.
        samples: usize,
    },
    /// It was wrong, or the device refused it.
    Failed(String),
}

impl Timing {
    /// Milliseconds, if it was timed.
    pub fn ms(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Timed { ms, .. } => Some(ms),
            Outcome::Failed(_) => None,
        }
    }
}

/// Measures all distinct convolutions of a network; `each` sees what was found
/// for a shape as soon as it is known.
///
/// # Errors
/// As [`shapes()`] and [`measure()`].
pub fn tune(
    gpu: &Gpu,
    model: &Model,
    options: &TuneOptions,
    mut each: impl FnMut(&ShapeReport),
) -> Result<Tuning, Error> {
    let mut tuning = Tuning::new(Origin::of(gpu));
    for shape in shapes(model, options)? {
        let report = measure(gpu, &shape, options)?;
        each(&report);
        tuning.add(&report);
    }
    Ok(tuning)
}

/// The distinct convolutions of a network, as [`tune`] measures them.
///
/// # Errors
/// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a size that the network does not admit, [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) for
/// weights that do not fit it.
pub fn shapes(model: &Model, options: &TuneOptions) -> Result<Vec<ConvShape>, Error> {
    let side = model.input_size();
    let (h, w) = options.input_size.unwrap_or((side, side));
    let lowered = lower(&model.graph(h, w)?, model.params(), &[])?;
    Ok(conv_shapes(&lowered, options.batch))
}
