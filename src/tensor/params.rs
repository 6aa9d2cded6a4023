//! Named sets of tensors, in memory or still where they come from.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use super::Tensor;

/// A tensor that was wanted and cannot be had.
///
/// ```
/// use resnet_wgpu::low_level::tensor::Params;
///
/// let error = Params::new().get("conv1.weight").unwrap_err();
/// assert_eq!(error.tensor, "conv1.weight");
/// assert!(error.to_string().starts_with("tensor `conv1.weight`: expected"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tensor `{tensor}`: {problem}")]
pub struct TensorError {
    /// The tensor's name.
    pub tensor: String,
    /// Why, and the remedy.
    pub problem: String,
}

impl TensorError {
    /// A tensor and what is wrong with it.
    pub fn new(tensor: impl Into<String>, problem: impl ToString) -> Self {
        Self {
            tensor: tensor.into(),
            problem: problem.to_string(),
        }
    }
}

/// Where a tensor comes from: it is read from a file, or computed from others,
/// each time that it is wanted, and nobody holds it in between.
///
/// ```
/// use resnet_wgpu::Tensor;
/// use resnet_wgpu::low_level::tensor::{Param, Params, Source, TensorError};
///
/// #[derive(Debug)]
/// struct Ones(Vec<usize>);
///
/// impl Source for Ones {
///     fn shape(&self) -> &[usize] {
///         &self.0
///     }
///
///     fn read(&self) -> Result<Tensor, TensorError> {
///         Ok(Tensor::from_fn(self.0.clone(), |_| 1.0))
///     }
/// }
///
/// let mut params = Params::new();
/// params.insert("bn1.weight", Param::later(Ones(vec![2])));
/// assert_eq!(params.get("bn1.weight")?.data(), [1.0, 1.0]);
/// # Ok::<(), TensorError>(())
/// ```
pub trait Source: Debug + Send + Sync {
    /// The extent of each dimension, outermost first.
    fn shape(&self) -> &[usize];

    /// The tensor, of that shape.
    ///
    /// # Errors
    /// [`TensorError`] where it cannot be read.
    fn read(&self) -> Result<Tensor, TensorError>;
}

/// A tensor of a set.
///
/// ```
/// use resnet_wgpu::Tensor;
/// use resnet_wgpu::low_level::tensor::Param;
///
/// let param = Param::from(Tensor::zeros([64]));
/// assert_eq!(param.shape(), [64]); // nothing is read for it
/// let mut own = param.own()?;
/// own.data_mut()[0] = 1.0;
/// assert_eq!(param.get()?.data()[0], 0.0);
/// # Ok::<(), resnet_wgpu::low_level::tensor::TensorError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Param {
    /// In memory.
    Here(Arc<Tensor>),
    /// Where it comes from.
    Later(Arc<dyn Source>),
}

impl Param {
    /// A tensor that `source` gives when it is wanted.
    pub fn later(source: impl Source + 'static) -> Self {
        Self::Later(Arc::new(source))
    }

    /// The extent of each dimension, outermost first.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Here(tensor) => tensor.shape(),
            Self::Later(source) => source.shape(),
        }
    }

    /// The tensor, shared where it is in memory.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn get(&self) -> Result<Arc<Tensor>, TensorError> {
        match self {
            Self::Here(tensor) => Ok(Arc::clone(tensor)),
            Self::Later(source) => source.read().map(Arc::new),
        }
    }

    /// The tensor as one's own, to write to: a copy where it is in memory.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn own(&self) -> Result<Tensor, TensorError> {
        match self {
            Self::Here(tensor) => Ok(Tensor::clone(tensor)),
            Self::Later(source) => source.read(),
        }
    }
}

impl From<Tensor> for Param {
    fn from(tensor: Tensor) -> Self {
        Self::Here(Arc::new(tensor))
    }
}

/// A network's weights by tensor name. Cloning shares them.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::tensor::Param;
///
/// let model = Model::embedded()?;
/// let params = model.params();
/// assert_eq!(params.entry("fc.weight").map(Param::shape), Some(&[10, 64][..]));
/// let bias = params.get("fc.bias")?; // read from the checkpoint now
/// assert_eq!(bias.data().len(), 10);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Params {
    tensors: BTreeMap<String, Param>,
}

impl Params {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor, replacing one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: impl Into<Param>) {
        self.tensors.insert(name.into(), tensor.into());
    }

    /// The entry of that name: its shape costs nothing, its numbers may have to
    /// be read.
    pub fn entry(&self, name: &str) -> Option<&Param> {
        self.tensors.get(name)
    }

    /// The tensor of that name, read now unless it is in memory.
    ///
    /// # Errors
    /// [`TensorError`] where there is none of that name, or it cannot be read.
    pub fn get(&self, name: &str) -> Result<Arc<Tensor>, TensorError> {
        let missing = || TensorError::new(name, "expected among the parameters, found none");
        self.entry(name).ok_or_else(missing)?.get()
    }

    /// Takes the entry of that name out.
    pub fn remove(&mut self, name: &str) -> Option<Param> {
        self.tensors.remove(name)
    }

    /// Names and entries, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Param)> {
        self.tensors.iter().map(|(name, t)| (name.as_str(), t))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Ramp([usize; 1]);

    impl Source for Ramp {
        fn shape(&self) -> &[usize] {
            &self.0
        }

        fn read(&self) -> Result<Tensor, TensorError> {
            Ok(Tensor::from_fn(self.0, |i| i as f32))
        }
    }

    #[test]
    fn tensors_are_shared_or_made_when_wanted() {
        let mut params = Params::new();
        params.insert("here", Tensor::zeros([2]));
        params.insert("later", Param::later(Ramp([3])));
        let (a, b) = (params.get("here").unwrap(), params.get("here").unwrap());
        assert!(Arc::ptr_eq(&a, &b));
        assert_eq!(params.entry("later").unwrap().shape(), [3]);
        assert_eq!(params.get("later").unwrap().data(), [0.0, 1.0, 2.0]);
        assert_eq!(params.entry("here").unwrap().own().unwrap(), *a);
        let error = params.get("none").unwrap_err();
        assert!(error.to_string().starts_with("tensor `none`: expected"));
    }
}
