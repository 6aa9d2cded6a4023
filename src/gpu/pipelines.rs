//! Compute pipelines, one a kernel, shared by all sessions of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Gpu, GpuError};
use crate::kernels::{Kernel, Types, source};

/// A kernel's pipeline and the layout of what it binds.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Pipelines made so far, by kernel name and what it reads and writes.
#[derive(Debug, Default)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<(&'static str, Types), Arc<Pipeline>>>,
}

impl Gpu {
    /// The kernel's pipeline, made at first use.
    pub(super) fn pipeline(
        &self,
        kernel: &'static Kernel,
        types: Types,
    ) -> Result<Arc<Pipeline>, GpuError> {
        // A panic in another thread leaves the map whole: it only ever grows
        // by complete entries.
        let lock = &self.pipelines().made;
        let mut made = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = made.get(&(kernel.name, types)) {
            return Ok(Arc::clone(pipeline));
        }
        let pipeline = Arc::new(self.build(kernel, types)?);
        made.insert((kernel.name, types), Arc::clone(&pipeline));
        Ok(pipeline)
    }

    fn build(&self, kernel: &'static Kernel, types: Types) -> Result<Pipeline, GpuError> {
        let text = source(kernel, types)?;
        let device = self.device();
        let made = self.watch(0, || {
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(kernel.name),
                source: wgpu::ShaderSource::Wgsl(text.into()),
            });
            // Parameters, then what it reads, then what it writes.
            let count = kernel.family.reads() as u32 + 2;
            let entries: Vec<_> = (0..count)
                .map(|binding| wgpu::BindGroupLayoutEntry {
                    binding,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty: match binding {
                            0 => wgpu::BufferBindingType::Uniform,
                            _ => wgpu::BufferBindingType::Storage {
                                read_only: binding + 1 < count,
                            },
                        },
                        has_dynamic_offset: false,
                        min_binding_size: None,
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
                    // Every kernel writes its workgroup memory before it reads it.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            });
            Pipeline { pipeline, layout }
        });
        made.map_err(|error| GpuError::Kernel {
            kernel: kernel.name,
            reason: error.to_string(),
        })
    }
}
