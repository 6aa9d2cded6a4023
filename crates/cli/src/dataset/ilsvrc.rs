//! ILSVRC2012's numbering of the synsets, which the labels of its validation set use.

use super::DatasetError;
use super::class::Classes;

/// The synsets in the order of their numbers, one per line, starting at number 1: column
/// `ILSVRC2012_ID` of the development kit's `meta.mat`. This order differs from that of class
/// indices, which follow the sorted synsets.
const SYNSETS: &str = include_str!("../../data/ilsvrc2012_synsets.txt");

/// The number of numbered synsets.
pub(super) const COUNT: usize = 1000;

/// The number of images of the validation set.
pub(super) const IMAGES: usize = 50_000;

/// Returns the class of the synset with number `id`. An error names `position`, the position of the
/// number.
pub(super) fn class(id: usize, position: &str, classes: &Classes) -> Result<usize, DatasetError> {
    let synset = id.checked_sub(1).and_then(|i| SYNSETS.lines().nth(i));
    classes.resolve(synset.unwrap_or_default(), position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use resnet_wgpu::Labels;

    #[test]
    fn every_number_is_a_class() -> Result<(), DatasetError> {
        let classes = Classes::new(Some(&Labels::imagenet()), COUNT);
        let mut found: Vec<usize> = (1..=COUNT)
            .map(|id| class(id, "here", &classes))
            .collect::<Result<_, _>>()?;
        // Labels of the first images of the validation set: 490 is the sea snake, 361 the alp, 171
        // the Shetland sheepdog.
        assert_eq!([490, 361, 171].map(|id| found[id - 1]), [65, 970, 230]);
        found.sort();
        assert!(found.into_iter().eq(0..COUNT));
        assert!(class(0, "here", &classes).is_err() && class(1001, "here", &classes).is_err());
        Ok(())
    }
}
