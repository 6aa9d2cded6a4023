//! A directory with one folder for each class.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::DatasetError;
use super::class::Classes;
use super::data::{Dataset, Samples};
use super::walk::{images, skipped_folders, subfolders};
use resnet_wgpu::low_level::printable;

/// Finds the images of each class folder.
///
/// Folders without images are not counted as classes, unless the number of all folders equals the
/// network's number of classes.
pub(super) fn open(path: &Path, classes: &Classes) -> Result<Dataset, DatasetError> {
    let mut folders = subfolders(path)?;
    let name = || printable(path.display());
    if folders.is_empty() {
        return Err(DatasetError::NoClassFolders { path: name() });
    }
    // A single walk from the top detects a symbolic link to a parent directory as a loop.
    let images = images(path)?.images;
    let folder_of = |file: &Path| {
        let mut parts = file.strip_prefix(path).unwrap_or(file).iter();
        let folder = parts.next().map(OsStr::to_owned);
        // Files that are not inside a class folder have no class.
        folder.filter(|_| parts.next().is_some())
    };
    let full: HashSet<OsString> = images.iter().filter_map(|file| folder_of(file)).collect();
    let is_full = |folder: &PathBuf| folder.file_name().is_some_and(|name| full.contains(name));
    let empty: Vec<String> = (folders.iter().filter(|folder| !is_full(folder)))
        .map(|folder| folder_name(folder))
        .collect();
    if folders.len() != classes.count {
        folders.retain(is_full);
    }
    let (numbers, order) = number(&folders, classes)?;
    if let ([folder], Numbering::Name) = (&folders[..], order) {
        return Err(DatasetError::OneFolder {
            path: name(),
            folder: folder_name(folder),
        });
    }
    let names = folders.iter().filter_map(|folder| folder.file_name());
    let class_of: HashMap<&OsStr, usize> = names.zip(numbers).collect();
    let mut files = Vec::new();
    for file in images {
        let class = folder_of(&file).and_then(|folder| class_of.get(&*folder).copied());
        if let Some(class) = class {
            files.push((file, class));
        }
    }
    if files.is_empty() {
        return Err(DatasetError::NoImages { path: name() });
    }
    let mut notes = vec![];
    let digits = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().as_encoded_bytes();
        name.iter().all(u8::is_ascii_digit)
    };
    let all_digits = folders.iter().all(digits);
    if order == Numbering::Name && folders.len() != classes.count {
        notes.push(format!(
            "{} class folders for a network of {} classes, numbered in the order of their names; \
             name them by label, synset or class index",
            folders.len(),
            classes.count
        ));
    } else if all_digits {
        notes.push(
            match order {
                Numbering::Name => {
                    "class folders named by numbers, numbered in the order of their names, as \
                     torchvision's ImageFolder does: 10 comes before 2"
                }
                Numbering::Index => {
                    "class folders named by numbers, interpreted as class indices: 10 is class 10, \
                     while torchvision's ImageFolder sorts 10 before 2"
                }
                Numbering::Label => "class folders named by numbers, interpreted as labels",
            }
            .to_owned(),
        );
    } else if folders.len() == 1 && classes.count > 1 {
        notes.push(
            "images of one class only: top-1 measures this class alone, and not the others"
                .to_owned(),
        );
    }
    let skipped = skipped_folders(path);
    if !skipped.is_empty() {
        notes.push(format!("left out: {}", skipped.join(", ")));
    }
    if !empty.is_empty() {
        let counted = if folders.len() == classes.count {
            " (counted as classes)"
        } else {
            ""
        };
        notes.push(format!("without images{counted}: {}", empty.join(", ")));
    }
    let note = (!notes.is_empty()).then(|| format!("{}: {}", name(), notes.join("; ")));
    Ok(Dataset {
        root: path.to_owned(),
        samples: Samples::Files(files),
        note,
    })
}

/// Returns the name of a folder without its path, for a message.
fn folder_name(folder: &Path) -> String {
    printable(folder.file_name().unwrap_or_default().display())
}

/// The rule that assigns classes to folders.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Numbering {
    /// Folder names are labels or synsets.
    Label,
    /// Folder names are class indices.
    Index,
    /// Folders are numbered in the order of their names, if no other rule applies.
    Name,
}

/// Assigns a class to each folder, and returns the rule that was applied.
///
/// If one folder's name is a label, all names must be labels: numbering the folders in order would
/// silently count correct predictions as wrong. If the number of folders equals the number of
/// classes but the names are not valid indices (for example 1 to 102), the folders are numbered in
/// order.
fn number(folders: &[PathBuf], classes: &Classes) -> Result<(Vec<usize>, Numbering), DatasetError> {
    let names: Vec<String> = folders
        .iter()
        .map(|f| {
            f.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let named = names.iter().any(|name| classes.by_name(name).is_some());
    let index = |name: &String| {
        let digits = name.bytes().all(|byte| byte.is_ascii_digit());
        name.parse().ok().filter(|_| digits)
    };
    let indices: Option<Vec<usize>> = names.iter().map(index).collect();
    let numbered = indices.is_some_and(|indices| {
        indices.len() != classes.count || indices.iter().all(|&i| i < classes.count)
    });
    let order = match (named, numbered) {
        (true, _) => Numbering::Label,
        (false, true) => Numbering::Index,
        (false, false) => Numbering::Name,
    };
    let numbers = names
        .iter()
        .zip(folders)
        .enumerate()
        .map(|(i, (name, folder))| {
            let position = printable(folder.display());
            match order {
                Numbering::Name => classes.check(i, &position),
                Numbering::Index | Numbering::Label => classes.resolve(name, &position),
            }
        });
    Ok((numbers.collect::<Result<_, _>>()?, order))
}
