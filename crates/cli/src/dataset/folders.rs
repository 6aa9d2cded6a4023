//! A directory with one folder for each class.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::DatasetError;
use super::class::Classes;
use super::data::{Dataset, Samples};
use super::walk::{images, subfolders};
use resnet_wgpu::low_level::printable;

/// Finds the images of each class folder.
pub(super) fn open(path: &Path, classes: &Classes) -> Result<Dataset, DatasetError> {
    let folders = subfolders(path)?;
    let name = || printable(path.display());
    if folders.is_empty() {
        return Err(DatasetError::NoClassFolders { path: name() });
    }
    let (numbers, guessed) = number(&folders, classes)?;
    if guessed && folders.len() == 1 {
        return Err(DatasetError::OneFolder {
            path: name(),
            folder: printable(folders[0].file_name().unwrap_or_default().display()),
        });
    }
    let names = folders.iter().filter_map(|folder| folder.file_name());
    let class_of: HashMap<&OsStr, usize> = names.zip(numbers).collect();
    let mut files = Vec::new();
    // One walk from above, so that a link up to it is known for a circle.
    for file in images(path)? {
        let below = file.strip_prefix(path).unwrap_or(&file);
        let mut parts = below.iter();
        let class = parts
            .next()
            .and_then(|folder| class_of.get(folder).copied());
        // Files beside the folders have no class.
        if let (Some(class), Some(_)) = (class, parts.next()) {
            files.push((file, class));
        }
    }
    if files.is_empty() {
        return Err(DatasetError::NoImages { path: name() });
    }
    let note = (guessed && folders.len() != classes.count).then(|| {
        format!(
            "{}: {} class folders for a network of {} classes, numbered in the order of their \
             names; name them by label, synset or class index",
            name(),
            folders.len(),
            classes.count
        )
    });
    let note = note.or_else(|| {
        let one = folders.len() == 1 && classes.count > 1;
        one.then(|| {
            format!(
                "{}: images of one class only: top-1 is how often that class is found, and says \
                 nothing about the others",
                name()
            )
        })
    });
    Ok(Dataset {
        root: path.to_owned(),
        samples: Samples::Files(files),
        note,
    })
}

/// The class of each folder, and whether they were numbered in order for want
/// of better.
///
/// One folder whose name is a label means that all should be: numbering them
/// in order would quietly count right answers as wrong. As many folders as
/// classes with numbers that are no indices (1 to 102) are numbered in order.
fn number(folders: &[PathBuf], classes: &Classes) -> Result<(Vec<usize>, bool), DatasetError> {
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
    let indices: Option<Vec<usize>> = names.iter().map(|name| name.parse().ok()).collect();
    let numbered = indices.is_some_and(|indices| {
        indices.len() != classes.count || indices.iter().all(|&i| i < classes.count)
    });
    let guessed = !named && !numbered;
    let numbers = names
        .iter()
        .zip(folders)
        .enumerate()
        .map(|(i, (name, folder))| {
            let place = printable(folder.display());
            match guessed {
                true => classes.check(i, &place),
                false => classes.resolve(name, &place),
            }
        });
    Ok((numbers.collect::<Result<_, _>>()?, guessed))
}
