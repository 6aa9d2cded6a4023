//! Compute pipelines, one a kernel, shared by all sessions of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::value::FORMAT;
use super::{Gpu, GpuError};
use crate::kernels::{Kernel, Storage, source};

/// A kernel's pipeline and the layout of what it binds.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Pipelines made so far, by kernel name.
#[derive(Debug, Default)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<&'static str, Arc<Pipeline>>>,
}

impl Gpu {
    /// The kernel's pipeline, made at first use.
    pub(super) fn pipeline(&self, kernel: &'static Kernel) -> Result<Arc<Pipeline>, GpuError> {
        // A panic in another thread leaves the map whole: it only ever grows
        // by complete entries.
        let lock = &self.pipelines().made;
        let mut made = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = made.get(kernel.name) {
            return Ok(Arc::clone(pipeline));
        }
        let pipeline = Arc::new(self.build(kernel)?);
        made.insert(kernel.name, Arc::clone(&pipeline));
        Ok(pipeline)
    }

    fn build(&self, kernel: &'static Kernel) -> Result<Pipeline, GpuError> {
        let storage = self.profile().storage;
        let text = source(kernel, storage)?;
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
                    ty: match binding {
                        0 => buffer_binding(wgpu::BufferBindingType::Uniform),
                        _ => value_binding(storage, binding + 1 < count),
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

/// How a kernel binds a value that it reads, or the one that it writes.
fn value_binding(storage: Storage, read_only: bool) -> wgpu::BindingType {
    match (storage, read_only) {
        (Storage::Buffers, _) => buffer_binding(wgpu::BufferBindingType::Storage { read_only }),
        (Storage::Textures, true) => wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        (Storage::Textures, false) => wgpu::BindingType::StorageTexture {
            access: wgpu::StorageTextureAccess::WriteOnly,
            format: FORMAT,
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
