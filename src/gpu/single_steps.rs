//! Runs single steps and accesses slots, for verification.

use std::ops::Range;

use super::readback::Readback;
use super::scalar_bytes::{load, store};
use super::{Executable, GpuError};
use crate::kernels::Scalar;

impl Executable {
    /// Runs only the given steps. Verification writes each step's inputs with
    /// [`Executable::write_slot`] and reads its outputs with [`Executable::read_slot`].
    pub fn run_steps(&self, steps: Range<usize>) -> Result<(), GpuError> {
        self.handles().watch(0, || {
            let mut encoder = self.handles().encoder();
            self.record(&mut encoder, steps, None);
            self.handles().queue().submit([encoder.finish()]);
        })
    }

    /// Writes numbers to the start of a slot, stored as `scalar`.
    pub fn write_slot(&self, slot: usize, scalar: Scalar, data: &[f32]) -> Result<(), GpuError> {
        store(data, scalar, |bytes| {
            self.handles().watch(bytes.len() as u64, || {
                self.slots[slot].write(self.handles().queue(), 0, bytes)
            })
        })
    }

    /// Reads `count` numbers from the start of a slot. The numbers are whole channel quads, stored
    /// as `scalar`.
    pub fn read_slot(
        &self,
        slot: usize,
        scalar: Scalar,
        count: usize,
    ) -> Result<Vec<f32>, GpuError> {
        let bytes = (count * scalar.bytes()) as u64;
        let mut out = Vec::new();
        let (readback, submitted) = self.handles().watch(bytes, || {
            let padded = self.slots[slot].memory_kind().padded(bytes);
            let readback = Readback::new(self.handles(), padded);
            let mut encoder = self.handles().encoder();
            self.slots[slot].copy(&mut encoder, readback.buffer(), 0, bytes);
            readback.map(&encoder, bytes, None);
            (readback, self.handles().queue().submit([encoder.finish()]))
        })?;
        readback.read(self.handles(), submitted, bytes, |data| {
            out.extend_from_slice(load(data, scalar, &mut vec![]));
        })?;
        Ok(out)
    }
}
