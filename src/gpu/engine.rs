//! Runs a plan: buffers, bind groups and pipelines made once, then per run one
//! upload, one pass, one submission (more where the plan says so) and one
//! readback.

use std::ops::Range;
use std::sync::Arc;

use super::pipelines::Pipeline;
use super::readback::Readback;
use super::{Gpu, GpuError};
use crate::plan::{Binding, Plan, Weight};
use crate::tensor::Params;

/// A plan on a device, ready to run. Activations go in and out as NHWC with
/// channels padded to quads; [`Session`](crate::session::Session) is the
/// friendlier face of it.
#[derive(Debug)]
pub struct Engine {
    gpu: Gpu,
    plan: Plan,
    slots: Vec<wgpu::Buffer>,
    steps: Vec<Recorded>,
    readback: Readback,
}

/// Weights staged for upload, at most, before they are sent on: staging memory
/// is freed only behind a submission.
const STAGED_BYTES: u64 = 64 << 20;

/// A step with its GPU objects.
#[derive(Debug)]
struct Recorded {
    pipeline: Arc<Pipeline>,
    bind_group: wgpu::BindGroup,
    grid: [u32; 3],
}

impl Engine {
    /// Makes everything that runs will need, and uploads the weights.
    pub fn new(gpu: &Gpu, plan: Plan, params: &Params) -> Result<Self, GpuError> {
        let bytes = plan.activation_bytes() + plan.weight_bytes();
        gpu.watch(bytes, || Self::make(gpu, plan, params))?
    }

    fn make(gpu: &Gpu, plan: Plan, params: &Params) -> Result<Self, GpuError> {
        let slots: Vec<_> = (plan.slots.iter().enumerate())
            .map(|(i, &bytes)| storage(gpu, &format!("slot {i}"), bytes))
            .collect();
        let weights = upload_all(gpu, &plan.weights, params);
        let words = StepParams::new(gpu, &plan);
        let mut steps = Vec::with_capacity(plan.steps.len());
        for (i, step) in plan.steps.iter().enumerate() {
            let pipeline = gpu.pipeline(step.kernel)?;
            let mut entries = vec![wgpu::BindGroupEntry {
                binding: 0,
                resource: words.binding(i),
            }];
            let reads = step.reads.iter().map(|read| match read {
                Binding::Slot(slot) => &slots[*slot],
                Binding::Weight(weight) => &weights[*weight],
            });
            for buffer in reads.chain([&slots[step.writes]]) {
                entries.push(wgpu::BindGroupEntry {
                    binding: entries.len() as u32,
                    resource: buffer.as_entire_binding(),
                });
            }
            let bind_group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&step.name),
                layout: &pipeline.layout,
                entries: &entries,
            });
            steps.push(Recorded {
                pipeline,
                bind_group,
                grid: step.grid,
            });
        }
        let readback = Readback::new(gpu, plan.output_bytes());
        Ok(Self {
            gpu: gpu.clone(),
            plan,
            slots,
            steps,
            readback,
        })
    }

    /// The plan that it runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device that it runs on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Runs the plan on `input`, `[n, H, W, quads·4]` with n up to the plan's
    /// batch, and hands each output's bytes, in the plan's order and for the
    /// whole batch, to `read`.
    pub fn run(
        &mut self,
        input: &[f32],
        mut read: impl FnMut(usize, &[f32]),
    ) -> Result<(), GpuError> {
        let bytes = self.plan.output_bytes();
        let submitted = self.gpu.watch(bytes, || {
            self.write(self.plan.input.slot, input);
            let mut encoder = self.encoder();
            for (i, steps) in self.plan.submissions.iter().enumerate() {
                if i > 0 {
                    let full = std::mem::replace(&mut encoder, self.encoder());
                    self.gpu.queue().submit([full.finish()]);
                }
                self.record(&mut encoder, steps.clone());
            }
            let mut at = 0;
            for output in &self.plan.outputs {
                let bytes = output.bytes(self.plan.batch);
                let slot = &self.slots[output.slot];
                encoder.copy_buffer_to_buffer(slot, 0, self.readback.buffer(), at, bytes);
                at += bytes;
            }
            self.gpu.queue().submit([encoder.finish()])
        })?;
        let plan = &self.plan;
        self.readback.read(&self.gpu, submitted, bytes, |all| {
            let mut from = 0;
            for (i, output) in plan.outputs.iter().enumerate() {
                let floats = output.bytes(plan.batch) as usize / size_of::<f32>();
                read(i, &all[from..from + floats]);
                from += floats;
            }
        })
    }

    /// Runs some steps alone: for verification, which feeds each its own
    /// inputs through [`Engine::write_slot`] and reads
    /// [`Engine::read_slot`].
    pub fn run_steps(&mut self, steps: Range<usize>) -> Result<(), GpuError> {
        self.gpu.watch(0, || {
            let mut encoder = self.encoder();
            self.record(&mut encoder, steps);
            self.gpu.queue().submit([encoder.finish()]);
        })
    }

    /// Writes floats to the start of a slot.
    pub fn write_slot(&self, slot: usize, data: &[f32]) -> Result<(), GpuError> {
        let bytes = size_of_val(data) as u64;
        self.gpu.watch(bytes, || self.write(slot, data))
    }

    /// Reads `floats` floats from the start of a slot.
    pub fn read_slot(&self, slot: usize, floats: usize) -> Result<Vec<f32>, GpuError> {
        let bytes = (floats * size_of::<f32>()) as u64;
        let mut out = Vec::new();
        let (readback, submitted) = self.gpu.watch(bytes, || {
            let readback = Readback::new(&self.gpu, bytes);
            let mut encoder = self.encoder();
            encoder.copy_buffer_to_buffer(&self.slots[slot], 0, readback.buffer(), 0, bytes);
            (readback, self.gpu.queue().submit([encoder.finish()]))
        })?;
        readback.read(&self.gpu, submitted, bytes, |data| {
            out.extend_from_slice(data);
        })?;
        Ok(out)
    }

    fn write(&self, slot: usize, data: &[f32]) {
        let bytes = bytemuck::cast_slice(data);
        self.gpu.queue().write_buffer(&self.slots[slot], 0, bytes);
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        self.gpu.device().create_command_encoder(&descriptor)
    }

    /// One pass with those steps.
    fn record(&self, encoder: &mut wgpu::CommandEncoder, steps: Range<usize>) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let mut current: Option<&Arc<Pipeline>> = None;
        for step in &self.steps[steps] {
            if !current.is_some_and(|p| Arc::ptr_eq(p, &step.pipeline)) {
                pass.set_pipeline(&step.pipeline.pipeline);
                current = Some(&step.pipeline);
            }
            pass.set_bind_group(0, &step.bind_group, &[]);
            let [x, y, z] = step.grid;
            pass.dispatch_workgroups(x, y, z);
        }
    }
}

/// A buffer that kernels bind.
fn storage(gpu: &Gpu, label: &str, bytes: u64) -> wgpu::Buffer {
    gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes,
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}

/// Packs and uploads all weights.
fn upload_all(gpu: &Gpu, weights: &[Weight], params: &Params) -> Vec<wgpu::Buffer> {
    let mut staged = 0;
    let buffers = weights.iter().map(|weight| {
        let buffer = upload(gpu, weight, params);
        staged += weight.bytes();
        if staged > STAGED_BYTES {
            gpu.queue().submit([]);
            staged = 0;
        }
        buffer
    });
    let buffers = buffers.collect();
    gpu.queue().submit([]);
    buffers
}

fn upload(gpu: &Gpu, weight: &Weight, params: &Params) -> wgpu::Buffer {
    let tensor = weight.tensor.as_deref();
    let buffer = storage(gpu, tensor.unwrap_or("zeros"), weight.bytes());
    let tensor = tensor.and_then(|name| params.get(name));
    let packed = weight.packing.pack(tensor.map(Arc::as_ref));
    let bytes = bytemuck::cast_slice(&packed);
    gpu.queue().write_buffer(&buffer, 0, bytes);
    buffer
}

/// The parameters of all steps in one buffer, each at an offset that may be
/// bound.
struct StepParams {
    buffer: wgpu::Buffer,
    ranges: Vec<Range<u64>>,
}

impl StepParams {
    fn new(gpu: &Gpu, plan: &Plan) -> Self {
        let align = u64::from(gpu.device().limits().min_uniform_buffer_offset_alignment);
        let mut bytes: Vec<u8> = Vec::new();
        let mut ranges = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let start = (bytes.len() as u64).next_multiple_of(align);
            bytes.resize(start as usize, 0);
            bytes.extend_from_slice(bytemuck::cast_slice(&step.params));
            // Uniform blocks are whole vec4s in some drivers' eyes.
            bytes.resize(bytes.len().next_multiple_of(16), 0);
            ranges.push(start..bytes.len() as u64);
        }
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: bytes.len().max(16) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue().write_buffer(&buffer, 0, &bytes);
        Self { buffer, ranges }
    }

    fn binding(&self, step: usize) -> wgpu::BindingResource<'_> {
        let range = &self.ranges[step];
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: range.start,
            size: std::num::NonZeroU64::new(range.end - range.start),
        })
    }
}
