//! Compute pipelines, one a kernel, shared by all sessions of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::value::format;
use super::{Gpu, GpuError};
use crate::kernels::{Kernel, Place, Tile, Types, source};

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
        let storage = self.profile().storage;
        let text = source(kernel, storage, types)?;
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
                        1 if kernel.tile == Tile::Bytes => value_binding(Place::Buffer, true),
                        _ if binding + 1 < count => value_binding(storage.place(types.reads), true),
                        _ => value_binding(storage.place(types.writes), false),
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
fn value_binding(place: Place, read_only: bool) -> wgpu::BindingType {
    match (place, read_only) {
        (Place::Buffer, _) => buffer_binding(wgpu::BufferBindingType::Storage { read_only }),
        (Place::Texture(_), true) => wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        (Place::Texture(scalar), false) => wgpu::BindingType::StorageTexture {
            access: wgpu::StorageTextureAccess::WriteOnly,
            format: format(scalar),
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
