//! `resnet run`: reads input tensors, writes logits and layer outputs.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::low_level::graph::{Graph, NodeId, Op};
use resnet_wgpu::{Session, SessionOptions, Tensor};

use crate::device;
use crate::failure::Failure;
use crate::options::model::ModelArgs;
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::tensor_file::{read_input, to_bytes};
use crate::term;

/// Run a network on tensors from a safetensors file
///
/// Read the tensor `input`, [N, 3, H, W] and already normalised. Write `logits`, [N, classes], and
/// one tensor for each --layer: exactly the output of the PyTorch module of that name. H and W are
/// those of the input, so --input-size and the other preprocessing options have no effect.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  resnet run --weights resnet50.safetensors --input in.safetensors --output out.safetensors \\
      --layer layer4 --layer layer1.0.conv2")]
pub struct RunArgs {
    /// safetensors file with the tensor `input`, [N, 3, H, W], f32 (f16, bf16, f64 are converted)
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// safetensors file to write; an existing file is replaced at the end
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// PyTorch module whose output to write as well, such as layer4 (may be repeated)
    ///
    /// The name is torchvision's, whatever the naming of the checkpoint: layer4, layer1.0.conv2,
    /// avgpool. `resnet summary` lists the names; a block's `relu` is its last one. The output is
    /// [N, C, H, W], or [N, C] for the fully connected layers and the layers after them. NaN inputs
    /// give NaN outputs, as in PyTorch.
    #[arg(long = "layer", value_name = "NAME")]
    pub layers: Vec<String>,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// The default batch size, if there are that many images.
const BATCH: usize = 8;

/// Runs the command.
pub fn command(args: &RunArgs) -> Result<(), Failure> {
    let model = args.model.load_trained()?;
    let read = [Some(&args.input), args.model.weights.as_ref()];
    let output = OutputFile::at(&args.output, read.into_iter().flatten())?;
    let input = read_input(&args.input)?;
    let [n, _, h, w] = *input.shape() else {
        return Err(Failure::new("input: expected shape [N, 3, H, W]"));
    };
    let mut layers: Vec<String> = vec![];
    for layer in &args.layers {
        // The logits are always written under this name.
        if !layers.contains(layer) && layer != "logits" {
            layers.push(layer.clone());
        }
    }
    let on = device::open(&args.model.device, args.model.kernels)?;
    let options = SessionOptions {
        batch: args.model.batch(n.min(BATCH)),
        input_size: Some((h, w)),
        layers,
        precision: args.model.precision,
        choice: (args.model.choice).choice_on(on.gpu(), args.model.precision),
        ..Default::default()
    };
    let mut session = Session::new(&on, &model, &options)?;
    args.model.announce();
    args.model.announce_precision(session.precision());
    let tensors = run(&mut session, &input, &options.layers)?;
    let metadata = HashMap::from([
        ("model".to_owned(), model.network().name.clone()),
        ("device".to_owned(), on.to_string()),
    ]);
    output.write(&to_bytes(&tensors, metadata)?)?;
    let lines = tensors
        .iter()
        .map(|(name, t)| format!("{name} {:?}\n", t.shape()));
    term::print(&lines.collect::<String>())
}

/// Computes the logits and the layers of all images, in PyTorch's order.
fn run(
    session: &mut Session,
    input: &Tensor,
    layers: &[String],
) -> Result<Vec<(String, Tensor)>, Failure> {
    let n = input.shape()[0];
    let each = input.data().len() / n;
    let mut names = vec!["logits".to_owned()];
    names.extend_from_slice(layers);
    let mut parts: Vec<(Vec<usize>, Vec<f32>)> = vec![(vec![], vec![]); names.len()];
    let mut progress = Progress::bar(n, "images");
    for images in input.data().chunks(session.batch() * each) {
        let mut shape = input.shape().to_vec();
        shape[0] = images.len() / each;
        let images = whole(shape, images.to_vec())?;
        let outputs = session.run(&images.nchw_to_nhwc())?;
        let layers = outputs
            .layers
            .into_iter()
            .map(|(_, layer)| layer.nhwc_to_nchw());
        for (part, tensor) in parts
            .iter_mut()
            .zip([outputs.logits].into_iter().chain(layers))
        {
            part.0 = tensor.shape().to_vec();
            part.1.extend(tensor.into_data());
        }
        progress.advance(images.shape()[0]);
    }
    let graph = session.graph();
    let joined = names
        .into_iter()
        .zip(parts)
        .map(|(name, (mut shape, data))| {
            shape[0] = n;
            if shape.len() == 4 && graph.find(&name).is_some_and(|id| is_vector(graph, id)) {
                shape.truncate(2);
            }
            Ok((name, whole(shape, data)?))
        });
    joined.collect()
}

fn whole(shape: Vec<usize>, data: Vec<f32>) -> Result<Tensor, Failure> {
    Tensor::new(shape, data).ok_or_else(|| Failure::new("a batch came back incomplete"))
}

/// Returns whether PyTorch's module outputs `[N, C]`. This is the case after the flattening before
/// a fully connected layer, but not after a pool, which keeps 1×1 pixels.
fn is_vector(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::Linear(_) | Op::Flatten => true,
        Op::Relu | Op::Softmax => node.inputs.iter().all(|&input| is_vector(graph, input)),
        _ => false,
    }
}
