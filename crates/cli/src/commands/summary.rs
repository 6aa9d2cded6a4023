//! `resnet summary`: the structure and cost of a network.

use clap::Args;
use resnet_wgpu::low_level::graph::{Graph, Shape};
use resnet_wgpu::{Labels, Model, Session, SessionOptions};
use serde::Serialize;

use crate::device;
use crate::failure::Failure;
use crate::options::model::ModelArgs;
use crate::options::model::label_source;
use crate::term;
use resnet_wgpu_bench::text::number::{si, thousands};
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// Print a network's layers, shapes, parameters and multiply-accumulates
///
/// Print the recognised properties of the network with their sources. Then print each layer with
/// its output (channels × rows × columns), its learned parameters and its multiply-accumulates for
/// one image.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet summary --weights resnet50.safetensors
  resnet summary --model resnet20 --dot | dot -Tsvg > resnet20.svg")]
pub struct SummaryArgs {
    /// Print one JSON object
    #[arg(long, conflicts_with_all = ["dot", "plan"])]
    pub json: bool,

    /// Print the graph in Graphviz's DOT language
    #[arg(long, conflicts_with = "plan")]
    pub dot: bool,

    /// Print the plan that the device would run: kernels, dispatches, buffers
    #[arg(long, hide_short_help = true)]
    pub plan: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// The output of `--json`. Shapes are those of one image, in PyTorch's order.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    model: &'a str,
    recognised: Vec<RecognisedProperty<'a>>,
    input: [usize; 3],
    classes: usize,
    labels: &'static str,
    parameters: u64,
    macs: u64,
    layers: Vec<LayerSummary<'a>>,
}

#[derive(Debug, Serialize)]
struct RecognisedProperty<'a> {
    what: &'a str,
    from: &'a str,
}

#[derive(Debug, Serialize)]
struct LayerSummary<'a> {
    layer: &'a str,
    kind: &'a str,
    output: [usize; 3],
    parameters: u64,
    macs: u64,
}

/// Runs the command.
pub fn command(args: &SummaryArgs) -> Result<(), Failure> {
    let model = args.model.load()?;
    let side = args.model.side(&model);
    if args.plan {
        return plan(args, &model, side);
    }
    let graph = model.graph(side, side)?;
    args.model.announce();
    if args.dot {
        return term::print(&graph.to_dot(&model.network().name));
    }
    let labels = args.model.class_names(&model)?;
    args.model.announce_labels(&labels);
    let summary = summary(&model, &graph, &labels);
    if args.json {
        term::print_json_pretty(&summary)
    } else {
        term::print(&text(&summary))
    }
}

/// Prints the plan that the device would run.
fn plan(args: &SummaryArgs, model: &Model, side: usize) -> Result<(), Failure> {
    let gpu = device::open_gpu(&args.model.device, args.model.kernels)?;
    let options = SessionOptions {
        batch: args.model.batch(1),
        input_size: Some((side, side)),
        choice: (args.model.choice).choice_on(Some(&gpu), args.model.precision),
        precision: args.model.precision,
        ..Default::default()
    };
    let session = Session::new(&gpu, model, &options)?;
    match session.plan() {
        Some(plan) => term::print(&format!("{}: {plan}", gpu.describe())),
        None => Ok(()),
    }
}

fn summary<'a>(model: &'a Model, graph: &'a Graph, labels: &Labels) -> Summary<'a> {
    let total = graph.total_cost();
    let recognised = model
        .sources()
        .iter()
        .map(|(what, from)| RecognisedProperty { what, from });
    let layers = graph.iter().map(|(id, node)| {
        let cost = graph.cost(id);
        LayerSummary {
            layer: &node.name,
            kind: node.op.kind(),
            output: chw(node.shape),
            parameters: cost.parameters,
            macs: cost.macs,
        }
    });
    Summary {
        model: &model.network().name,
        recognised: recognised.collect(),
        input: chw(graph.input_shape()),
        classes: model.network().classes,
        labels: label_source(labels),
        parameters: total.parameters,
        macs: total.macs,
        layers: layers.collect(),
    }
}

/// Converts a shape to PyTorch's order.
pub fn chw(shape: Shape) -> [usize; 3] {
    [shape.c, shape.h, shape.w]
}

/// Formats a shape: `64×112×112`.
pub fn shape_text([c, h, w]: [usize; 3]) -> String {
    format!("{c}×{h}×{w}")
}

fn text(summary: &Summary<'_>) -> String {
    let mut known = Table::new(&[("recognised", Alignment::Left), ("from", Alignment::Left)]);
    for r in &summary.recognised {
        known.row(vec![r.what.to_owned(), r.from.to_owned()]);
    }
    if summary.labels == "assumed" {
        let from = format!("{} classes, assumed", summary.classes);
        known.row(vec!["labels: built in".to_owned(), from]);
    }
    let mut layers = Table::new(&[
        ("layer", Alignment::Left),
        ("kind", Alignment::Left),
        ("output", Alignment::Right),
        ("parameters", Alignment::Right),
        ("multiply-accumulates", Alignment::Right),
    ]);
    // Most nodes have no cost, and a blank cell is easier to read than a zero.
    let cost = |n: u64| if n == 0 { String::new() } else { thousands(n) };
    for l in &summary.layers {
        layers.row(vec![
            l.layer.to_owned(),
            l.kind.to_owned(),
            shape_text(l.output),
            cost(l.parameters),
            cost(l.macs),
        ]);
    }
    layers.row(vec![
        "total".into(),
        String::new(),
        String::new(),
        thousands(summary.parameters),
        thousands(summary.macs),
    ]);
    format!(
        "{}\n{}\n{}: {} parameters, {}MAC for one image of {}\n",
        known.text(),
        layers.text(),
        summary.model,
        thousands(summary.parameters),
        si(summary.macs),
        shape_text(summary.input),
    )
}
