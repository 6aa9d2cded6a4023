//! Images that a command leaves out: why, and how many of which kind.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::path::Path;

use crate::dataset::DatasetError;
use resnet_wgpu::Error;
use resnet_wgpu::gpu::GpuError;
use resnet_wgpu::preprocess::ImageError;
use serde::Serialize;

use crate::failure::with_sources;
use crate::term;

/// The kind of an error, as `--json` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The operating system would not read the file.
    Io,
    /// The file is no image that is read.
    Image,
    /// The device or the host has no memory for it.
    OutOfMemory,
    /// The device computed no probabilities.
    WrongResults,
    /// Anything else.
    Internal,
}

/// An image that is left out, as `--json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub kind: Kind,
    /// One line that names the file, what was expected and what was found.
    pub message: String,
    /// What it is, in a word or two, to be counted.
    #[serde(skip)]
    pub what: String,
}

impl LeftOut {
    /// The reason of an error.
    pub fn new(error: &(dyn StdError + 'static)) -> Self {
        let (kind, what) = Self::kind_of(error);
        Self {
            kind,
            what,
            message: with_sources(error),
        }
    }

    /// The same, under the name of the image that the error does not name.
    pub fn named(name: &str, error: &(dyn StdError + 'static)) -> Self {
        let left_out = Self::new(error);
        Self {
            message: format!("{name}: {}", left_out.message),
            ..left_out
        }
    }

    fn kind_of(error: &(dyn StdError + 'static)) -> (Kind, String) {
        if let Some(error) = error.downcast_ref::<ImageError>() {
            return of_image(error);
        }
        if let Some(error) = error.downcast_ref::<DatasetError>() {
            return match error {
                DatasetError::NoSuchPath { .. } => (Kind::Io, "missing".into()),
                DatasetError::Read { .. } => (Kind::Io, "unreadable".into()),
                _ => (Kind::Image, "without images".into()),
            };
        }
        match error.downcast_ref::<Error>() {
            Some(Error::Image(error)) => of_image(error),
            Some(Error::Preprocess(_) | Error::Graph(_) | Error::Input(_)) => {
                (Kind::Image, "of an unsuitable size".into())
            }
            Some(Error::Plan(_) | Error::Cpu(_) | Error::Gpu(GpuError::OutOfMemory { .. })) => {
                (Kind::OutOfMemory, "too large for the device".into())
            }
            Some(Error::NoNumbers { .. } | Error::NoProbabilities { .. }) => {
                (Kind::WrongResults, "with wrong results".into())
            }
            _ => (Kind::Internal, "failed".into()),
        }
    }
}

fn of_image(error: &ImageError) -> (Kind, String) {
    match error {
        ImageError::Read { .. } => (Kind::Io, "unreadable".into()),
        ImageError::Unsupported { found, .. } => {
            let what = found.strip_prefix("a ").or(found.strip_prefix("an "));
            (Kind::Image, what.unwrap_or(found).to_owned())
        }
        ImageError::Truncated { format, .. } => (Kind::Image, format!("truncated {format}")),
        ImageError::Damaged { format, .. } => (Kind::Image, format!("damaged {format}")),
        ImageError::TooManyPixels { .. } => (Kind::Image, "with too many pixels".into()),
        ImageError::TooMuchMemory { .. } => (Kind::OutOfMemory, "too large".into()),
        ImageError::Empty { .. } => (Kind::Image, "empty".into()),
        _ => (Kind::Image, "no image".into()),
    }
}

/// Counts the images of a command that are left out.
#[derive(Debug, Default)]
pub struct Tally {
    by_kind: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, left_out: &LeftOut) {
        *self.by_kind.entry(left_out.what.clone()).or_default() += 1;
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.by_kind.values().sum()
    }

    /// Says on stderr how many of `all` images were read, and counts the others:
    /// `1 of 6 read; left out: 1 AVIF, 2 HEIC`. Silent where none was left out.
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

/// One line of `--json` about an image that is left out.
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
        assert_eq!(LeftOut::new(&read).kind, Kind::Io);
        assert_eq!(kind(read.into()), Kind::Io);
        let network = || "resnet18".to_owned();
        let nan = Error::NoNumbers { network: network() };
        assert_eq!(kind(nan), Kind::WrongResults);
        let wrong = Error::NoProbabilities {
            network: network(),
            found: "-143".into(),
        };
        assert_eq!(kind(wrong), Kind::WrongResults);
        let memory = GpuError::OutOfMemory {
            device: "one".into(),
            bytes: 1,
            reason: String::new(),
        };
        assert_eq!(kind(memory.into()), Kind::OutOfMemory);
        assert_eq!(kind(Error::Taken), Kind::Internal);
        assert_eq!(serde_json::json!(Kind::OutOfMemory), "out_of_memory");
    }
}
