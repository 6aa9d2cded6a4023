//! Images that a command skips: the reason for each, and the counts by reason.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::path::Path;

use crate::dataset::DatasetError;
use resnet_wgpu::low_level::classify::InputError;
use resnet_wgpu::low_level::graph::GraphError;
use resnet_wgpu::low_level::preprocess::{ImageError, PreprocessError};
use resnet_wgpu::{Error, ErrorKind};
use serde::Serialize;

use crate::failure::with_sources;
use crate::term;

/// The reason why an image is skipped, as `--json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkipReason {
    pub kind: ErrorKind,
    /// One line that names the file, the expectation and the finding.
    pub message: String,
    /// The reason in a word or two. Images are counted by this text.
    #[serde(skip)]
    pub category: String,
}

impl SkipReason {
    /// Derives the reason from an error.
    pub fn new(error: &(dyn StdError + 'static)) -> Self {
        let (kind, category) = Self::classify(error);
        Self {
            kind,
            category,
            message: with_sources(error),
        }
    }

    /// Like `new`, with `name` in front of the message. Intended for errors that
    /// do not name the image themselves.
    pub fn named(name: &str, error: &(dyn StdError + 'static)) -> Self {
        let reason = Self::new(error);
        Self {
            message: format!("{name}: {}", reason.message),
            ..reason
        }
    }

    fn classify(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
        if let Some(error) = error.downcast_ref::<ImageError>() {
            return classify_image(error);
        }
        if let Some(error) = error.downcast_ref::<DatasetError>() {
            return match error {
                DatasetError::NoSuchPath { .. } => (ErrorKind::Io, "missing".into()),
                DatasetError::Read { .. } => (ErrorKind::Io, "unreadable".into()),
                _ => (ErrorKind::Image, "without images".into()),
            };
        }
        let Some(error) = error.downcast_ref::<Error>() else {
            return (ErrorKind::Internal, "failed".into());
        };
        if let Some(error) = error.downcast_ref::<ImageError>() {
            return classify_image(error);
        }
        // These errors concern the size of the picture itself, since the user requested no other
        // size.
        let unsuitable = error.downcast_ref::<PreprocessError>().is_some()
            || error.downcast_ref::<GraphError>().is_some()
            || error.downcast_ref::<InputError>().is_some();
        if unsuitable {
            return (ErrorKind::Image, "of an unsuitable size".into());
        }
        let category = match error.kind() {
            ErrorKind::UnsupportedDevice | ErrorKind::OutOfMemory => "too large for the device",
            ErrorKind::WrongResults => "with wrong results",
            _ => "failed",
        };
        (error.kind(), category.into())
    }
}

fn classify_image(error: &ImageError) -> (ErrorKind, String) {
    match error {
        ImageError::Read { .. } => (ErrorKind::Io, "unreadable".into()),
        ImageError::Unsupported { found, .. } => {
            let category = found.strip_prefix("a ").or(found.strip_prefix("an "));
            (ErrorKind::Image, category.unwrap_or(found).to_owned())
        }
        ImageError::Truncated { format, .. } => (ErrorKind::Image, format!("truncated {format}")),
        ImageError::Damaged { format, .. } => (ErrorKind::Image, format!("damaged {format}")),
        ImageError::TooManyPixels { .. } => (ErrorKind::Image, "with too many pixels".into()),
        ImageError::TooMuchMemory { .. } => (ErrorKind::OutOfMemory, "too large".into()),
        ImageError::Empty { .. } => (ErrorKind::Image, "empty".into()),
        _ => (ErrorKind::Image, "no image".into()),
    }
}

/// Counts the skipped images of a command by their reasons.
#[derive(Debug, Default)]
pub struct SkipCounts {
    counts: BTreeMap<String, usize>,
}

impl SkipCounts {
    /// Counts one skipped image.
    pub fn add(&mut self, reason: &SkipReason) {
        *self.counts.entry(reason.category.clone()).or_default() += 1;
    }

    /// Returns the number of skipped images.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// Reports on stderr how many of `all` images were read, and the number of skipped images by
    /// reason: `1 of 6 read; left out: 1 AVIF, 2 HEIC`. Prints nothing if no image was skipped.
    pub fn announce(&self, all: usize) {
        if let Some(line) = self.line(all) {
            term::note(&line);
        }
    }

    fn line(&self, all: usize) -> Option<String> {
        let total = self.total();
        let counted: Vec<String> = (self.counts.iter())
            .map(|(category, count)| format!("{count} {category}"))
            .collect();
        let read = all.saturating_sub(total);
        (total > 0).then(|| format!("{read} of {all} read; left out: {}", counted.join(", ")))
    }
}

/// One line of `--json` for a skipped image.
#[derive(Debug, Serialize)]
pub struct SkippedLine<'a> {
    path: std::borrow::Cow<'a, str>,
    error: &'a SkipReason,
}

impl<'a> SkippedLine<'a> {
    pub fn new(path: &'a Path, error: &'a SkipReason) -> Self {
        Self {
            path: path.to_string_lossy(),
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resnet_wgpu::low_level::errors::ClassifyError;
    use resnet_wgpu::low_level::gpu::GpuError;

    #[test]
    fn the_last_line_counts_by_category() {
        let unsupported = |found: &str| {
            SkipReason::new(&ImageError::Unsupported {
                name: "a".into(),
                found: found.into(),
            })
        };
        let mut tally = SkipCounts::default();
        assert_eq!(tally.line(6), None);
        for found in ["HEIC", "a JPEG of 12 bits a sample", "HEIC"] {
            tally.add(&unsupported(found));
        }
        let line = "3 of 6 read; left out: 2 HEIC, 1 JPEG of 12 bits a sample";
        assert_eq!(tally.line(6).as_deref(), Some(line));
    }

    #[test]
    fn each_error_has_its_kind() {
        let kind = |error: Error| SkipReason::new(&error).kind;
        let read = ImageError::Read {
            name: "a".into(),
            source: std::io::Error::other("no"),
        };
        assert_eq!(SkipReason::new(&read).kind, ErrorKind::Io);
        assert_eq!(kind(read.into()), ErrorKind::Io);
        let network = || "resnet18".to_owned();
        let nan = ClassifyError::NoNumbers { network: network() };
        assert_eq!(kind(nan.into()), ErrorKind::WrongResults);
        let wrong = ClassifyError::NoProbabilities {
            network: network(),
            found: "-143".into(),
        };
        assert_eq!(kind(wrong.into()), ErrorKind::WrongResults);
        let memory = GpuError::OutOfMemory {
            device: "one".into(),
            bytes: 1,
            reason: String::new(),
        };
        assert_eq!(kind(memory.into()), ErrorKind::OutOfMemory);
        assert_eq!(kind(GpuError::Idle.into()), ErrorKind::InvalidArgument);
        assert_eq!(serde_json::json!(ErrorKind::OutOfMemory), "out_of_memory");
    }
}
