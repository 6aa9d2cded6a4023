//! A session: one network on one device, ready to run batches.

mod compile;
mod compiled_network;
mod error;
mod layers;
mod options;
mod outputs;
mod plans;
mod run;
mod runner;

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::device::Device;
use crate::error::Error;
use crate::gpu::{Engine, GpuError, Images, Intake, Resampler, SpanKind, Timeline};
use crate::graph::Graph;
#[doc(inline)]
pub use crate::kernels::InputForm;
use crate::model::Model;
use crate::plan::{Plan, Precision, ResolvedPrecision};
use crate::preprocess::Preprocess;
use compile::Backend;
pub use compiled_network::RunOutputs;
pub(crate) use compiled_network::{CompiledNetwork, NetworkKey};
pub use error::SessionError;
pub use options::{SessionOptions, SetupTimes};
pub use outputs::Outputs;
use plans::Plans;
pub use run::Run;
pub(crate) use run::isolated::IsolatedNetwork;

/// The name of the softmax layer that [`SessionOptions::probabilities`] adds.
pub const PROBABILITIES: &str = "probabilities";

/// One network on one device, ready to run batches. Cloning shares it, any number
/// of threads may run it, and several sessions can share a device.
///
/// A session has one set of weights on the device, and plans for as many image
/// sizes as come: [`Session::run`] takes images of any size that the network admits.
///
/// ```no_run
/// use resnet_wgpu::{Device, Model, Session, SessionOptions, Tensor};
///
/// let session = Session::new(Device::auto()?, &Model::embedded()?, &SessionOptions::default())?;
/// let outputs = session.run(&Tensor::zeros([1, 32, 32, 3]))?;
/// assert_eq!(outputs.logits.shape(), [1, 10]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

/// Leaves out the plan and the weights, which are long.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("device", &self.0.device.to_string())
            .field("batch", &self.batch())
            .field("input", &self.graph().input_shape())
            .finish_non_exhaustive()
    }
}

struct Inner {
    model: Model,
    device: Device,
    options: SessionOptions,
    precision: ResolvedPrecision,
    backend: Backend,
    /// For the images, batch, form and layers of the options.
    first: Arc<CompiledNetwork>,
    plans: Plans,
    /// Made for the first picture that is on the device already.
    resampler: OnceLock<Resampler>,
    setup_times: SetupTimes,
}

impl Session {
    /// Plans `model` for a device and uploads its weights. The thread waits; in a
    /// browser, where nothing may, this is an error.
    ///
    /// # Errors
    /// By [kind](crate::ErrorKind): `InvalidArgument` for a layer that the network does not
    /// have; `UnsupportedNetwork` for a size that it does not admit; `Checkpoint` for weights
    /// that do not fit it or cannot be read; `UnsupportedDevice` if the device cannot run it,
    /// or has no f16; `OutOfMemory`; `DeviceLost`; `CancelledError`.
    pub fn new(
        device: impl Into<Device>,
        model: &Model,
        options: &SessionOptions,
    ) -> Result<Self, Error> {
        let device = device.into();
        device.block_on(Self::new_async(device.clone(), model, options))?
    }

    /// Awaits a session; the only way in a browser, where nothing may block. Reading
    /// and packing weights is work on the calling thread.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub async fn new_async(
        device: impl Into<Device>,
        model: &Model,
        options: &SessionOptions,
    ) -> Result<Self, Error> {
        let device = device.into();
        let mut precision = match &device {
            Device::Gpu(gpu) => gpu.precision(options.precision)?,
            Device::Cpu => cpu_precision(options.precision)?,
        };
        let backend = Backend::new(device.gpu(), model, options)?;
        let key = NetworkKey {
            size: options.size_for(model),
            batch: options.batch,
            input: options.input,
            layers: options.layers.clone().into(),
        };
        let compile = |scalar| backend.compile(model, key.clone(), options, scalar);
        let mut made = compile(precision.scalar).await;
        if let Err(error) = &made
            && let Some(GpuError::Beyond { .. }) = error.downcast_ref()
            && options.precision == Precision::Auto
        {
            precision = ResolvedPrecision::fallback(error.to_string());
            made = compile(precision.scalar).await;
        }
        let (first, setup_times) = made?;
        options.monitor.complete();
        Ok(Self(Arc::new(Inner {
            model: model.clone(),
            device,
            options: SessionOptions {
                monitor: Default::default(),
                ..options.clone()
            },
            precision,
            backend,
            first: Arc::new(first),
            plans: Plans::default(),
            resampler: OnceLock::new(),
            setup_times,
        })))
    }

    /// The device that it runs on.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// The model that it runs.
    pub fn model(&self) -> &Model {
        &self.0.model
    }

    /// The graph as authored.
    pub fn graph(&self) -> &Graph {
        &self.0.first.graph
    }

    /// Images of a run; the device may take fewer than were asked for.
    pub fn batch(&self) -> usize {
        self.0.first.batch
    }

    /// The precision in which activations and weights are stored, and why
    /// [`Precision::Auto`] is f32 if it is.
    pub fn precision(&self) -> &ResolvedPrecision {
        &self.0.precision
    }

    /// The form in which images are given.
    pub fn input(&self) -> InputForm {
        self.0.options.input
    }

    /// The number of runs in flight. On the CPU, which computes when a run is
    /// started, none.
    pub fn in_flight(&self) -> usize {
        self.engine().map_or(0, Engine::in_flight)
    }

    /// The number of runs that may be in flight.
    pub fn max_in_flight(&self) -> usize {
        let asked = self.0.options.in_flight;
        let most = asked.clamp(1, crate::gpu::MOST_IN_FLIGHT);
        self.engine().map_or(most, Engine::max_in_flight)
    }

    /// The plan on a GPU; `None` on the CPU.
    pub fn plan(&self) -> Option<&Plan> {
        Some(self.0.first.runner.executable()?.plan())
    }

    /// The time that setting it up took.
    pub fn setup_times(&self) -> SetupTimes {
        self.0.setup_times
    }

    /// The number of plans made so far, one for each image size, batch, input
    /// form and set of layers. A size that comes again after many others is planned
    /// again.
    pub fn plans_made(&self) -> usize {
        1 + self.0.plans.count()
    }

    /// Device memory of the weights and of the activations, which all plans share.
    pub fn shared_bytes(&self) -> (u64, u64) {
        self.engine().map_or((0, 0), Engine::bytes)
    }

    /// Device memory of the first plan besides activations and weights: parameters,
    /// and buffers for images and outputs.
    pub fn other_bytes(&self) -> u64 {
        let executable = self.0.first.runner.executable();
        executable.map_or(0, |executable| executable.other_bytes())
    }

    /// Runs a whole or part batch once and returns when each span of the run began
    /// and ended; its outputs stay on the device. `None` on the CPU.
    ///
    /// # Errors
    /// As [`Session::run_batch`]; [`GpuError::Clock`] if the device's clock makes no
    /// sense.
    pub fn timed_run<'a>(
        &self,
        input: impl Into<Images<'a>>,
        spans: SpanKind,
    ) -> Result<Option<Timeline>, Error> {
        let input = input.into();
        self.0.first.count(Intake::Host(input))?;
        match self.0.first.runner.executable() {
            Some(executable) => Ok(Some(executable.timed_run(input, spans)?)),
            None => Ok(None),
        }
    }

    /// Numbers of one image's input as [`Session::run_batch`] takes it: H·W·4
    /// floats, or H·W·3 bytes.
    pub fn input_len(&self) -> usize {
        self.0.first.input_len()
    }

    /// Runs up to [`batch`](Session::batch) images, in the form of
    /// [`SessionOptions::input`]: floats `[N, H, W, 4]` with the fourth channel
    /// zero, or bytes `[N, H, W, 3]` of red, green and blue. The outputs are passed to
    /// `read`. On a GPU, only wgpu itself allocates after the first run, for its
    /// commands (`tests/steady_state.rs` checks it). If as many runs are in flight as
    /// may be, the thread waits for another one to finish one.
    ///
    /// # Errors
    /// [`SessionError::InputShape`] for no images, a part of one, or more than a batch;
    /// [`GpuError::InputForm`] for another form; [`GpuError::Stuck`] after ten minutes
    /// without a free place; [`GpuError::Lost`] if the device failed.
    pub fn run_batch<'a, T>(
        &self,
        input: impl Into<Images<'a>>,
        read: impl FnOnce(&RunOutputs<'_>) -> T,
    ) -> Result<T, Error> {
        self.start_in_turn(input)?.finish(read)
    }

    fn engine(&self) -> Option<&Engine> {
        self.0.backend.engine()
    }

    /// The key of the network that the session was set up for.
    pub(crate) fn key(&self) -> NetworkKey {
        self.0.first.key.clone()
    }

    /// The network for the images that the session was set up for.
    pub(crate) fn first(&self) -> &Arc<CompiledNetwork> {
        &self.0.first
    }

    /// Returns the network for `key`, compiled unless the cache holds it.
    pub(crate) async fn compiled(&self, key: NetworkKey) -> Result<Arc<CompiledNetwork>, Error> {
        let session = &*self.0;
        if session.first.key == key {
            return Ok(Arc::clone(&session.first));
        }
        if let Some(found) = session.plans.find(&key) {
            return Ok(found);
        }
        let _compiling = session.plans.compiling.lock().await;
        // Another task may have compiled the network meanwhile.
        if let Some(found) = session.plans.find(&key) {
            return Ok(found);
        }
        let memory = || self.shared_bytes().1;
        let before = memory();
        let (options, scalar) = (&session.options, session.precision.scalar);
        let compile = session
            .backend
            .compile(&session.model, key, options, scalar);
        let (made, _) = compile.await?;
        if memory() > before {
            session.plans.clear();
        }
        let made = Arc::new(made);
        session.plans.keep(&made);
        Ok(made)
    }

    /// The kernels that prepare pictures on the device.
    pub(crate) async fn resampler(&self, preprocess: &Preprocess) -> Result<&Resampler, Error> {
        if let Some(resampler) = self.0.resampler.get() {
            return Ok(resampler);
        }
        let gpu = self.0.device.gpu().ok_or(GpuError::OnCpu)?;
        let made = Resampler::new(gpu, preprocess).await?;
        Ok(self.0.resampler.get_or_init(|| made))
    }
}

/// The precision on the CPU, which computes in f32.
fn cpu_precision(asked: Precision) -> Result<ResolvedPrecision, GpuError> {
    match asked {
        Precision::F32 => Ok(ResolvedPrecision::F32),
        Precision::Auto => Ok(ResolvedPrecision::fallback("it has no f16")),
        Precision::F16 => Err(GpuError::NoF16 {
            device: "cpu".into(),
        }),
    }
}
