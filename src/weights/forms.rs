//! Readers for the forms of a network's configuration: this project's metadata, and the
//! `config.json` of timm and of transformers.

use serde_json::Value;

use super::json::Fields;
use super::{ConfigError, Settings, timm};
use crate::graph::ZeroChannels;
use crate::models::StridePlacement::{Conv3x3, First1x1};

/// The largest side of an image, in pixels, that a configuration may request.
pub(super) const MAX_SIDE: u64 = 16_384;

/// Returns whether `n` is plausible as a mean or a standard deviation of image channels. A finite
/// number beyond ±10,000 is a mistake in the file.
pub(super) fn moderate(n: f64) -> bool {
    n.is_finite() && n.abs() <= 1e4
}

/// Reads flat keys, as this project's metadata and timm's `pretrained_cfg` have them.
pub(super) fn flat(f: Fields) -> Result<Settings, ConfigError> {
    timm::check(f)?;
    let mut labels = None;
    for key in ["classes", "labels", "label_names"] {
        // Some files give the number of classes under these keys. The tensors' shapes already
        // determine that number.
        if labels.is_none() && !f.get(key).is_some_and(Value::is_number) {
            labels = f.texts(key)?;
        }
    }
    let placement = "`conv3x3` (stride in the 3×3) or `first1x1`";
    let zeros = "`half` (half before, half after) or `after`";
    let eps = "a number above 0 and at most 1";
    Ok(Settings {
        architecture: f.text("architecture")?.map(str::to_owned),
        input_size: f.choice("input_size", SQUARE, square)?,
        resize: f.read("resize", SIDE, side)?,
        crop_pct: crop_pct(f)?,
        squash: timm::squash(f),
        deep_stem: timm::deep_stem(f)?,
        mean: f.channels("mean", "three numbers", moderate)?,
        std: f.channels("std", STD, |n| n > 0.0 && moderate(n))?,
        interpolation: match f.get("interpolation").and_then(Value::as_str) {
            Some("") => None,
            _ => f.choice("interpolation", "bilinear or bicubic", interpolation)?,
        },
        labels,
        stride_placement: f.read("stride_placement", placement, |v| match v.as_str()? {
            "conv3x3" | "3x3" => Some(Conv3x3),
            "first1x1" | "1x1" => Some(First1x1),
            _ => None,
        })?,
        plain: f.read("shortcut", "`none`, `a`, `b` or `c`", |v| {
            match v.as_str()? {
                "none" => Some(true),
                "a" | "A" | "b" | "B" | "c" | "C" => Some(false),
                _ => None,
            }
        })?,
        zero_channels: f.read("zero_channels", zeros, |v| match v.as_str()? {
            "half" => Some(ZeroChannels::HalfBefore),
            "after" => Some(ZeroChannels::After),
            _ => None,
        })?,
        eps: f.number("eps", eps, |n| n > 0.0 && n <= 1.0)?,
        ..Settings::default()
    })
}

/// Reads the configuration in a checkpoint's metadata. An object with a `pretrained_cfg` has timm's
/// form, any other object has this project's flat form.
pub(super) fn metadata(f: Fields) -> Result<Settings, ConfigError> {
    match f.get("pretrained_cfg") {
        Some(_) => model(f),
        None => flat(f),
    }
}

/// Reads a `config.json` in timm's form (new or old) or in transformers' form. Returns empty
/// settings if the file describes another kind of model.
pub(super) fn model(f: Fields) -> Result<Settings, ConfigError> {
    if let Some(inner) = f.object("pretrained_cfg")? {
        let outer = flat(f)?;
        let known = inner.text("tag")?.is_some_and(|tag| tag.ends_with("in1k"));
        let settings = flat(inner)?;
        let settings = Settings {
            architecture: outer.architecture.or(settings.architecture),
            labels: outer.labels.or(settings.labels),
            deep_stem: outer.deep_stem.or(settings.deep_stem),
            imagenet: known.then_some(true),
            ..settings
        };
        return Ok(timm::with_defaults(settings, inner));
    }
    if f.get("architecture").is_some() {
        return Ok(timm::with_defaults(flat(f)?, f));
    }
    if f.get("model_type").and_then(Value::as_str) != Some("resnet") {
        return Ok(Settings::default());
    }
    // The next two entries change the computation. Without a refusal, the network would compute
    // something other than the file describes.
    if f.flag("downsample_in_first_stage")? == Some(true) {
        return Err(f.refusal(
            "downsample_in_first_stage",
            "false: a stride in the first stage is not supported",
        ));
    }
    if f.text("hidden_act")?.is_some_and(|act| act != "relu") {
        return Err(f.refusal("hidden_act", "relu, the only activation of a ResNet"));
    }
    let first = f.flag("downsample_in_bottleneck")?;
    Ok(Settings {
        stride_placement: first.map(|first| if first { First1x1 } else { Conv3x3 }),
        labels: f.read(
            "id2label",
            "a text for each of the indices from 0",
            by_index,
        )?,
        ..Settings::default()
    })
}

const SIDE: &str = "a whole number of pixels from 1 to 16384";
const SQUARE: &str = "the side of a square, or [3, side, side], of 1 to 16384 pixels";
pub(super) const STD: &str = "three numbers above 0";

pub(super) fn crop_pct(f: Fields) -> Result<Option<f64>, ConfigError> {
    let expected = "a number above 0 and at most 1";
    f.number("crop_pct", expected, |n| n > 0.0 && n <= 1.0)
}

pub(super) fn side(v: &Value) -> Option<usize> {
    let side = v.as_u64().filter(|n| (1..=MAX_SIDE).contains(n))?;
    usize::try_from(side).ok()
}

/// Returns the side of a square written as `224`, `[224, 224]` or timm's `[3, 224, 224]`.
fn square(v: &Value) -> Option<usize> {
    match v.as_array().map(Vec::as_slice) {
        None => side(v),
        Some([h, w]) => side(h).filter(|h| side(w) == Some(*h)),
        Some([_, h, w]) => side(h).filter(|h| side(w) == Some(*h)),
        Some(_) => None,
    }
}

pub(super) fn interpolation(v: &Value) -> Option<String> {
    let name = v.as_str()?.to_ascii_lowercase();
    matches!(name.as_str(), "bilinear" | "bicubic").then_some(name)
}

/// Returns the labels of an object such as `{"0": "tench", "1": …}`, in the order of the indices.
fn by_index(v: &Value) -> Option<Vec<String>> {
    let map = v.as_object()?;
    let label = |i: usize| Some(map.get(&i.to_string())?.as_str()?.to_owned());
    (0..map.len()).map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::super::json::parse;
    use super::*;

    /// A function that reads the form of one configuration file.
    type Form = fn(Fields) -> Result<Settings, ConfigError>;

    fn read(form: Form, text: &str) -> Result<Settings, String> {
        let map = parse("f", "f", text).map_err(|e| e.to_string())?;
        form(Fields::new("f", &map)).map_err(|e| e.to_string())
    }

    #[test]
    fn timm() {
        let s = read(
            model,
            r#"{"architecture": "resnet50d", "num_classes": 2, "label_names": ["a", "b"],
                "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.875,
                "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.5, 0.5], "interpolation": "bicubic"}}"#,
        )
        .unwrap();
        assert_eq!(s.architecture.as_deref(), Some("resnet50d"));
        assert_eq!((s.input_size, s.crop_pct), (Some(224), Some(0.875)));
        assert_eq!(s.std, Some([0.25, 0.5, 0.5]));
        assert_eq!(s.interpolation.as_deref(), Some("bicubic"));
        assert_eq!(s.labels.unwrap(), ["a", "b"]);
    }

    #[test]
    fn transformers() {
        let s = read(
            model,
            r#"{"model_type": "resnet", "downsample_in_bottleneck": true, "hidden_act": "relu",
                "id2label": {"1": "goldfish", "0": "tench"}}"#,
        )
        .unwrap();
        assert_eq!(s.stride_placement, Some(First1x1));
        assert_eq!(s.labels.unwrap(), ["tench", "goldfish"]);
        assert_eq!(
            read(model, r#"{"model_type": "bert", "hidden_act": "gelu"}"#),
            Ok(Settings::default())
        );
    }

    #[test]
    fn absurd_values_name_file_and_key() {
        for (form, text, key) in [
            (flat as Form, r#"{"std": [0, 1, 1]}"#, "std"),
            (flat, r#"{"std": [1, 1]}"#, "std"),
            (flat, r#"{"mean": "grey"}"#, "mean"),
            (flat, r#"{"input_size": -3}"#, "input_size"),
            (flat, r#"{"input_size": [3, 224, 256]}"#, "input_size"),
            (flat, r#"{"crop_pct": 1.5}"#, "crop_pct"),
            (flat, r#"{"eps": 0}"#, "eps"),
            (flat, r#"{"interpolation": "lanczos"}"#, "interpolation"),
            (flat, r#"{"classes": [1, 2]}"#, "classes"),
            (flat, r#"{"zero_channels": "before"}"#, "zero_channels"),
            (model, r#"{"pretrained_cfg": 3}"#, "pretrained_cfg"),
            (
                model,
                r#"{"model_type": "resnet", "id2label": {"0": "a", "2": "b"}}"#,
                "id2label",
            ),
            (
                model,
                r#"{"model_type": "resnet", "hidden_act": "gelu"}"#,
                "hidden_act",
            ),
            (
                model,
                r#"{"model_type": "resnet", "downsample_in_first_stage": true}"#,
                "downsample_in_first_stage",
            ),
        ] {
            let err = read(form, text).unwrap_err();
            assert!(err.starts_with(&format!("f: `{key}`: expected ")), "{err}");
        }
    }
}
