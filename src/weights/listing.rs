//! Lists a checkpoint's tensors by canonical name: strips their prefix and recognises their naming.

use std::collections::BTreeMap;

use crate::models::Naming;

/// The largest number of leading components in a prefix; `module.backbone.` has two. The limit
/// bounds the time that a hostile name can cost.
const MAX_PREFIX: usize = 12;

/// The names and shapes of a checkpoint's tensors, under torchvision's names.
/// [Recognition](Listing::recognise) needs no more than this listing.
///
/// ```
/// use resnet_wgpu::low_level::weights::Listing;
/// let listing = Listing::new("example", [
///     ("module.conv1.weight".to_string(), vec![16, 3, 3, 3]),
///     ("module.linear.weight".to_string(), vec![10, 64]),
/// ]);
/// assert_eq!(listing.shape("fc.weight"), Some(&[10, 64][..]));
/// assert_eq!(listing.prefix(), "module.");
/// ```
#[derive(Debug, Clone)]
pub struct Listing {
    file: String,
    tensors: BTreeMap<String, ListedTensor>,
    unknown: Vec<ListedTensor>,
    prefix: String,
    naming: Naming,
}

/// A tensor's name and shape in the file.
#[derive(Debug, Clone)]
pub(super) struct ListedTensor {
    pub name: String,
    pub shape: Vec<usize>,
}

/// A stored name that matches a tensor's name in a ResNet or a VGG.
struct NameMatch {
    prefix: usize,
    canonical: String,
    naming: Option<Naming>,
}

impl Listing {
    /// Lists the tensors of `file` (a name for errors) by name and shape.
    ///
    /// The prefix is the text that stands before the known names of most tensors. Other tensors may
    /// lack the prefix or its last components: `fc` is valid next to `backbone.conv1`.
    /// `num_batches_tracked` is left out.
    pub fn new(
        file: impl Into<String>,
        tensors: impl IntoIterator<Item = (String, Vec<usize>)>,
    ) -> Self {
        let read: Vec<(ListedTensor, Option<NameMatch>)> = tensors
            .into_iter()
            .filter(|(name, _)| !name.ends_with("num_batches_tracked"))
            .map(|(name, shape)| {
                let name_match = read(&name);
                (ListedTensor { name, shape }, name_match)
            })
            .collect();
        let prefix = common_prefix(&read);
        let mut listing = Self {
            file: file.into(),
            tensors: BTreeMap::new(),
            unknown: Vec::new(),
            naming: naming(&read, &prefix),
            prefix,
        };
        for (stored, name_match) in read {
            match name_match {
                Some(name_match)
                    if listing
                        .prefix
                        .starts_with(&stored.name[..name_match.prefix])
                        && !listing.tensors.contains_key(&name_match.canonical) =>
                {
                    listing.tensors.insert(name_match.canonical, stored);
                }
                _ => listing.unknown.push(stored),
            }
        }
        listing.name_final_norm();
        listing.name_last_of_three();
        listing
    }

    /// Renames the last layer of timm's VGG from `fc` to `classifier.6`. timm calls this layer
    /// `head.fc`, like the only fully connected layer of a ResNet. VGG's other fully connected
    /// layers distinguish the two networks.
    fn name_last_of_three(&mut self) {
        let named = |name| self.shape(name).is_some();
        if !named("classifier.3.weight") || named("classifier.6.weight") {
            return;
        }
        for leaf in ["weight", "bias"] {
            if let Some(stored) = self.tensors.remove(&format!("fc.{leaf}")) {
                self.tensors.insert(format!("classifier.6.{leaf}"), stored);
            }
        }
    }

    /// Renames `bn1` to `bn` if `bn1` is the batch norm before the pool. Code derived from
    /// kuangliu's or bearpaw's uses this name, which other code gives to the stem's batch norm. The
    /// size of the batch norm decides.
    fn name_final_norm(&mut self) {
        let Some(&[size]) = self.shape("bn1.weight") else {
            return;
        };
        let stem = self.shape("conv1.weight").and_then(|s| s.first());
        let features = self.shape("fc.weight").and_then(|s| s.get(1));
        if self.shape("bn.weight").is_some() || stem == Some(&size) || features != Some(&size) {
            return;
        }
        for leaf in ["weight", "bias", "running_mean", "running_var"] {
            if let Some(stored) = self.tensors.remove(&format!("bn1.{leaf}")) {
                self.tensors.insert(format!("bn.{leaf}"), stored);
            }
        }
    }

    /// Returns the stored shape of the tensor that torchvision calls `canonical`.
    pub fn shape(&self, canonical: &str) -> Option<&[usize]> {
        self.tensors.get(canonical).map(|t| t.shape.as_slice())
    }

    /// Returns the name of the file for errors.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the prefix of the tensors' names, including its final dot. The prefix is often
    /// empty.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the naming of the tensors.
    pub fn naming(&self) -> Naming {
        self.naming
    }

    /// Returns the canonical names and the tensors stored under them, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &ListedTensor)> {
        self.tensors.iter().map(|(name, t)| (name.as_str(), t))
    }

    pub(super) fn get(&self, canonical: &str) -> Option<&ListedTensor> {
        self.tensors.get(canonical)
    }

    /// Returns the tensors whose names match no tensor of a ResNet or a VGG, whose prefix differs,
    /// or whose canonical name another tensor already has.
    pub(super) fn unknown(&self) -> &[ListedTensor] {
        &self.unknown
    }
}

/// Strips the fewest leading components of a stored name that leave a known name.
fn read(stored: &str) -> Option<NameMatch> {
    let starts = std::iter::once(0).chain(stored.match_indices('.').map(|(i, _)| i + 1));
    starts.take(MAX_PREFIX + 1).find_map(|prefix| {
        let (canonical, naming) = Naming::canonical_name(&stored[prefix..])?;
        Some(NameMatch {
            prefix,
            canonical,
            naming,
        })
    })
}

/// Returns the most frequent prefix. Of two equally frequent prefixes, the shorter one wins.
fn common_prefix(read: &[(ListedTensor, Option<NameMatch>)]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (stored, name_match) in read {
        if let Some(name_match) = name_match {
            *counts.entry(&stored.name[..name_match.prefix]).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .max_by(|(a, m), (b, n)| m.cmp(n).then(b.len().cmp(&a.len())).then(b.cmp(a)))
        .map_or(String::new(), |(prefix, _)| prefix.to_owned())
}

/// Returns the naming that the largest number of tensors supports.
fn naming(read: &[(ListedTensor, Option<NameMatch>)], prefix: &str) -> Naming {
    let votes = |naming| {
        read.iter()
            .filter_map(|(stored, name_match)| Some((stored, name_match.as_ref()?)))
            .filter(|(s, r)| r.naming == Some(naming) && prefix.starts_with(&s.name[..r.prefix]))
            .count()
    };
    [Naming::Cifar, Naming::TimmV2, Naming::HuggingFace]
        .into_iter()
        .fold(
            (Naming::Torchvision, votes(Naming::Torchvision)),
            |best, n| {
                let v = votes(n);
                if v > best.1 { (n, v) } else { best }
            },
        )
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(names: &[&str]) -> Listing {
        Listing::new("f", names.iter().map(|n| (n.to_string(), vec![8])))
    }

    #[test]
    fn prefixes() {
        for (names, prefix) in [
            (["conv1.weight", "layer1.0.conv1.weight", "fc.weight"], ""),
            (
                [
                    "module.conv1.weight",
                    "module.layer1.0.conv1.weight",
                    "module.fc.weight",
                ],
                "module.",
            ),
            (
                [
                    "a.b.conv1.weight",
                    "a.b.layer1.0.conv1.weight",
                    "a.b.fc.weight",
                ],
                "a.b.",
            ),
            (
                [
                    "backbone.conv1.weight",
                    "backbone.layer1.0.conv1.weight",
                    "fc.weight",
                ],
                "backbone.",
            ),
            (
                [
                    "model.net.conv1.weight",
                    "model.net.layer1.0.conv1.weight",
                    "model.head.fc.weight",
                ],
                "model.net.",
            ),
        ] {
            let listing = listing(&names);
            assert_eq!(listing.prefix(), prefix);
            for name in ["conv1.weight", "layer1.0.conv1.weight", "fc.weight"] {
                assert!(listing.shape(name).is_some(), "{name} of {names:?}");
            }
            assert!(listing.unknown().is_empty());
        }
    }

    #[test]
    fn what_has_another_prefix_is_not_mixed_in() {
        let listing = listing(&[
            "encoder_q.conv1.weight",
            "encoder_q.fc.weight",
            "encoder_q.fc.bias",
            "encoder_k.conv1.weight",
            "encoder_q.fc.num_batches_tracked",
            "queue",
        ]);
        assert_eq!(listing.prefix(), "encoder_q.");
        let unknown: Vec<&str> = listing.unknown().iter().map(|s| &*s.name).collect();
        assert_eq!(unknown, ["encoder_k.conv1.weight", "queue"]);
    }

    #[test]
    fn the_final_batch_norm_is_recognised_by_its_size() {
        let tensors = |bn1| {
            let shapes = [
                ("conv1.weight", vec![16, 3, 3, 3]),
                ("bn1.weight", vec![bn1]),
                ("fc.weight", vec![10, 64]),
            ];
            Listing::new("f", shapes.map(|(n, s)| (n.to_string(), s)))
        };
        assert!(tensors(64).shape("bn.weight").is_some());
        assert!(tensors(16).shape("bn1.weight").is_some());
    }

    #[test]
    fn naming_is_what_most_tensors_say() {
        assert_eq!(listing(&["conv1.weight"]).naming(), Naming::Torchvision);
        assert_eq!(listing(&["linear.weight"]).naming(), Naming::Cifar);
        assert_eq!(
            listing(&["stages.0.blocks.0.norm1.weight", "stem.conv.weight"]).naming(),
            Naming::TimmV2
        );
    }
}
