//! The arguments of `resnet eval`, without those of the model.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::Views;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;

use crate::options::model::ModelArgs;

/// How often it is right: accuracy on labelled images
///
/// Classifies labelled images and prints how often the first class is right
/// (top-1) and how often one of the first five is (top-5; of all classes where
/// there are fewer than five, and so always), with 95 % intervals; each class's
/// accuracy; what is taken for what; and the expected calibration error. An image
/// that cannot be read is reported, counted as failed and left out of the
/// accuracy. Ctrl-C ends it with what has been measured so far.
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
    /// Labelled images: a directory with a folder for each class, named by
    /// label, synset or index (or else numbered in the order of their names,
    /// as torchvision's ImageFolder does); a CSV of path,label; a file of
    /// CIFAR-10's binary version (test_batch.bin); or with --truth a directory
    /// of images.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,

    /// The labels of a directory of images, as ILSVRC's validation set has them
    ///
    /// The labels of a directory of images: a text with a label a line in the
    /// order of the images' names, or an image's name and its label. Labels are
    /// class indices from 0, synsets or names; in
    /// ILSVRC2012_validation_ground_truth.txt, ILSVRC's own numbers. Kaggle's
    /// LOC_val_solution.csv is read, too.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,

    /// Only the first N images
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// Crops of each image: 1 (the centre) or 10 (corners, centre, mirrored)
    ///
    /// Crops of each image whose probabilities are averaged: 1 is the centre;
    /// 10 are the four corners and the centre of the resized image, and those of
    /// its mirror image (torchvision's TenCrop).
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "What is seen",
          value_parser = clap::value_parser!(u32).range(1..=10))]
    pub crops: u32,

    /// The mirror image of the centre crop as well
    #[arg(long, help_heading = "What is seen", conflicts_with = "scales")]
    pub mirror: bool,

    /// Whole images at several scales, such as 224,256,384,480,640
    ///
    /// Whole images instead of crops: the shorter side is resized to each of
    /// these lengths, the network runs at the image's own aspect, mirrored too,
    /// and the probabilities are averaged (He 2015, section 3.4). The network
    /// must be fully convolutional up to its global pooling, as all ResNets
    /// are.
    #[arg(long, value_name = "PIXELS,...", value_delimiter = ',', num_args = 1..,
          help_heading = "What is seen", conflicts_with = "crops",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub scales: Vec<u32>,

    /// Keep each answer in a CSV; an earlier run of the same goes on there
    ///
    /// Keeps each answer in a CSV file as it comes. Where the file holds answers
    /// of the same model, data and settings, the run goes on where that one
    /// stopped.
    #[arg(long, value_name = "FILE.csv", help_heading = "Output")]
    pub save: Option<PathBuf>,

    /// A page with the accuracy, calibration, confusions and worst mistakes
    #[arg(long, value_name = "FILE.html", help_heading = "Output")]
    pub report: Option<PathBuf>,

    /// Stop at the first image that cannot be read
    #[arg(long)]
    pub strict: bool,

    /// Only decode and prepare the images, and say how fast
    #[arg(long, hide_short_help = true, conflicts_with_all = ["save", "report", "json"])]
    pub decode_only: bool,

    /// One JSON object
    ///
    /// One JSON object: model, data, device, images, top1 and top5 (0 to 1) with
    /// their intervals, failed, failures, calibration, classes, confused,
    /// mistakes, images_per_second and others.
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
