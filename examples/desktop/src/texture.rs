//! Pictures as textures of the shared device: egui shows them, and the live
//! scene is drawn from them.

use std::sync::Arc;

use eframe::egui::{TextureId, Vec2, vec2};
use eframe::egui_wgpu::RenderState;
use eframe::egui_wgpu::Renderer;
use eframe::wgpu;
use image::imageops::{FilterType, resize};
use image::{RgbImage, RgbaImage};

/// A texture that egui knows. Dropping it tells egui to forget it.
pub struct Shown {
    texture: wgpu::Texture,
    id: TextureId,
    renderer: Arc<eframe::egui::mutex::RwLock<Renderer>>,
}

impl Shown {
    /// Makes a texture known to egui: a bind group, and no pixel moves.
    pub fn new(window: &RenderState, texture: wgpu::Texture) -> Self {
        let view = texture.create_view(&Default::default());
        let filter = wgpu::FilterMode::Linear;
        let id = window
            .renderer
            .write()
            .register_native_texture(&window.device, &view, filter);
        Self {
            texture,
            id,
            renderer: Arc::clone(&window.renderer),
        }
    }

    pub fn id(&self) -> TextureId {
        self.id
    }

    pub fn texture(&self) -> &wgpu::Texture {
        &self.texture
    }

    /// Width and height.
    pub fn size(&self) -> Vec2 {
        vec2(self.texture.width() as f32, self.texture.height() as f32)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.renderer.write().free_texture(&self.id);
    }
}

/// A texture of a picture with no side longer than `side`. Any thread may make
/// one: the pixels are handed to the queue, and go with the next submission.
pub fn upload(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    picture: &RgbImage,
    side: u32,
) -> wgpu::Texture {
    let scaled = within(picture, side);
    let picture = scaled.as_ref().unwrap_or(picture);
    let size = wgpu::Extent3d {
        width: picture.width(),
        height: picture.height(),
        depth_or_array_layers: 1,
    };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("picture"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        // The bytes as they are: egui mixes colours as sRGB has them, and so
        // does the network.
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let with_alpha = RgbaImage::from_fn(size.width, size.height, |x, y| {
        let [r, g, b] = picture.get_pixel(x, y).0;
        image::Rgba([r, g, b, 255])
    });
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(4 * size.width),
        rows_per_image: None,
    };
    queue.write_texture(texture.as_image_copy(), &with_alpha, layout, size);
    texture
}

/// The picture scaled down, where a side is longer than that.
fn within(picture: &RgbImage, side: u32) -> Option<RgbImage> {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= side {
        return None;
    }
    let scaled = |length: u32| {
        let scaled = u64::from(length) * u64::from(side) / u64::from(longest);
        // Never more than `side`, and there is a pixel left.
        (scaled as u32).max(1)
    };
    Some(resize(
        picture,
        scaled(width),
        scaled(height),
        FilterType::Triangle,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_scaled_down() {
        let size = |w, h| within(&RgbImage::new(w, h), 100).map(|p| p.dimensions());
        assert_eq!(size(100, 60), None);
        assert_eq!(size(200, 60), Some((100, 30)));
        assert_eq!(size(7, 1000), Some((1, 100)));
    }
}
