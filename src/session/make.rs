//! How a session comes about: planned and uploaded, or beside one that is
//! there.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use web_time::Instant;

use super::layers::{graph, shapes, widest};
use super::{Inner, Runner, Session, SessionOptions, Setup};
use crate::cpu::{CpuError, CpuModel};
use crate::error::Error;
use crate::gpu::{Engine, EngineOptions, Gpu, GpuError, MOST_IN_FLIGHT};
use crate::graph::{Graph, GraphError, Node, NodeId};
use crate::kernels::Scalar;
use crate::model::Model;
use crate::monitor::Monitor;
use crate::passes::{Lowered, lower};
use crate::plan::{Plan, PlanOptions, Precision, Settled, activation_bytes};

/// Images of a run on the CPU, at most: more would only take more memory.
const MAX_CPU_BATCH: usize = 64;

/// Bytes of the largest activation of a run on the CPU, at most: it needs
/// several such at once.
const MAX_CPU_BYTES: u64 = 512 << 20;

impl Session {
    /// Plans `model` for a device and uploads its weights.
    ///
    /// # Errors
    /// [`Error::UnknownLayer`] for a layer that there is not, [`Error::Graph`] for a
    /// size that the network does not admit, [`Error::Lower`] for weights that do not
    /// fit it; [`Error::Plan`] where the device cannot run it; [`Error::Gpu`] for weights
    /// that cannot be read, without f16 or memory, and where the device failed;
    /// [`Error::Cancelled`].
    pub fn new(gpu: &Gpu, model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let network = Lowering::of(model, options)?;
        let mut precision = gpu.precision(options.precision)?;
        let engine_options = EngineOptions {
            in_flight: options.in_flight,
            monitor: options.monitor.clone(),
        };
        let make = |scalar| {
            let (plan, planned) = network.plan(gpu, options, scalar)?;
            let params = &network.lowered.params;
            let engine = Engine::with_options(gpu, plan, params, &engine_options)?;
            Ok((engine, planned))
        };
        let made = match make(precision.scalar) {
            Err(Error::Gpu(error @ GpuError::Beyond { .. }))
                if options.precision == Precision::Auto =>
            {
                precision = Settled::fallback(error.to_string());
                make(precision.scalar)
            }
            made => made,
        };
        let (engine, planned) = made?;
        options.monitor.complete();
        Ok(network.session(engine, planned, precision, options))
    }

    /// The same on the CPU twin, where there is no adapter. It computes in f32.
    ///
    /// # Errors
    /// [`Error::UnknownLayer`], [`Error::Graph`] and [`Error::Cancelled`] likewise;
    /// [`Error::Cpu`] for images that memory does not hold, or weights that cannot be
    /// used; [`GpuError::NoF16`] where f16 is asked for.
    pub fn cpu(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let began = Instant::now();
        let precision = match options.precision {
            Precision::F32 => Settled::F32,
            Precision::Auto => Settled::fallback("it has no f16"),
            Precision::F16 => {
                let device = "cpu".into();
                return Err(GpuError::NoF16 { device }.into());
            }
        };
        let (graph, layers) = graph(model, options)?;
        let batch = cpu_batch(&graph, options.batch)?;
        let cpu = CpuModel::new(&graph, model.params())?;
        options.monitor.check()?;
        options.monitor.complete();
        let runner = Runner::Cpu(Box::new(cpu));
        Ok(Self::of(
            model,
            (graph, layers),
            batch,
            precision,
            runner,
            options,
            Setup {
                plan: began.elapsed(),
                ..Setup::default()
            },
        ))
    }

    /// A session beside this one, on the same device and with the same options,
    /// for images of another height and width: a fully convolutional network
    /// runs at any. The weights, the kernels and the memory of the activations
    /// are shared, so that it costs little more than its plan. `model` is the
    /// one that this session was made of.
    ///
    /// # Errors
    /// As [`Session::new`]; [`Error::Graph`] for a size that the network does
    /// not admit, [`Error::OtherModel`] for another model.
    pub fn resized(&self, model: &Model, size: (usize, usize)) -> Result<Self, Error> {
        self.beside(model, |options| options.input_size = Some(size))
    }

    /// The same for other options that weights do not depend on.
    pub(super) fn beside(
        &self,
        model: &Model,
        change: impl FnOnce(&mut SessionOptions),
    ) -> Result<Self, Error> {
        if !Arc::ptr_eq(&self.0.model, model.identity()) {
            let name = model.network().name.clone();
            return Err(Error::OtherModel { name });
        }
        let mut options = SessionOptions {
            monitor: Monitor::default(),
            ..self.0.options.clone()
        };
        change(&mut options);
        let precision = self.0.precision.clone();
        match &self.0.runner {
            Runner::Gpu(engine) => {
                let network = Lowering::of(model, &options)?;
                let (plan, planned) = network.plan(engine.gpu(), &options, precision.scalar)?;
                let engine = engine.beside(plan, &network.lowered.params)?;
                Ok(network.session(engine, planned, precision, &options))
            }
            Runner::Cpu(cpu) => {
                let began = Instant::now();
                let (graph, layers) = graph(model, &options)?;
                let batch = cpu_batch(&graph, options.batch)?;
                let runner = Runner::Cpu(Box::new(cpu.resized(&graph)?));
                let setup = Setup {
                    plan: began.elapsed(),
                    ..Setup::default()
                };
                let network = (graph, layers);
                Ok(Self::of(
                    model, network, batch, precision, runner, &options, setup,
                ))
            }
        }
    }

    /// This session with activations and buffers of its own, for commands that
    /// the application submits when it likes; results stay on the device as well.
    /// `None` on the CPU.
    pub(crate) fn apart(&self, in_flight: usize) -> Result<Option<Self>, Error> {
        let Runner::Gpu(engine) = &self.0.runner else {
            return Ok(None);
        };
        let inner = &*self.0;
        Ok(Some(Self(Arc::new(Inner {
            model: Arc::clone(&inner.model),
            options: inner.options.clone(),
            graph: inner.graph.clone(),
            layers: inner.layers.clone(),
            batch: inner.batch,
            precision: inner.precision.clone(),
            runner: Runner::Gpu(Box::new(engine.apart(in_flight)?)),
            shapes: inner.shapes.clone(),
            rooms: Mutex::default(),
            setup: inner.setup,
        }))))
    }

    fn of(
        model: &Model,
        (graph, layers): (Graph, Vec<(String, NodeId)>),
        batch: usize,
        precision: Settled,
        runner: Runner,
        options: &SessionOptions,
        setup: Setup,
    ) -> Self {
        let shapes = shapes(&graph, &layers);
        let widest = match runner {
            Runner::Gpu(_) => widest(&shapes),
            Runner::Cpu(_) => 0,
        };
        // The first run may be of few images, and is to be the last that
        // allocates.
        let room = |_| Vec::with_capacity(batch * widest);
        let rooms = (0..options.in_flight.clamp(1, MOST_IN_FLIGHT))
            .map(room)
            .collect();
        Self(Arc::new(Inner {
            model: Arc::clone(model.identity()),
            rooms: Mutex::new(rooms),
            options: options.clone(),
            shapes,
            graph,
            layers,
            batch,
            precision,
            runner,
            setup,
        }))
    }
}

/// A network for images of one size, ready to be planned.
struct Lowering<'a> {
    model: &'a Model,
    graph: Graph,
    layers: Vec<(String, NodeId)>,
    keep: Vec<NodeId>,
    lowered: Lowered,
    took: Duration,
}

impl<'a> Lowering<'a> {
    fn of(model: &'a Model, options: &SessionOptions) -> Result<Self, Error> {
        let began = Instant::now();
        let (graph, layers) = graph(model, options)?;
        let keep: Vec<NodeId> = layers.iter().map(|(_, id)| *id).collect();
        Ok(Self {
            model,
            lowered: lower(&graph, model.params(), &keep)?,
            graph,
            layers,
            keep,
            took: began.elapsed(),
        })
    }

    /// A plan for a precision, and how long it took, lowering included.
    fn plan(
        &self,
        gpu: &Gpu,
        options: &SessionOptions,
        precision: Scalar,
    ) -> Result<(Plan, Duration), Error> {
        let began = Instant::now();
        let wanted = PlanOptions {
            choice: options.choice.clone(),
            precision,
            input: options.input,
        };
        let (lowered, keep) = (&self.lowered, &self.keep);
        let batch = match options.exact_batch {
            true => options.batch,
            // Where not even one image fits, the plan for one says why.
            false => Plan::max_batch(lowered, options.batch, gpu.profile(), keep, &wanted).max(1),
        };
        let plan = Plan::new(lowered, batch, gpu.profile(), keep, &wanted)?;
        Ok((plan, self.took + began.elapsed()))
    }

    fn session(
        self,
        engine: Engine,
        planned: Duration,
        precision: Settled,
        options: &SessionOptions,
    ) -> Session {
        let setup = Setup {
            plan: planned,
            pipelines: engine.setup().pipelines,
            upload: engine.setup().upload,
        };
        let (batch, runner) = (engine.plan().batch, Runner::Gpu(Box::new(engine)));
        let network = (self.graph, self.layers);
        Session::of(
            self.model, network, batch, precision, runner, options, setup,
        )
    }
}

/// Images of a run on the CPU: as many as are wanted, or as memory takes.
fn cpu_batch(graph: &Graph, wanted: usize) -> Result<usize, Error> {
    let bytes = |node: &Node| activation_bytes(1, node.shape, Scalar::F32);
    let Some(largest) = graph.nodes.iter().max_by_key(|n| bytes(n)) else {
        return Err(GraphError::new("input", "expected a node, found none").into());
    };
    if bytes(largest) > MAX_CPU_BYTES {
        return Err(Error::Cpu(CpuError::TooLarge {
            node: largest.name.clone(),
            batch: 1,
            height: largest.shape.h,
            width: largest.shape.w,
            channels: largest.shape.c,
        }));
    }
    let fit = MAX_CPU_BYTES / bytes(largest).max(1);
    let most = usize::try_from(fit).unwrap_or(MAX_CPU_BATCH);
    Ok(wanted.min(most).clamp(1, MAX_CPU_BATCH))
}
