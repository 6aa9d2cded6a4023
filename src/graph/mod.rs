//! A network as a graph of named nodes with inferred shapes: pure data.
//!
//! Shapes describe one image; the batch size is part of the plan. Every input of a node precedes
//! the node. Each node has the name of the PyTorch module that produces the same output.

mod builder;
mod check;
mod cost;
mod dot;
mod op;

pub use builder::{GraphBuilder, MAX_EXTENT};
pub use cost::{NodeCost, TotalCost};
pub use op::{BatchNorm, Bias, Conv2d, Epilogue, Linear, Op, Window, ZeroChannels};

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
    /// Creates a shape of `h` rows, `w` columns and `c` channels.
    pub const fn new(h: usize, w: usize, c: usize) -> Self {
        Self { h, w, c }
    }

    /// Returns the number of elements of one image. The number saturates at `usize::MAX`.
    pub const fn len(&self) -> usize {
        self.h.saturating_mul(self.w).saturating_mul(self.c)
    }

    /// Returns whether the shape has no elements.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.h, self.w, self.c)
    }
}

/// Index of a node in its graph. An id is valid for one graph only, as passes renumber the nodes.
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
    /// Name of the PyTorch module that produces this output, unique in the graph.
    pub name: String,
    /// The operation.
    pub op: Op,
    /// The nodes that this node reads, all earlier in the graph.
    pub inputs: Vec<NodeId>,
    /// Shape of the output for one image.
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
    /// Tensor name in torchvision's style.
    pub name: String,
    /// Extents in PyTorch's order.
    pub shape: Vec<usize>,
}

/// A network, or a part of a network.
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
    /// Nodes in execution order. The first node is the input.
    pub nodes: Vec<Node>,
    /// The node whose value is the result (the logits of a classifier).
    pub output: NodeId,
    /// Additional PyTorch module names: `layer4`, `layer1.0.relu`, `relu`, …
    pub aliases: BTreeMap<String, NodeId>,
}

impl Graph {
    /// Returns the node with index `id`.
    ///
    /// # Panics
    /// Panics if the graph has no such node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Returns the shape of one input image.
    pub fn input_shape(&self) -> Shape {
        self.nodes[0].shape
    }

    /// Returns the shape of the result for one image.
    pub fn output_shape(&self) -> Shape {
        self.node(self.output).shape
    }

    /// Iterates over node indices and nodes in execution order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, n)| (NodeId(i), n))
    }

    /// Returns the node that produces the output of a PyTorch module. The names `linear` and
    /// `shortcut` in CIFAR checkpoints are accepted, too.
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

    /// Returns, for each node, the number of node inputs that read it.
    pub fn use_counts(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for input in self.nodes.iter().flat_map(|n| &n.inputs) {
            uses[input.0] += 1;
        }
        uses
    }

    /// Returns the tensors that the graph needs, in execution order, with their PyTorch shapes.
    pub fn params(&self) -> Vec<ParamSpec> {
        self.params_by_node().into_iter().map(|(p, _)| p).collect()
    }

    /// Returns the tensors that the graph needs, each with the node that needs it.
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

/// The reason why a graph cannot be built.
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
    /// Name of the node that is invalid or could not be added.
    pub node: String,
    /// Problem in the form "expected X, found Y", with a remedy if one exists.
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
