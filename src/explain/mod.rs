//! Explanations of predictions: class activation maps (Zhou et al. 2016).
//!
//! If a network ends in global average pooling and one linear layer, the logit of a class is the
//! mean of a map over the picture, plus the bias. This map shows exactly which parts of the picture
//! the logit comes from. [`Explainer`] computes the map, and [`Overlay`] paints it.
//!
//! ```no_run
//! use resnet_wgpu::{DeviceSelector, Explainer, ExplainerOptions, Gpu, ImageLimits, Model, decode_file};
//! use resnet_wgpu::low_level::explain::Overlay;
//!
//! let gpu = Gpu::new(DeviceSelector::Auto)?;
//! let model = Model::embedded()?;
//! let photo = decode_file("photos/chelsea.png", &ImageLimits::default())?;
//! let explainer = Explainer::new(&gpu, &model, &ExplainerOptions::default())?;
//! let found = explainer.explain(&photo, 1)?;
//! let region = explainer.preprocess().region(photo.width(), photo.height())?;
//! Overlay::new(&photo, region).paint(&found[0].map).save("overlay.png").ok();
//! # Ok::<(), resnet_wgpu::Error>(())
//! ```

mod classifier_head;
mod explainer;
mod map;
mod overlay;

pub use crate::error::explain::ExplainError;
pub use classifier_head::ClassifierHead;
pub use explainer::{Explainer, ExplainerOptions, Explanation};
pub use map::ClassMap;
pub use overlay::Overlay;
