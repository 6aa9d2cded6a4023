//! Tables and buffers of the two passes over pictures of one size.

use super::{ByteOrder, DevicePicture, ResampleError, SourceError};
use crate::gpu::panics::catch_panic;
use crate::gpu::reports::Reports;
use crate::gpu::{Gpu, GpuError};
use crate::preprocess::Sampling;

/// The layout of a picture in its texture or buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub width: u32,
    pub height: u32,
    /// The corner of the region in a texture.
    origin: [u32; 2],
    /// The shader's parameters `srgb`, `bgr`, `first_word` and `row_words`.
    source: [u32; 4],
    /// Offset and length of a buffer's binding, in bytes.
    range: (u64, u64),
}

impl Layout {
    pub fn new(picture: DevicePicture<'_>) -> Result<Self, SourceError> {
        match picture {
            DevicePicture::Texture(source) => {
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
            DevicePicture::Buffer(source) => {
                let span = source.checked()?;
                // The binding begins at an offset that every device accepts.
                let before = source.offset % ALIGNMENT;
                let bgr = source.order == ByteOrder::Bgra;
                let words = [before as u32 / 4, source.bytes_per_row / 4];
                Ok(Self {
                    width: source.width,
                    height: source.height,
                    origin: [0, 0],
                    source: [0, u32::from(bgr), words[0], words[1]],
                    range: (source.offset - before, before + span),
                })
            }
        }
    }
}

/// WebGPU's default `min_storage_buffer_offset_alignment`, in bytes. No device requires more.
const ALIGNMENT: u64 = 256;

/// The buffers of both passes, except the picture and the crop. Clones share the buffers.
#[derive(Debug, Clone)]
pub(super) struct Passes {
    sampling: Sampling,
    second: wgpu::Buffer,
    taps: [wgpu::Buffer; 2],
    narrow: wgpu::Buffer,
}

impl Passes {
    pub async fn new(
        gpu: &Gpu,
        (w, h): (u32, u32),
        sampling: Sampling,
    ) -> Result<Self, ResampleError> {
        let [width, height] = sampling.narrow;
        let narrow = 4 * u64::from(width) * u64::from(height);
        let tables = sampling.taps().map(|t| size_of_val(t) as u64);
        let (profile, grids) = (gpu.profile(), sampling.grids());
        let needed = narrow.max(tables[0]).max(tables[1]);
        fits(needed, profile.max_binding, (w, h))?;
        let groups = grids.into_iter().flatten().max().unwrap_or(0);
        if groups > profile.max_workgroups {
            return Err(SourceError::TooManyGroups {
                width: w,
                height: h,
                needed: groups,
                limit: profile.max_workgroups,
            }
            .into());
        }
        let handles = gpu.handles();
        let mut reports = Reports::default();
        let mut table = |words: &[i32]| {
            let (bytes, usage) = (bytemuck::cast_slice(words), wgpu::BufferUsages::STORAGE);
            handles.buffer_with("taps", bytes, usage, &mut reports)
        };
        let [across, down] = sampling.taps();
        let taps = [table(across)?, table(down)?];
        let narrow = handles.watch_later(narrow, &mut reports, || {
            gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("narrow"),
                size: narrow,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        })?;
        let second = params(gpu, &sampling.second_pass(), &mut reports)?;
        reports.wait_for_all().await?;
        Ok(Self {
            second,
            taps,
            narrow,
            sampling,
        })
    }

    /// Returns the workgroups of both passes.
    pub fn grids(&self) -> [[u32; 2]; 2] {
        self.sampling.grids()
    }

    /// Binds the first pass over a picture.
    pub async fn bind_first(
        &self,
        gpu: &Gpu,
        pipeline: &wgpu::ComputePipeline,
        picture: DevicePicture<'_>,
        layout: &Layout,
    ) -> Result<wgpu::BindGroup, ResampleError> {
        let (offset, length) = layout.range;
        let limit = gpu.profile().max_binding;
        fits(length, limit, (layout.width, layout.height))?;
        let first = self.sampling.first_pass(layout.origin, layout.source);
        let mut reports = Reports::default();
        let params = params(gpu, &first, &mut reports)?;
        let bind = || {
            let view;
            let source = match picture {
                DevicePicture::Texture(source) => {
                    view = source.texture.create_view(&wgpu::TextureViewDescriptor {
                        dimension: Some(wgpu::TextureViewDimension::D2),
                        mip_level_count: Some(1),
                        array_layer_count: Some(1),
                        usage: Some(wgpu::TextureUsages::TEXTURE_BINDING),
                        ..Default::default()
                    });
                    wgpu::BindingResource::TextureView(&view)
                }
                DevicePicture::Buffer(source) => {
                    wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: source.buffer,
                        offset,
                        size: wgpu::BufferSize::new(length),
                    })
                }
            };
            let to = self.narrow.as_entire_binding();
            bind(gpu, pipeline, [&params, &self.taps[0]], [source, to])
        };
        let bound = gpu
            .handles()
            .watch_later(0, &mut reports, || catch_panic(bind))
            .map_err(refused)?;
        let bound = bound.ok_or(SourceError::OtherInstance)?;
        reports.wait_for_all().await.map_err(refused)?;
        Ok(bound)
    }

    /// Binds the second pass, which writes into `crop`.
    pub fn bind_second(
        &self,
        gpu: &Gpu,
        pipeline: &wgpu::ComputePipeline,
        crop: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        let values = [self.narrow.as_entire_binding(), crop.as_entire_binding()];
        bind(gpu, pipeline, [&self.second, &self.taps[1]], values)
    }
}

/// Attributes a refusal to the application's texture or buffer, because all other bindings are
/// valid.
fn refused(error: GpuError) -> ResampleError {
    match error {
        GpuError::Refused { reason, .. } => SourceError::Refused(reason).into(),
        error => error.into(),
    }
}

fn fits(needed: u64, limit: u64, (width, height): (u32, u32)) -> Result<(), SourceError> {
    if needed > limit {
        Err(SourceError::TooLarge {
            width,
            height,
            needed,
            limit,
        })
    } else {
        Ok(())
    }
}

fn params(gpu: &Gpu, words: &[u32], reports: &mut Reports) -> Result<wgpu::Buffer, GpuError> {
    let (bytes, usage) = (bytemuck::cast_slice(words), wgpu::BufferUsages::UNIFORM);
    (gpu.handles()).buffer_with("resample", bytes, usage, reports)
}

fn bind(
    gpu: &Gpu,
    pipeline: &wgpu::ComputePipeline,
    [params, taps]: [&wgpu::Buffer; 2],
    [from, to]: [wgpu::BindingResource<'_>; 2],
) -> wgpu::BindGroup {
    let resources = [
        params.as_entire_binding(),
        from,
        taps.as_entire_binding(),
        to,
    ];
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
