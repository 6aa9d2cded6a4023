//! The arguments of `resnet eval`, without those of the model.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::Views;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;

use crate::options::model::ModelArgs;

/// Measure accuracy on labelled images
///
/// Classify labelled images and print the share of images whose first class is correct (top-1),
/// and the share whose correct class is among the first five (top-5), with 95 % intervals. Top-5
/// is always 100 % for five classes or fewer. Also print the accuracy of each class, the most
/// confused pairs of classes, and the expected calibration error.
///
/// An image that cannot be read is reported, counted as failed and left out of the accuracy.
/// Ctrl-C ends the run and prints the results so far.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet eval --weights resnet50.safetensors --data imagenet/val
  resnet eval --weights resnet50.safetensors --data ILSVRC2012_img_val \\
      --truth ILSVRC2012_validation_ground_truth.txt --crops 10
  resnet eval --data test_batch.bin --save predictions.csv --report report.html
  resnet eval --weights mine.safetensors --labels names.txt --data list.csv --json")]
pub struct EvalArgs {
    /// Labelled images: class folders, a CSV of path,label, or CIFAR-10's binary format
    ///
    /// A directory has one folder for each class, named by label, synset or index. If no name is
    /// one of these, the folders are numbered in the order of their names, as torchvision's
    /// ImageFolder does. With --truth, the path is a directory of images without class folders. A
    /// file is a CSV of path,label or a file of CIFAR-10's binary version (test_batch.bin).
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,

    /// Label file for a directory of images, as in ILSVRC's validation set
    ///
    /// Each line of the text file has a label, in the order of the images' names, or an image's
    /// name and its label. Labels are class indices from 0, synsets or names. In
    /// ILSVRC2012_validation_ground_truth.txt, labels are ILSVRC's own numbers. Kaggle's
    /// LOC_val_solution.csv is supported as well.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,

    /// Evaluate only the first N images
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// Crops per image: 1 (the centre) or 10 (corners and centre, also mirrored)
    ///
    /// The probabilities of the crops are averaged. 1 is the centre crop. 10 are the four corners
    /// and the centre of the resized image, and the same crops of its mirror image (torchvision's
    /// TenCrop).
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Views",
          value_parser = clap::value_parser!(u32).range(1..=10))]
    pub crops: u32,

    /// Also evaluate the mirror image of the centre crop
    #[arg(long, help_heading = "Views", conflicts_with = "scales")]
    pub mirror: bool,

    /// Evaluate whole images at several scales, such as 224,256,384,480,640
    ///
    /// Use whole images instead of crops. The shorter side is resized to each of these lengths, and
    /// the network runs at the image's own aspect ratio, on the image and on its mirror image. The
    /// probabilities are averaged (He 2015, section 3.4). The network must be fully convolutional
    /// up to its global pooling, as all ResNets are.
    #[arg(long, value_name = "PIXELS,...", value_delimiter = ',', num_args = 1..,
          help_heading = "Views", conflicts_with = "crops",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub scales: Vec<u32>,

    /// Store each prediction in a CSV file, and resume an earlier run from it
    ///
    /// Each prediction is written as soon as it is computed. If the file already holds predictions
    /// of the same model, data and settings, the run continues where the earlier run stopped.
    #[arg(long, value_name = "FILE.csv", help_heading = "Output")]
    pub save: Option<PathBuf>,

    /// Write an HTML page: accuracy, calibration, confusion matrix, most confident mistakes
    #[arg(long, value_name = "FILE.html", help_heading = "Output")]
    pub report: Option<PathBuf>,

    /// Stop at the first image that cannot be read
    #[arg(long)]
    pub strict: bool,

    /// Only decode and preprocess the images, and print the speed
    #[arg(long, hide_short_help = true, conflicts_with_all = ["save", "report", "json"])]
    pub decode_only: bool,

    /// Print one JSON object
    ///
    /// The object has model, data, device, images, top1 and top5 (0 to 1) with their intervals,
    /// failed, failures, calibration, classes, confused, mistakes, images_per_second and other
    /// fields.
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

impl EvalArgs {
    /// Returns the requested views of an image, or a description of the conflict between the
    /// options.
    pub fn views(&self) -> Result<Views, String> {
        match (self.crops, self.mirror) {
            _ if !self.scales.is_empty() => Ok(Views::Scales(self.scales.clone())),
            (1, false) => Ok(Views::Centre),
            (1, true) => Ok(Views::Mirrored),
            (10, false) => Ok(Views::TenCrop),
            (10, true) => Err("--mirror: the 10 crops are mirrored already; leave it out".into()),
            (n, _) => Err(format!("--crops: expected 1 or 10, found {n}")),
        }
    }
}
