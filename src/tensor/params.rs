//! Named sets of tensors that are in memory or are produced on access.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use super::Tensor;

/// An error for a tensor that is missing or cannot be read.
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
    /// Name of the tensor.
    pub tensor: String,
    /// Problem, and its remedy.
    pub problem: String,
}

impl TensorError {
    /// Creates an error from a tensor's name and a problem.
    pub fn new(tensor: impl Into<String>, problem: impl ToString) -> Self {
        Self {
            tensor: tensor.into(),
            problem: problem.to_string(),
        }
    }
}

/// A source that reads a tensor from a file, or computes it from others, on each access. Nothing
/// keeps the tensor in memory between accesses.
///
/// ```
/// use resnet_wgpu::Tensor;
/// use resnet_wgpu::low_level::tensor::{Param, Params, TensorSource, TensorError};
///
/// #[derive(Debug)]
/// struct Ones(Vec<usize>);
///
/// impl TensorSource for Ones {
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
pub trait TensorSource: Debug + Send + Sync {
    /// Returns the extent of each dimension, outermost first.
    fn shape(&self) -> &[usize];

    /// Reads or computes the tensor. It has the shape that [`shape`](Self::shape) returns.
    ///
    /// # Errors
    /// [`TensorError`] if the tensor cannot be read.
    fn read(&self) -> Result<Tensor, TensorError>;
}

/// A tensor of a set, in memory or with a source.
///
/// ```
/// use resnet_wgpu::Tensor;
/// use resnet_wgpu::low_level::tensor::Param;
///
/// let param = Param::from(Tensor::zeros([64]));
/// assert_eq!(param.shape(), [64]); // reads nothing
/// let mut own = param.own()?;
/// own.data_mut()[0] = 1.0;
/// assert_eq!(param.get()?.data()[0], 0.0);
/// # Ok::<(), resnet_wgpu::low_level::tensor::TensorError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Param {
    /// A tensor in memory.
    Here(Arc<Tensor>),
    /// A source that produces the tensor on each access.
    Later(Arc<dyn TensorSource>),
}

impl Param {
    /// Creates a parameter that `source` produces on each access.
    pub fn later(source: impl TensorSource + 'static) -> Self {
        Self::Later(Arc::new(source))
    }

    /// Returns the extent of each dimension, outermost first. Does not read the tensor.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Here(tensor) => tensor.shape(),
            Self::Later(source) => source.shape(),
        }
    }

    /// Returns the tensor. A tensor in memory is shared, any other is read now.
    ///
    /// # Errors
    /// [`TensorError`] as [`TensorSource::read`] returns it.
    pub fn get(&self) -> Result<Arc<Tensor>, TensorError> {
        match self {
            Self::Here(tensor) => Ok(Arc::clone(tensor)),
            Self::Later(source) => source.read().map(Arc::new),
        }
    }

    /// Returns an owned tensor for writing. A tensor in memory is copied, any other is read now.
    ///
    /// # Errors
    /// [`TensorError`] as [`TensorSource::read`] returns it.
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

/// A network's weights by tensor name. Clones share the tensors.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::tensor::Param;
///
/// let model = Model::embedded()?;
/// let params = model.params();
/// assert_eq!(params.entry("fc.weight").map(Param::shape), Some(&[10, 64][..]));
/// let bias = params.get("fc.bias")?; // reads the checkpoint now
/// assert_eq!(bias.data().len(), 10);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Params {
    tensors: BTreeMap<String, Param>,
}

impl Params {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor, or replaces the tensor that has this name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: impl Into<Param>) {
        self.tensors.insert(name.into(), tensor.into());
    }

    /// Returns the entry with the given name. Its shape is available without reading the tensor.
    pub fn entry(&self, name: &str) -> Option<&Param> {
        self.tensors.get(name)
    }

    /// Returns the tensor with the given name. Reads the tensor now unless it is in memory.
    ///
    /// # Errors
    /// [`TensorError`] if the set has no tensor of this name, or the tensor cannot be read.
    pub fn get(&self, name: &str) -> Result<Arc<Tensor>, TensorError> {
        let missing = || TensorError::new(name, "expected among the parameters, found none");
        self.entry(name).ok_or_else(missing)?.get()
    }

    /// Removes the entry with the given name and returns it.
    pub fn remove(&mut self, name: &str) -> Option<Param> {
        self.tensors.remove(name)
    }

    /// Returns all names and entries, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Param)> {
        self.tensors.iter().map(|(name, t)| (name.as_str(), t))
    }

    /// Returns the number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Ramp([usize; 1]);

    impl TensorSource for Ramp {
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
