//! Settings from a checkpoint's metadata and from the configuration files in its folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::json::{Fields, parse};
use super::{Checkpoint, CheckpointError, ConfigError, forms, processor};
use crate::graph::ZeroChannels;
use crate::models::{Block, Network, Shortcut, Stem, StridePlacement, anti_aliased};

/// The largest configuration file that is read, in bytes. The labels of ImageNet-21k need a quarter
/// of this size.
const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// The settings in a checkpoint's metadata and configuration files. A field is `None` if no source
/// gives its value.
///
/// ```
/// use resnet_wgpu::Model;
///
/// let model = Model::embedded()?;
/// let settings = model.settings();
/// assert_eq!(settings.input_size, Some(32));
/// assert_eq!(settings.from["input_size"], "metadata of the embedded ResNet-20");
/// let labels = settings.labels_for(10)?.expect("the file has them");
/// assert_eq!(labels[3], "cat");
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The side, in pixels, of the square image that the network reads.
    pub input_size: Option<usize>,
    /// The length to which an image's shorter side is resized, in pixels. This field takes priority
    /// over `crop_pct`.
    pub resize: Option<usize>,
    /// The fraction `input_size / resize`, above 0 and at most 1.
    pub crop_pct: Option<f64>,
    /// `true` if an image is resized to the square itself, without a crop and without keeping the
    /// aspect ratio.
    pub squash: Option<bool>,
    /// `true` if a crop with an odd margin lies half a pixel up and left of the centre, as in
    /// transformers. torchvision rounds half to even instead.
    pub crop_margin_down: Option<bool>,
    /// The mean of each channel (R, G, B) of images in [0, 1].
    pub mean: Option<[f32; 3]>,
    /// The standard deviation of each channel, above 0.
    pub std: Option<[f32; 3]>,
    /// The resize filter: `bilinear` or `bicubic`.
    pub interpolation: Option<String>,
    /// The class names by index. Only [`labels_for`](Settings::labels_for) checks their number.
    pub labels: Option<Vec<String>>,
    /// The network's name in timm's, torchvision's or this crate's spelling.
    pub architecture: Option<String>,
    /// The convolution of a bottleneck that has the stride.
    pub stride_placement: Option<StridePlacement>,
    /// `true` if a network without projections has no shortcuts at all, `false` if its shortcuts
    /// are of option A.
    pub plain: Option<bool>,
    /// The position of the zero channels in option-A shortcuts.
    pub zero_channels: Option<ZeroChannels>,
    /// The number that batch norm adds to the variance.
    pub eps: Option<f64>,
    /// `true` if the stem has three convolutions. The tensors must agree.
    pub deep_stem: Option<bool>,
    /// `true` if the classes are known to be those of ImageNet-1k.
    pub imagenet: Option<bool>,
    /// The provenance of each value, by field name: a configuration file, or the metadata of a
    /// file.
    pub from: BTreeMap<&'static str, String>,
}

impl Settings {
    /// Returns the labels if they exist: one for each of `classes` classes.
    ///
    /// # Errors
    /// [`ConfigError`] if the number of labels is not `classes`. The error names the provenance of
    /// the labels.
    pub fn labels_for(&self, classes: usize) -> Result<Option<&[String]>, ConfigError> {
        match &self.labels {
            Some(labels) if labels.len() != classes => Err(ConfigError {
                file: self.origin("labels").to_owned(),
                key: "labels".into(),
                expected: format!("{classes} labels, one for each class of the last layer"),
                found: labels.len().to_string(),
                remedy: ConfigError::CORRECT,
            }),
            labels => Ok(labels.as_deref()),
        }
    }

    /// Returns the provenance of a field's value.
    pub(super) fn origin(&self, field: &str) -> &str {
        self.from.get(field).map_or("the caller", String::as_str)
    }

    /// Refuses an anti-aliased network. timm gives such a network torchvision's tensor names and
    /// shapes, because anti-aliased downsampling has no parameters, but the network computes
    /// something else.
    pub(super) fn same_names_other_network(&self) -> Result<(), ConfigError> {
        let name = self.architecture.as_deref().unwrap_or_default();
        without_anti_aliasing(name, self.origin("architecture"), "architecture")
    }

    /// Refuses a stem type that contradicts the tensors.
    pub(super) fn stem_fits(&self, net: &Network) -> Result<(), ConfigError> {
        let deep = matches!(net.stem, Stem::Deep(_));
        let stem_type = |deep| {
            if deep {
                "`deep`"
            } else {
                "none, for one 7×7 convolution"
            }
        };
        match self.deep_stem {
            Some(wanted) if wanted != deep => Err(ConfigError {
                file: self.origin("deep_stem").to_owned(),
                key: "stem_type".into(),
                expected: format!("{}, as the tensors show", stem_type(deep)),
                found: stem_type(wanted).into(),
                remedy: ConfigError::OTHER_NETWORK,
            }),
            _ => Ok(()),
        }
    }

    /// Records `source` as the provenance of every value that has none yet. Before that, the
    /// architecture's name determines the stride placement and the shortcut if the file does not
    /// state these.
    pub(super) fn with_source(mut self, source: &str) -> Self {
        let known = self.architecture.as_deref().and_then(preset_of);
        let named = |name: &str| format!("architecture `{name}`, {source}");
        if let (Some(net), Some(name)) = (known, &self.architecture) {
            if self.stride_placement.is_none() && net.block == Block::Bottleneck {
                self.stride_placement = Some(net.stride_placement);
                self.from.insert("stride_placement", named(name));
            }
            if self.plain.is_none() && matches!(net.shortcut, Shortcut::None | Shortcut::A(_)) {
                self.plain = Some(net.shortcut == Shortcut::None);
                self.from.insert("plain", named(name));
            }
        }
        let noted = std::mem::take(&mut self.from);
        let mut all = Self::default();
        all.absorb(self, source);
        all.from.extend(noted);
        all
    }

    /// Fills the fields that are still `None` with the values of `other`, which has lower priority.
    fn absorb(&mut self, other: Self, source: &str) {
        // Resize and crop belong together. A combination of half the values of one file with half
        // the values of another would be the preparation of neither file.
        let sized = self.input_size.is_some() || self.resize.is_some() || self.crop_pct.is_some();
        let (resize, crop, squash) = (self.resize, self.crop_pct, self.squash);
        let margin = self.crop_margin_down;
        macro_rules! take {
            ($($field:ident),*) => {$(
                if self.$field.is_none() && other.$field.is_some() {
                    self.$field = other.$field;
                    let field = stringify!($field);
                    let from = other.from.get(field).map_or(source, String::as_str);
                    self.from.insert(field, from.to_owned());
                }
            )*};
        }
        take!(
            input_size,
            resize,
            crop_pct,
            squash,
            mean,
            std,
            interpolation,
            labels,
            architecture,
            stride_placement,
            plain,
            zero_channels,
            eps,
            crop_margin_down,
            deep_stem,
            imagenet
        );
        if sized && self.resize != resize {
            self.resize = resize;
            self.from.remove("resize");
        }
        if sized {
            self.squash = squash;
            self.crop_margin_down = margin;
        }
        if (resize.is_some() || crop.is_some()) && self.crop_pct != crop {
            self.crop_pct = crop;
            self.from.remove("crop_pct");
        }
    }
}

/// Returns the preset that an architecture's name denotes in the spelling of timm, torchvision or
/// this crate. In timm's names, such as `resnet50.a1_in1k`, the part after the dot names the
/// weights.
fn preset_of(architecture: &str) -> Option<Network> {
    Network::preset(architecture.split('.').next().unwrap_or(""))
}

impl Checkpoint {
    /// Reads the settings in this order of priority: the checkpoint's metadata, `config.json`, and
    /// transformers' `processor_config.json` or else `preprocessor_config.json`. The files lie in
    /// the checkpoint's folder.
    ///
    /// The metadata hold a JSON object under the key `config`. The object has timm's form or this
    /// library's form, whose filter is bilinear unless the object names another. `config.json` has
    /// timm's or transformers' form; a file about another kind of model is ignored.
    ///
    /// # Errors
    /// [`CheckpointError::Config`], with file and key, for an invalid value and for a value that
    /// requests a computation this library does not support. [`CheckpointError::Read`] for a file
    /// that cannot be read.
    pub fn settings(&self) -> Result<Settings, CheckpointError> {
        let mut settings = Settings::default();
        let own = self.metadata().get("config").map(|text| text.trim());
        // Other programs may store something other than an object under this key.
        if let Some(text) = own.filter(|t| t.starts_with('{')) {
            let source = format!("metadata of {}", self.name());
            let map = parse(&source, "config", text)?;
            let found = forms::metadata(Fields::new(&source, &map))?;
            settings.absorb(found.with_source(&source), &source);
        }
        // Some exporters name the network in a separate metadata entry.
        for key in ["architecture", "model_name", "base_model"] {
            if let Some(name) = self.metadata().get(key) {
                let source = format!("metadata of {}", self.name());
                without_anti_aliasing(name, &source, key)?;
            }
        }
        let Some(folder) = &self.folder else {
            return Ok(settings);
        };
        let mut processor = None;
        if let Some((source, map)) = read_object(folder, "config.json")? {
            let fields = Fields::new(&source, &map);
            let found = forms::model(fields)?;
            if let Some(name) = &found.architecture {
                without_anti_aliasing(name, &source, "architecture")?;
            }
            settings.absorb(found.with_source(&source), &source);
            processor = processor::named_by_model(fields)?;
        }
        // transformers prefers `processor_config.json`, the newer file, and so does this code.
        if let Some((source, map)) = read_object(folder, "processor_config.json")?
            && let Some(fields) = Fields::new(&source, &map).object("image_processor")?
        {
            let found = processor::preprocessor(fields, processor)?;
            settings.absorb(found.with_source(&source), &source);
        } else if let Some((source, map)) = read_object(folder, "preprocessor_config.json")? {
            let found = processor::preprocessor(Fields::new(&source, &map), processor)?;
            settings.absorb(found.with_source(&source), &source);
        }
        Ok(settings)
    }
}

/// Refuses the `name` of an anti-aliased network. The error names `source` and `key`.
fn without_anti_aliasing(name: &str, source: &str, key: &str) -> Result<(), ConfigError> {
    if !anti_aliased(name) {
        return Ok(());
    }
    Err(ConfigError {
        file: source.to_owned(),
        key: key.to_owned(),
        expected: "a network without anti-aliasing".into(),
        found: format!("`{name}`, which filters where it downsamples"),
        remedy: ConfigError::OTHER_NETWORK,
    })
}

/// The path of a configuration file, and the object that it holds.
type Object = (String, Map<String, Value>);

/// Reads a file of `folder` as a JSON object. Returns `None` if the file does not exist.
fn read_object(folder: &Path, name: &str) -> Result<Option<Object>, CheckpointError> {
    let path = folder.join(name);
    let source = path.display().to_string();
    let Some(text) = read_small(&path, &source)? else {
        return Ok(None);
    };
    let map = parse(&source, name, &text)?;
    Ok(Some((source, map)))
}

/// Reads a configuration file's text. Returns `None` if no regular file has this path.
fn read_small(path: &Path, file: &str) -> Result<Option<String>, CheckpointError> {
    let read = |source| CheckpointError::Read {
        file: file.to_owned(),
        source,
    };
    let kind = match std::fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        kind => kind.map_err(read)?,
    };
    // A directory or a pipe with this name is not a configuration file.
    if !kind.is_file() {
        return Ok(None);
    }
    let mut text = Vec::new();
    File::open(path)
        .and_then(|f| f.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut text))
        .map_err(read)?;
    let error = |expected: String, found: String| ConfigError {
        file: file.to_owned(),
        key: "(whole file)".into(),
        expected,
        found,
        remedy: ConfigError::CORRECT,
    };
    if text.len() as u64 > MAX_CONFIG_BYTES {
        let expected = format!("at most {MAX_CONFIG_BYTES} bytes");
        return Err(error(expected, "more".into()).into());
    }
    let text = String::from_utf8(text)
        .map_err(|e| error("UTF-8 text".into(), e.utf8_error().to_string()))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_say_has_its_way() {
        let first = Settings {
            input_size: Some(384),
            crop_pct: Some(1.0),
            ..Settings::default()
        };
        let second = Settings {
            resize: Some(256),
            mean: Some([0.5; 3]),
            crop_pct: Some(0.875),
            architecture: Some("resnet50-v1".into()),
            ..Settings::default()
        };
        let mut all = first.with_source("a");
        all.absorb(second.with_source("b"), "b");
        assert_eq!(
            (all.input_size, all.resize, all.crop_pct),
            (Some(384), None, Some(1.0))
        );
        assert_eq!(all.origin("mean"), "b");
        assert_eq!(all.stride_placement, Some(StridePlacement::First1x1));
        assert_eq!(
            all.origin("stride_placement"),
            "architecture `resnet50-v1`, b"
        );
        assert!(!all.from.contains_key("resize"));
    }

    #[test]
    fn labels_must_be_as_many_as_classes() {
        let settings = Settings {
            labels: Some(vec!["cat".into(), "dog".into()]),
            ..Settings::default()
        };
        assert_eq!(settings.labels_for(2).unwrap().unwrap().len(), 2);
        let err = settings.labels_for(10).unwrap_err().to_string();
        assert!(
            err.contains("expected 10 labels") && err.contains("found 2"),
            "{err}"
        );
        assert_eq!(Settings::default().labels_for(10), Ok(None));
    }
}
