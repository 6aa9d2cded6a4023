//! Tables and buffers of the two passes over pictures of one size and layout.

use wgpu::util::DeviceExt;

use super::{ByteOrder, OnDevice, SourceError};
use crate::gpu::Gpu;
use crate::preprocess::Sampling;

/// What passes are made for: pictures that differ in none of these share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub width: u32,
    pub height: u32,
    /// Where the region begins in a texture.
    origin: [u32; 2],
    /// What the shader calls `srgb`, `bgr`, `first_word` and `row_words`.
    source: [u32; 4],
    /// Of a buffer's binding: its offset and length in bytes.
    range: (u64, u64),
}

impl Key {
    pub fn new(picture: OnDevice<'_>) -> Result<Self, SourceError> {
        match picture {
            OnDevice::Texture(source) => {
                let region = source.checked()?;
                let srgb = source.texture.format().is_srgb();
                Ok(Self {
                    width: region.width,
                    height: region.height,
                    origin: [region.x, region.y],
                    source: [u32::from(srgb), 0, 0, 0],
                    range: (0, 0),
                })
            }
            OnDevice::Buffer(source) => {
                let span = source.checked()?;
                // A binding begins where every device lets one begin.
                let begin = source.offset - source.offset % ALIGNMENT;
                let before = source.offset - begin;
                let bgr = source.order == ByteOrder::Bgra;
                let words = [before as u32 / 4, source.bytes_per_row / 4];
                Ok(Self {
                    width: source.width,
                    height: source.height,
                    origin: [0, 0],
                    source: [0, u32::from(bgr), words[0], words[1]],
                    range: (begin, before + span),
                })
            }
        }
    }
}

/// WebGPU's default `min_storage_buffer_offset_alignment`, which no device
/// exceeds.
const ALIGNMENT: u64 = 256;

/// Everything but the picture and the crop. Cloning shares it.
#[derive(Debug, Clone)]
pub(super) struct Passes {
    params: [wgpu::Buffer; 2],
    taps: [wgpu::Buffer; 2],
    narrow: wgpu::Buffer,
    grids: [[u32; 2]; 2],
    range: (u64, u64),
}

impl Passes {
    pub fn new(gpu: &Gpu, key: &Key, sampling: &Sampling) -> Result<Self, super::ResampleError> {
        let [width, height] = sampling.narrow;
        let narrow = 4 * u64::from(width) * u64::from(height);
        let taps = sampling.taps();
        let tables = taps.map(|t| size_of_val(t) as u64);
        let needed = narrow.max(tables[0]).max(tables[1]).max(key.range.1);
        let limit = gpu.profile().max_binding;
        let grids = sampling.grids();
        let wide = grids
            .iter()
            .flatten()
            .any(|&n| n > gpu.profile().max_workgroups);
        if needed > limit || wide {
            return Err(SourceError::TooLarge {
                width: key.width,
                height: key.height,
                needed,
                limit,
            }
            .into());
        }
        let device = gpu.device();
        let filled = |label, words: &[u8], usage| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some(label),
                contents: words,
                usage,
            })
        };
        let params = [
            sampling.first_pass(key.origin, key.source),
            sampling.second_pass(),
        ];
        Ok(gpu.watch(narrow + tables.iter().sum::<u64>(), || Self {
            params: params.map(|words| {
                let words = bytemuck::cast_slice(&words);
                filled("resample", words, wgpu::BufferUsages::UNIFORM)
            }),
            taps: taps.map(|words| {
                let words = bytemuck::cast_slice(words);
                filled("taps", words, wgpu::BufferUsages::STORAGE)
            }),
            narrow: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("narrow"),
                size: narrow,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            }),
            grids,
            range: key.range,
        })?)
    }

    /// Workgroups of both passes.
    pub fn grids(&self) -> [[u32; 2]; 2] {
        self.grids
    }

    /// The first pass over a picture.
    pub fn bind_first(
        &self,
        gpu: &Gpu,
        pipeline: &wgpu::ComputePipeline,
        picture: OnDevice<'_>,
    ) -> wgpu::BindGroup {
        let view;
        let source = match picture {
            OnDevice::Texture(source) => {
                view = source.texture.create_view(&wgpu::TextureViewDescriptor {
                    dimension: Some(wgpu::TextureViewDimension::D2),
                    mip_level_count: Some(1),
                    array_layer_count: Some(1),
                    usage: Some(wgpu::TextureUsages::TEXTURE_BINDING),
                    ..Default::default()
                });
                wgpu::BindingResource::TextureView(&view)
            }
            OnDevice::Buffer(source) => {
                let (offset, length) = self.range;
                wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: source.buffer,
                    offset,
                    size: wgpu::BufferSize::new(length),
                })
            }
        };
        self.bind(gpu, pipeline, 0, [source, self.narrow.as_entire_binding()])
    }

    /// The second pass into a crop.
    pub fn bind_second(
        &self,
        gpu: &Gpu,
        pipeline: &wgpu::ComputePipeline,
        crop: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        let narrow = self.narrow.as_entire_binding();
        self.bind(gpu, pipeline, 1, [narrow, crop.as_entire_binding()])
    }

    fn bind(
        &self,
        gpu: &Gpu,
        pipeline: &wgpu::ComputePipeline,
        pass: usize,
        [from, to]: [wgpu::BindingResource<'_>; 2],
    ) -> wgpu::BindGroup {
        let params = self.params[pass].as_entire_binding();
        let resources = [params, from, self.taps[pass].as_entire_binding(), to];
        let mut binding = 0..;
        let entries = resources.map(|resource| wgpu::BindGroupEntry {
            binding: binding.next().unwrap_or_default(),
            resource,
        });
        gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("resample"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    }
}
