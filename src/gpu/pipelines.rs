//! Compute pipelines, one a kernel, shared by all sessions of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::cache::DiskCache;
use super::value::FORMAT;
use super::{Gpu, GpuError, PipelineOptions, audited};
use crate::kernels::{Kernel, Storage, source};

/// A kernel's pipeline and the layout of what it binds.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Pipelines made so far, by kernel name, and how they are made.
#[derive(Debug)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<&'static str, Arc<Pipeline>>>,
    checked: bool,
    disk: Option<DiskCache>,
}

impl Pipelines {
    /// None yet; `disk` may have some that another process compiled.
    pub fn new(options: &PipelineOptions, disk: Option<DiskCache>) -> Self {
        Self {
            made: Mutex::default(),
            checked: options.checked,
            disk,
        }
    }

    /// Whether kernels check what they access.
    pub fn checked(&self) -> bool {
        self.checked
    }

    fn find(&self, kernel: &Kernel) -> Option<Arc<Pipeline>> {
        // A panic in another thread leaves the map whole: it only ever grows
        // by complete entries.
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(kernel.name).cloned()
    }

    /// Keeps a pipeline, unless another thread was first.
    fn add(&self, kernel: &'static Kernel, pipeline: Pipeline) -> Arc<Pipeline> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = made.entry(kernel.name);
        Arc::clone(kept.or_insert_with(|| Arc::new(pipeline)))
    }
}

impl Gpu {
    /// Makes the pipelines that are missing of these kernels, by as many
    /// threads as there are, and gives those.
    pub(super) fn make_pipelines(
        &self,
        kernels: &[&'static Kernel],
    ) -> Result<Vec<(&'static Kernel, Arc<Pipeline>)>, GpuError> {
        let pipelines = self.pipelines();
        let missing = kernels.iter().filter(|k| pipelines.find(k).is_none());
        let missing: Vec<&'static Kernel> = missing.copied().collect();
        let made = (missing.par_iter()).map(|kernel| Ok((*kernel, self.build(kernel)?)));
        for (kernel, pipeline) in made.collect::<Result<Vec<_>, GpuError>>()? {
            pipelines.add(kernel, pipeline);
        }
        if let (Some(disk), false) = (&pipelines.disk, missing.is_empty()) {
            disk.keep();
        }
        let found = missing
            .iter()
            .filter_map(|k| Some((*k, pipelines.find(k)?)));
        Ok(found.collect())
    }

    /// The kernel's pipeline, made at first use.
    pub(super) fn pipeline(&self, kernel: &'static Kernel) -> Result<Arc<Pipeline>, GpuError> {
        if let Some(pipeline) = self.pipelines().find(kernel) {
            return Ok(pipeline);
        }
        let pipeline = self.build(kernel)?;
        Ok(self.pipelines().add(kernel, pipeline))
    }

    fn build(&self, kernel: &'static Kernel) -> Result<Pipeline, GpuError> {
        let storage = self.profile().storage;
        let text = source(kernel, storage)?;
        let device = self.device();
        let made = self.watch(0, || {
            let descriptor = wgpu::ShaderModuleDescriptor {
                label: Some(kernel.name),
                source: wgpu::ShaderSource::Wgsl(text.into()),
            };
            let module = match self.pipelines().checked {
                true => device.create_shader_module(descriptor),
                false => audited::trusted_module(device, descriptor),
            };
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
