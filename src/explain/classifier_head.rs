//! The head of a network, from which class activation maps are computed.

use super::ExplainError;
use crate::graph::{Graph, Linear, Node, Op, Shape};

/// The end of a network: features, their mean over the picture, and one linear layer.
///
/// ```
/// use resnet_wgpu::low_level::explain::ClassifierHead;
/// use resnet_wgpu::low_level::graph::Shape;
/// use resnet_wgpu::Network;
///
/// let network = Network::preset("resnet50").expect("it is a preset");
/// let head = ClassifierHead::of(&network.graph(224, 224)?, &network.name)?;
/// assert_eq!(head.features, "layer4.2");
/// assert_eq!(head.shape, Shape::new(7, 7, 2048));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifierHead {
    /// The module whose output is pooled, such as `layer4.2`.
    pub features: String,
    /// The shape of the features for one image.
    pub shape: Shape,
    /// The linear layer that reads the pooled features.
    pub linear: Linear,
}

impl ClassifierHead {
    /// Finds the head of a network. `network` is its name for the error message.
    ///
    /// # Errors
    /// [`ExplainError::NoHead`] if the network ends differently, as VGG does.
    pub fn of(graph: &Graph, network: &str) -> Result<Self, ExplainError> {
        let before = |node: &Node| match node.inputs[..] {
            [input] => Some(graph.node(input)),
            _ => None,
        };
        let no_head = || ExplainError::NoHead {
            network: network.into(),
            found: ending(graph),
        };
        let last = graph.node(graph.output);
        let Op::Linear(linear) = &last.op else {
            return Err(no_head());
        };
        // A flatten between pool and linear layer does not change the order of the values.
        let pool = before(last).and_then(|node| match node.op {
            Op::Flatten => before(node),
            _ => Some(node),
        });
        let pool = pool.filter(|node| node.op == Op::GlobalAvgPool);
        let features = pool.and_then(before).ok_or_else(no_head)?;
        Ok(Self {
            features: features.name.clone(),
            shape: features.shape,
            linear: linear.clone(),
        })
    }
}

/// Returns the kinds of the last four operations, in order.
fn ending(graph: &Graph) -> String {
    let kinds: Vec<&str> = graph.nodes.iter().map(|node| node.op.kind()).collect();
    kinds[kinds.len().saturating_sub(4)..].join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Network;

    fn head(preset: &str, side: usize) -> Result<ClassifierHead, ExplainError> {
        let network = Network::preset(preset).unwrap();
        ClassifierHead::of(&network.graph(side, side).unwrap(), preset)
    }

    #[test]
    fn every_resnet_has_one_and_vgg_has_not() {
        for (preset, features, shape) in [
            ("resnet20", "layer3.2", Shape::new(8, 8, 64)),
            ("resnet50", "layer4.2", Shape::new(7, 7, 2048)),
            ("preact-resnet18", "relu", Shape::new(7, 7, 512)),
            ("resnext50-32x4d", "layer4.2", Shape::new(7, 7, 2048)),
        ] {
            let side = if preset == "resnet20" { 32 } else { 224 };
            let found = head(preset, side).unwrap();
            assert_eq!((found.features.as_str(), found.shape), (features, shape));
            assert_eq!(found.linear.in_features, shape.c);
        }
        let error = head("vgg19", 224).unwrap_err().to_string();
        assert!(
            error.contains("vgg19") && error.contains("take a ResNet"),
            "{error}"
        );
    }
}
