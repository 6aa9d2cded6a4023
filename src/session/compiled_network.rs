//! A network compiled for one device, image size, batch, input form and set of
//! layers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::runner::{Runner, Work};
use super::{PROBABILITIES, SessionError};
use crate::error::Error;
use crate::gpu::{GpuError, Intake};
use crate::graph::{Graph, Shape};
use crate::kernels::InputForm;
use crate::tensor::{QUAD, quads};

/// The key under which a compiled network is cached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NetworkKey {
    /// Height and width of the images.
    pub size: (usize, usize),
    /// Images of a run, as asked for.
    pub batch: usize,
    /// The form in which images are given.
    pub input: InputForm,
    /// The layers whose outputs are wanted.
    pub layers: Arc<[String]>,
}

/// A network that is ready to run.
pub(crate) struct CompiledNetwork {
    pub key: NetworkKey,
    pub graph: Graph,
    /// Images of a run; the device may take fewer than asked for.
    pub batch: usize,
    /// The names of the outputs after the logits.
    names: Vec<String>,
    /// The shapes of one image's outputs, the logits first.
    shapes: Vec<Shape>,
    pub(super) runner: Box<dyn Runner>,
    /// Vectors for the outputs of as many runs as are read at once.
    spare: Mutex<Vec<Vec<Vec<f32>>>>,
}

/// Not its graph and its plan, which are long.
impl fmt::Debug for CompiledNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledNetwork")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl CompiledNetwork {
    pub(super) fn new(
        key: NetworkKey,
        graph: Graph,
        batch: usize,
        outputs: Vec<(String, Shape)>,
        runner: Box<dyn Runner>,
        in_flight: usize,
    ) -> Self {
        let logits = graph.output_shape();
        let (names, layers): (Vec<_>, Vec<_>) = outputs.into_iter().unzip();
        let shapes: Vec<Shape> = std::iter::once(logits).chain(layers).collect();
        // Allocated now, so that only the first run may allocate.
        let values = |s: &Shape| Vec::with_capacity(batch * s.len());
        let spare = (0..in_flight).map(|_| shapes.iter().map(values).collect());
        Self {
            key,
            graph,
            batch,
            names,
            spare: Mutex::new(spare.collect()),
            shapes,
            runner,
        }
    }

    /// The name and the shape for one image of each output after the logits.
    pub fn layers(&self) -> impl Iterator<Item = (&str, Shape)> {
        let shapes = self.shapes.iter().skip(1).copied();
        self.names.iter().map(String::as_str).zip(shapes)
    }

    /// This network with another runner.
    pub(super) fn with_runner(&self, runner: Box<dyn Runner>) -> Self {
        Self {
            key: self.key.clone(),
            graph: self.graph.clone(),
            batch: self.batch,
            names: self.names.clone(),
            shapes: self.shapes.clone(),
            runner,
            spare: Mutex::default(),
        }
    }

    /// Numbers of one image: H·W·4 floats, or H·W·3 bytes.
    pub fn input_len(&self) -> usize {
        let s = self.graph.input_shape();
        match self.key.input {
            InputForm::F32 => s.h * s.w * quads(s.c) * QUAD,
            InputForm::Rgb8 { .. } => s.h * s.w * s.c,
        }
    }

    /// Returns how many images these are.
    ///
    /// # Errors
    /// [`GpuError::InputForm`] for another form; [`SessionError::InputShape`] for no images,
    /// a part of one, or more than a batch.
    pub fn count(&self, intake: Intake<'_>) -> Result<usize, Error> {
        let Intake::Host(images) = intake else {
            return Ok(1);
        };
        if !images.have(&self.key.input) {
            let (expected, found) = (self.key.input.name(), images.name());
            return Err(GpuError::InputForm { expected, found }.into());
        }
        let each = self.input_len();
        let n = images.len() / each.max(1);
        if n * each != images.len() || n == 0 || n > self.batch {
            let s = self.graph.input_shape();
            let numbers = each / (s.h * s.w).max(1);
            return Err(SessionError::InputShape {
                expected: format!("[1 to {}, {}, {}, {numbers}]", self.batch, s.h, s.w),
                found: vec![images.len()],
            }
            .into());
        }
        Ok(n)
    }

    /// Waits for a run of `images` images and passes its outputs to `read`.
    pub(super) fn finish<T>(
        &self,
        work: Work,
        images: usize,
        read: impl FnOnce(&RunOutputs<'_>) -> T,
    ) -> Result<T, Error> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let values = spare().pop();
        let mut values = values.unwrap_or_else(|| self.shapes.iter().map(|_| vec![]).collect());
        let finished = work.finish(images, &self.shapes, &mut values);
        let read = finished.map(|()| {
            read(&RunOutputs {
                names: &self.names,
                shapes: &self.shapes,
                values: &values,
                images,
            })
        });
        spare().push(values);
        Ok(read?)
    }
}

/// The outputs of a run, by name: `[N, H, W, C]` without padding.
///
/// ```
/// use resnet_wgpu::{Device, Model, Session, SessionOptions};
///
/// let options = SessionOptions {
///     layers: vec!["avgpool".into()],
///     ..Default::default()
/// };
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &options)?;
/// let image = vec![0.0f32; session.input_len()];
/// session.run_batch(&image, |outputs| {
///     assert_eq!(outputs.logits().len(), 10);
///     assert_eq!(outputs.layer("avgpool").unwrap().len(), 64);
/// })?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RunOutputs<'a> {
    names: &'a [String],
    shapes: &'a [Shape],
    values: &'a [Vec<f32>],
    images: usize,
}

impl<'a> RunOutputs<'a> {
    /// The number of images in the run.
    pub fn images(&self) -> usize {
        self.images
    }

    /// The logits, `[N, classes]`.
    pub fn logits(&self) -> &'a [f32] {
        self.values.first().map_or(&[], |values| values)
    }

    /// The probabilities, `[N, classes]`; only with
    /// [`SessionOptions::probabilities`](super::SessionOptions::probabilities).
    pub fn probabilities(&self) -> Option<&'a [f32]> {
        self.layer(PROBABILITIES)
    }

    /// The output of a layer that the session was asked for.
    pub fn layer(&self, name: &str) -> Option<&'a [f32]> {
        let mut layers = self.layers();
        layers.find_map(|(n, _, values)| (n == name).then_some(values))
    }

    /// The name, the shape for one image, and the values of each layer, in the order
    /// asked for; the probabilities come last.
    pub fn layers(&self) -> impl Iterator<Item = (&'a str, Shape, &'a [f32])> + use<'a> {
        let (names, shapes, values) = (self.names, self.shapes, self.values);
        let layers = names.iter().zip(shapes.iter().zip(values).skip(1));
        layers.map(|(name, (shape, values))| (&**name, *shape, &**values))
    }
}
