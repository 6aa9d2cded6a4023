//! Recognises a ResNet from its tensors' names and shapes.

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckpointError, Listing};
use crate::graph::ZeroChannels;
use crate::models::{
    ActivationOrder, Block, Head, Network, Norm, Projection, Shortcut, Stem, StridePlacement,
};

/// The indices of each stage's blocks, by the stage's number, which starts at 1.
type Blocks = BTreeMap<usize, BTreeSet<usize>>;

impl Listing {
    /// Returns the network that names and shapes describe. Properties that names and shapes do not
    /// determine have their defaults, and the network's name is empty.
    pub(super) fn network(&self) -> Result<Network, CheckpointError> {
        if self.shape("features.0.weight").is_some() {
            return self.vgg();
        }
        let blocks = self.blocks();
        let (stem, stem_width) = self.stem()?;
        if blocks.is_empty() {
            return Err(self.unlike("blocks (layer1.0.conv1.weight or the like)"));
        }
        let bottleneck = |b: &str| self.shape(&format!("{b}.conv3.weight")).is_some();
        let block = if all(&blocks).any(|b| bottleneck(&b)) {
            Block::Bottleneck
        } else {
            Block::Basic
        };
        let (mut inner, mut widths, mut group_counts) = (vec![], vec![], vec![]);
        for stage in 1..=blocks.len() {
            let indices = blocks.get(&stage).into_iter().flatten();
            let (i, w, g) = indices
                .filter_map(|b| self.block_widths(&format!("layer{stage}.{b}"), block))
                .next()
                .ok_or_else(|| {
                    self.unlike(&format!(
                        "the convolutions of layer{stage}, each [out, in, k, k]"
                    ))
                })?;
            inner.push(i);
            widths.push(w);
            group_counts.push(g);
        }
        let order = self.order(&blocks, block);
        Ok(Network {
            name: String::new(),
            block,
            depths: blocks.values().map(BTreeSet::len).collect(),
            stem_width,
            inner,
            widths,
            groups: group_counts[0],
            stem,
            shortcut: self.shortcut(&blocks),
            projection: if all(&blocks).any(|b| self.conv(&format!("{b}.downsample.1")).is_some()) {
                Projection::AvgPool
            } else {
                Projection::Strided
            },
            order,
            stride_placement: StridePlacement::Conv3x3,
            norm: match order {
                ActivationOrder::Post => self.norm(),
                ActivationOrder::Pre => Norm::BatchNorm,
            },
            eps: 1e-5,
            head: Head::Linear,
            classes: self.classes()?,
            naming: self.naming(),
        })
    }

    /// Returns the shape of a convolution's weight, or `None` if the weight is missing, is not of
    /// four dimensions, or contains a 0.
    fn conv(&self, module: &str) -> Option<[usize; 4]> {
        let shape: [usize; 4] = self.shape(&format!("{module}.weight"))?.try_into().ok()?;
        (!shape.contains(&0)).then_some(shape)
    }

    /// Returns the number of the last layer's outputs, for a ResNet as well as for a VGG.
    pub(super) fn classes(&self) -> Result<usize, CheckpointError> {
        let shape = self
            .shape("fc.weight")
            .or_else(|| self.shape("classifier.6.weight"));
        match shape {
            // A weight without elements is refused: its shape could claim any number of classes,
            // whatever the file's size.
            Some([classes, features] | [classes, features, 1, 1])
                if *classes > 0 && *features > 0 =>
            {
                Ok(*classes)
            }
            Some(found) => Err(self.unrecognised(format!(
                "the classifier's weight: expected [classes, features], found {found:?}; use a \
                 checkpoint with a linear classifier"
            ))),
            None => Err(self.unlike(
                "a classifier (fc.weight, linear.weight, head.fc.weight or classifier.1.weight)",
            )),
        }
    }

    /// Returns the operation that follows convolutions. A weight with one dimension shows batch
    /// norm, a bias of a convolution shows [`Norm::Bias`], and both show
    /// [`Norm::BatchNormAndBias`].
    pub(super) fn norm(&self) -> Norm {
        let normed = self
            .iter()
            .any(|(name, t)| name.ends_with(".weight") && t.shape.len() == 1);
        let biased = self.iter().any(|(name, t)| {
            t.shape.len() == 4
                && !name.starts_with("fc.")
                && name
                    .strip_suffix("weight")
                    .is_some_and(|module| self.shape(&format!("{module}bias")).is_some())
        });
        match (normed, biased) {
            (true, true) => Norm::BatchNormAndBias,
            (false, true) => Norm::Bias,
            (_, false) => Norm::BatchNorm,
        }
    }

    /// Returns the indices of the file's blocks by stage.
    fn blocks(&self) -> Blocks {
        let mut blocks = Blocks::new();
        for (name, _) in self.iter() {
            let mut parts = name.split('.');
            let stage = parts.next().and_then(|p| p.strip_prefix("layer"));
            let (Some(stage), Some(block)) = (stage, parts.next()) else {
                continue;
            };
            if let (Ok(stage), Ok(block)) = (stage.parse(), block.parse()) {
                blocks.entry(stage).or_default().insert(block);
            }
        }
        blocks
    }

    fn stem(&self) -> Result<(Stem, usize), CheckpointError> {
        if let (Some(a), Some(b), Some(c)) = (
            self.conv("conv1.0"),
            self.conv("conv1.3"),
            self.conv("conv1.6"),
        ) {
            return Ok((Stem::Deep([a[0], b[0]]), c[0]));
        }
        match self.conv("conv1") {
            Some([width, _, 7, 7]) => Ok((Stem::Conv7x7, width)),
            Some([width, _, 3, 3]) => Ok((Stem::Conv3x3, width)),
            Some(found) => Err(self.unrecognised(format!(
                "the stem's weight: expected [width, 3, 7, 7] or [width, 3, 3, 3], found {found:?}; \
                 use a ResNet of one of the papers' shapes"
            ))),
            None => Err(self.unlike(
                "a stem (conv1.weight, conv1.0.weight, stem.conv.weight, \
                 resnet.embedder.embedder.convolution.weight or features.0.weight)",
            )),
        }
    }

    /// Returns a block's inner width, output width and number of groups.
    fn block_widths(&self, name: &str, block: Block) -> Option<(usize, usize, usize)> {
        let second = self.conv(&format!("{name}.conv2"))?;
        let (inner, out) = match block {
            Block::Bottleneck => (second[0], self.conv(&format!("{name}.conv3"))?[0]),
            _ => (self.conv(&format!("{name}.conv1"))?[0], second[0]),
        };
        let groups = inner
            .checked_div(second[1])
            .filter(|g| g * second[1] == inner);
        Some((inner, out, groups.unwrap_or(1)))
    }

    /// Returns whether batch norms stand before or after their convolutions.
    ///
    /// A batch norm before a convolution has the size of the convolution's inputs. A batch norm
    /// after a convolution has the size of the outputs. If the sizes do not decide, the batch norms
    /// outside the blocks do.
    fn order(&self, blocks: &Blocks, block: Block) -> ActivationOrder {
        let last = if block == Block::Bottleneck { 3 } else { 2 };
        let (mut pre, mut post) = (0, 0);
        for name in all(blocks) {
            for i in [1, last] {
                let conv = self.conv(&format!("{name}.conv{i}"));
                let bn = self.shape(&format!("{name}.bn{i}.weight"));
                if let (Some([out, input, ..]), Some(&[size])) = (conv, bn) {
                    pre += usize::from(size == input && input != out);
                    post += usize::from(size == out && input != out);
                }
            }
        }
        let has = |name: &str| self.shape(name).is_some();
        let normed = all(blocks).any(|b| has(&format!("{b}.bn1.weight")));
        let stem_normed = has("bn1.weight") || has("bn1.running_mean");
        match pre.cmp(&post) {
            std::cmp::Ordering::Greater => ActivationOrder::Pre,
            std::cmp::Ordering::Equal if has("bn.weight") || (normed && !stem_normed) => {
                ActivationOrder::Pre
            }
            _ => ActivationOrder::Post,
        }
    }

    fn shortcut(&self, blocks: &Blocks) -> Shortcut {
        let projected = |b: &String| {
            let conv = |i| self.conv(&format!("{b}.downsample.{i}")).is_some();
            conv(0) || conv(1)
        };
        // Shapes change only in a stage's first block, so a later projection shows option C.
        let later = blocks
            .iter()
            .flat_map(|(s, bs)| bs.iter().skip(1).map(move |b| format!("layer{s}.{b}")));
        if later.into_iter().any(|b| projected(&b)) {
            Shortcut::C
        } else if all(blocks).any(|b| projected(&b)) {
            Shortcut::B
        } else {
            Shortcut::A(ZeroChannels::default())
        }
    }

    fn unrecognised(&self, problem: String) -> CheckpointError {
        CheckpointError::Unrecognised {
            file: self.file().to_owned(),
            problem,
        }
    }

    /// Returns an error for a checkpoint of another family, which lacks `wanted`.
    pub(super) fn unlike(&self, wanted: &str) -> CheckpointError {
        let names: Vec<&str> = self
            .iter()
            .map(|(_, stored)| stored)
            .chain(self.unknown())
            .map(|stored| stored.name.as_str())
            .filter(|name| name.len() <= 120)
            .take(3)
            .collect();
        let found = match names[..] {
            [] => "no tensors".to_owned(),
            _ => format!("tensors such as {}", names.join(", ")),
        };
        self.unrecognised(format!(
            "no complete ResNet or VGG: expected {wanted}, found {found}; use the checkpoint of a \
             classifier of these families, or name the preset to have every difference listed"
        ))
    }
}

/// Returns the names of all blocks in order.
fn all(blocks: &Blocks) -> impl Iterator<Item = String> {
    blocks
        .iter()
        .flat_map(|(s, bs)| bs.iter().map(move |b| format!("layer{s}.{b}")))
}
