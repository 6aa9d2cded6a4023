//! Runs of any number of images, with tensors as inputs and outputs.

use super::{InputForm, NetworkKey, Session, SessionError};
use crate::error::Error;
use crate::gpu::{Images, Intake};
use crate::graph::Shape;
use crate::tensor::{Tensor, padded};

/// The outputs of [`Session::run`].
///
/// ```
/// use resnet_wgpu::low_level::session::PROBABILITIES;
/// use resnet_wgpu::{Device, Model, Session, SessionOptions, Tensor};
///
/// let options = SessionOptions {
///     layers: vec!["layer1".into()],
///     probabilities: true,
///     ..Default::default()
/// };
/// let session = Session::new(Device::Cpu, &Model::embedded()?, &options)?;
/// let outputs = session.run(&Tensor::zeros([2, 32, 32, 3]))?;
/// assert_eq!(outputs.logits.shape(), [2, 10]);
/// assert_eq!(outputs.layer("layer1").unwrap().shape(), [2, 32, 32, 16]);
/// assert_eq!(outputs.layers[1].0, PROBABILITIES);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// `[N, classes]`.
    pub logits: Tensor,
    /// The layers asked for, by name and in that order, each `[N, H, W, C]`; then, if
    /// asked for, the probabilities.
    pub layers: Vec<(String, Tensor)>,
}

impl Outputs {
    /// The output of a layer that was asked for.
    pub fn layer(&self, name: &str) -> Option<&Tensor> {
        let mut layers = self.layers.iter();
        layers.find_map(|(n, tensor)| (n == name).then_some(tensor))
    }
}

impl Session {
    /// Runs any number of images of any size, `[N, H, W, 3]`, already normalised.
    ///
    /// # Errors
    /// [`SessionError::InputShape`] for another shape;
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a size that the
    /// network does not admit; [`ErrorKind::DeviceLost`](crate::ErrorKind::DeviceLost) if the
    /// device failed.
    pub fn run(&self, images: &Tensor) -> Result<Outputs, Error> {
        let channels = self.graph().input_shape().c;
        let (n, size) = match images.shape() {
            [n, h, w, c] if *c == channels => (*n, (*h, *w)),
            other => {
                return Err(SessionError::InputShape {
                    expected: format!("[N, H, W, {channels}]"),
                    found: other.to_vec(),
                }
                .into());
            }
        };
        let compiled = self.device().block_on(self.compiled(NetworkKey {
            size,
            input: InputForm::F32,
            ..self.key()
        }))??;
        let padded = padded(images);
        let mut logits: Vec<f32> = vec![];
        let layer = |(name, s): (&str, Shape)| (name.to_owned(), vec![n, s.h, s.w, s.c], vec![]);
        let mut layers: Vec<(String, Vec<usize>, Vec<f32>)> =
            compiled.layers().map(layer).collect();
        for chunk in padded.chunks((compiled.batch * compiled.input_len()).max(1)) {
            let images = Intake::Host(Images::F32(chunk));
            let run = self.start_with(&compiled, images);
            self.device().block_on(run)??.finish(|outputs| {
                logits.extend_from_slice(outputs.logits());
                for ((.., all), (.., values)) in layers.iter_mut().zip(outputs.layers()) {
                    all.extend_from_slice(values);
                }
            })?;
        }
        let tensor = |shape: Vec<usize>, data| {
            let found = shape.clone();
            Tensor::new(shape, data).ok_or(SessionError::InputShape {
                expected: "at least one image".into(),
                found,
            })
        };
        let classes = self.graph().output_shape().len();
        let layers = layers.into_iter();
        Ok(Outputs {
            logits: tensor(vec![n, classes], logits)?,
            layers: layers
                .map(|(name, shape, data)| Ok((name, tensor(shape, data)?)))
                .collect::<Result<_, Error>>()?,
        })
    }
}
