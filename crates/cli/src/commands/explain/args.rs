//! The arguments of `resnet explain`, without those of the model.

use std::path::PathBuf;

use clap::Args;

use crate::options::model::ModelArgs;

/// Why that class? Where in the picture the answer comes from
///
/// Paints a class activation map (Zhou et al. 2016) over the picture: bright
/// where the last features speak for the class, dark where they do not, dimmed
/// where the crop left the picture out. The map is exact: its mean plus the
/// bias is the class's logit. The network must end in global average pooling and
/// one linear layer, as every ResNet does. Where stdout is a terminal, the
/// picture is shown there, too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet explain photos/chelsea.png --output overlay.png
  resnet explain --model resnet50 --pretrained photos/chelsea.png --top-k 3 --output top3.png
  resnet explain --class \"Egyptian cat\" --map map.safetensors photos/chelsea.png")]
pub struct ExplainArgs {
    /// The picture
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// Where to put the overlay: a .png or .jpg
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The class to explain, by name, synset or index; the likeliest by default
    #[arg(long, value_name = "NAME|INDEX", conflicts_with = "top_k")]
    pub class: Option<String>,

    /// The K likeliest classes, side by side
    #[arg(long, value_name = "K", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=16))]
    pub top_k: u32,

    /// The raw maps as safetensors
    ///
    /// The raw maps as safetensors: `map`, [K, rows, columns] f32, each value
    /// what its place adds to the logit (before the mean); `logits` and `bias`,
    /// K values each; the classes in the header's metadata.
    #[arg(long, value_name = "FILE.safetensors")]
    pub map: Option<PathBuf>,

    /// One JSON object
    ///
    /// One JSON object: path, model, device, region (left, top, width and height
    /// in the picture's pixels of what was seen), rows and columns of the maps, and classes, a list
    /// of class, label, probability, logit, bias, and the row and column of the
    /// map's largest value.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}
