//! Reads transformers' `preprocessor_config.json`: the steps of its image processors
//! (`image_processing_backends.py`), with their defaults for absent keys.

use serde_json::Value;

use super::forms::{MAX_SIDE, STD, crop_pct, interpolation, moderate, side};
use super::json::Fields;
use super::{ConfigError, Settings};

/// The defaults of an image processor in transformers 5.24.
struct Processor {
    /// The beginning of the processor's class name.
    name: &'static str,
    size: Resize,
    /// `true` if a plain number as `size` means the side of a square.
    number_is_square: bool,
    /// The side of the centre crop in pixels; `None` if the processor does not crop.
    crop: Option<usize>,
    /// The resize filter, by Pillow's name.
    resample: &'static str,
    mean: [f32; 3],
    std: [f32; 3],
}

/// The target size of a resize, in pixels.
#[derive(Clone, Copy)]
enum Resize {
    /// The length of the shorter side. The aspect ratio is kept.
    Shortest(usize),
    /// The height and the width of the whole image. The aspect ratio is not kept.
    Exact(usize, usize),
}

const HALF: [f32; 3] = [0.5; 3];
const CLIP_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const CLIP_STD: [f32; 3] = [0.268_629_55, 0.261_302_6, 0.275_777_1];

/// The shortest edge, in pixels, from which ConvNext's processor squashes images to a square. For
/// smaller edges the processor crops.
const CONVNEXT_SQUASHES: usize = 384;

static PROCESSORS: [Processor; 5] = [
    Processor {
        name: "ConvNext",
        size: Resize::Shortest(384),
        number_is_square: false,
        crop: None,
        resample: "bicubic",
        mean: HALF,
        std: HALF,
    },
    Processor {
        name: "ViT",
        size: Resize::Exact(224, 224),
        number_is_square: true,
        crop: None,
        resample: "bilinear",
        mean: HALF,
        std: HALF,
    },
    Processor {
        name: "DeiT",
        size: Resize::Exact(256, 256),
        number_is_square: true,
        crop: Some(224),
        resample: "bicubic",
        mean: HALF,
        std: HALF,
    },
    Processor {
        name: "CLIP",
        size: Resize::Shortest(224),
        number_is_square: false,
        crop: Some(224),
        resample: "bicubic",
        mean: CLIP_MEAN,
        std: CLIP_STD,
    },
    Processor {
        name: "Bit",
        size: Resize::Shortest(224),
        number_is_square: false,
        crop: Some(224),
        resample: "bicubic",
        mean: CLIP_MEAN,
        std: CLIP_STD,
    },
];

/// Returns the image processor for a preprocessor file that names none. The `config.json` of
/// transformers decides: by its entry `image_processor_type`, else by its kind of model.
pub(super) fn named_by_model(f: Fields) -> Result<Option<&'static str>, ConfigError> {
    let named = f.text("image_processor_type")?;
    if let Some(name) = named {
        let known = by_name(name).ok_or_else(|| f.refusal("image_processor_type", KNOWN))?;
        return Ok(Some(known.name));
    }
    let resnet = f.get("model_type").and_then(Value::as_str) == Some("resnet");
    Ok(resnet.then_some("ConvNext"))
}

/// Reads a preprocessor file. `by_model` is the processor for a file that names none.
pub(super) fn preprocessor(
    f: Fields,
    by_model: Option<&'static str>,
) -> Result<Settings, ConfigError> {
    let Some(processor) = processor(f, by_model)? else {
        return Ok(Settings::default());
    };
    if step(f, "do_resize")? == Some(false) {
        return Err(f.refusal("do_resize", "true: images of any size are resized"));
    }
    for key in f.keys() {
        let known = [
            "do_resize",
            "do_center_crop",
            "do_rescale",
            "do_normalize",
            "do_convert_rgb",
        ];
        if key.starts_with("do_")
            && !known.contains(&key)
            && f.get(key) != Some(&Value::Bool(false))
        {
            return Err(f.refusal(key, "false: that step is not done here"));
        }
    }
    for key in ["size", "resample", "image_mean", "image_std"] {
        if f.is_null(key) {
            return Err(f.error(key, "a value, since transformers refuses null"));
        }
    }
    let rescaled = |v: &Value| {
        let fits = |n: &f64| (n * 255.0 - 1.0).abs() < 1e-3;
        v.as_f64().filter(fits)
    };
    f.choice("rescale_factor", "1/255: images in [0, 1]", rescaled)?;
    if step(f, "do_rescale")? == Some(false) {
        return Err(f.refusal("do_rescale", "true: images in [0, 1]"));
    }
    let mut settings = placed(f, processor)?;
    let what = format!("{}ImageProcessor's default", processor.name);
    let mean = f.channels("image_mean", "three numbers", moderate)?;
    let std = f.channels("image_std", STD, |n| n > 0.0 && moderate(n))?;
    // The numbers are those of Pillow's filters.
    let resample = f.choice("resample", "2 (bilinear) or 3 (bicubic)", |v| {
        match v.as_u64() {
            Some(2) => Some("bilinear".into()),
            Some(3) => Some("bicubic".into()),
            _ => interpolation(v),
        }
    })?;
    let normalized = step(f, "do_normalize")? != Some(false);
    let absent = [
        ("mean", mean.is_none() && normalized),
        ("std", std.is_none() && normalized),
        ("interpolation", resample.is_none()),
    ];
    for (field, _) in absent.into_iter().filter(|(_, absent)| *absent) {
        settings.from.insert(field, f.source(&what));
    }
    settings.interpolation = Some(resample.unwrap_or_else(|| processor.resample.into()));
    (settings.mean, settings.std) = if normalized {
        (
            Some(mean.unwrap_or(processor.mean)),
            Some(std.unwrap_or(processor.std)),
        )
    } else {
        (Some([0.0; 3]), Some([1.0; 3]))
    };
    Ok(settings)
}

/// Returns whether a step is enabled, or `None` if the key is absent. transformers treats `null` as
/// false.
fn step(f: Fields, key: &str) -> Result<Option<bool>, ConfigError> {
    if f.is_null(key) {
        Ok(Some(false))
    } else {
        f.flag(key)
    }
}

/// The known image processors, for error messages.
const KNOWN: &str = "the image processor of ConvNext, ViT, DeiT, CLIP or Bit";

/// Returns the processor of a class name such as `ViTImageProcessorFast`.
fn by_name(name: &str) -> Option<&'static Processor> {
    let kind = ["ImageProcessor", "FeatureExtractor"]
        .iter()
        .find_map(|end| Some(name.split_once(end)?.0))?;
    PROCESSORS.iter().find(|p| p.name == kind)
}

/// Returns the file's processor, or `None` for the wrapper of timm's models, which reads timm's
/// `config.json` instead.
fn processor(
    f: Fields,
    by_model: Option<&'static str>,
) -> Result<Option<&'static Processor>, ConfigError> {
    let key = match f.get("image_processor_type") {
        None => "feature_extractor_type",
        Some(_) => "image_processor_type",
    };
    match (f.text(key)?, by_model) {
        (Some(name), _) if name.starts_with("TimmWrapper") => Ok(None),
        (Some(name), _) => by_name(name).map(Some).ok_or_else(|| f.refusal(key, KNOWN)),
        (None, Some(known)) => Ok(PROCESSORS.iter().find(|p| p.name == known)),
        (None, None) => Err(f.error("image_processor_type", KNOWN)),
    }
}

/// Returns settings that contain only the resize and the crop.
fn placed(f: Fields, processor: &Processor) -> Result<Settings, ConfigError> {
    let expected = "{\"shortest_edge\": n}, {\"height\": n, \"width\": n} or a number of pixels";
    let square = f.flag("default_to_square")?;
    let square = square.unwrap_or(processor.number_is_square);
    let size = f.choice("size", expected, |v| {
        resize(v, |n| {
            if square {
                Resize::Exact(n, n)
            } else {
                Resize::Shortest(n)
            }
        })
    })?;
    let crop_size = f.choice(
        "crop_size",
        "a square of 1 to 16384 pixels",
        |v| match resize(v, |n| Resize::Exact(n, n))? {
            Resize::Exact(h, w) if h == w => Some(h),
            _ => None,
        },
    )?;
    let size = size.unwrap_or(processor.size);
    let crops = match step(f, "do_center_crop")? {
        None => processor.crop.is_some(),
        Some(crops) => crops,
    };
    let crop = match (crops, crop_size.or(processor.crop)) {
        (false, _) => None,
        (true, Some(side)) => Some(side),
        (true, None) => return Err(f.error("crop_size", "the side of the centre crop")),
    };
    let settings = Settings {
        crop_margin_down: Some(true),
        ..Settings::default()
    };
    let squashed = |side| Settings {
        input_size: Some(side),
        squash: Some(true),
        ..settings.clone()
    };
    if processor.name == "ConvNext" {
        let Resize::Shortest(edge) = size else {
            return Err(f.refusal("size", "{\"shortest_edge\": n}"));
        };
        if crop.is_some_and(|side| side != edge) {
            return Err(f.refusal("crop_size", "no crop but that to the shortest edge"));
        }
        if edge >= CONVNEXT_SQUASHES {
            return Ok(squashed(edge));
        }
        if f.is_null("crop_pct") {
            return Err(f.error("crop_pct", "a fraction, since transformers refuses null"));
        }
        let crop_pct = crop_pct(f)?.unwrap_or(0.875);
        return Ok(Settings {
            input_size: Some(edge),
            crop_pct: Some(crop_pct),
            ..settings
        });
    }
    match (size, crop) {
        (Resize::Shortest(edge), Some(side)) => Ok(Settings {
            input_size: Some(side),
            resize: Some(edge),
            ..settings
        }),
        (Resize::Exact(h, w), None) if h == w => Ok(squashed(h)),
        (Resize::Exact(h, w), Some(side)) if h == w && w == side => Ok(squashed(side)),
        (Resize::Shortest(_), None) => {
            Err(f.refusal("do_center_crop", "true: a network's images are squares"))
        }
        (Resize::Exact(..), _) => Err(f.refusal(
            "size",
            "a square of the crop's size, or {\"shortest_edge\": n}",
        )),
    }
}

/// Reads a size: `224`, `[224, 224]`, `{"shortest_edge": 224}` or `{"height": 224, "width": 224}`.
/// An object with any other key is refused, because every key changes the meaning of the size. A
/// single number means `of_number`.
fn resize(v: &Value, of_number: impl Fn(usize) -> Resize) -> Option<Resize> {
    if let Some(number) = side(v) {
        return Some(of_number(number));
    }
    if let Some([h, w]) = v.as_array().map(Vec::as_slice) {
        return Some(Resize::Exact(side(h)?, side(w)?));
    }
    let map = v.as_object()?;
    let get = |key| map.get(key).filter(|v| !v.is_null());
    let given = map.values().filter(|v| !v.is_null()).count();
    match (get("shortest_edge"), get("height"), get("width"), given) {
        (Some(edge), None, None, 1) => Some(Resize::Shortest(side(edge)?)),
        (None, Some(h), Some(w), 2) => Some(Resize::Exact(side(h)?, side(w)?)),
        _ => None,
    }
}

const _: () = assert!(MAX_SIDE >= CONVNEXT_SQUASHES as u64);

#[cfg(test)]
mod tests {
    use super::super::json::parse;
    use super::*;

    /// Reads `text` as the preprocessor file of a ResNet, whose `config.json` implies ConvNext.
    fn read(text: &str) -> Result<Settings, String> {
        let map = parse("f", "f", text).map_err(|e| e.to_string())?;
        preprocessor(Fields::new("f", &map), Some("ConvNext")).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_said() {
        let s = read(
            r#"{"size": {"shortest_edge": 224}, "crop_pct": 0.875, "resample": 3,
                "image_mean": [0.4, 0.5, 0.6], "image_std": [1, 1, 1],
                "rescale_factor": 0.00392156862745098}"#,
        )
        .unwrap();
        assert_eq!((s.input_size, s.crop_pct), (Some(224), Some(0.875)));
        assert_eq!(s.mean, Some([0.4, 0.5, 0.6]));
        assert_eq!(s.crop_margin_down, Some(true));
        let s = read(
            r#"{"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224},
                "image_processor_type": "BitImageProcessor"}"#,
        );
        assert_eq!(
            s.map(|s| (s.input_size, s.resize)),
            Ok((Some(224), Some(256)))
        );
    }

    #[test]
    fn each_processor_has_its_defaults() {
        let read = |kind: &str| {
            let text = format!(r#"{{"image_processor_type": "{kind}"}}"#);
            let s = read(&text).unwrap();
            let (size, squash) = (s.input_size, s.squash);
            let (filter, mean) = (s.interpolation.clone().unwrap(), s.mean.unwrap()[0]);
            assert!(s.from["mean"].contains("default"), "{:?}", s.from);
            (size, s.resize, squash, filter, mean)
        };
        let bicubic = || "bicubic".to_owned();
        assert_eq!(
            read("ConvNextImageProcessor"),
            (Some(384), None, Some(true), bicubic(), 0.5)
        );
        assert_eq!(
            read("ConvNextFeatureExtractor"),
            read("ConvNextImageProcessorFast")
        );
        assert_eq!(
            read("ViTImageProcessor"),
            (Some(224), None, Some(true), "bilinear".into(), 0.5)
        );
        for kind in ["CLIPImageProcessor", "BitImageProcessor"] {
            let expected = (Some(224), Some(224), None, bicubic(), CLIP_MEAN[0]);
            assert_eq!(read(kind), expected);
        }
    }

    #[test]
    fn convnext_crops_small_sizes_and_squashes_large_ones() {
        for (size, crop_pct, squash) in [
            ("224", Some(0.875), None),
            (r#"{"shortest_edge": 383}"#, Some(0.875), None),
            (r#"{"shortest_edge": 384}"#, None, Some(true)),
        ] {
            let text = format!(
                r#"{{"size": {size}, "feature_extractor_type": "ConvNextFeatureExtractor"}}"#
            );
            let s = read(&text).unwrap();
            assert_eq!((s.crop_pct, s.squash), (crop_pct, squash), "{size}");
        }
    }

    #[test]
    fn the_model_names_the_processor_where_the_file_does_not() {
        let config = |text: &str| {
            let map = parse("c", "c", text).unwrap();
            named_by_model(Fields::new("c", &map)).map_err(|e| e.to_string())
        };
        assert_eq!(config(r#"{"model_type": "resnet"}"#), Ok(Some("ConvNext")));
        let vit = r#"{"model_type": "resnet", "image_processor_type": "ViTImageProcessor"}"#;
        assert_eq!(config(vit), Ok(Some("ViT")));
        assert_eq!(config("{}"), Ok(None));
        assert!(config(r#"{"image_processor_type": "OneImageProcessor"}"#).is_err());
        let map = parse("f", "f", r#"{"size": 224}"#).unwrap();
        let fields = Fields::new("f", &map);
        assert_eq!(
            preprocessor(fields, Some("ViT")).unwrap().squash,
            Some(true)
        );
        let error = preprocessor(fields, None).unwrap_err().to_string();
        assert!(
            error.starts_with("f: `image_processor_type`: expected"),
            "{error}"
        );
        // CLIP's processor reads a plain number as a square only if the file requests squares.
        let map = parse("f", "f", r#"{"size": 224, "default_to_square": true}"#).unwrap();
        let found = preprocessor(Fields::new("f", &map), Some("CLIP"));
        assert_eq!(found.unwrap().squash, Some(true));
    }

    #[test]
    fn steps_that_are_not_done_are_refused() {
        for (text, key) in [
            (r#"{"do_resize": false}"#, "do_resize"),
            (r#"{"do_rescale": false}"#, "do_rescale"),
            (r#"{"do_pad": true}"#, "do_pad"),
            (
                r#"{"do_flip_channel_order": true}"#,
                "do_flip_channel_order",
            ),
            (r#"{"size": {"longest_edge": 224}}"#, "size"),
            (
                r#"{"size": {"shortest_edge": 224, "longest_edge": 512}}"#,
                "size",
            ),
            (
                r#"{"size": {"height": 224, "width": 224},
                    "image_processor_type": "ConvNextImageProcessor"}"#,
                "size",
            ),
            (
                r#"{"size": {"height": 224, "width": 256},
                    "image_processor_type": "ViTImageProcessor"}"#,
                "size",
            ),
            (
                r#"{"size": {"height": 256, "width": 256}, "do_center_crop": true,
                    "crop_size": 224, "image_processor_type": "ViTImageProcessor"}"#,
                "size",
            ),
            (r#"{"do_center_crop": true, "crop_size": 200}"#, "crop_size"),
            (r#"{"do_resize": null}"#, "do_resize"),
            (r#"{"do_rescale": null}"#, "do_rescale"),
            (r#"{"image_mean": null}"#, "image_mean"),
            (r#"{"size": 224, "crop_pct": null}"#, "crop_pct"),
            (r#"{"size": 224, "default_to_square": true}"#, "size"),
            (
                r#"{"image_processor_type": "CLIPImageProcessor", "do_center_crop": null}"#,
                "do_center_crop",
            ),
            (
                r#"{"image_processor_type": "ConvNextImageProcessor", "do_center_crop": true,
                    "crop_size": 200}"#,
                "crop_size",
            ),
            (
                r#"{"image_processor_type": "CLIPImageProcessor", "do_center_crop": false}"#,
                "do_center_crop",
            ),
            (r#"{"image_processor_type": "DeiTImageProcessor"}"#, "size"),
            (
                r#"{"image_processor_type": "EfficientNetImageProcessor"}"#,
                "image_processor_type",
            ),
            (r#"{"size": {"height": 224, "width": 224}}"#, "size"),
            (r#"{"image_std": [1, 0, 1]}"#, "image_std"),
            (r#"{"resample": 1}"#, "resample"),
            (r#"{"rescale_factor": 1}"#, "rescale_factor"),
        ] {
            let err = read(text).expect_err(text);
            assert!(err.starts_with(&format!("f: `{key}`: expected ")), "{err}");
        }
    }
}
