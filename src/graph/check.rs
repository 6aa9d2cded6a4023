//! Checks a whole graph.
//!
//! A graph's fields are public, so a graph that the builder did not make may have wrong shapes.
//! Code that runs a graph may rely on its indices and shapes only after this check.

use std::collections::HashSet;

use super::{Graph, GraphError, Node, Op, Shape, Window};

/// Maximum kernel extent, stride and padding. Within this limit the arithmetic on windows cannot
/// overflow.
const MAX_WINDOW: usize = 1 << 24;

impl Graph {
    /// Checks that the graph is well-formed. Every name must be unique. Every node must read only
    /// earlier nodes, in the number that its operation needs, and must have the shape that follows
    /// from them.
    ///
    /// A graph from [`GraphBuilder`](super::GraphBuilder) passes if its names are unique.
    ///
    /// # Errors
    /// [`GraphError`] for the first violation of one of these rules.
    pub fn check(&self) -> Result<(), GraphError> {
        if self.nodes.is_empty() {
            return Err(GraphError::new("input", "expected a node, found none"));
        }
        if self.output.0 >= self.nodes.len() {
            let problem = format!("expected an output among {} nodes", self.nodes.len());
            return Err(GraphError::new("output", problem));
        }
        let mut names = HashSet::new();
        for (id, node) in self.iter() {
            if !names.insert(&node.name) {
                let problem = "expected names that differ, found this one twice";
                return Err(GraphError::new(&node.name, problem));
            }
            if (id.0 == 0) != (node.op == Op::Input) {
                let problem = format!(
                    "expected the input as node 0 only, found it as node {}",
                    id.0
                );
                return Err(GraphError::new(&node.name, problem));
            }
            if let Some(late) = node.inputs.iter().find(|i| i.0 >= id.0) {
                let problem = format!(
                    "expected inputs before node {}, found node {}",
                    id.0, late.0
                );
                return Err(GraphError::new(&node.name, problem));
            }
            let inputs: Vec<Shape> = node.inputs.iter().map(|&i| self.node(i).shape).collect();
            let expected = output_shape(node, &inputs)?;
            if node.shape != expected {
                let problem = format!("expected an output of {expected}, found {}", node.shape);
                return Err(GraphError::new(&node.name, problem));
            }
        }
        Ok(())
    }
}

/// Checks that the padding is at most half the window, the bound that PyTorch has, too. With more
/// padding, a window could lie entirely outside the image.
fn padding(node: &str, window: Window) -> Result<(), GraphError> {
    // If doubling overflows, no window fits, and `windows` reports that error.
    if (window.padding.checked_mul(2)).is_some_and(|twice| twice > window.kernel) {
        let problem = format!(
            "expected padding of at most half the window's {} pixels, found {}",
            window.kernel, window.padding
        );
        return Err(GraphError::new(node, problem));
    }
    Ok(())
}

/// Returns the output shape of a node, computed from its operation and the shapes of its inputs.
///
/// # Errors
/// [`GraphError`] if the operation does not fit its inputs.
pub(super) fn output_shape(node: &Node, inputs: &[Shape]) -> Result<Shape, GraphError> {
    let wrong = |problem: String| GraphError::new(&node.name, problem);
    let wanted = match &node.op {
        Op::Input => 0,
        Op::Add => 2,
        Op::Conv2d(c) => 1 + usize::from(c.epilogue.residual),
        Op::Linear(l) => 1 + usize::from(l.epilogue.residual),
        _ => 1,
    };
    if inputs.len() != wanted {
        return Err(wrong(format!(
            "expected {wanted} inputs, found {}",
            inputs.len()
        )));
    }
    let Some(&x) = inputs.first() else {
        return if node.shape.is_empty() {
            Err(wrong(format!(
                "expected at least one pixel, found {}",
                node.shape
            )))
        } else {
            Ok(node.shape)
        };
    };
    let channels = |expected: usize| {
        if x.c == expected {
            Ok(())
        } else {
            Err(wrong(format!(
                "expected {expected} input channels, found {}",
                x.c
            )))
        }
    };
    let shape = match &node.op {
        Op::Conv2d(c) => {
            channels(c.in_channels)?;
            let whole = |n: usize| n > 0 && c.groups > 0 && n.is_multiple_of(c.groups);
            if !whole(c.in_channels) || !whole(c.out_channels) {
                return Err(wrong(format!(
                    "expected channel counts that are multiples of {} groups, found {} in and {} out",
                    c.groups, c.in_channels, c.out_channels
                )));
            }
            let (h, w) = windows(node, x, c.window, Window::outputs)?;
            Shape::new(h, w, c.out_channels)
        }
        Op::Linear(l) => {
            channels(l.in_features)?;
            if (x.h, x.w) != (1, 1) || l.out_features == 0 {
                return Err(wrong(format!(
                    "expected a vector (1×1 pixels) and at least one output, found {x} and {}; \
                     pool or flatten it",
                    l.out_features
                )));
            }
            Shape::new(1, 1, l.out_features)
        }
        Op::BatchNorm(bn) => {
            channels(bn.channels)?;
            x
        }
        Op::MaxPool(window) => {
            padding(&node.name, *window)?;
            let (h, w) = windows(node, x, *window, Window::outputs)?;
            Shape::new(h, w, x.c)
        }
        Op::AvgPool(window) => {
            padding(&node.name, *window)?;
            let (h, w) = windows(node, x, *window, Window::outputs_ceil)?;
            Shape::new(h, w, x.c)
        }
        Op::GlobalAvgPool => Shape::new(1, 1, x.c),
        Op::Flatten => Shape::new(1, 1, x.len()),
        Op::ShortcutA { stride, before } => {
            let c = node.shape.c;
            if *stride == 0 || before.checked_add(x.c).is_none_or(|used| used > c) {
                return Err(wrong(format!(
                    "expected a stride of at least 1 and room for {before} zeros and {} channels, \
                     found stride {stride} and {c} channels; use a projection (option B) where a \
                     shortcut shrinks",
                    x.c
                )));
            }
            Shape::new(x.h.div_ceil(*stride), x.w.div_ceil(*stride), c)
        }
        Op::Input | Op::Relu | Op::Add | Op::Softmax | Op::ScaleShift { .. } => x,
    };
    // The second input of an addition or a residual has the output's shape.
    if let Some(&second) = inputs.get(1)
        && second != shape
    {
        return Err(wrong(format!(
            "expected a second input of {shape}, found {second}"
        )));
    }
    Ok(shape)
}

/// Returns the number of window rows and columns that fit.
///
/// # Errors
/// [`GraphError`] if no window fits, or if a number exceeds [`MAX_WINDOW`].
fn windows(
    node: &Node,
    x: Shape,
    window: Window,
    count: fn(&Window, usize) -> Option<usize>,
) -> Result<(usize, usize), GraphError> {
    let Window {
        kernel: k,
        stride: s,
        padding: p,
    } = window;
    let sane = |n: usize| n <= MAX_WINDOW;
    let counts = (k > 0 && s > 0 && [k, s, p, x.h, x.w].into_iter().all(sane))
        .then(|| Some((count(&window, x.h)?, count(&window, x.w)?)))
        .flatten();
    counts.ok_or_else(|| {
        GraphError::new(
            &node.name,
            format!("expected {k}×{k} windows, stride {s}, padding {p}, that fit, found {x}; use a larger input size"),
        )
    })
}
