//! Pictures as textures of the shared device. egui shows them, and the live scene is drawn from
//! them.

use std::sync::Arc;

use eframe::egui::{TextureId, Vec2, vec2};
use eframe::egui_wgpu::RenderState;
use eframe::egui_wgpu::Renderer;
use eframe::wgpu;
use image::imageops::{FilterType, resize, thumbnail};
use image::{RgbImage, RgbaImage};

use crate::failure::Failure;

/// A texture that is registered with egui. Dropping it removes the registration.
pub struct EguiTexture {
    texture: wgpu::Texture,
    id: TextureId,
    renderer: Arc<eframe::egui::mutex::RwLock<Renderer>>,
}

impl EguiTexture {
    /// Registers a texture with egui. This creates a bind group and copies no pixels.
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

    /// Returns the width and height.
    pub fn size(&self) -> Vec2 {
        vec2(self.texture.width() as f32, self.texture.height() as f32)
    }
}

impl Drop for EguiTexture {
    fn drop(&mut self) {
        self.renderer.write().free_texture(&self.id);
    }
}

/// Uploads a picture into a texture, unscaled. Any thread may call this function: the queue takes
/// the pixels and copies them with the next submission.
///
/// # Errors
/// If the device has no memory for the texture, or refuses it.
pub fn upload(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    picture: &RgbImage,
) -> Result<wgpu::Texture, Failure> {
    let size = wgpu::Extent3d {
        width: picture.width(),
        height: picture.height(),
        depth_or_array_layers: 1,
    };
    let with_alpha = RgbaImage::from_fn(size.width, size.height, |x, y| {
        let [r, g, b] = picture.get_pixel(x, y).0;
        image::Rgba([r, g, b, 255])
    });
    // Error scopes belong to a thread. An error outside any scope would end the application.
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("picture"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        // The format keeps the bytes unconverted: egui mixes colours in sRGB, and the network
        // expects sRGB values.
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(4 * size.width),
        rows_per_image: None,
    };
    queue.write_texture(texture.as_image_copy(), &with_alpha, layout, size);
    let refused = pollster::block_on(validation.pop());
    let failed = pollster::block_on(internal.pop());
    let full = pollster::block_on(memory.pop());
    // A texture without memory also causes an error where it is used, so out-of-memory comes first.
    match (full, refused.or(failed)) {
        (Some(_), _) => Err(Failure::DeviceMemory(size.width, size.height)),
        (None, Some(error)) => Err(Failure::Texture(error.to_string())),
        (None, None) => Ok(texture),
    }
}

/// Returns the width and height, scaled down if a side is longer than `side`.
pub fn bounded((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side {
        return (width, height);
    }
    let scaled = |length: u32| {
        let scaled = u64::from(length) * u64::from(side) / u64::from(longest);
        // The result is at most `side` and at least 1.
        (scaled as u32).max(1)
    };
    (scaled(width), scaled(height))
}

/// Returns the picture scaled down, if a side is longer than `side`.
pub fn scaled_down(picture: &RgbImage, side: u32) -> Option<RgbImage> {
    let (width, height) = bounded(picture.dimensions(), side);
    if (width, height) == picture.dimensions() {
        return None;
    }
    // `resize` allocates floats for whole rows of the original, which takes gigabytes for a picture
    // with one or two rows. Means of blocks need no such memory.
    let (w, h) = bounded(picture.dimensions(), 2 * side);
    let smaller = ((w, h) != picture.dimensions()).then(|| thumbnail(picture, w, h));
    let picture = smaller.as_ref().unwrap_or(picture);
    Some(resize(picture, width, height, FilterType::Triangle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_scaled_down() {
        let size = |w, h| scaled_down(&RgbImage::new(w, h), 100).map(|p| p.dimensions());
        assert_eq!(size(100, 60), None);
        assert_eq!(size(200, 60), Some((100, 30)));
        assert_eq!(size(7, 1000), Some((1, 100)));
        assert_eq!(bounded((4000, 3000), 1600), (1600, 1200));
    }

    #[test]
    fn a_line_of_pixels_is_scaled_to_its_colours() {
        let line = |x, _| image::Rgb([if x < 1_000_000 { 200 } else { 40 }, 0, 7]);
        let scaled = scaled_down(&RgbImage::from_fn(2_000_000, 1, line), 100).unwrap();
        assert_eq!(scaled.dimensions(), (100, 1));
        assert_eq!(scaled.get_pixel(10, 0).0, [200, 0, 7]);
        assert_eq!(scaled.get_pixel(90, 0).0, [40, 0, 7]);
    }
}
