//! The table of networks. Each network is one row and needs no code of its own.

use std::str::FromStr;

use strsim::levenshtein;

use super::network::{
    ActivationOrder as Order, Block, Head, Naming, Network, Norm, Projection, Shortcut, Stem,
    StridePlacement,
};
use crate::graph::ZeroChannels;

use Block::{Basic, Bottleneck, Single};
use Scale::{Cifar, CifarWide, Imagenet};

/// The three overall shapes of the papers: stem, widths, classes and names.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// 7×7 stem with max pool, 64…512 channels, 1,000 classes.
    Imagenet,
    /// 3×3 stem, 16/32/64 channels, 10 classes (He 2015, section 4.2).
    Cifar,
    /// 3×3 stem, 64…512 channels, 10 classes.
    CifarWide,
}

/// The difference between a network and the default for its shape and block.
#[derive(Clone, Copy, PartialEq)]
enum Modification {
    /// No difference: post-activation order with projections. (The rows of the CIFAR networks name
    /// option A explicitly.)
    Usual,
    /// Stride in the first 1×1 convolution.
    V1,
    /// No shortcuts.
    Plain,
    /// Shortcuts of option A.
    OptionA,
    /// Shortcuts of option C.
    OptionC,
    /// Pre-activation order.
    Pre,
    /// Number of groups, and width of a group in the first stage.
    Grouped(usize, usize),
    /// ResNet-D.
    D,
    /// VGG with or without batch norm.
    Vgg(Norm),
}
use Modification::{D, Grouped, OptionA, OptionC, Plain, Pre, Usual, V1, Vgg};

type Row = (&'static str, Scale, Block, &'static [usize], Modification);

#[rustfmt::skip]
const PRESETS: &[Row] = &[
    // He 2015, table 1; stride in the 3×3 convolution as in torchvision.
    ("resnet18",           Imagenet,  Basic,      &[2, 2, 2, 2],    Usual),
    ("resnet34",           Imagenet,  Basic,      &[3, 4, 6, 3],    Usual),
    ("resnet50",           Imagenet,  Bottleneck, &[3, 4, 6, 3],    Usual),
    ("resnet101",          Imagenet,  Bottleneck, &[3, 4, 23, 3],   Usual),
    ("resnet152",          Imagenet,  Bottleneck, &[3, 8, 36, 3],   Usual),
    // The three bottleneck networks above, with the stride in the first 1×1 convolution as in the
    // paper.
    ("resnet50-v1",        Imagenet,  Bottleneck, &[3, 4, 6, 3],    V1),
    ("resnet101-v1",       Imagenet,  Bottleneck, &[3, 4, 23, 3],   V1),
    ("resnet152-v1",       Imagenet,  Bottleneck, &[3, 8, 36, 3],   V1),
    // Shortcut options (He 2015, table 3).
    ("resnet18-a",         Imagenet,  Basic,      &[2, 2, 2, 2],    OptionA),
    ("resnet34-a",         Imagenet,  Basic,      &[3, 4, 6, 3],    OptionA),
    ("resnet34-c",         Imagenet,  Basic,      &[3, 4, 6, 3],    OptionC),
    // Networks without shortcuts (He 2015, table 2 and section 4.2).
    ("plain18",            Imagenet,  Basic,      &[2, 2, 2, 2],    Plain),
    ("plain34",            Imagenet,  Basic,      &[3, 4, 6, 3],    Plain),
    ("plain20",            Cifar,     Basic,      &[3, 3, 3],       Plain),
    ("plain32",            Cifar,     Basic,      &[5, 5, 5],       Plain),
    ("plain44",            Cifar,     Basic,      &[7, 7, 7],       Plain),
    ("plain56",            Cifar,     Basic,      &[9, 9, 9],       Plain),
    ("plain110",           Cifar,     Basic,      &[18, 18, 18],    Plain),
    // CIFAR-10 (He 2015, section 4.2 and table 6): depth 6n + 2.
    ("resnet20",           Cifar,     Basic,      &[3, 3, 3],       OptionA),
    ("resnet32",           Cifar,     Basic,      &[5, 5, 5],       OptionA),
    ("resnet44",           Cifar,     Basic,      &[7, 7, 7],       OptionA),
    ("resnet56",           Cifar,     Basic,      &[9, 9, 9],       OptionA),
    ("resnet110",          Cifar,     Basic,      &[18, 18, 18],    OptionA),
    ("resnet1202",         Cifar,     Basic,      &[200, 200, 200], OptionA),
    // The ImageNet shape on CIFAR images.
    ("cifar-resnet18",     CifarWide, Basic,      &[2, 2, 2, 2],    Usual),
    ("cifar-resnet34",     CifarWide, Basic,      &[3, 4, 6, 3],    Usual),
    ("cifar-resnet50",     CifarWide, Bottleneck, &[3, 4, 6, 3],    Usual),
    ("cifar-resnet101",    CifarWide, Bottleneck, &[3, 4, 23, 3],   Usual),
    ("cifar-resnet152",    CifarWide, Bottleneck, &[3, 8, 36, 3],   Usual),
    // Pre-activation (He 2016): ImageNet, then CIFAR (9n + 2 bottlenecks).
    ("preact-resnet18",    Imagenet,  Basic,      &[2, 2, 2, 2],    Pre),
    ("preact-resnet34",    Imagenet,  Basic,      &[3, 4, 6, 3],    Pre),
    ("preact-resnet50",    Imagenet,  Bottleneck, &[3, 4, 6, 3],    Pre),
    ("preact-resnet101",   Imagenet,  Bottleneck, &[3, 4, 23, 3],   Pre),
    ("preact-resnet152",   Imagenet,  Bottleneck, &[3, 8, 36, 3],   Pre),
    ("preact-resnet200",   Imagenet,  Bottleneck, &[3, 24, 36, 3],  Pre),
    ("preact-resnet110",   Cifar,     Basic,      &[18, 18, 18],    Pre),
    ("preact-resnet164",   Cifar,     Bottleneck, &[18, 18, 18],    Pre),
    ("preact-resnet1001",  Cifar,     Bottleneck, &[111, 111, 111], Pre),
    // Grouped and wider networks (Xie 2017, Zagoruyko 2016).
    ("resnext50-32x4d",    Imagenet,  Bottleneck, &[3, 4, 6, 3],    Grouped(32, 4)),
    ("resnext101-32x8d",   Imagenet,  Bottleneck, &[3, 4, 23, 3],   Grouped(32, 8)),
    ("resnext101-64x4d",   Imagenet,  Bottleneck, &[3, 4, 23, 3],   Grouped(64, 4)),
    ("wide-resnet50-2",    Imagenet,  Bottleneck, &[3, 4, 6, 3],    Grouped(1, 128)),
    ("wide-resnet101-2",   Imagenet,  Bottleneck, &[3, 4, 23, 3],   Grouped(1, 128)),
    // ResNet-D (He 2018, figure 2; timm).
    ("resnet50d",          Imagenet,  Bottleneck, &[3, 4, 6, 3],    D),
    ("resnet101d",         Imagenet,  Bottleneck, &[3, 4, 23, 3],   D),
    // The network that the papers compare with (Simonyan 2014, configuration E).
    ("vgg19",              Imagenet,  Single,     &[2, 2, 4, 4, 4], Vgg(Norm::Bias)),
    ("vgg19-bn",           Imagenet,  Single,     &[2, 2, 4, 4, 4], Vgg(Norm::BatchNormAndBias)),
];

/// Returns the names of all presets, in the order of the table.
pub fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|row| row.0)
}

/// Returns whether the timm network `name` downsamples with an anti-aliasing filter. Such a network
/// has the tensors of a network without the filter, but computes other results.
///
/// ```
/// use resnet_wgpu::low_level::models::anti_aliased;
///
/// assert!(anti_aliased("seresnextaa101d_32x8d.sw_in12k"));
/// assert!(!anti_aliased("resnet50.a1_in1k"));
/// ```
pub fn anti_aliased(name: &str) -> bool {
    let name = name.rsplit(['/', ':']).next().unwrap_or(name);
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("se").unwrap_or(&name);
    let family = ["resnext", "resnet"]
        .iter()
        .find_map(|family| name.strip_prefix(family));
    family.is_some_and(|rest| rest.starts_with("aa") || rest.starts_with("blur"))
}

/// Error for a name that is not a preset.
///
/// ```
/// use resnet_wgpu::Network;
///
/// let unknown = "ResNet_51".parse::<Network>().unwrap_err();
/// assert_eq!(unknown.near[0], "resnet50");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a preset, such as {}, found `{name}`{}", near.join(", "),
    if anti_aliased(name) { ", which filters where it downsamples and is not computed here" } else { "" }
)]
pub struct UnknownPreset {
    /// The requested name.
    pub name: String,
    /// The most similar preset names, most similar first.
    pub near: Vec<&'static str>,
}

impl FromStr for Network {
    type Err = UnknownPreset;

    /// Parses the name of a preset, as [`Network::preset`] does.
    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Self::preset(name).ok_or_else(|| UnknownPreset {
            name: name.to_owned(),
            near: near(name),
        })
    }
}

/// Returns the most similar preset names, most similar first.
fn near(name: &str) -> Vec<&'static str> {
    // Text beyond the length of any preset name cannot make a name more similar.
    let name: String = plainly(name).chars().take(64).collect();
    let mut names: Vec<_> = presets().collect();
    names.sort_by_cached_key(|preset| levenshtein(&name, preset));
    names.truncate(5);
    names
}

/// Returns a name in the spelling of the table.
fn plainly(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

impl Network {
    /// Returns the preset `name`. `_` and `-` are equivalent, so torchvision's and timm's spellings
    /// also work.
    ///
    /// ```
    /// use resnet_wgpu::Network;
    /// let net = Network::preset("resnet50").unwrap();
    /// assert_eq!(net.widths, [256, 512, 1024, 2048]);
    /// assert_eq!(net.graph(224, 224)?.total_cost().parameters, 25_557_032);
    /// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
    /// ```
    pub fn preset(name: &str) -> Option<Self> {
        let name = plainly(name);
        let name = match name.as_str() {
            // timm's names for these networks.
            "resnetv2-50" => "preact-resnet50",
            "resnetv2-101" => "preact-resnet101",
            "resnetv2-152" => "preact-resnet152",
            other => other,
        };
        PRESETS.iter().find(|row| row.0 == name).map(network)
    }
}

fn network(&(name, shape, block, depths, modification): &Row) -> Network {
    let first = if shape == Cifar { 16 } else { 64 };
    let (groups, group_width) = match modification {
        Grouped(groups, width) => (groups, width),
        _ => (1, first),
    };
    let planes: Vec<usize> = (0..depths.len()).map(|s| first << s).collect();
    let expansion = if block == Bottleneck { 4 } else { 1 };
    let vgg = matches!(modification, Vgg(_));
    Network {
        name: name.to_owned(),
        block,
        depths: depths.to_vec(),
        stem_width: first,
        inner: planes
            .iter()
            .map(|p| p * group_width / first * groups)
            // VGG's last stage does not double the width.
            .map(|p| if vgg { p.min(512) } else { p })
            .collect(),
        widths: planes
            .iter()
            .map(|p| p * expansion)
            .map(|p| if vgg { p.min(512) } else { p })
            .collect(),
        groups,
        stem: match (shape, modification) {
            (_, Vgg(_)) => Stem::None,
            (_, D) => Stem::Deep([32, 32]),
            (Imagenet, _) => Stem::Conv7x7,
            _ => Stem::Conv3x3,
        },
        shortcut: match modification {
            Plain | Vgg(_) => Shortcut::None,
            OptionA => Shortcut::A(ZeroChannels::default()),
            OptionC => Shortcut::C,
            _ => Shortcut::B,
        },
        projection: match modification {
            D => Projection::AvgPool,
            _ => Projection::Strided,
        },
        order: match modification {
            Pre => Order::Pre,
            _ => Order::Post,
        },
        stride_placement: match modification {
            V1 => StridePlacement::First1x1,
            _ => StridePlacement::Conv3x3,
        },
        norm: match modification {
            Vgg(norm) => norm,
            _ => Norm::BatchNorm,
        },
        eps: 1e-5,
        head: match modification {
            Vgg(_) => Head::Mlp(4096),
            _ => Head::Linear,
        },
        classes: if shape == Imagenet { 1000 } else { 10 },
        naming: match (shape, modification) {
            (_, Pre) | (Imagenet, _) => Naming::Torchvision,
            _ => Naming::Cifar,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters and multiply-accumulates that torchvision documents for its weights
    /// (`num_params`, `_ops`).
    #[test]
    fn published_costs() {
        for (name, parameters, gmacs) in [
            ("resnet18", 11_689_512, 1.814),
            ("resnet34", 21_797_672, 3.664),
            ("resnet50", 25_557_032, 4.089),
            ("resnet101", 44_549_160, 7.801),
            ("resnet152", 60_192_808, 11.514),
            ("resnext50-32x4d", 25_028_904, 4.230),
            ("resnext101-32x8d", 88_791_336, 16.414),
            ("resnext101-64x4d", 83_455_272, 15.46),
            ("wide-resnet50-2", 68_883_240, 11.398),
            ("wide-resnet101-2", 126_886_696, 22.753),
            ("vgg19", 143_667_240, 19.632),
            ("vgg19-bn", 143_678_248, 19.632),
        ] {
            let cost = Network::preset(name)
                .unwrap()
                .graph(224, 224)
                .unwrap()
                .total_cost();
            assert_eq!(cost.parameters, parameters, "{name}");
            let found = cost.macs as f64 / 1e9;
            assert!((found - gmacs).abs() < 6e-3, "{name}: {found} GMAC");
        }
    }

    /// He 2015, table 6: parameters of the CIFAR networks in millions.
    #[test]
    fn table_6() {
        for (name, millions) in [
            ("resnet20", 0.27),
            ("resnet32", 0.46),
            ("resnet44", 0.66),
            ("resnet56", 0.85),
            ("resnet110", 1.7),
            ("resnet1202", 19.4),
        ] {
            let net = Network::preset(name).unwrap();
            let found = net.graph(32, 32).unwrap().total_cost().parameters as f64 / 1e6;
            assert!(
                (found / millions - 1.0).abs() < 0.03,
                "{name}: {found} million"
            );
        }
    }

    #[test]
    fn every_preset_builds_at_its_size_and_at_odd_ones() {
        for name in presets() {
            let net = Network::preset(name).unwrap();
            let size = net.native_size();
            let graph = net.graph(size, size).unwrap();
            assert_eq!(graph.output_shape().c, net.classes, "{name}");
            let odd = net.graph(size + 13, 2 * size - 5);
            if net.block == Single {
                let err = odd.unwrap_err().to_string();
                assert!(err.contains("224×224"), "{err}");
            } else {
                assert_eq!(odd.unwrap().output_shape().c, net.classes, "{name}");
            }
        }
    }

    #[test]
    fn spellings_of_other_libraries() {
        assert_eq!(Network::preset("wide_resnet50_2").unwrap().inner[0], 128);
        assert_eq!(Network::preset("VGG19_bn").unwrap().name, "vgg19-bn");
        assert_eq!(Network::preset("resnetv2_50").unwrap().order, Order::Pre);
        assert!(Network::preset("resnet19").is_none());
    }
}
