//! The confusion matrix: a table for few classes, a picture for many.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use serde::Serialize;

use super::mistakes::data_url;
use crate::eval::Tally;
use resnet_wgpu::Labels;
use resnet_wgpu_bench::page::PageError;

/// The largest number of classes that is shown as a table.
const MAX_TABLE_CLASSES: usize = 24;

/// The confusion matrix.
#[derive(Debug, Serialize)]
pub(super) struct ConfusionMatrix {
    classes: Vec<String>,
    /// For few classes: one row for each correct class, with the counts of the predicted classes.
    rows: Vec<MatrixRow>,
    /// For many classes: a picture with one pixel for each pair of classes.
    picture: Option<String>,
}

#[derive(Debug, Serialize)]
struct MatrixRow {
    label: String,
    cells: Vec<MatrixCell>,
}

#[derive(Debug, Serialize)]
struct MatrixCell {
    images: u64,
    /// The strength of the colour in percent. For correct predictions: their share of the row. For
    /// wrong predictions: their count relative to that of the most frequently confused pair.
    share: u64,
    right: bool,
    title: String,
}

/// Builds the matrix of all classes that have images or were predicted. Returns `None` if fewer
/// than two classes remain.
pub(super) fn matrix(tally: &Tally, labels: &Labels) -> Result<Option<ConfusionMatrix>, PageError> {
    let counts = tally.classes().iter().enumerate();
    let seen = counts.filter(|(_, count)| count.images + count.answered > 0);
    let seen: Vec<usize> = seen.map(|(class, _)| class).collect();
    if seen.len() < 2 {
        return Ok(None);
    }
    let name = |class: usize| labels.get(class).into_owned();
    let few = seen.len() <= MAX_TABLE_CLASSES;
    let worst = tally.confused().first().map_or(0, |(_, images)| *images);
    let row = |&label: &usize| MatrixRow {
        label: name(label),
        cells: (seen.iter())
            .map(|&predicted| cell(tally, labels, (label, predicted), worst))
            .collect(),
    };
    Ok(Some(ConfusionMatrix {
        classes: seen.iter().map(|&class| name(class)).collect(),
        rows: if few {
            seen.iter().map(row).collect()
        } else {
            vec![]
        },
        picture: if few {
            None
        } else {
            Some(picture(tally, &seen)?)
        },
    }))
}

fn cell(tally: &Tally, labels: &Labels, pair: (usize, usize), worst: u64) -> MatrixCell {
    let (label, predicted) = pair;
    let images = tally.confusion_count(label, predicted);
    let of = tally.classes()[label].images;
    let most = if label == predicted { of } else { worst };
    MatrixCell {
        images,
        share: (100 * images).div_ceil(most.max(1)),
        right: label == predicted,
        title: format!(
            "{images} of {of} images of {} predicted as {}",
            labels.get(label),
            labels.get(predicted)
        ),
    }
}

/// Draws the matrix: rows are correct classes, columns are predicted classes. The square root makes
/// rare confusions visible.
fn picture(tally: &Tally, seen: &[usize]) -> Result<String, PageError> {
    let side = seen.len() as u32;
    let picture = RgbImage::from_fn(side, side, |x, y| {
        let (label, predicted) = (seen[y as usize], seen[x as usize]);
        let of = tally.classes()[label].images.max(1);
        let share = tally.confusion_count(label, predicted) as f64 / of as f64;
        let (r, g, b) = colorous::INFERNO.eval_continuous(share.sqrt()).as_tuple();
        Rgb([r, g, b])
    });
    let mut png = Cursor::new(vec![]);
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(data_url("image/png", png.get_ref()))
}
