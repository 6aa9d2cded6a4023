//! Runs single steps and looks into slots: for verification, which feeds each
//! step its own inputs.

use std::ops::Range;

use super::readback::Readback;
use super::stored::{load, store};
use super::{Engine, GpuError};
use crate::kernels::Scalar;

impl Engine {
    /// Runs some steps alone: for verification, which feeds each its own
    /// inputs through [`Engine::write_slot`] and reads
    /// [`Engine::read_slot`].
    pub fn run_steps(&self, steps: Range<usize>) -> Result<(), GpuError> {
        self.gpu.watch(0, || {
            let mut encoder = self.encoder();
            self.record(&mut encoder, steps, None);
            self.gpu.queue().submit([encoder.finish()]);
        })
    }

    /// Writes numbers to the start of a slot, stored in `scalar`.
    pub fn write_slot(&self, slot: usize, scalar: Scalar, data: &[f32]) -> Result<(), GpuError> {
        store(data, scalar, |bytes| {
            self.gpu.watch(bytes.len() as u64, || {
                self.slots[slot].write(self.gpu.queue(), 0, bytes)
            })
        })
    }

    /// Reads `count` numbers, whole quads of them that are stored in `scalar`,
    /// from the start of a slot.
    pub fn read_slot(
        &self,
        slot: usize,
        scalar: Scalar,
        count: usize,
    ) -> Result<Vec<f32>, GpuError> {
        let bytes = (count * scalar.bytes()) as u64;
        let mut out = Vec::new();
        let (readback, submitted) = self.gpu.watch(bytes, || {
            let padded = self.slots[slot].place().padded(bytes);
            let readback = Readback::new(&self.gpu, padded);
            let mut encoder = self.encoder();
            self.slots[slot].copy(&mut encoder, readback.buffer(), 0, bytes);
            readback.ask(&encoder, bytes);
            (readback, self.gpu.queue().submit([encoder.finish()]))
        })?;
        readback.read(&self.gpu, submitted, bytes, |data| {
            out.extend_from_slice(load(data, scalar, &mut vec![]));
        })?;
        Ok(out)
    }
}
