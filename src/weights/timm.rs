//! Checks those entries of timm's configuration that change a network's computation without
//! changing its tensors, and supplies timm's defaults for image preparation.

use serde_json::Value;

use super::json::Fields;
use super::{ConfigError, Settings};

/// The crop fraction that timm's `resolve_data_config` uses if a configuration gives none.
const CROP_PCT: f64 = 0.875;
/// The resize filter that timm's `resolve_data_config` uses if a configuration gives none.
const INTERPOLATION: &str = "bicubic";

/// The model arguments that the tensors show, or that do not matter for classification.
const SHOWN_OR_NEUTRAL: &[&str] = &[
    "avg_down",
    "base_width",
    "block",
    "block_reduce_first",
    "cardinality",
    "channels",
    "depths",
    "down_kernel_size",
    "drop_block_rate",
    "drop_path_rate",
    "drop_rate",
    "features_only",
    "groups",
    "img_size",
    "in_chans",
    "layers",
    "num_classes",
    "pretrained",
    "replace_stem_pool",
    "stem_width",
    "zero_init_last",
];

/// Refuses every entry that requests a computation this library does not support. Unknown model
/// arguments are refused, too, because they may change the computation.
///
/// # Errors
/// [`ConfigError`] with key and value.
pub(super) fn check(f: Fields) -> Result<(), ConfigError> {
    for key in [
        "global_pool",
        "act_layer",
        "norm_layer",
        "aa_layer",
        "block_args",
        "output_stride",
    ] {
        argument(f, key)?;
    }
    if let Some(args) = f.object("model_args")? {
        for key in args.keys() {
            argument(args, key)?;
        }
    }
    match f.text("crop_mode")? {
        None | Some("" | "center") => Ok(()),
        // With a `crop_pct` of 1, `squash` leaves nothing to crop.
        Some("squash") if f.get("crop_pct").and_then(Value::as_f64) == Some(1.0) => Ok(()),
        Some(_) => Err(f.refusal("crop_mode", "`center`, or `squash` with a crop_pct of 1")),
    }
}

/// Returns `Some(true)` if images are resized to the square itself, else `None`.
pub(super) fn squash(f: Fields) -> Option<bool> {
    let mode = f.get("crop_mode").and_then(Value::as_str);
    (mode == Some("squash")).then_some(true)
}

/// Adds timm's defaults for values that the file does not give.
pub(super) fn with_defaults(mut settings: Settings, f: Fields) -> Settings {
    let from = f.source("timm's default");
    if settings.interpolation.is_none() {
        settings.interpolation = Some(INTERPOLATION.into());
        settings.from.insert("interpolation", from.clone());
    }
    if settings.crop_pct.is_none() && settings.resize.is_none() {
        settings.crop_pct = Some(CROP_PCT);
        settings.from.insert("crop_pct", from);
    }
    settings
}

/// Refuses an argument whose value requests an unsupported computation.
fn argument(f: Fields, key: &str) -> Result<(), ConfigError> {
    let Some(value) = f.get(key) else {
        return Ok(());
    };
    let text = value.as_str().map(str::to_ascii_lowercase);
    let one_of = |names: &[&str]| text.as_deref().is_some_and(|t| names.contains(&t));
    let empty = one_of(&[""]) || value.as_object().is_some_and(|map| map.is_empty());
    let (computed, expected) = match key {
        "global_pool" => (one_of(&["avg"]), "`avg`"),
        "act_layer" => (one_of(&["relu"]), "`relu`"),
        "norm_layer" => (
            one_of(&[
                "batchnorm",
                "batchnorm2d",
                "frozenbatchnorm2d",
                "syncbatchnorm",
            ]),
            "`batchnorm2d`",
        ),
        "aa_layer" | "block_args" => (empty, "nothing"),
        "output_stride" => (value.as_u64() == Some(32), "32"),
        // The stem type is compared with the tensors after the network has been recognised.
        "stem_type" => (
            one_of(&["", "deep", "deep_tiered"]),
            "`deep`, `deep_tiered` or nothing",
        ),
        key if SHOWN_OR_NEUTRAL.contains(&key) => (true, ""),
        _ => (false, "no such argument"),
    };
    if computed {
        Ok(())
    } else {
        Err(f.refusal(key, expected))
    }
}

/// Returns whether the configuration requests a stem of three convolutions, or `None` if the
/// configuration gives no stem type.
pub(super) fn deep_stem(f: Fields) -> Result<Option<bool>, ConfigError> {
    let Some(args) = f.object("model_args")? else {
        return Ok(None);
    };
    Ok(args.text("stem_type")?.map(|stem| !stem.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::super::json::parse;
    use super::*;

    fn refused(text: &str) -> Option<String> {
        let map = parse("f", "f", text).unwrap();
        check(Fields::new("f", &map)).err().map(|e| e.to_string())
    }

    #[test]
    fn what_changes_the_computation_is_refused_with_key_and_value() {
        for (text, key, value) in [
            (r#"{"crop_mode": "squash"}"#, "crop_mode", "squash"),
            (
                r#"{"crop_mode": "squash", "crop_pct": 0.95}"#,
                "crop_mode",
                "squash",
            ),
            (
                r#"{"crop_mode": "border", "crop_pct": 1.0}"#,
                "crop_mode",
                "border",
            ),
            (r#"{"global_pool": "max"}"#, "global_pool", "max"),
            (r#"{"global_pool": ""}"#, "global_pool", "\"\""),
            (
                r#"{"model_args": {"global_pool": "catavgmax"}}"#,
                "global_pool",
                "catavgmax",
            ),
            (
                r#"{"model_args": {"act_layer": "silu"}}"#,
                "act_layer",
                "silu",
            ),
            (
                r#"{"model_args": {"output_stride": 16}}"#,
                "output_stride",
                "16",
            ),
            (
                r#"{"model_args": {"norm_layer": "groupnorm"}}"#,
                "norm_layer",
                "groupnorm",
            ),
            (
                r#"{"model_args": {"aa_layer": "blurpool"}}"#,
                "aa_layer",
                "blurpool",
            ),
            (
                r#"{"model_args": {"block_args": {"attn_layer": "se"}}}"#,
                "block_args",
                "attn_layer",
            ),
            (
                r#"{"model_args": {"stem_type": "quad2"}}"#,
                "stem_type",
                "quad2",
            ),
            (
                r#"{"model_args": {"scale_by_keep": false}}"#,
                "scale_by_keep",
                "false",
            ),
        ] {
            let error = refused(text).expect(text);
            assert!(
                error.starts_with(&format!("f: `{key}`: expected ")),
                "{error}"
            );
            assert!(
                error.contains(value) && !error.contains("take it out"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_changes_nothing_passes() {
        for text in [
            "{}",
            r#"{"crop_mode": "center", "global_pool": "avg"}"#,
            r#"{"crop_mode": "squash", "crop_pct": 1.0}"#,
            r#"{"model_args": {"act_layer": "ReLU", "norm_layer": "BatchNorm2d", "aa_layer": null,
                "block_args": {}, "output_stride": 32, "stem_type": "", "num_classes": 3}}"#,
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
