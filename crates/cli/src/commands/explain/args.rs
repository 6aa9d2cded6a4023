//! The arguments of `resnet explain`, without those of the model.

use std::path::PathBuf;

use clap::Args;

use crate::options::model::ModelArgs;

/// Show the parts of an image that support a class
///
/// Paint a class activation map (Zhou et al. 2016) over the image. The overlay is bright where the
/// last features support the class, dark where they do not, and dimmed outside the crop. The map is
/// exact: its mean plus the bias is the class's logit. The network must end in global average
/// pooling and one linear layer, as every ResNet does. If stdout is a terminal, the overlay is
/// shown there as well.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet explain photos/chelsea.png --output overlay.png
  resnet explain --model resnet50 --pretrained photos/chelsea.png --top-k 3 --output top3.png
  resnet explain --class \"Egyptian cat\" --map map.safetensors photos/chelsea.png")]
pub struct ExplainArgs {
    /// Image to explain
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// File to write the overlay to: .png or .jpg
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Class to explain, by name, synset or index [default: the likeliest]
    #[arg(long, value_name = "NAME|INDEX", conflicts_with = "top_k")]
    pub class: Option<String>,

    /// Explain the K likeliest classes, side by side
    #[arg(long, value_name = "K", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=16))]
    pub top_k: u32,

    /// File to write the raw maps to, as safetensors
    ///
    /// The tensor `map` is [K, rows, columns], f32. Each value is the contribution of its position
    /// to the logit, before the mean. The tensors `logits` and `bias` have K values each. The
    /// header's metadata lists the classes.
    #[arg(long, value_name = "FILE.safetensors")]
    pub map: Option<PathBuf>,

    /// Print one JSON object
    ///
    /// The object has path, model, device, region, rows and columns of the maps, and classes.
    /// `region` is the part of the image that the network reads: left, top, width and height in the
    /// image's pixels. `classes` is a list of class, label, probability, logit, bias, and the row
    /// and column of the map's largest value.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}
