//! What stands about a checkpoint in its metadata and in the configuration
//! files beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::json::{Fields, parse};
use super::{Checkpoint, CheckpointError, ConfigError, forms, processor};
use crate::graph::ZeroChannels;
use crate::models::{Block, Network, Shortcut, Stem, StridePlacement, anti_aliased};

/// The largest configuration file that is read, in bytes: ImageNet-21k's
/// labels take a quarter of it.
const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// What a checkpoint's metadata and configuration files say; `None` where
/// they are silent.
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
    /// Side of the square that the network reads, in pixels.
    pub input_size: Option<usize>,
    /// Length to which an image's shorter side is resized, in pixels; goes
    /// before `crop_pct`.
    pub resize: Option<usize>,
    /// `input_size / resize`, above 0 and at most 1.
    pub crop_pct: Option<f64>,
    /// Whether an image is resized to the square itself, whatever its aspect,
    /// and not cropped.
    pub squash: Option<bool>,
    /// Whether a crop whose margin is odd lies half a pixel up and left of the
    /// centre, as transformers crops; torchvision rounds half to even.
    pub crop_margin_down: Option<bool>,
    /// Mean of each channel (R, G, B) of images in [0, 1].
    pub mean: Option<[f32; 3]>,
    /// Standard deviation of each channel, above 0.
    pub std: Option<[f32; 3]>,
    /// `bilinear` or `bicubic`.
    pub interpolation: Option<String>,
    /// Class names by index. Their number is checked by
    /// [`labels_for`](Settings::labels_for) only.
    pub labels: Option<Vec<String>>,
    /// The network's name in timm's, torchvision's or this crate's spelling.
    pub architecture: Option<String>,
    /// Where a bottleneck's stride is.
    pub stride_placement: Option<StridePlacement>,
    /// Whether a network without projections has no shortcuts at all (option
    /// A otherwise).
    pub plain: Option<bool>,
    /// Where option A's zero channels go.
    pub zero_channels: Option<ZeroChannels>,
    /// Added to the variance in batch norm.
    pub eps: Option<f64>,
    /// Whether the stem has three convolutions, as the tensors must show.
    pub deep_stem: Option<bool>,
    /// Whether the classes are known to be ImageNet-1k's.
    pub imagenet: Option<bool>,
    /// Which file, or whose metadata, each value is from, by field name.
    pub from: BTreeMap<&'static str, String>,
}

impl Settings {
    /// The labels, if there are any: one for each of `classes`, or an error
    /// that names where they are from.
    ///
    /// # Errors
    /// [`ConfigError`] where there are more or fewer.
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

    /// Where a field's value is from.
    pub(super) fn origin(&self, field: &str) -> &str {
        self.from.get(field).map_or("the caller", String::as_str)
    }

    /// Refuses a network that timm gives torchvision's names and shapes, and
    /// that computes something else: anti-aliased downsampling has no
    /// parameters.
    pub(super) fn same_names_other_network(&self) -> Result<(), ConfigError> {
        let name = self.architecture.as_deref().unwrap_or_default();
        without_anti_aliasing(name, self.origin("architecture"), "architecture")
    }

    /// Refuses a stem other than the one that the tensors show.
    pub(super) fn stem_fits(&self, net: &Network) -> Result<(), ConfigError> {
        let deep = matches!(net.stem, Stem::Deep(_));
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

    /// Notes `source` for every value, after what the architecture's name
    /// tells about what is not said outright has been added.
    pub(super) fn sourced(mut self, source: &str) -> Self {
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

    /// Takes from `other`, which has less say, what is not known yet.
    fn absorb(&mut self, other: Self, source: &str) {
        // How large and where to cut belong together: half an answer from
        // each of two files would be neither's.
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

fn stem_type(deep: bool) -> &'static str {
    match deep {
        true => "`deep`",
        false => "none, for one 7×7 convolution",
    }
}

/// The preset that timm, torchvision or this crate calls so; timm's
/// `resnet50.a1_in1k` names the weights behind the dot.
fn preset_of(architecture: &str) -> Option<Network> {
    Network::preset(architecture.split('.').next().unwrap_or(""))
}

impl Checkpoint {
    /// Reads the metadata, then `config.json`, then transformers'
    /// `processor_config.json` or else `preprocessor_config.json` of the same folder.
    ///
    /// Metadata: a JSON object under the key `config`, in this library's form (whose
    /// filter is bilinear unless it names another) or timm's. `config.json`: timm's
    /// or transformers' form; one of another kind of model is ignored.
    /// A value that makes no sense, or asks for a computation that is not done here,
    /// is an error that names file and key.
    ///
    /// # Errors
    /// [`CheckpointError::Config`] for such a value, [`CheckpointError::Read`] for
    /// a file that cannot be read.
    pub fn settings(&self) -> Result<Settings, CheckpointError> {
        let mut settings = Settings::default();
        let own = self.metadata().get("config").map(|text| text.trim());
        // Others may keep something else under that key.
        if let Some(text) = own.filter(|t| t.starts_with('{')) {
            let source = format!("metadata of {}", self.name());
            let map = parse(&source, "config", text)?;
            let found = forms::metadata(Fields::new(&source, &map))?;
            settings.absorb(found.sourced(&source), &source);
        }
        // Some exporters name the network in an entry of its own.
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
            settings.absorb(found.sourced(&source), &source);
            processor = processor::named_by_model(fields)?;
        }
        // transformers prefers the newer file.
        if let Some((source, map)) = read_object(folder, "processor_config.json")?
            && let Some(fields) = Fields::new(&source, &map).object("image_processor")?
        {
            let found = processor::preprocessor(fields, processor)?;
            settings.absorb(found.sourced(&source), &source);
        } else if let Some((source, map)) = read_object(folder, "preprocessor_config.json")? {
            let found = processor::preprocessor(Fields::new(&source, &map), processor)?;
            settings.absorb(found.sourced(&source), &source);
        }
        Ok(settings)
    }
}

/// Refuses a name under `key` that is of an anti-aliased network.
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

/// A file of the folder as an object; `None` where there is none.
fn read_object(folder: &Path, name: &str) -> Result<Option<Object>, CheckpointError> {
    let path = folder.join(name);
    let source = path.display().to_string();
    let Some(text) = read_small(&path, &source)? else {
        return Ok(None);
    };
    let map = parse(&source, name, &text)?;
    Ok(Some((source, map)))
}

/// A configuration file's text; `None` where there is no such file.
fn read_small(path: &Path, file: &str) -> Result<Option<String>, CheckpointError> {
    let read = |source| CheckpointError::Read {
        file: file.to_owned(),
        source,
    };
    let kind = match std::fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        kind => kind.map_err(read)?,
    };
    // A directory or a pipe of that name is no configuration.
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
        let mut all = first.sourced("a");
        all.absorb(second.sourced("b"), "b");
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
