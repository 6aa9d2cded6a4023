//! ILSVRC2012's own numbers of its synsets, which its validation set's labels
//! are given in.

use super::DatasetError;
use super::class::Classes;

/// The synset of each number, from 1 on, a line each: column `ILSVRC2012_ID` of
/// the development kit's `meta.mat`. Sorted, as class indices are, they would
/// be in another order.
const SYNSETS: &str = include_str!("../../data/ilsvrc2012_synsets.txt");

/// Synsets that have a number.
pub(super) const COUNT: usize = 1000;

/// Images of the validation set.
pub(super) const IMAGES: usize = 50_000;

/// The class of the synset of that number, found at `place`.
pub(super) fn class(id: usize, place: &str, classes: &Classes) -> Result<usize, DatasetError> {
    let synset = id.checked_sub(1).and_then(|i| SYNSETS.lines().nth(i));
    classes.resolve(synset.unwrap_or_default(), place)
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
        // The first images of the validation set: 490 is the sea snake, 361 the
        // alp, 171 the Shetland sheepdog.
        assert_eq!([490, 361, 171].map(|id| found[id - 1]), [65, 970, 230]);
        found.sort();
        assert!(found.into_iter().eq(0..COUNT));
        assert!(class(0, "here", &classes).is_err() && class(1001, "here", &classes).is_err());
        Ok(())
    }
}
