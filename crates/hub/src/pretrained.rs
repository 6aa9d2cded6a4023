//! The trained weights that are known for each preset, with the sources of all figures. This module
//! is pure data.
//!
//! The data was collected in November 2026 from these sources:
//!
//! - stored copies of the hub's pages: each repository's list of files with `model.safetensors`,
//!   and the licence on its card;
//! - the sources of torchvision 0.29 and timm 1.0.31;
//! - timm's `results-imagenet.csv` (commit 0173a139, 2023).
//!
//! A licence is taken from the repository's card. The exception is `timm/resnet101d.ra2_in1k`,
//! whose licence is that of timm's source.
//!
//! The hub's `tv_in1k` weights are torchvision's first weights (`IMAGENET1K_V1`). They are the
//! defaults of the presets: torchvision's documentation gives their accuracy at the preprocessing
//! that their own configuration asks for.

use super::{HubError, ModelId};
use WeightsLocation::{Embedded, Hub};

/// A checkpoint of a known network, with its published properties.
///
/// ```
/// use resnet_wgpu_hub::pretrained_weights;
///
/// let resnet50 = pretrained_weights("resnet50").expect("it has weights");
/// assert_eq!(resnet50.licence, "bsd-3-clause");
/// let id = resnet50.id().expect("they are on the hub")?;
/// assert_eq!(id.repo(), "timm/resnet50.tv_in1k");
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PretrainedWeights {
    /// The preset of the network.
    pub preset: &'static str,
    /// True if the preset's name alone selects these weights.
    pub default: bool,
    /// The location of the weights.
    pub location: WeightsLocation,
    /// The licence of the weights: the SPDX identifier in lower case.
    pub licence: &'static str,
    /// The accuracy of the weights, if published.
    pub accuracy: Option<PublishedAccuracy>,
}

/// The location of weights.
///
/// ```
/// use resnet_wgpu_hub::{WeightsLocation, pretrained_weights};
///
/// let location = |preset| pretrained_weights(preset).map(|weights| weights.location);
/// assert_eq!(location("resnet20"), Some(WeightsLocation::Embedded));
/// assert_eq!(location("resnet18"), Some(WeightsLocation::Hub("timm/resnet18.tv_in1k")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightsLocation {
    /// Weights embedded in this library.
    Embedded,
    /// A repository on the hub, as `org/name`.
    Hub(&'static str),
}

/// A published accuracy and the conditions of the measurement.
///
/// ```
/// use resnet_wgpu_hub::pretrained_weights;
///
/// let weights = pretrained_weights("resnet50").expect("they exist");
/// let accuracy = weights.accuracy.expect("it is published");
/// assert_eq!((accuracy.top1, accuracy.data), (76.130, "ImageNet"));
/// assert_eq!((accuracy.side, accuracy.crop_pct), (224, 0.875));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PublishedAccuracy {
    /// The top-1 accuracy in percent.
    pub top1: f64,
    /// The data set: ImageNet's 50,000 validation images or CIFAR-10's 10,000 test images.
    pub data: &'static str,
    /// The side of the square input of the network, in pixels.
    pub side: u32,
    /// The ratio of `side` to the length to which an image's shorter side was resized.
    pub crop_pct: f64,
    /// The filter of the resize.
    pub filter: &'static str,
    /// The publisher of the figure.
    pub source: &'static str,
}

impl PretrainedWeights {
    /// Returns the model's id on the hub, or `None` for weights embedded in this library.
    ///
    /// # Errors
    /// [`HubError::Id`] for a name that no model can have. All names in [`PRETRAINED_WEIGHTS`] are
    /// valid.
    pub fn id(&self) -> Option<Result<ModelId, HubError>> {
        match self.location {
            Hub(id) => Some(id.parse()),
            Embedded => None,
        }
    }
}

/// Returns the default weights of a preset. `preset` is the name in the preset table.
pub fn pretrained_weights(preset: &str) -> Option<&'static PretrainedWeights> {
    let mut defaults = PRETRAINED_WEIGHTS.iter().filter(|weights| weights.default);
    defaults.find(|weights| weights.preset == preset)
}

const TORCHVISION: &str = "torchvision";
const TIMM: &str = "timm results-imagenet.csv";

/// Returns torchvision's figure at its usual preprocessing, which the checkpoint's own
/// configuration asks for, too.
const fn torchvision(top1: f64) -> Option<PublishedAccuracy> {
    imagenet(top1, 224, 0.875, "bilinear", TORCHVISION)
}

const fn timm(
    top1: f64,
    side: u32,
    crop_pct: f64,
    filter: &'static str,
) -> Option<PublishedAccuracy> {
    imagenet(top1, side, crop_pct, filter, TIMM)
}

const fn imagenet(
    top1: f64,
    side: u32,
    crop_pct: f64,
    filter: &'static str,
    source: &'static str,
) -> Option<PublishedAccuracy> {
    Some(PublishedAccuracy {
        top1,
        data: "ImageNet",
        side,
        crop_pct,
        filter,
        source,
    })
}

const fn default_row(
    preset: &'static str,
    location: WeightsLocation,
    licence: &'static str,
    accuracy: Option<PublishedAccuracy>,
) -> PretrainedWeights {
    PretrainedWeights {
        preset,
        default: true,
        location,
        licence,
        accuracy,
    }
}

const fn other_row(
    preset: &'static str,
    location: WeightsLocation,
    licence: &'static str,
    accuracy: Option<PublishedAccuracy>,
) -> PretrainedWeights {
    PretrainedWeights {
        default: false,
        ..default_row(preset, location, licence, accuracy)
    }
}

/// The accuracy of the embedded weights. `weights/README.md` describes the training and the
/// measurement.
const EMBEDDED: Option<PublishedAccuracy> = Some(PublishedAccuracy {
    top1: 92.01,
    data: "CIFAR-10",
    side: 32,
    crop_pct: 1.0,
    filter: "bilinear",
    source: "weights/README.md",
});

const BSD: &str = "bsd-3-clause";
const APACHE: &str = "apache-2.0";

/// All known checkpoints: first the default of each preset in the order of the preset table, then
/// the others.
#[rustfmt::skip]
pub const PRETRAINED_WEIGHTS: &[PretrainedWeights] = &[
    default_row("resnet18",         Hub("timm/resnet18.tv_in1k"),         BSD, torchvision(69.758)),
    default_row("resnet34",         Hub("timm/resnet34.tv_in1k"),         BSD, torchvision(73.314)),
    default_row("resnet50",         Hub("timm/resnet50.tv_in1k"),         BSD, torchvision(76.130)),
    default_row("resnet101",        Hub("timm/resnet101.tv_in1k"),        BSD, torchvision(77.374)),
    default_row("resnet152",        Hub("timm/resnet152.tv_in1k"),        BSD, torchvision(78.312)),
    default_row("resnet20",         Embedded,               "mit or apache-2.0", EMBEDDED),
    default_row("resnext50-32x4d",  Hub("timm/resnext50_32x4d.tv_in1k"),  BSD, torchvision(77.618)),
    default_row("resnext101-32x8d", Hub("timm/resnext101_32x8d.tv_in1k"), BSD, torchvision(79.312)),
    // torchvision gives 83.246, measured with a resize to 232 pixels instead of the usual 256.
    default_row("resnext101-64x4d", Hub("timm/resnext101_64x4d.tv_in1k"), BSD, timm(82.992, 224, 0.875, "bilinear")),
    default_row("wide-resnet50-2",  Hub("timm/wide_resnet50_2.tv_in1k"),  BSD, torchvision(78.468)),
    default_row("wide-resnet101-2", Hub("timm/wide_resnet101_2.tv_in1k"), BSD, torchvision(78.848)),
    default_row("resnet50d",        Hub("timm/resnet50d.ra2_in1k"),       APACHE, timm(81.356, 288, 0.95, "bicubic")),
    default_row("resnet101d",       Hub("timm/resnet101d.ra2_in1k"),      APACHE, timm(83.016, 320, 1.0, "bicubic")),
    default_row("vgg19",            Hub("timm/vgg19.tv_in1k"),            BSD, torchvision(72.376)),
    default_row("vgg19-bn",         Hub("timm/vgg19_bn.tv_in1k"),         BSD, torchvision(74.218)),
    // Newer training recipes for the same networks.
    other_row("resnet18",         Hub("timm/resnet18.a1_in1k"),           APACHE, timm(73.158, 288, 1.0, "bicubic")),
    other_row("resnet34",         Hub("timm/resnet34.a1_in1k"),           APACHE, timm(77.918, 288, 1.0, "bicubic")),
    other_row("resnet50",         Hub("timm/resnet50.a1_in1k"),           APACHE, timm(81.214, 288, 1.0, "bicubic")),
    other_row("resnet50",         Hub("timm/resnet50.d_in1k"),            APACHE, timm(80.972, 288, 1.0, "bicubic")),
    other_row("resnet50",         Hub("timm/resnet50.ra_in1k"),           APACHE, timm(79.836, 288, 0.95, "bicubic")),
    other_row("resnet50",         Hub("timm/resnet50.tv2_in1k"),          BSD, timm(80.850, 224, 0.965, "bilinear")),
    other_row("resnet152",        Hub("timm/resnet152.a1h_in1k"),         APACHE, timm(83.450, 288, 1.0, "bicubic")),
    other_row("resnext50-32x4d",  Hub("timm/resnext50_32x4d.a1_in1k"),    APACHE, timm(81.466, 288, 1.0, "bicubic")),
    other_row("resnext50-32x4d",  Hub("timm/resnext50_32x4d.tv2_in1k"),   BSD, timm(81.182, 224, 0.965, "bilinear")),
    other_row("resnext101-32x8d", Hub("timm/resnext101_32x8d.tv2_in1k"),  BSD, timm(82.832, 224, 0.965, "bilinear")),
    other_row("wide-resnet50-2",  Hub("timm/wide_resnet50_2.racm_in1k"),  APACHE, timm(82.280, 288, 0.95, "bicubic")),
    other_row("wide-resnet101-2", Hub("timm/wide_resnet101_2.tv2_in1k"),  BSD, timm(82.498, 224, 0.965, "bilinear")),
    // The cards of these repositories give no accuracy.
    other_row("resnet18",         Hub("microsoft/resnet-18"),  APACHE, None),
    other_row("resnet34",         Hub("microsoft/resnet-34"),  APACHE, None),
    other_row("resnet50",         Hub("microsoft/resnet-50"),  APACHE, None),
    other_row("resnet152",        Hub("microsoft/resnet-152"), APACHE, None),
];
