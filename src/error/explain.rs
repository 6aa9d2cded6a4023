//! Errors of class activation maps.

/// The reason why a class activation map cannot be computed.
///
/// ```
/// use resnet_wgpu::low_level::explain::{ExplainError, ClassifierHead};
/// use resnet_wgpu::Network;
///
/// let vgg = Network::preset("vgg19").expect("it is a preset");
/// let error = ClassifierHead::of(&vgg.graph(224, 224)?, &vgg.name).unwrap_err();
/// assert!(matches!(error, ExplainError::NoHead { .. }));
/// assert!(error.to_string().ends_with("take a ResNet"));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The network does not end in global average pooling and one linear layer.
    #[error(
        "{network}: a class activation map needs a network that ends in global average pooling and \
         one linear layer, found one that ends in {found}; take a ResNet"
    )]
    NoHead {
        /// The network's name.
        network: String,
        /// The last operations of the network.
        found: String,
    },
    /// The network does not have this class.
    #[error(
        "class {class}: expected one from 0 to {}, as the network has {classes}; take one of these",
        classes.saturating_sub(1)
    )]
    NoSuchClass {
        /// The requested class.
        class: usize,
        /// The number of classes of the network.
        classes: usize,
    },
}
