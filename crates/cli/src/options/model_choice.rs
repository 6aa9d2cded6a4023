//! The value of `--model`: a preset, or a model on the Hugging Face hub.

use std::path::Path;

use resnet_wgpu::Network;
use resnet_wgpu::hub::{HubError, ModelId, WeightsLocation, pretrained_weights};
use resnet_wgpu::low_level::models::{anti_aliased, presets};

use crate::failure::Failure;
use crate::options::values;

/// A network, or weights from which the network is recognised.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelChoice {
    /// A preset: a network without weights.
    Preset(Network),
    /// A model on the hub.
    Hub(ModelId),
}

/// The source of the weights that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightsSource {
    /// The weights embedded in this program.
    Embedded,
    /// A model on the hub.
    Hub(ModelId),
}

/// Parses a preset's name, or `org/name[@revision]`.
pub fn parse(text: &str) -> Result<ModelChoice, String> {
    if !text.contains(['/', '@', '\\']) {
        return values::preset(text).map(ModelChoice::Preset);
    }
    if Path::new(text).exists() || text.ends_with(".safetensors") {
        return Err("expected a preset or a model on the hub; pass a file with --weights".into());
    }
    if anti_aliased(text.split('@').next().unwrap_or(text)) {
        return Err(
            "expected a network without anti-aliasing, found one that filters where it \
                    downsamples; its tensors look like another network's, so the results would be \
                    wrong"
                .into(),
        );
    }
    text.parse().map(ModelChoice::Hub).map_err(|error| match error {
        HubError::Id { expected, .. } => format!(
            "expected {expected}; a model on the hub is named org/name or org/name@revision, such \
             as timm/resnet50.a1_in1k"
        ),
        other => other.to_string(),
    })
}

/// Parses a name, and rejects presets without known weights.
pub fn parse_trained(text: &str) -> Result<(String, WeightsSource), String> {
    let weights = match parse(text)? {
        ModelChoice::Hub(id) => WeightsSource::Hub(id),
        ModelChoice::Preset(network) => {
            known_weights(&network).ok_or_else(|| no_weights_message(&network))?
        }
    };
    Ok((text.to_owned(), weights))
}

/// Returns the trained weights that a preset's name stands for; an error if none are known.
pub fn pretrained(network: &Network) -> Result<WeightsSource, Failure> {
    known_weights(network)
        .ok_or_else(|| Failure::usage(format!("--pretrained: {}", no_weights_message(network))))
}

/// Returns the trained weights of a preset, if any are known.
fn known_weights(network: &Network) -> Option<WeightsSource> {
    let weights = pretrained_weights(&network.name)?;
    match (weights.location, weights.id()) {
        (WeightsLocation::Embedded, _) => Some(WeightsSource::Embedded),
        (_, id) => Some(WeightsSource::Hub(id?.ok()?)),
    }
}

fn no_weights_message(network: &Network) -> String {
    let known: Vec<&str> = presets()
        .filter(|name| pretrained_weights(name).is_some())
        .collect();
    format!(
        "no trained weights of {} are known; expected one of {}, or a model on the hub as ORG/NAME",
        network.name,
        known.join(", ")
    )
}

/// Returns the error message for classifying with a preset without weights, with the remedy.
pub fn untrained_message(network: &Network) -> String {
    let remedy = match known_weights(network) {
        Some(WeightsSource::Hub(id)) => format!(
            "fetch https://huggingface.co/{id} with --pretrained, or pass a file with --weights \
             FILE (safetensors)"
        ),
        Some(WeightsSource::Embedded) => {
            "use the weights embedded in this program with --pretrained, or pass a file with \
             --weights FILE (safetensors)"
                .into()
        }
        None => "pass a file with --weights FILE (safetensors), or a model of \
                 https://huggingface.co with --model ORG/NAME"
            .into(),
    };
    let name = &network.name;
    format!("--model {name} names a network, which has no weights of its own: {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_and_names_on_the_hub() {
        let preset = parse("resnet50").unwrap();
        assert!(matches!(preset, ModelChoice::Preset(n) if n.name == "resnet50"));
        let hub = parse("timm/resnet50.a1_in1k@main").unwrap();
        assert!(matches!(hub, ModelChoice::Hub(id) if id.repo() == "timm/resnet50.a1_in1k"));
        for (text, says) in [
            ("resnet51", "such as resnet50"),
            ("resnetaa50", "filters where it downsamples"),
            (
                "timm/resnetblur50.bt_in1k@main",
                "filters where it downsamples",
            ),
            (
                "timm/seresnextaa101d_32x8d.ah_in1k",
                "filters where it downsamples",
            ),
            ("resnet50@main", "expected org/name"),
            ("a/b/c", "expected org/name"),
            ("a/b@..", "a branch, tag or commit"),
            ("./model.safetensors", "--weights"),
            ("src/lib.rs", "--weights"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn presets_and_their_weights() {
        let (name, weights) = parse_trained("resnet20").unwrap();
        assert_eq!(
            (name.as_str(), weights),
            ("resnet20", WeightsSource::Embedded)
        );
        let error = parse_trained("plain18").unwrap_err();
        assert!(
            error.contains("plain18") && error.contains("resnet152"),
            "{error}"
        );
        let network = |name: &str| Network::preset(name).unwrap();
        for (name, says) in [
            ("resnet18", "timm/resnet18"),
            ("resnet20", "in this program"),
            ("plain18", "ORG/NAME"),
        ] {
            assert!(untrained_message(&network(name)).contains(says), "{name}");
        }
    }
}
