//! The arguments of `resnet embed`, without those of the model.

use std::path::PathBuf;

use clap::Args;

use crate::options::model::ModelArgs;

/// Write feature vectors of images to a safetensors file
///
/// Run images through the network and write the input of its classifier (the pooled features,
/// 2,048 numbers for a ResNet-50), or the output of any layer. The file has the tensor `features`,
/// [N, D] f32, and the tensor `paths`, u8, in which each path ends with a zero byte.
///
/// Any number of images is supported: images are read and written a few at a time. A file that
/// cannot be read is reported and left out, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet embed --model resnet50 --pretrained ~/Pictures --output pictures.safetensors
  resnet embed --layer layer3 --normalize photos/ --output layer3.safetensors

In Python:
  t = safetensors.torch.load_file('pictures.safetensors')
  paths = bytes(t['paths']).decode().split('\\0')[:-1]")]
pub struct EmbedArgs {
    /// Image files and directories of images
    #[arg(value_name = "IMAGE|DIR", required = true)]
    pub images: Vec<PathBuf>,

    /// safetensors file to write; an existing file is replaced at the end
    #[arg(long, value_name = "FILE.safetensors")]
    pub output: PathBuf,

    /// PyTorch module whose output to write instead of the pooled features, such as layer3
    ///
    /// The name is torchvision's; `resnet summary` lists the names. The output of a module with
    /// rows and columns is [N, C, H, W].
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,

    /// Divide each vector by its length, so that dot products are cosines
    #[arg(long)]
    pub normalize: bool,

    /// Print one JSON object: output, images, failed, shape, layer, model, device, images_per_second
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}
