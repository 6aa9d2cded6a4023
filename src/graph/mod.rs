//! A network as a graph of named nodes with inferred shapes: pure data.
//!
//! Shapes are of one image; the batch is the plan's matter. Nodes stand in an
//! order in which every input comes before its user, and carry the name of
//! the PyTorch module whose output they are.

mod builder;
mod check;
mod cost;
mod dot;
mod op;

pub use builder::{GraphBuilder, MAX_EXTENT};
pub use cost::{NodeCost, TotalCost};
pub use op::{BatchNorm, Conv2d, Epilogue, Linear, Op, Window, ZeroChannels};

use std::collections::BTreeMap;
use std::fmt;

/// Height, width and channels of one image's activation (NHWC without the N).
///
/// ```
/// use resnet_wgpu::low_level::graph::Shape;
///
/// let image = Shape::new(224, 224, 3);
/// assert_eq!(image.len(), 150_528);
/// assert_eq!(image.to_string(), "224×224×3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
    /// Channels.
    pub c: usize,
}

impl Shape {
    /// A shape of `h` rows, `w` columns and `c` channels.
    pub const fn new(h: usize, w: usize, c: usize) -> Self {
        Self { h, w, c }
    }

    /// Elements of one image; of a size that no memory has, as many as can be
    /// counted.
    pub const fn len(&self) -> usize {
        self.h.saturating_mul(self.w).saturating_mul(self.c)
    }

    /// Whether there are no elements.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.h, self.w, self.c)
    }
}

/// Index of a node in its graph, and in no other: passes number nodes anew.
///
/// ```
/// use resnet_wgpu::low_level::graph::Shape;
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// let id = graph.find("layer4").expect("the last stage");
/// assert_eq!(graph.node(id).shape, Shape::new(7, 7, 512));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// One operation with its inputs and the shape of its output.
///
/// ```
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// let last = graph.node(graph.output);
/// assert_eq!((last.name.as_str(), last.op.kind()), ("fc", "linear"));
/// assert_eq!(graph.node(last.inputs[0]).name, "avgpool");
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The PyTorch module whose output this is, unique in the graph.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Nodes that it reads, all earlier in the graph.
    pub inputs: Vec<NodeId>,
    /// Shape of its output for one image.
    pub shape: Shape,
}

/// Name and PyTorch shape of a tensor that a graph needs.
///
/// ```
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// let specs = graph.params();
/// assert_eq!(specs[0].name, "conv1.weight");
/// assert_eq!(specs[0].shape, [64, 3, 7, 7]);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamSpec {
    /// Tensor name, torchvision's style.
    pub name: String,
    /// Extents in PyTorch's order.
    pub shape: Vec<usize>,
}

/// A network, or a part of one.
///
/// ```
/// use resnet_wgpu::low_level::graph::Shape;
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// for (id, node) in graph.iter() {
///     println!("{:3}  {:24} {:12} {}", id.0, node.name, node.op.kind(), node.shape);
/// }
/// let convolutions = graph.nodes.iter().filter(|node| node.op.kind() == "conv2d");
/// assert_eq!(convolutions.count(), 20);
/// assert_eq!(graph.output_shape(), Shape::new(1, 1, 1000));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Nodes in execution order; the first is the input.
    pub nodes: Vec<Node>,
    /// The node whose value is the result (the logits of a classifier).
    pub output: NodeId,
    /// Further PyTorch module names: `layer4`, `layer1.0.relu`, `relu`, …
    pub aliases: BTreeMap<String, NodeId>,
}

impl Graph {
    /// The node of that index.
    ///
    /// # Panics
    /// Where the graph has no such node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Shape of one input image.
    pub fn input_shape(&self) -> Shape {
        self.nodes[0].shape
    }

    /// Shape of one image's result.
    pub fn output_shape(&self) -> Shape {
        self.node(self.output).shape
    }

    /// Indices and nodes in execution order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, n)| (NodeId(i), n))
    }

    /// The node that gives a PyTorch module's output; CIFAR checkpoints'
    /// `linear` and `shortcut` are understood as well.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let named = |node: &Node, name: &str| node.name == name && node.op != Op::Flatten;
        let exact = |name: &str| {
            let by_name = || self.nodes.iter().position(|n| named(n, name)).map(NodeId);
            self.aliases.get(name).copied().or_else(by_name)
        };
        exact(name).or_else(|| {
            let renamed = name.replace("shortcut", "downsample");
            let renamed = match renamed.as_str() {
                "linear" => "fc",
                other => other,
            };
            exact(renamed)
        })
    }

    /// For each node, how many inputs of other nodes read it.
    pub fn use_counts(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for input in self.nodes.iter().flat_map(|n| &n.inputs) {
            uses[input.0] += 1;
        }
        uses
    }

    /// The tensors that the graph needs, in execution order, each of PyTorch's
    /// shape.
    pub fn params(&self) -> Vec<ParamSpec> {
        self.params_by_node().into_iter().map(|(p, _)| p).collect()
    }

    /// The tensors that the graph needs, each with the node that needs it.
    pub fn params_by_node(&self) -> Vec<(ParamSpec, NodeId)> {
        let mut specs = Vec::new();
        for (id, node) in self.iter() {
            let mut add = |name: &str, shape: Vec<usize>| {
                let name = name.to_owned();
                specs.push((ParamSpec { name, shape }, id));
            };
            match &node.op {
                Op::Conv2d(c) => {
                    let k = c.window.kernel;
                    let inputs = c.in_channels / c.groups.max(1);
                    add(&c.weight, vec![c.out_channels, inputs, k, k]);
                    if let Some(bias) = &c.bias {
                        add(bias, vec![c.out_channels]);
                    }
                }
                Op::BatchNorm(bn) => {
                    for leaf in ["weight", "bias", "running_mean", "running_var"] {
                        add(&format!("{}.{leaf}", bn.prefix), vec![bn.channels]);
                    }
                }
                Op::Linear(l) => {
                    add(&l.weight, vec![l.out_features, l.in_features]);
                    if let Some(bias) = &l.bias {
                        add(bias, vec![l.out_features]);
                    }
                }
                Op::ScaleShift { scale, shift, .. } => {
                    add(scale, vec![node.shape.c]);
                    add(shift, vec![node.shape.c]);
                }
                _ => {}
            }
        }
        specs
    }
}

/// A graph that cannot be built.
///
/// ```
/// use resnet_wgpu::Network;
///
/// let vgg = Network::preset("vgg19").expect("a preset");
/// let error = vgg.graph(32, 32).unwrap_err();
/// assert_eq!(error.node, "classifier.0");
/// assert!(error.problem.contains("use its own input size"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer `{node}`: {problem}")]
pub struct GraphError {
    /// The node that could not be added.
    pub node: String,
    /// What was expected, what was found, and the remedy.
    pub problem: String,
}

impl GraphError {
    pub(crate) fn new(node: &str, problem: impl Into<String>) -> Self {
        Self {
            node: node.to_owned(),
            problem: problem.into(),
        }
    }
}
