//! Creates compute pipelines.

use std::sync::Arc;

use super::cache::DiskCache;
use super::pipelines::Pipeline;
use super::reports::Reports;
use super::texture_format::texture_format;
use super::{Gpu, GpuError, audited};
use crate::kernels::{KernelVariant, MemoryKind, source};
use crate::monitor::{Monitor, Stage};

/// Kernels and their new pipelines.
pub(super) type NewPipelines = Vec<(KernelVariant, Arc<Pipeline>)>;

impl Gpu {
    /// Creates the missing pipelines of `kernels`, on as many threads as the machine has cores, and
    /// returns the new pipelines only.
    pub(super) fn make_pipelines(
        &self,
        kernels: &[KernelVariant],
        monitor: &Monitor,
    ) -> Result<(NewPipelines, Reports), GpuError> {
        let pipelines = self.pipelines();
        let missing = kernels.iter().filter(|k| pipelines.find(**k).is_none());
        let missing: Vec<KernelVariant> = missing.copied().collect();
        monitor.expect(Stage::Kernels, missing.len() as u64);
        let reports = self.build_all(&missing, monitor)?;
        if let (Some(disk), false) = (&pipelines.disk, missing.is_empty()) {
            disk.keep();
        }
        let found = missing
            .iter()
            .filter_map(|k| Some((*k, pipelines.find(*k)?)));
        Ok((found.collect(), reports))
    }

    /// Builds the pipelines on as many threads as the machine has cores. The threads are separate
    /// from rayon's, because rayon's threads pack weights at the same time and a driver may take
    /// long.
    #[cfg(not(target_arch = "wasm32"))]
    fn build_all(&self, missing: &[KernelVariant], monitor: &Monitor) -> Result<Reports, GpuError> {
        use std::sync::atomic::{AtomicUsize, Ordering};
        use std::thread::{available_parallelism, scope};

        use super::concurrent::{join, spawn};

        let next = AtomicUsize::new(0);
        let make = || -> Result<(), GpuError> {
            while let Some(kernel) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.build_one(*kernel, monitor, &mut Reports::default())?;
            }
            Ok(())
        };
        let threads = available_parallelism().map_or(1, |n| n.get());
        scope(|scope| {
            let others = (1..threads.min(missing.len())).map_while(|_| spawn(scope, make));
            let others: Vec<_> = others.collect();
            let made = make();
            others.into_iter().map(join).fold(made, Result::and)
        })?;
        Ok(Reports::default())
    }

    /// Builds the pipelines one after the other.
    #[cfg(target_arch = "wasm32")]
    fn build_all(&self, missing: &[KernelVariant], monitor: &Monitor) -> Result<Reports, GpuError> {
        let mut reports = Reports::default();
        for kernel in missing {
            self.build_one(*kernel, monitor, &mut reports)?;
        }
        Ok(reports)
    }

    fn build_one(
        &self,
        kernel: KernelVariant,
        monitor: &Monitor,
        reports: &mut Reports,
    ) -> Result<(), GpuError> {
        let pipeline = self.build(kernel, reports)?;
        self.pipelines().add(kernel, pipeline);
        Ok(monitor.advance(Stage::Kernels, 1)?)
    }

    /// Creates a pipeline whose layout is derived from the shader, with run-time checks.
    pub(super) fn shader_pipeline(
        &self,
        name: &'static str,
        text: String,
        entry: &str,
        reports: &mut Reports,
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        let device = self.device();
        let made = self.handles().watch_later(0, reports, || {
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(name),
                source: wgpu::ShaderSource::Wgsl(text.into()),
            });
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: None,
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        });
        made.map_err(|error| GpuError::Kernel {
            kernel: name,
            reason: error.to_string(),
        })
    }

    fn build(&self, variant: KernelVariant, reports: &mut Reports) -> Result<Pipeline, GpuError> {
        let storage = self.profile().storage;
        let text = source(variant, storage)?;
        let kernel = variant.kernel;
        let device = self.device();
        let made = self.handles().watch_later(0, reports, || {
            let descriptor = wgpu::ShaderModuleDescriptor {
                label: Some(kernel.name),
                source: wgpu::ShaderSource::Wgsl(text.into()),
            };
            let module = if self.pipelines().checked() {
                device.create_shader_module(descriptor)
            } else {
                audited::trusted_module(device, descriptor)
            };
            // Bindings are the parameters, then the values that the kernel reads, then the values
            // that it writes.
            let written = variant.reads() as u32 + 1;
            let entries: Vec<_> = (0..written + variant.writes() as u32)
                .map(|binding| wgpu::BindGroupLayoutEntry {
                    binding,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: match binding {
                        0 => buffer_binding(wgpu::BufferBindingType::Uniform),
                        _ if binding < written => read_binding(variant.read_memory_kind(storage)),
                        _ => write_binding(variant.write_memory_kind(storage)),
                    },
                    count: None,
                })
                .collect();
            let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(kernel.name),
                entries: &entries,
            });
            let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(kernel.name),
                bind_group_layouts: &[Some(&layout)],
                ..Default::default()
            });
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(kernel.name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Every kernel writes its workgroup memory before reading it, so zeroing is not
                    // needed.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: self.pipelines().disk.as_ref().map(DiskCache::store),
            });
            Pipeline { pipeline, layout }
        });
        made.map_err(|error| GpuError::Kernel {
            kernel: kernel.name,
            reason: error.to_string(),
        })
    }
}

/// Returns the binding type of a value that a kernel reads.
fn read_binding(memory_kind: MemoryKind) -> wgpu::BindingType {
    match memory_kind {
        MemoryKind::Buffer => buffer_binding(wgpu::BufferBindingType::Storage { read_only: true }),
        MemoryKind::Texture(_) => wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
    }
}

/// Returns the binding type of a value that a kernel writes.
fn write_binding(memory_kind: MemoryKind) -> wgpu::BindingType {
    match memory_kind {
        MemoryKind::Buffer => buffer_binding(wgpu::BufferBindingType::Storage { read_only: false }),
        MemoryKind::Texture(scalar) => wgpu::BindingType::StorageTexture {
            access: wgpu::StorageTextureAccess::WriteOnly,
            format: texture_format(scalar),
            view_dimension: wgpu::TextureViewDimension::D2,
        },
    }
}

fn buffer_binding(ty: wgpu::BufferBindingType) -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty,
        has_dynamic_offset: false,
        min_binding_size: None,
    }
}
