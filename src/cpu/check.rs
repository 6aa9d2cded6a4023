//! Checks a graph before anything is computed, so that the loops behind it
//! may index without asking.
//!
//! A graph's fields are public: one that the builder did not make may lie
//! about its shapes.

use super::CpuError;
use crate::graph::{Graph, Node, NodeId, Op, Shape, Window};

/// Largest kernel, stride or padding taken; keeps the arithmetic on them far
/// from overflow.
const MAX_WINDOW: usize = 1 << 24;

/// Checks that every node reads earlier nodes only, as many as its operation
/// takes, and has the shape that follows from them.
pub(super) fn check(graph: &Graph) -> Result<(), CpuError> {
    if graph.nodes.is_empty() {
        return Err(CpuError::graph("input", "expected a node, found none"));
    }
    check_id(graph, graph.output)?;
    for (id, node) in graph.iter() {
        if (id.0 == 0) != (node.op == Op::Input) {
            return Err(CpuError::graph(
                &node.name,
                format!(
                    "expected the input as node 0 only, found it as node {}",
                    id.0
                ),
            ));
        }
        if let Some(late) = node.inputs.iter().find(|i| i.0 >= id.0) {
            return Err(CpuError::graph(
                &node.name,
                format!(
                    "expected inputs before node {}, found node {}",
                    id.0, late.0
                ),
            ));
        }
        elements(node, 1)?;
        let inputs: Vec<Shape> = node.inputs.iter().map(|&i| graph.node(i).shape).collect();
        let expected = output_shape(node, &inputs)?;
        if node.shape != expected {
            return Err(CpuError::graph(
                &node.name,
                format!("expected an output of {expected}, found {}", node.shape),
            ));
        }
    }
    Ok(())
}

/// Checks that the graph has node `id`.
pub(super) fn check_id(graph: &Graph, id: NodeId) -> Result<(), CpuError> {
    let nodes = graph.nodes.len();
    if id.0 >= nodes {
        return Err(CpuError::NoSuchNode { id: id.0, nodes });
    }
    Ok(())
}

/// Elements of a node's value for `batch` images.
pub(super) fn elements(node: &Node, batch: usize) -> Result<usize, CpuError> {
    let Shape { h, w, c } = node.shape;
    [h, w, c]
        .iter()
        .try_fold(batch, |len, &extent| len.checked_mul(extent))
        // No allocation may pass isize::MAX bytes.
        .filter(|&len| len <= isize::MAX as usize / size_of::<f32>())
        .ok_or_else(|| CpuError::TooLarge {
            node: node.name.clone(),
            batch,
            height: h,
            width: w,
            channels: c,
        })
}

/// The shape that a node's operation makes of its inputs' shapes.
fn output_shape(node: &Node, inputs: &[Shape]) -> Result<Shape, CpuError> {
    let wrong = |problem: String| CpuError::graph(&node.name, problem);
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
        return match node.shape.is_empty() {
            true => Err(wrong(format!(
                "expected at least one pixel, found {}",
                node.shape
            ))),
            false => Ok(node.shape),
        };
    };
    let channels = |expected: usize| match x.c == expected {
        true => Ok(()),
        false => Err(wrong(format!(
            "expected {expected} input channels, found {}",
            x.c
        ))),
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
                    "expected a vector (1×1 pixels) and at least one output, found {x} and {}",
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
            let (h, w) = windows(node, x, *window, Window::outputs)?;
            Shape::new(h, w, x.c)
        }
        Op::AvgPool(window) => {
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
                     found stride {stride} and {c} channels",
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

/// Rows and columns of windows that fit.
fn windows(
    node: &Node,
    x: Shape,
    window: Window,
    count: fn(&Window, usize) -> Option<usize>,
) -> Result<(usize, usize), CpuError> {
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
        CpuError::graph(
            &node.name,
            format!("expected {k}×{k} windows, stride {s}, padding {p}, that fit, found {x}"),
        )
    })
}
