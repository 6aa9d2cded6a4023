//! The arguments of `resnet embed`, without those of the model.

use std::path::PathBuf;

use clap::Args;

use crate::options::model::ModelArgs;

/// Features of photos: a vector for each, in a safetensors file
///
/// Runs the images through the network and writes what its classifier reads (the
/// pooled features, 2,048 numbers of a ResNet-50), or the output of any layer:
/// the tensor `features`, [N, D] f32, and the tensor `paths`, u8, each path ended
/// by a zero byte. Images are read and written a few at a time, however many
/// there are. A file that cannot be read is reported and left out, and the exit
/// code is 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet embed --model resnet50 --pretrained ~/Pictures --output pictures.safetensors
  resnet embed --layer layer3 --normalize photos/ --output layer3.safetensors

In Python:
  t = safetensors.torch.load_file('pictures.safetensors')
  paths = bytes(t['paths']).decode().split('\\0')[:-1]")]
pub struct EmbedArgs {
    /// Image files, and directories of them
    #[arg(value_name = "IMAGE|DIR", required = true)]
    pub images: Vec<PathBuf>,

    /// safetensors file to write; one that is there is replaced when all is done
    #[arg(long, value_name = "FILE.safetensors")]
    pub output: PathBuf,

    /// PyTorch module whose output is wanted instead, such as layer3
    ///
    /// PyTorch module whose output is wanted instead of the pooled features,
    /// under torchvision's name; `resnet summary` lists them. One with rows and
    /// columns gives [N, C, H, W].
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,

    /// Divide each vector by its length, so that products are cosines
    #[arg(long)]
    pub normalize: bool,

    /// One JSON object: output, images, failed, shape, layer, model, device, images_per_second
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}
