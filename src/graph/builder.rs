//! Builds a graph node by node. The builder infers shapes and rejects operations that do not fit.

use std::collections::BTreeMap;

use super::check::output_shape;
use super::{
    BatchNorm, Bias, Conv2d, Epilogue, Graph, GraphError, Linear, Node, NodeId, Op, Shape, Window,
};

/// Maximum height, width and channel count of an input. Within this limit no arithmetic on shapes
/// overflows.
pub const MAX_EXTENT: usize = 1 << 16;

/// Builder of a [`Graph`] in execution order.
///
/// Nodes are referred to by the [`NodeId`]s that the builder returned. Its methods panic for any
/// other id.
///
/// ```
/// use resnet_wgpu::low_level::graph::{Bias, GraphBuilder, Shape, Window};
///
/// // The bottleneck of He 2015, figure 5: 1×1, 3×3 and 1×1 convolutions, and the sum.
/// let mut g = GraphBuilder::new(Shape::new(320, 320, 256))?;
/// let x = g.input();
/// let a = g.conv("conv1", x, 64, Window::new(1, 1, 0), 1, Bias::Absent)?;
/// let b = g.conv("conv2", a, 64, Window::new(3, 1, 1), 1, Bias::Absent)?;
/// let c = g.conv("conv3", b, 256, Window::new(1, 1, 0), 1, Bias::Absent)?;
/// let y = g.add("add", c, x)?;
/// let graph = g.finish(y);
/// let parameters: usize = graph.params().iter().map(|p| p.shape.iter().product::<usize>()).sum();
/// assert_eq!(parameters, 69_632);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug)]
pub struct GraphBuilder {
    nodes: Vec<Node>,
    aliases: BTreeMap<String, NodeId>,
}

impl GraphBuilder {
    /// Creates a builder with an input of the given shape.
    ///
    /// # Errors
    /// [`GraphError`] if the shape has no pixels or channels, or if an extent exceeds
    /// [`MAX_EXTENT`].
    pub fn new(input: Shape) -> Result<Self, GraphError> {
        if input.is_empty() {
            return Err(GraphError {
                node: "input".into(),
                problem: format!("expected at least one pixel and channel, found {input}"),
            });
        }
        if input.h.max(input.w).max(input.c) > MAX_EXTENT {
            return Err(GraphError {
                node: "input".into(),
                problem: format!("expected extents of at most {MAX_EXTENT}, found {input}"),
            });
        }
        let node = Node {
            name: "input".into(),
            op: Op::Input,
            inputs: vec![],
            shape: input,
        };
        Ok(Self {
            nodes: vec![node],
            aliases: BTreeMap::new(),
        })
    }

    /// Returns the input node.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Returns the output shape of a node.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.nodes[id.0].shape
    }

    /// Gives a node an additional PyTorch module name.
    pub fn alias(&mut self, name: impl Into<String>, id: NodeId) {
        self.aliases.insert(name.into(), id);
    }

    /// Returns the graph, with `output` as its result.
    pub fn finish(self, output: NodeId) -> Graph {
        Graph {
            nodes: self.nodes,
            output,
            aliases: self.aliases,
        }
    }

    fn push(&mut self, name: &str, op: Op, inputs: &[NodeId], shape: Shape) -> NodeId {
        self.nodes.push(Node {
            name: name.to_owned(),
            op,
            inputs: inputs.to_vec(),
            shape,
        });
        NodeId(self.nodes.len() - 1)
    }

    /// Adds a convolution. Its tensors are `{name}.weight`, `[out_channels, in / groups, K, K]`,
    /// and, with a bias, `{name}.bias`, `[out_channels]`.
    ///
    /// # Errors
    /// [`GraphError`] if no window fits, or if the number of input or output channels is not a
    /// multiple of `groups`.
    pub fn conv(
        &mut self,
        name: &str,
        x: NodeId,
        out_channels: usize,
        window: Window,
        groups: usize,
        bias: Bias,
    ) -> Result<NodeId, GraphError> {
        let s = self.shape(x);
        let conv = Conv2d {
            weight: format!("{name}.weight"),
            bias: (bias == Bias::Present).then(|| format!("{name}.bias")),
            in_channels: s.c,
            out_channels,
            window,
            groups,
            epilogue: Epilogue::default(),
        };
        self.infer(name, Op::Conv2d(conv), &[x], out_channels)
    }

    /// Adds a batch norm. Its tensors are `{name}.weight`, `.bias`, `.running_mean` and
    /// `.running_var`, each `[channels]`.
    pub fn batch_norm(&mut self, name: &str, x: NodeId, eps: f64) -> NodeId {
        let shape = self.shape(x);
        let bn = BatchNorm {
            prefix: name.into(),
            channels: shape.c,
            eps,
        };
        self.push(name, Op::BatchNorm(bn), &[x], shape)
    }

    /// Adds `max(x, 0)`.
    pub fn relu(&mut self, name: &str, x: NodeId) -> NodeId {
        let shape = self.shape(x);
        self.push(name, Op::Relu, &[x], shape)
    }

    /// Adds the sum of two nodes of the same shape.
    ///
    /// # Errors
    /// [`GraphError`] if the shapes differ.
    pub fn add(&mut self, name: &str, a: NodeId, b: NodeId) -> Result<NodeId, GraphError> {
        let channels = self.shape(a).c;
        self.infer(name, Op::Add, &[a, b], channels)
    }

    /// Adds a maximum over windows. Padding is never the maximum.
    ///
    /// # Errors
    /// [`GraphError`] if no window fits, or if the padding is more than half the window.
    pub fn max_pool(
        &mut self,
        name: &str,
        x: NodeId,
        window: Window,
    ) -> Result<NodeId, GraphError> {
        let channels = self.shape(x).c;
        self.infer(name, Op::MaxPool(window), &[x], channels)
    }

    /// Adds a mean over windows in ceil mode. Padding does not count.
    ///
    /// # Errors
    /// [`GraphError`] if no window fits, or if the padding is more than half the window.
    pub fn avg_pool(
        &mut self,
        name: &str,
        x: NodeId,
        window: Window,
    ) -> Result<NodeId, GraphError> {
        let channels = self.shape(x).c;
        self.infer(name, Op::AvgPool(window), &[x], channels)
    }

    /// Adds the mean over all pixels.
    pub fn global_avg_pool(&mut self, name: &str, x: NodeId) -> NodeId {
        let c = self.shape(x).c;
        self.push(name, Op::GlobalAvgPool, &[x], Shape::new(1, 1, c))
    }

    /// Adds a flattening to a vector in C×H×W order.
    pub fn flatten(&mut self, name: &str, x: NodeId) -> NodeId {
        let len = self.shape(x).len();
        self.push(name, Op::Flatten, &[x], Shape::new(1, 1, len))
    }

    /// Adds a fully connected layer with bias on a vector. Its tensors are `{name}.weight`,
    /// `[out_features, in]`, and `{name}.bias`, `[out_features]`.
    ///
    /// # Errors
    /// [`GraphError`] if `x` has more than one pixel, or if `out_features` is 0.
    pub fn linear(
        &mut self,
        name: &str,
        x: NodeId,
        out_features: usize,
    ) -> Result<NodeId, GraphError> {
        let s = self.shape(x);
        let linear = Linear {
            weight: format!("{name}.weight"),
            bias: Some(format!("{name}.bias")),
            in_features: s.c,
            out_features,
            epilogue: Epilogue::default(),
        };
        self.infer(name, Op::Linear(linear), &[x], out_features)
    }

    /// Adds the parameter-free shortcut (option A): every `stride`-th pixel, with zero channels
    /// added. `before` of the zero channels precede the input's channels; the rest follow, up to
    /// `channels` in total.
    ///
    /// # Errors
    /// [`GraphError`] if the stride is 0, or if `channels` is smaller than the input's channels
    /// plus `before`.
    pub fn shortcut_a(
        &mut self,
        name: &str,
        x: NodeId,
        channels: usize,
        stride: usize,
        before: usize,
    ) -> Result<NodeId, GraphError> {
        self.infer(name, Op::ShortcutA { stride, before }, &[x], channels)
    }

    /// Adds `exp(x)/Σexp(x)` over the channels of each pixel.
    pub fn softmax(&mut self, name: &str, x: NodeId) -> NodeId {
        let shape = self.shape(x);
        self.push(name, Op::Softmax, &[x], shape)
    }

    /// Adds a node of `channels` channels, with the shape that follows from its inputs.
    ///
    /// # Errors
    /// [`GraphError`] if the operation does not fit its inputs. No node is added then.
    fn infer(
        &mut self,
        name: &str,
        op: Op,
        inputs: &[NodeId],
        channels: usize,
    ) -> Result<NodeId, GraphError> {
        let shapes: Vec<Shape> = inputs.iter().map(|&i| self.shape(i)).collect();
        let id = self.push(name, op, inputs, Shape::new(1, 1, channels));
        match output_shape(&self.nodes[id.0], &shapes) {
            Ok(shape) => {
                self.nodes[id.0].shape = shape;
                Ok(id)
            }
            Err(error) => {
                self.nodes.pop();
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_3x3_convolutions_have_the_papers_parameter_count() {
        let mut g = GraphBuilder::new(Shape::new(8, 8, 64)).unwrap();
        let mut x = g.input();
        for name in ["conv1", "conv2"] {
            x = g
                .conv(name, x, 64, Window::new(3, 1, 1), 1, Bias::Absent)
                .unwrap();
        }
        let graph = g.finish(x);
        let count: usize = graph
            .params()
            .iter()
            .map(|p| p.shape.iter().product::<usize>())
            .sum();
        assert_eq!(count, 73_728);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut g = GraphBuilder::new(Shape::new(2, 9, 3)).unwrap();
        let x = g.input();
        let err = g
            .conv("conv1", x, 8, Window::new(5, 1, 0), 1, Bias::Absent)
            .unwrap_err();
        assert_eq!(err.node, "conv1");
        assert!(err.to_string().contains("larger input size"), "{err}");
        let err = g
            .conv("conv1", x, 8, Window::new(1, 1, 0), 2, Bias::Absent)
            .unwrap_err();
        assert!(err.to_string().contains("2 groups"), "{err}");
        assert!(GraphBuilder::new(Shape::new(0, 1, 3)).is_err());
        let err = GraphBuilder::new(Shape::new(1, usize::MAX, 3)).unwrap_err();
        assert!(err.to_string().contains("65536"), "{err}");
    }
}
