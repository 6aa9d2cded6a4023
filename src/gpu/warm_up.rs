//! Warms up the kernels of software drivers, which compile a kernel only when it first runs. Each
//! kernel is dispatched once with no workgroups, in the background, while weights are read and
//! packed.

use std::sync::Arc;

use super::pipelines::Pipeline;
use super::value::Value;
use super::{Gpu, GpuError};
use crate::kernels::KernelVariant;
use crate::plan::DeviceClass;

/// A buffer size that exceeds the longest parameter struct, in bytes.
const BYTES: u64 = 8 << 10;

impl Gpu {
    /// Dispatches each kernel with an empty grid on devices whose driver compiles a kernel at its
    /// first run. Measured on Mesa's lavapipe; hardware drivers compile when a pipeline is created.
    pub(super) fn warm_up(
        &self,
        kernels: &[(KernelVariant, Arc<Pipeline>)],
    ) -> Result<(), GpuError> {
        // A browser would warn about dispatches without workgroups.
        let lazy =
            self.profile().class == DeviceClass::Software && cfg!(not(target_arch = "wasm32"));
        if !lazy || kernels.is_empty() {
            return Ok(());
        }
        self.handles().watch(2 * BYTES, || {
            let device = self.device();
            let words = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("warm-up"),
                size: BYTES,
                usage: wgpu::BufferUsages::UNIFORM,
                mapped_at_creation: false,
            });
            let storage = self.profile().storage;
            let mut encoder = device.create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (variant, pipeline) in kernels {
                let read = Value::new(
                    self.handles(),
                    "reads",
                    BYTES,
                    variant.read_memory_kind(storage),
                );
                let memory_kind = variant.write_memory_kind(storage);
                let written: Vec<Value> = (0..variant.writes())
                    .map(|_| Value::new(self.handles(), "writes", BYTES, memory_kind))
                    .collect();
                let resources = std::iter::once(words.as_entire_binding())
                    .chain(std::iter::repeat_n(read.binding(), variant.reads()))
                    .chain(written.iter().map(Value::binding));
                let entries: Vec<_> = (0..)
                    .zip(resources)
                    .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
                    .collect();
                let binds = device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some("warm-up"),
                    layout: &pipeline.layout,
                    entries: &entries,
                });
                pass.set_pipeline(&pipeline.pipeline);
                pass.set_bind_group(0, &binds, &[]);
                pass.dispatch_workgroups(0, 0, 0);
            }
            drop(pass);
            self.queue().submit([encoder.finish()]);
        })
    }
}
