//! A tensor that stays in its file until a caller reads its values.

use std::sync::Arc;

use super::CheckpointError;
use super::checkpoint_bytes::CheckpointBytes;
use super::header::Entry;
use super::values::{BadValues, Sign, to_f32};
use crate::monitor::{Monitor, Stage};
use crate::tensor::{Tensor, TensorError, TensorSource};

/// The number of bytes that are read and converted at a time. Such a piece stays in the cache of
/// one processor core between both steps.
const PIECE: usize = 128 << 10;

/// One tensor of a safetensors file.
#[derive(Debug)]
pub(super) struct StoredTensor {
    storage: Arc<CheckpointBytes>,
    /// The tensor's name in the file.
    name: String,
    entry: Entry,
    /// The tensor's shape in the network. This shape has as many elements as the shape in the file.
    shape: Vec<usize>,
    sign: Sign,
}

impl StoredTensor {
    /// Creates the tensor `name` of a file with its shape in the network, and with the sign
    /// that its numbers may have.
    pub fn new(
        storage: Arc<CheckpointBytes>,
        name: String,
        entry: Entry,
        shape: Vec<usize>,
        sign: Sign,
    ) -> Self {
        Self {
            storage,
            name,
            entry,
            shape,
            sign,
        }
    }

    /// Reads the tensor once and checks its dtype and every number.
    pub fn check(&self, monitor: &Monitor) -> Result<(), CheckpointError> {
        self.pieces(monitor, |_| {})
    }

    /// Returns the tensor's size in the file, in bytes.
    pub fn bytes(&self) -> u64 {
        self.entry.bytes as u64
    }

    /// Calls `take` with piece after piece of the checked numbers, in order.
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
        // The loop runs at least once, so that the dtype of an empty tensor is checked, too.
        let mut done = 0;
        loop {
            let raw = &mut raw[..PIECE.min(bytes - done)];
            self.storage.read(start + done as u64, raw)?;
            to_f32(dtype, raw, self.sign, &mut values).map_err(|bad| self.bad(bad, first))?;
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

impl TensorSource for StoredTensor {
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
