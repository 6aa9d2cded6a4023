//! A tensor that stays in its file until it is wanted.

use std::sync::Arc;

use super::CheckpointError;
use super::header::Entry;
use super::storage::Storage;
use super::values::{BadValues, to_f32};
use crate::monitor::{Monitor, Stage};
use crate::tensor::{Source, Tensor, TensorError};

/// Bytes that are read and converted at a time: they stay in a core's own
/// cache in between.
const PIECE: usize = 128 << 10;

/// One tensor of a safetensors file.
#[derive(Debug)]
pub(super) struct StoredTensor {
    storage: Arc<Storage>,
    /// Its name in the file.
    name: String,
    entry: Entry,
    /// The shape that the network gives it: as many elements as the file's.
    shape: Vec<usize>,
    variance: bool,
}

impl StoredTensor {
    /// The tensor `name` of the file, to be used as one of `shape`; `variance`
    /// says that its numbers are variances.
    pub fn new(
        storage: Arc<Storage>,
        name: String,
        entry: Entry,
        shape: Vec<usize>,
        variance: bool,
    ) -> Self {
        Self {
            storage,
            name,
            entry,
            shape,
            variance,
        }
    }

    /// Reads it once, and says what is wrong with its type or its numbers.
    pub fn check(&self, monitor: &Monitor) -> Result<(), CheckpointError> {
        self.pieces(monitor, |_| {})
    }

    /// Bytes that it has in the file.
    pub fn bytes(&self) -> u64 {
        self.entry.bytes as u64
    }

    /// Hands its numbers to `take`, in order and each checked.
    fn pieces(
        &self,
        monitor: &Monitor,
        mut take: impl FnMut(&[f32]),
    ) -> Result<(), CheckpointError> {
        let Entry {
            dtype,
            start,
            bytes,
            ..
        } = self.entry;
        let (mut raw, mut values, mut first) = (vec![0; bytes.min(PIECE)], vec![], 0);
        // Types are refused for tensors of no numbers as well.
        let mut done = 0;
        loop {
            let raw = &mut raw[..PIECE.min(bytes - done)];
            self.storage.read(start + done as u64, raw)?;
            to_f32(dtype, raw, self.variance, &mut values).map_err(|bad| self.bad(bad, first))?;
            take(&values);
            first += values.len();
            done += raw.len();
            monitor.advance(Stage::Checked, raw.len() as u64)?;
            if done == bytes {
                return Ok(());
            }
        }
    }

    fn bad(&self, bad: BadValues, first: usize) -> CheckpointError {
        let (file, tensor) = (self.storage.name.clone(), self.name.clone());
        match bad {
            BadValues::Dtype => CheckpointError::Dtype {
                file,
                tensor,
                found: self.entry.dtype.to_string(),
            },
            BadValues::Value {
                index,
                expected,
                found,
            } => CheckpointError::Value {
                file,
                tensor,
                index: first + index,
                expected,
                found,
            },
        }
    }
}

impl Source for StoredTensor {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self) -> Result<Tensor, TensorError> {
        let mut data = Vec::with_capacity(self.shape.iter().product());
        self.pieces(&Monitor::default(), |values| data.extend_from_slice(values))
            .map_err(|error| TensorError::new(&self.name, error))?;
        Tensor::new(self.shape.clone(), data).ok_or_else(|| {
            TensorError::new(&self.name, "expected as many numbers as its shape has")
        })
    }
}
