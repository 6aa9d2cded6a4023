//! The modules of a ResNet and their names in each library.

use crate::models::Naming;

/// A module of a ResNet in torchvision's arrangement.
pub(super) enum Module {
    /// A module outside the stages.
    Top(&'static str),
    /// A module in a block: stage (from 1), block (from 0) and part of the block.
    Block(usize, usize, Part),
    /// A convolution or batch norm of VGG, by position.
    Feature(usize),
}

/// A module in a block.
pub(super) enum Part {
    /// A convolution, numbered from 1.
    Conv(usize),
    /// A batch norm, numbered from 1.
    Norm(usize),
    /// A module of the projection: 0 or 1. ResNet-D has a pool at 0, and therefore 1 and 2.
    Downsample(usize),
}

impl Module {
    /// Returns torchvision's name of the module.
    pub fn canonical(&self) -> String {
        match self {
            Self::Top(name) => (*name).to_owned(),
            Self::Feature(i) => format!("features.{i}"),
            Self::Block(s, b, Part::Conv(i)) => format!("layer{s}.{b}.conv{i}"),
            Self::Block(s, b, Part::Norm(i)) => format!("layer{s}.{b}.bn{i}"),
            Self::Block(s, b, Part::Downsample(i)) => format!("layer{s}.{b}.downsample.{i}"),
        }
    }

    /// Reads torchvision's name of a module.
    pub fn parse(canonical: &str) -> Option<Self> {
        const TOP: [&str; 12] = [
            "conv1",
            "conv1.0",
            "conv1.1",
            "conv1.3",
            "conv1.4",
            "conv1.6",
            "bn1",
            "bn",
            "fc",
            "classifier.0",
            "classifier.3",
            "classifier.6",
        ];
        if let Some(top) = TOP.iter().find(|t| **t == canonical) {
            return Some(Self::Top(top));
        }
        let parts: Vec<&str> = canonical.split('.').collect();
        match parts[..] {
            ["features", i] => Some(Self::Feature(index(i)?)),
            [layer, block, ref rest @ ..] => {
                let stage = index(layer.strip_prefix("layer")?).filter(|s| *s > 0)?;
                let part = match rest {
                    ["downsample", i] => Part::Downsample(index(i).filter(|i| *i <= 2)?),
                    [name] => numbered(name, "conv")
                        .map(Part::Conv)
                        .or_else(|| numbered(name, "bn").map(Part::Norm))?,
                    _ => return None,
                };
                Some(Self::Block(stage, index(block)?, part))
            }
            _ => None,
        }
    }
}

/// Reads a module's name in any naming.
pub(super) fn read_module(name: &str) -> Option<(Module, Option<Naming>)> {
    use Naming::{Cifar, HuggingFace, TimmV2, Torchvision};
    if let Some(module) = Module::parse(name) {
        let decided = matches!(
            module,
            Module::Top("fc") | Module::Block(_, _, Part::Downsample(_))
        );
        return Some((module, decided.then_some(Torchvision)));
    }
    // A name that several libraries share is no evidence for one naming.
    let top = |name, naming| Some((Module::Top(name), naming));
    match name {
        "linear" => return top("fc", Some(Cifar)),
        "head.fc" | "classifier.1" | "classifier" | "head" => return top("fc", None),
        "norm" | "bn_final" | "final_bn" | "bn_last" => return top("bn", None),
        "stem.conv" => return top("conv1", Some(TimmV2)),
        // timm's VGG names; its last layer is `head.fc`, a name that other networks give to their
        // only linear layer.
        "pre_logits.fc1" => return top("classifier.0", None),
        "pre_logits.fc2" => return top("classifier.3", None),
        _ => {}
    }
    // Only the class `ResNetModel` lacks the prefix `resnet.`.
    let bare = name.strip_prefix("resnet.").unwrap_or(name);
    let parts: Vec<&str> = bare.split('.').collect();
    let (stage, block, part, naming) = match parts[..] {
        ["embedder", "embedder", "convolution"] => return top("conv1", Some(HuggingFace)),
        ["embedder", "embedder", "normalization"] => return top("bn1", Some(HuggingFace)),
        ["encoder", "stages", s, "layers", b, ref rest @ ..] => {
            let part = match rest {
                ["layer", i, "convolution"] => Part::Conv(index(i)? + 1),
                ["layer", i, "normalization"] => Part::Norm(index(i)? + 1),
                ["shortcut", "convolution"] => Part::Downsample(0),
                ["shortcut", "normalization"] => Part::Downsample(1),
                _ => return None,
            };
            (index(s)? + 1, index(b)?, part, HuggingFace)
        }
        ["stages", s, "blocks", b, ref rest @ ..] => {
            let part = match rest {
                ["downsample", "conv"] => Part::Downsample(0),
                ["downsample", "norm"] => Part::Downsample(1),
                [name] => numbered(name, "conv")
                    .map(Part::Conv)
                    .or_else(|| numbered(name, "norm").map(Part::Norm))?,
                _ => return None,
            };
            (index(s)? + 1, index(b)?, part, TimmV2)
        }
        [layer, b, "shortcut", i] => {
            let stage = index(layer.strip_prefix("layer")?).filter(|s| *s > 0)?;
            let i = index(i).filter(|i| *i <= 2)?;
            (stage, index(b)?, Part::Downsample(i), Cifar)
        }
        _ => return None,
    };
    Some((Module::Block(stage, block, part), Some(naming)))
}

/// Reads a number as PyTorch writes it: no sign, no leading zero, and at most six digits, so that
/// arithmetic cannot overflow.
fn index(text: &str) -> Option<usize> {
    let plain = text.bytes().all(|b| b.is_ascii_digit())
        && (1..=6).contains(&text.len())
        && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Returns the number after `kind`: 2 for `conv2`.
fn numbered(name: &str, kind: &str) -> Option<usize> {
    index(name.strip_prefix(kind)?).filter(|i| (1..=3).contains(i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_pytorch_writes_them() {
        assert_eq!(index("0"), Some(0));
        assert_eq!(index("42"), Some(42));
        for odd in ["", "00", "07", "+1", "1234567", "١"] {
            assert_eq!(index(odd), None, "{odd}");
        }
        assert_eq!(numbered("conv3", "conv"), Some(3));
        assert_eq!(numbered("conv0", "conv"), None);
    }
}
