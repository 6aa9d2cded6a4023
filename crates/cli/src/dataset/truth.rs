//! A folder of images with a separate file of labels, the layout of ILSVRC's validation set.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::class::Classes;
use super::data::{Dataset, Samples};
use super::files::read_whole;
use super::walk::find_images;
use super::{DatasetError, ilsvrc};
use resnet_wgpu::low_level::printable;

/// First words of headers.
const HEADERS: [&str; 6] = ["imageid", "image", "path", "file", "filename", "name"];

/// A line with a label.
struct TruthEntry<'a> {
    /// The line's number, counted from 1.
    line: usize,
    name: Option<&'a str>,
    label: &'a str,
}

/// Reads the labels and finds their images.
pub(super) fn open(
    folder: &Path,
    truth: &Path,
    classes: &Classes,
) -> Result<Dataset, DatasetError> {
    let path = printable(truth.display());
    let text = String::from_utf8(read_whole(truth)?)
        .map_err(|_| DatasetError::NotText { path: path.clone() })?;
    let entries = parse(&text, &path, classes)?;
    let images = find_images(folder)?.images;
    let (numbers, note) = numbering(truth, &entries, classes);
    let class = |entry: &TruthEntry| {
        let position = format!("{path}, line {}", entry.line);
        match (numbers, entry.label.parse::<usize>()) {
            (LabelNumbers::Ilsvrc, Ok(id)) => ilsvrc::class(id, &position, classes),
            _ => classes.resolve(entry.label, &position),
        }
    };
    let named = entries.first().is_some_and(|entry| entry.name.is_some());
    let files: Vec<(PathBuf, usize)> = if named {
        let known = ImageIndex::new(folder, &images);
        let mut seen = HashSet::new();
        let found = entries.iter().map(|entry| {
            let name = entry.name.unwrap_or_default();
            let refused = |problem| DatasetError::ImageNotFound {
                path: path.clone(),
                line: entry.line,
                folder: printable(folder.display()),
                found: printable(name),
                problem,
            };
            let image = known.find(name).map_err(refused)?;
            if seen.insert(image) {
                Ok((image.clone(), class(entry)?))
            } else {
                Err(refused(
                    "which an earlier line names; remove one of the two lines",
                ))
            }
        });
        let mut files = found.collect::<Result<Vec<_>, DatasetError>>()?;
        files.sort();
        files
    } else if entries.len() == images.len() {
        let pairs = images.into_iter().zip(&entries);
        pairs
            .map(|(image, entry)| Ok((image, class(entry)?)))
            .collect::<Result<_, DatasetError>>()?
    } else {
        return Err(DatasetError::TruthLines {
            path,
            images: images.len(),
            lines: entries.len(),
        });
    };
    if files.is_empty() {
        return Err(DatasetError::NoImages { path });
    }
    Ok(Dataset {
        root: folder.to_owned(),
        samples: Samples::Files(files),
        note,
    })
}

/// Returns the lines that are not empty, without a header. All lines must have the same form.
fn parse<'a>(
    text: &'a str,
    path: &str,
    classes: &Classes,
) -> Result<Vec<TruthEntry<'a>>, DatasetError> {
    let mut entries: Vec<TruthEntry> = Vec::new();
    for (i, text) in text.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let (name, label) = split(text, classes);
        let is_header = |name: &str| HEADERS.iter().any(|h| name.eq_ignore_ascii_case(h));
        if entries.is_empty() && name.is_some_and(is_header) {
            continue;
        }
        let line = i + 1;
        if entries
            .first()
            .is_some_and(|entry| entry.name.is_some() != name.is_some())
        {
            let expected = match name {
                Some(_) => "a label alone",
                None => "a name and a label",
            };
            return Err(DatasetError::TruthLine {
                path: path.into(),
                line,
                expected,
                found: printable(text.chars().take(60).collect::<String>()),
            });
        }
        entries.push(TruthEntry { line, name, label });
    }
    Ok(entries)
}

/// Splits a line into the image's name, if it has one, and the label.
///
/// A label may consist of several words, and so may a name that is followed by a comma. Text after
/// the label's first word is ignored unless the whole text is a label; Kaggle's files have boxes
/// there.
fn split<'a>(text: &'a str, classes: &Classes) -> (Option<&'a str>, &'a str) {
    let is_label = |text: &str| classes.by_name(text).is_some();
    if is_label(text) {
        return (None, text);
    }
    let parts = text
        .split_once(',')
        .or_else(|| text.split_once(char::is_whitespace));
    let Some((name, label)) = parts else {
        return (None, text);
    };
    let label = label.trim();
    let first = label.split(|c: char| c == ',' || c.is_whitespace()).next();
    let label = if is_label(label) {
        label
    } else {
        first.unwrap_or(label)
    };
    (Some(name.trim()), label)
}

/// The meaning of labels that are plain numbers.
#[derive(Clone, Copy, PartialEq)]
enum LabelNumbers {
    /// Class indices, counted from 0.
    Index,
    /// ILSVRC2012's numbers of synsets, counted from 1.
    Ilsvrc,
}

/// Determines the meaning of the numbers, and returns a note for the user.
///
/// The two numberings differ for almost every class, and the file does not state which one it uses.
/// A validation set with class indices has about fifty zeros; one with ILSVRC's numbers has none.
fn numbering(
    truth: &Path,
    entries: &[TruthEntry],
    classes: &Classes,
) -> (LabelNumbers, Option<String>) {
    let numbers = entries
        .iter()
        .map(|entry| entry.label.parse::<usize>().ok());
    let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else {
        return (LabelNumbers::Index, None);
    };
    let from_one = numbers.iter().all(|n| (1..=ilsvrc::COUNT).contains(n));
    let name = truth.file_name().unwrap_or_default().to_string_lossy();
    let own =
        name.contains("ILSVRC2012_validation_ground_truth") || numbers.len() == ilsvrc::IMAGES;
    let kind = if classes.count == ilsvrc::COUNT && from_one && own {
        LabelNumbers::Ilsvrc
    } else {
        LabelNumbers::Index
    };
    let meaning = match kind {
        LabelNumbers::Ilsvrc => "ILSVRC2012's numbers of the synsets, from 1 to 1,000",
        LabelNumbers::Index => "class indices, counted from 0",
    };
    let path = printable(truth.display());
    (
        kind,
        Some(format!("{path}: numbers are interpreted as {meaning}")),
    )
}

/// The images, indexed by the names that a line may use.
struct ImageIndex<'a> {
    /// Images by their path relative to the folder, which is unique.
    by_path: HashMap<String, &'a PathBuf>,
    /// Images by file name, then by file name without extension. `None` if several images have the
    /// name.
    by_name: [HashMap<String, Option<&'a PathBuf>>; 2],
}

impl<'a> ImageIndex<'a> {
    fn new(folder: &Path, images: &'a [PathBuf]) -> Self {
        let text = |name: &OsStr| name.to_string_lossy().into_owned();
        let below = |image: &'a PathBuf| image.strip_prefix(folder).unwrap_or(image);
        let by = |part: fn(&Path) -> Option<&OsStr>| {
            let mut names = HashMap::new();
            for image in images {
                let Some(name) = part(image) else { continue };
                let several = |found: &mut Option<_>| *found = None;
                names
                    .entry(text(name))
                    .and_modify(several)
                    .or_insert(Some(image));
            }
            names
        };
        Self {
            by_path: images
                .iter()
                .map(|i| (text(below(i).as_os_str()), i))
                .collect(),
            by_name: [by(Path::file_name), by(Path::file_stem)],
        }
    }

    /// Returns the image with this name, or a description of the problem with the name.
    fn find(&self, name: &str) -> Result<&'a PathBuf, &'static str> {
        let sure = self.by_path.get(name).map(|image| Some(*image));
        let known = || {
            self.by_name
                .iter()
                .find_map(|names| names.get(name).copied())
        };
        match sure.or_else(known) {
            Some(Some(image)) => Ok(image),
            Some(None) => Err("which several images have; give the path below the folder"),
            None => Err("which no image has; check that labels and images belong together"),
        }
    }
}
