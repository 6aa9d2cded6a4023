//! Measures transfers between the host's memory and the device's memory.

use std::time::Instant;

use super::rig::Rig;
use crate::gpu::GpuError;
use crate::gpu::readback::Readback;

/// A buffer on the host and a buffer on the device.
#[derive(Debug)]
pub struct TransferPeak<'r> {
    rig: &'r Rig,
    sent: Vec<u32>,
    received: Vec<u32>,
    device: wgpu::Buffer,
    readback: Readback,
}

impl<'r> TransferPeak<'r> {
    /// Creates buffers of `bytes` bytes, capped at the largest binding of the device.
    pub fn new(rig: &'r Rig, bytes: u64) -> Result<Self, GpuError> {
        let bytes = bytes.min(rig.gpu().profile().max_binding) / 4 * 4;
        let words = (bytes / 4) as u32;
        Ok(Self {
            rig,
            sent: (0..words).map(|i| i.wrapping_mul(2_654_435_761)).collect(),
            received: vec![0; words as usize],
            device: rig.storage(bytes)?,
            readback: (rig.gpu().handles())
                .watch(bytes, || Readback::new(rig.gpu().handles(), bytes))?,
        })
    }

    /// Returns the bytes of a transfer.
    pub fn bytes(&self) -> u64 {
        size_of_val(self.sent.as_slice()) as u64
    }

    /// Uploads the buffer and returns the seconds until the device has all bytes.
    pub fn upload(&self) -> Result<f64, GpuError> {
        let gpu = self.rig.gpu();
        let start = Instant::now();
        let submitted = gpu.handles().watch(self.bytes(), || {
            let bytes = bytemuck::cast_slice(&self.sent);
            gpu.queue().write_buffer(&self.device, 0, bytes);
            gpu.queue().submit([])
        })?;
        gpu.handles().wait(submitted)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Reads the buffer back and returns the seconds until all bytes are in the host's own memory.
    pub fn readback(&mut self) -> Result<f64, GpuError> {
        let gpu = self.rig.gpu();
        let bytes = self.bytes();
        let start = Instant::now();
        let submitted = gpu.handles().watch(bytes, || {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = gpu.device().create_command_encoder(&descriptor);
            encoder.copy_buffer_to_buffer(&self.device, 0, self.readback.buffer(), 0, bytes);
            self.readback.map(&encoder, bytes, None);
            gpu.queue().submit([encoder.finish()])
        })?;
        self.readback
            .read(gpu.handles(), submitted, bytes, |data| {
                (self.received).copy_from_slice(bytemuck::cast_slice(data));
            })?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Checks that the bytes read back are the bytes uploaded.
    pub fn check(&self) -> Result<(), GpuError> {
        let mut pairs = self.sent.iter().zip(&self.received);
        match pairs.position(|(sent, received)| sent != received) {
            None => Ok(()),
            Some(at) => Err(GpuError::Wrong {
                device: self.rig.gpu().describe(),
                kernel: "transfer",
                reason: format!("{:#x} of {:#x} at {at}", self.received[at], self.sent[at]),
            }),
        }
    }
}
