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

/// A skipped image, as `--json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub kind: ErrorKind,
    /// One line that names the file, the expectation and the finding.
    pub message: String,
    /// The reason in a word or two. Images are counted by this text.
    #[serde(skip)]
    pub what: String,
}

impl LeftOut {
    /// Derives the reason from an error.
    pub fn new(error: &(dyn StdError + 'static)) -> Self {
        let (kind, what) = Self::kind_of(error);
        Self {
            kind,
            what,
            message: with_sources(error),
        }
    }

    /// Like `new`, with `name` in front of the message. Intended for errors that
    /// do not name the image themselves.
    pub fn named(name: &str, error: &(dyn StdError + 'static)) -> Self {
        let left_out = Self::new(error);
        Self {
            message: format!("{name}: {}", left_out.message),
            ..left_out
        }
    }

    fn kind_of(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
        if let Some(error) = error.downcast_ref::<ImageError>() {
            return of_image(error);
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
            return of_image(error);
        }
        // These errors concern the size of the picture itself, since the user requested no other
        // size.
        let unsuitable = error.downcast_ref::<PreprocessError>().is_some()
            || error.downcast_ref::<GraphError>().is_some()
            || error.downcast_ref::<InputError>().is_some();
        if unsuitable {
            return (ErrorKind::Image, "of an unsuitable size".into());
        }
        let what = match error.kind() {
            ErrorKind::UnsupportedDevice | ErrorKind::OutOfMemory => "too large for the device",
            ErrorKind::WrongResults => "with wrong results",
            _ => "failed",
        };
        (error.kind(), what.into())
    }
}

fn of_image(error: &ImageError) -> (ErrorKind, String) {
    match error {
        ImageError::Read { .. } => (ErrorKind::Io, "unreadable".into()),
        ImageError::Unsupported { found, .. } => {
            let what = found.strip_prefix("a ").or(found.strip_prefix("an "));
            (ErrorKind::Image, what.unwrap_or(found).to_owned())
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
pub struct Tally {
    by_kind: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one skipped image.
    pub fn add(&mut self, left_out: &LeftOut) {
        *self.by_kind.entry(left_out.what.clone()).or_default() += 1;
    }

    /// Returns the number of skipped images.
    pub fn total(&self) -> usize {
        self.by_kind.values().sum()
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
        let counted: Vec<String> = (self.by_kind.iter())
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        let read = all.saturating_sub(total);
        (total > 0).then(|| format!("{read} of {all} read; left out: {}", counted.join(", ")))
    }
}

/// One line of `--json` for a skipped image.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    path: std::borrow::Cow<'a, str>,
    error: &'a LeftOut,
}

impl<'a> Line<'a> {
    pub fn new(path: &'a Path, error: &'a LeftOut) -> Self {
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
    fn the_last_line_counts_by_kind() {
        let unsupported = |found: &str| {
            LeftOut::new(&ImageError::Unsupported {
                name: "a".into(),
                found: found.into(),
            })
        };
        let mut tally = Tally::default();
        assert_eq!(tally.line(6), None);
        for found in ["HEIC", "a JPEG of 12 bits a sample", "HEIC"] {
            tally.add(&unsupported(found));
        }
        let line = "3 of 6 read; left out: 2 HEIC, 1 JPEG of 12 bits a sample";
        assert_eq!(tally.line(6).as_deref(), Some(line));
    }

    #[test]
    fn each_error_has_its_kind() {
        let kind = |error: Error| LeftOut::new(&error).kind;
        let read = ImageError::Read {
            name: "a".into(),
            source: std::io::Error::other("no"),
        };
        assert_eq!(LeftOut::new(&read).kind, ErrorKind::Io);
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
