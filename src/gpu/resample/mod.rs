//! Prepares pictures that are already on the device. The device resizes and crops them with the
//! same fixed-point arithmetic as the host, so that no pixel travels through host memory.

mod passes;
mod picture;
mod source;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

pub(crate) use picture::{DevicePicture, ResampleError};
pub use source::{BufferSource, ByteOrder, PixelRect, SourceError, TextureSource};

use super::reports::Reports;
use super::{Gpu, GpuError};
use crate::kernels::ResampleShader;
use crate::preprocess::Preprocess;
use passes::{Layout, Passes};

/// The number of picture sizes whose tables are kept. An application shows a few windows again and
/// again.
const KEPT: usize = 8;

/// The kernels of the resize on one device, for one set of preprocessing options.
#[derive(Debug)]
pub(crate) struct Resampler {
    gpu: Gpu,
    preprocess: Preprocess,
    texture: wgpu::ComputePipeline,
    buffer: wgpu::ComputePipeline,
    crop: wgpu::ComputePipeline,
    /// The most recently used entries come last.
    passes: Mutex<Vec<((u32, u32), Passes)>>,
}

impl Resampler {
    /// Compiles the kernels.
    pub async fn new(gpu: &Gpu, preprocess: &Preprocess) -> Result<Self, GpuError> {
        let mut reports = Reports::default();
        let mut pipeline = |shader| pipeline(gpu, shader, &mut reports);
        let texture = pipeline(ResampleShader::Texture)?;
        let buffer = pipeline(ResampleShader::Buffer)?;
        let crop = pipeline(ResampleShader::Crop)?;
        reports.wait_for_all().await?;
        Ok(Self {
            texture,
            buffer,
            crop,
            gpu: gpu.clone(),
            preprocess: preprocess.clone(),
            passes: Mutex::default(),
        })
    }

    /// Binds a picture for resizing. [`BoundPicture::record`] then records the passes.
    pub async fn ready(
        &self,
        picture: DevicePicture<'_>,
    ) -> Result<BoundPicture<'_>, ResampleError> {
        let layout = Layout::new(picture)?;
        let passes = self.passes((layout.width, layout.height)).await?;
        let pipeline = match picture {
            DevicePicture::Texture(_) => &self.texture,
            DevicePicture::Buffer(_) => &self.buffer,
        };
        Ok(BoundPicture {
            resampler: self,
            pipeline,
            first: (passes.bind_first(&self.gpu, pipeline, picture, &layout)).await?,
            passes,
        })
    }

    /// Returns the passes over pictures of this width and height.
    async fn passes(&self, size: (u32, u32)) -> Result<Passes, ResampleError> {
        let kept = || self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut kept = kept();
            if let Some(at) = kept.iter().position(|(s, _)| *s == size) {
                kept[at..].rotate_left(1);
                return Ok(kept[kept.len() - 1].1.clone());
            }
        }
        // The tables are created without the lock, so that other threads can use theirs.
        let sampling = self.preprocess.sampling(size.0, size.1)?;
        let passes = Passes::new(&self.gpu, size, sampling).await?;
        let mut kept = kept();
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((size, passes.clone()));
        Ok(passes)
    }

    /// Resizes a picture of one pixel, because software drivers compile a kernel at its first run.
    pub async fn warm_up(&self) -> Result<(), ResampleError> {
        let device = self.gpu.device();
        let crop = u64::from(self.preprocess.crop.0) * u64::from(self.preprocess.crop.1);
        let (texture, crop) = self.gpu.handles().watch(3 * crop, || {
            let texture = device.create_texture(&wgpu::TextureDescriptor {
                label: Some("pixel"),
                size: wgpu::Extent3d::default(),
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING,
                view_formats: &[],
            });
            let crop = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("crop"),
                size: crop.div_ceil(4) * 12,
                usage: wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            });
            (texture, crop)
        })?;
        let pixel = TextureSource {
            texture: &texture,
            region: None,
        };
        let ready = self.ready(DevicePicture::Texture(pixel)).await?;
        self.gpu.handles().watch(0, || {
            let mut encoder = device.create_command_encoder(&Default::default());
            ready.record(&mut encoder, &crop);
            self.gpu.queue().submit([encoder.finish()]);
        })?;
        Ok(())
    }
}

/// A bound picture, and the passes over it.
#[derive(Debug)]
pub(crate) struct BoundPicture<'a> {
    resampler: &'a Resampler,
    pipeline: &'a wgpu::ComputePipeline,
    first: wgpu::BindGroup,
    passes: Passes,
}

impl BoundPicture<'_> {
    /// Records both passes. The second pass writes bytes of red, green and blue into `crop`.
    pub fn record(&self, encoder: &mut wgpu::CommandEncoder, crop: &wgpu::Buffer) {
        let Resampler {
            gpu, crop: last, ..
        } = self.resampler;
        let second = self.passes.bind_second(gpu, last, crop);
        let grids = self.passes.grids();
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let both = [(self.pipeline, &self.first), (last, &second)];
        for ((pipeline, binds), [x, y]) in both.into_iter().zip(grids) {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, binds, &[]);
            pass.dispatch_workgroups(x, y, 1);
        }
    }
}

fn pipeline(
    gpu: &Gpu,
    shader: ResampleShader,
    reports: &mut Reports,
) -> Result<wgpu::ComputePipeline, GpuError> {
    // These kernels keep their run-time checks, because they read data of the application.
    gpu.shader_pipeline(shader.name(), shader.source()?, "main", reports)
}
