//! A session: one network on one device, ready to run batches.

use crate::cpu::{CpuError, CpuModel};
use crate::error::Error;
use crate::gpu::{Engine, Gpu};
use crate::graph::{Graph, GraphError, Node, NodeId, Op, Shape};
use crate::model::Model;
use crate::passes::lower;
use crate::plan::{Choice, Plan, activation_bytes};
use crate::tensor::{QUAD, Tensor, padded, quads, unpad_channels, unpad_into};

/// How a session is set up.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Images of a run; more go in several runs. Fewer may be given, but take
    /// as long as a whole batch. A device that cannot bind that many gets as
    /// many as it can.
    pub batch: usize,
    /// Height and width of the images; the model's own size by default.
    pub input_size: Option<(usize, usize)>,
    /// PyTorch modules whose outputs are wanted besides the logits
    /// (`layer4`, `layer1.0.conv2`): nothing is folded or fused across them.
    /// Names are torchvision's whatever the checkpoint's, and so is what they
    /// mean: a `bn1` is the batch norm without its ReLU.
    pub layers: Vec<String>,
    /// Compute softmax on the device as well, as layer `probabilities`.
    pub probabilities: bool,
    /// How kernels are chosen.
    pub choice: Choice,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            batch: 1,
            input_size: None,
            layers: vec![],
            probabilities: false,
            choice: Choice::Auto,
        }
    }
}

/// Images of a run on the CPU, at most: more would only take more memory.
const MAX_CPU_BATCH: usize = 64;

/// Bytes of the largest activation of a run on the CPU, at most: it needs
/// several such at once.
const MAX_CPU_BYTES: u64 = 512 << 20;

/// The name of the softmax layer that [`SessionOptions::probabilities`] adds.
pub const PROBABILITIES: &str = "probabilities";

/// What a run gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// `[N, classes]`.
    pub logits: Tensor,
    /// The layers asked for, in that order, each `[N, H, W, C]`; then, if
    /// asked for, the probabilities.
    pub layers: Vec<(String, Tensor)>,
}

/// One network on one device for one image size, ready to run batches. It may
/// move between threads; several can share a device.
///
/// ```no_run
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
/// use resnet_wgpu::model::Model;
/// use resnet_wgpu::session::{Session, SessionOptions};
/// use resnet_wgpu::tensor::Tensor;
///
/// let gpu = Gpu::new(&DeviceSelector::Auto)?;
/// let model = Model::embedded()?;
/// let mut session = Session::new(&gpu, &model, &SessionOptions::default())?;
/// let outputs = session.run(&Tensor::zeros([1, 32, 32, 3]))?;
/// assert_eq!(outputs.logits.shape(), [1, 10]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Session {
    graph: Graph,
    layers: Vec<(String, NodeId)>,
    batch: usize,
    runner: Runner,
    /// Shape of one image's value, for the logits and each layer.
    shapes: Vec<Shape>,
    /// Where an output whose channels are padded is unpadded.
    unpadded: Vec<f32>,
}

#[derive(Debug)]
enum Runner {
    Gpu(Box<Engine>),
    Cpu(Box<CpuModel>),
}

impl Session {
    /// Plans `model` for a device and uploads its weights.
    pub fn new(gpu: &Gpu, model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let (graph, layers) = graph(model, options)?;
        let keep: Vec<NodeId> = layers.iter().map(|(_, id)| *id).collect();
        let lowered = lower(&graph, model.params(), &keep)?;
        // Where not even one image fits, the plan for one says why.
        let batch = Plan::max_batch(&lowered, options.batch, gpu.profile(), &keep).max(1);
        let plan = Plan::new(&lowered, batch, gpu.profile(), &keep, &options.choice)?;
        let engine = Engine::new(gpu, plan, &lowered.params)?;
        Ok(Self {
            shapes: shapes(&graph, &layers),
            graph,
            layers,
            batch,
            runner: Runner::Gpu(Box::new(engine)),
            unpadded: vec![],
        })
    }

    /// The same on the CPU twin, where there is no adapter.
    pub fn cpu(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        let (graph, layers) = graph(model, options)?;
        let bytes = |node: &Node| activation_bytes(1, node.shape);
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
        let most = usize::try_from(fit)
            .unwrap_or(MAX_CPU_BATCH)
            .min(MAX_CPU_BATCH);
        let cpu = CpuModel::new(&graph, model.params())?;
        Ok(Self {
            shapes: shapes(&graph, &layers),
            graph,
            layers,
            batch: options.batch.min(most).max(1),
            runner: Runner::Cpu(Box::new(cpu)),
            unpadded: vec![],
        })
    }

    /// The graph as authored.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Images of a run.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The plan, where it runs on a GPU.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.runner {
            Runner::Gpu(engine) => Some(engine.plan()),
            Runner::Cpu(_) => None,
        }
    }

    /// Floats of one image's input as [`Session::run_batch`] takes it:
    /// H·W·4.
    pub fn input_len(&self) -> usize {
        let s = self.graph.input_shape();
        s.h * s.w * quads(s.c) * QUAD
    }

    /// Runs any number of images, `[N, H, W, 3]`, already normalised.
    pub fn run(&mut self, images: &Tensor) -> Result<Outputs, Error> {
        let s = self.graph.input_shape();
        let n = match images.shape() {
            [n, h, w, c] if (*h, *w, *c) == (s.h, s.w, s.c) => *n,
            other => {
                return Err(Error::InputShape {
                    expected: format!("[N, {}, {}, {}]", s.h, s.w, s.c),
                    found: other.to_vec(),
                });
            }
        };
        let padded = padded(images);
        let classes = self.graph.output_shape().len();
        let mut logits = Vec::with_capacity(n * classes);
        let mut values: Vec<Vec<f32>> = vec![vec![]; self.layers.len()];
        for chunk in padded.chunks((self.batch * self.input_len()).max(1)) {
            self.run_batch(chunk, |output, data| match output {
                0 => logits.extend_from_slice(data),
                layer => values[layer - 1].extend_from_slice(data),
            })?;
        }
        let tensor = |shape: Vec<usize>, data| {
            let found = shape.clone();
            Tensor::new(shape, data).ok_or(Error::InputShape {
                expected: "a whole batch".into(),
                found,
            })
        };
        let layers = (self.layers.iter().zip(values).zip(&self.shapes[1..]))
            .map(|(((name, _), data), s)| Ok((name.clone(), tensor(vec![n, s.h, s.w, s.c], data)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Outputs {
            logits: tensor(vec![n, classes], logits)?,
            layers,
        })
    }

    /// Runs up to [`batch`](Session::batch) images, `[N, H, W, 4]` with the
    /// fourth channel zero, and hands each output (0 the logits, then the
    /// layers) to `read`, NHWC without padding. On a GPU, after the first
    /// run, nothing is allocated but by wgpu itself.
    pub fn run_batch(
        &mut self,
        input: &[f32],
        mut read: impl FnMut(usize, &[f32]),
    ) -> Result<(), Error> {
        let each = self.input_len();
        let n = input.len() / each.max(1);
        if n * each != input.len() || n == 0 || n > self.batch {
            let s = self.graph.input_shape();
            return Err(Error::InputShape {
                expected: format!("[1 to {}, {}, {}, 4]", self.batch, s.h, s.w),
                found: vec![input.len()],
            });
        }
        match &mut self.runner {
            Runner::Gpu(engine) => {
                let (shapes, unpadded) = (&self.shapes, &mut self.unpadded);
                engine.run(input, |output, data| {
                    let s = shapes[output];
                    let padded = quads(s.c) * QUAD;
                    let data = &data[..n * s.h * s.w * padded];
                    if padded == s.c {
                        read(output, data);
                    } else {
                        unpadded.clear();
                        unpad_into(data, s.c, unpadded);
                        read(output, unpadded);
                    }
                })?;
            }
            Runner::Cpu(model) => {
                let s = self.graph.input_shape();
                let images = Tensor::new([n, s.h, s.w, s.c], unpad_channels(input, s.c));
                let images = images.ok_or_else(|| Error::InputShape {
                    expected: "whole images".into(),
                    found: vec![input.len()],
                })?;
                let keep: Vec<NodeId> = self.layers.iter().map(|(_, id)| *id).collect();
                let kept = model.run(&images, &keep)?;
                read(0, kept.output.data());
                for (i, id) in keep.iter().enumerate() {
                    if let Some(value) = kept.get(*id) {
                        read(i + 1, value.data());
                    }
                }
            }
        }
        Ok(())
    }
}

/// The model's graph with the softmax if asked for, and the layers by name.
fn graph(model: &Model, options: &SessionOptions) -> Result<(Graph, Vec<(String, NodeId)>), Error> {
    let own = model.input_size();
    let (h, w) = options.input_size.unwrap_or((own, own));
    let mut graph = model.graph(h, w)?;
    let mut layers = Vec::new();
    for name in &options.layers {
        let id = graph.find(name).ok_or_else(|| Error::UnknownLayer {
            name: name.clone(),
            network: model.network().name.clone(),
            known: near(&graph, name),
        })?;
        layers.push((name.clone(), id));
    }
    if options.probabilities {
        graph.nodes.push(Node {
            name: PROBABILITIES.into(),
            op: Op::Softmax,
            inputs: vec![graph.output],
            shape: graph.output_shape(),
        });
        layers.push((PROBABILITIES.into(), NodeId(graph.nodes.len() - 1)));
    }
    Ok((graph, layers))
}

fn shapes(graph: &Graph, layers: &[(String, NodeId)]) -> Vec<Shape> {
    let ids = layers.iter().map(|(_, id)| *id);
    let ids = std::iter::once(graph.output).chain(ids);
    ids.map(|id| graph.node(id).shape).collect()
}

/// Some layer names, those that begin like `name` first.
fn near(graph: &Graph, name: &str) -> String {
    let modules = graph.nodes.iter().filter(|n| n.op != Op::Flatten);
    let names = modules.map(|n| &n.name).chain(graph.aliases.keys());
    let mut names: Vec<&String> = names.collect();
    let shared = |other: &str| {
        name.bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count()
    };
    names.sort_by_key(|n| (std::cmp::Reverse(shared(n)), n.len().abs_diff(name.len())));
    let few: Vec<&str> = names.iter().take(6).map(|n| n.as_str()).collect();
    format!("{}, …", few.join(", "))
}
