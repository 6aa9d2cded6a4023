//! Exports a graph in Graphviz's DOT language.

use std::fmt::Write;

use super::{Graph, Op};

impl Graph {
    /// Returns the graph in Graphviz's DOT language, for example for `dot -Tsvg`. Each node is a
    /// box with its name, operation and shape. Convolutions, linear layers and sums are shaded.
    pub fn to_dot(&self, title: &str) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "digraph \"{}\" {{", escape(title));
        let _ = writeln!(
            out,
            "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=Helvetica];"
        );
        for (id, node) in self.iter() {
            let detail = match &node.op {
                Op::Conv2d(c) => {
                    let k = c.window.kernel;
                    let stride = match c.window.stride {
                        1 => String::new(),
                        s => format!(" /{s}"),
                    };
                    let groups = match c.groups {
                        1 => String::new(),
                        g => format!(", {g} groups"),
                    };
                    format!("conv2d {k}×{k}{stride}{groups}")
                }
                Op::MaxPool(w) | Op::AvgPool(w) => {
                    format!("{} {k}×{k} /{}", node.op.kind(), w.stride, k = w.kernel)
                }
                op => op.kind().to_owned(),
            };
            let fill = match node.op {
                Op::Conv2d(_) | Op::Linear(_) => ", fillcolor=lightblue",
                Op::Add => ", fillcolor=lightyellow",
                _ => "",
            };
            let _ = writeln!(
                out,
                "  n{} [label=\"{}\\n{detail}\\n{}\"{fill}];",
                id.0,
                escape(&node.name),
                node.shape
            );
            for input in &node.inputs {
                let _ = writeln!(out, "  n{} -> n{};", input.0, id.0);
            }
        }
        out.push_str("}\n");
        out
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
