//! Recognises a VGG network from its tensors' names and shapes.

use super::{CheckpointError, Listing};
use crate::models::{
    ActivationOrder, Block, Head, Network, Norm, Projection, Shortcut, Stem, StridePlacement,
};

impl Listing {
    /// Recognises a VGG network from the 3×3 convolutions in `features`, in order.
    ///
    /// Within a stage, the indices of two consecutive convolutions differ by 2 (convolution, ReLU),
    /// or by 3 with batch norm. Any other difference means that a pool lies between them, and a new
    /// stage begins.
    pub(super) fn vgg(&self) -> Result<Network, CheckpointError> {
        let norm = self.norm();
        let step = if norm == Norm::Bias { 2 } else { 3 };
        let mut convs: Vec<(usize, usize)> = self
            .iter()
            .filter_map(|(name, t)| {
                let index = name.strip_prefix("features.")?.strip_suffix(".weight")?;
                match t.shape[..] {
                    [out, input, 3, 3] if out > 0 && input > 0 => Some((index.parse().ok()?, out)),
                    _ => None,
                }
            })
            .collect();
        convs.sort_unstable();
        let (mut depths, mut widths) = (vec![], vec![]);
        let mut next = None;
        for (index, out) in convs {
            match (next == Some(index), depths.last_mut()) {
                (true, Some(depth)) => *depth += 1,
                _ => {
                    depths.push(1);
                    widths.push(out);
                }
            }
            next = Some(index + step);
        }
        let Some(&first) = widths.first() else {
            return Err(self.unlike("VGG's 3×3 convolutions (features.0.weight, …)"));
        };
        let hidden = match self.shape("classifier.0.weight") {
            Some(&[hidden, features]) if features > 0 => Some(hidden),
            // timm stores this linear layer as a convolution over all 7×7 pixels.
            Some(&[hidden, _, 7, 7]) => Some(hidden),
            _ => None,
        };
        Ok(Network {
            name: String::new(),
            block: Block::Single,
            depths,
            stem_width: first,
            inner: widths.clone(),
            widths,
            groups: 1,
            stem: Stem::None,
            shortcut: Shortcut::None,
            projection: Projection::Strided,
            order: ActivationOrder::Post,
            stride_placement: StridePlacement::Conv3x3,
            norm,
            eps: 1e-5,
            head: hidden.map_or(Head::Linear, Head::Mlp),
            classes: self.classes()?,
            naming: self.naming(),
        })
    }
}
