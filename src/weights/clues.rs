//! Decides the properties that tensor shapes do not determine: from the caller's hints, else from
//! the settings, else from the defaults.

use super::{Hints, Settings};
use crate::graph::ZeroChannels;
use crate::models::{Block, Network, Norm, Shortcut, StridePlacement};

/// The clues for the properties that tensor shapes do not determine, and a record of the decisions.
pub(super) struct Clues<'a> {
    pub hints: &'a Hints,
    pub settings: &'a Settings,
    /// Each decision and its provenance.
    pub sources: Vec<(String, String)>,
}

impl Clues<'_> {
    /// Sets every property of `net` that its tensors' shapes left at the default.
    pub fn decide(&mut self, net: &mut Network) {
        if net.block == Block::Bottleneck {
            let preset = self.hints.preset.as_ref().map(|p| p.stride_placement);
            let (value, from) = self.first(
                [(preset, PRESET)],
                (self.settings.stride_placement, "stride_placement"),
                StridePlacement::Conv3x3,
            );
            net.stride_placement = value;
            let text = match value {
                StridePlacement::Conv3x3 => "in the 3×3",
                StridePlacement::First1x1 => "in the first 1×1",
            };
            self.sources
                .push((format!("stride placement: {text}"), from));
        }
        if net.block != Block::Single {
            self.decide_shortcut(net);
        }
        if net.norm != Norm::Bias {
            let (eps, from) =
                self.first([(self.hints.eps, CALLER)], (self.settings.eps, "eps"), 1e-5);
            net.eps = eps;
            self.sources.push((format!("eps: {eps:e}"), from));
        }
    }

    fn decide_shortcut(&mut self, net: &mut Network) {
        let by_names = match net.shortcut {
            Shortcut::B => Some("shortcut: option B (projections where shapes change)"),
            Shortcut::C => Some("shortcut: option C (projections everywhere)"),
            Shortcut::None | Shortcut::A(_) => None,
        };
        if let Some(what) = by_names {
            let from = match self.hints.preset {
                Some(_) => PRESET,
                None => "tensor names",
            };
            self.sources.push((what.into(), from.into()));
            return;
        }
        let preset = self.hints.preset.as_ref().map(|p| p.shortcut);
        let plain = preset.map(|s| s == Shortcut::None);
        let (plain, from) = self.first([(plain, PRESET)], (self.settings.plain, "plain"), false);
        if plain {
            net.shortcut = Shortcut::None;
            self.sources.push(("shortcut: none (plain)".into(), from));
            return;
        }
        self.sources
            .push(("shortcut: option A (no parameters)".into(), from));
        let asked = match preset {
            Some(Shortcut::A(zeros)) => Some(zeros),
            _ => None,
        };
        let (zeros, from) = self.first(
            [(self.hints.zero_channels, CALLER), (asked, PRESET)],
            (self.settings.zero_channels, "zero_channels"),
            ZeroChannels::default(),
        );
        net.shortcut = Shortcut::A(zeros);
        let text = match zeros {
            ZeroChannels::HalfBefore => "half before and half after",
            ZeroChannels::After => "all after",
        };
        self.sources.push((format!("zero channels: {text}"), from));
    }

    /// Returns the first value that is present and its provenance: the hints `said` in their order,
    /// then the setting of `field`, then `default`.
    fn first<T, const N: usize>(
        &self,
        said: [(Option<T>, &str); N],
        (setting, field): (Option<T>, &str),
        default: T,
    ) -> (T, String) {
        let setting = (setting, self.settings.origin(field));
        said.into_iter()
            .chain([setting])
            .find_map(|(value, from)| Some((value?, from.to_owned())))
            .unwrap_or((default, "default".into()))
    }
}

const PRESET: &str = "the preset asked for";
const CALLER: &str = "the caller";
