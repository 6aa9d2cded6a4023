//! The live scene as a file: the network's input, for a comparison with the library.

use std::path::Path;
use std::sync::mpsc::channel;

use eframe::wgpu;
use image::{DynamicImage, RgbaImage};
use resnet_wgpu::Gpu;

/// Writes the texture to a file. The function waits for the device, since all measurements are
/// finished.
pub fn save(gpu: &Gpu, scene: &wgpu::Texture, path: &Path) -> Result<(), String> {
    let width = scene.width();
    let height = scene.height();
    let row = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some("scene, for a file"),
        size: u64::from(row) * u64::from(height),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(row),
        rows_per_image: None,
    };
    let into = wgpu::TexelCopyBufferInfo {
        buffer: &buffer,
        layout,
    };
    encoder.copy_texture_to_buffer(scene.as_image_copy(), into, scene.size());
    gpu.queue().submit([encoder.finish()]);
    let (sender, receiver) = channel();
    buffer.map_async(wgpu::MapMode::Read, .., move |mapped| {
        // The receiver is gone after an error, so a failed send is ignored.
        let _ = sender.send(mapped);
    });
    let polled = gpu.device().poll(wgpu::PollType::wait_indefinitely());
    polled.map_err(|error| error.to_string())?;
    let mapped = receiver.recv().map_err(|error| error.to_string())?;
    mapped.map_err(|error| error.to_string())?;
    let range = buffer
        .get_mapped_range(..)
        .map_err(|error| error.to_string())?;
    let rows = range.chunks(row as usize);
    let pixels = rows.flat_map(|row| row[..4 * width as usize].to_vec());
    let picture = RgbaImage::from_raw(width, height, pixels.collect());
    let picture = DynamicImage::from(picture.ok_or("a scene of no size")?).into_rgb8();
    let failed = |error| format!("{}: {error}", path.display());
    picture.save(path).map_err(failed)
}
