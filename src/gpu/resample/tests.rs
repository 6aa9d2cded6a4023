//! Tests the bytes that textures of all formats produce, for each of the 256 levels.

use wgpu::util::DeviceExt;

use super::{DevicePicture, Resampler, TextureSource};
use crate::gpu::{DeviceSelector, Gpu};
use crate::preprocess::{Interpolation, Preprocess};

/// The side of a crop with 256 pixels, one for each level. Nothing is resized.
const SIDE: u32 = 16;

fn levels() -> Vec<u8> {
    (0..=255u8)
        .flat_map(|level| [level, 255 - level, level.rotate_left(3), 77])
        .collect()
}

fn swapped(rgba: &[u8]) -> Vec<u8> {
    let pixels = rgba.as_chunks().0.iter();
    pixels.flat_map(|&[r, g, b, a]| [b, g, r, a]).collect()
}

/// Returns the crop of a texture that contains all levels.
fn crop(gpu: &Gpu, format: wgpu::TextureFormat) -> Vec<u8> {
    use wgpu::TextureFormat as F;
    let data = match format {
        F::Bgra8Unorm | F::Bgra8UnormSrgb => swapped(&levels()),
        _ => levels(),
    };
    let device = gpu.device();
    let descriptor = wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: SIDE,
            height: SIDE,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    };
    let order = wgpu::util::TextureDataOrder::LayerMajor;
    let texture = device.create_texture_with_data(gpu.queue(), &descriptor, order, &data);
    let buffer = |usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(3 * SIDE * SIDE),
            usage,
            mapped_at_creation: false,
        })
    };
    let crop = buffer(wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC);
    let read = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
    let preprocess = Preprocess::imagenet_with(SIDE, 1.0, Interpolation::Bilinear).unwrap();
    let resampler = pollster::block_on(Resampler::new(gpu, &preprocess)).unwrap();
    let source = TextureSource {
        texture: &texture,
        region: None,
    };
    let mut encoder = device.create_command_encoder(&Default::default());
    let ready = pollster::block_on(resampler.ready(DevicePicture::Texture(source))).unwrap();
    ready.record(&mut encoder, &crop);
    encoder.copy_buffer_to_buffer(&crop, 0, &read, 0, read.size());
    encoder.map_buffer_on_submit(&read, wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    gpu.queue().submit([encoder.finish()]);
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    read.get_mapped_range(..).unwrap().to_vec()
}

#[test]
fn textures_of_all_formats_make_the_bytes_of_the_file() {
    let gpu = Gpu::new(DeviceSelector::Auto)
        .expect("a GPU adapter; ./scripts/test installs a software one");
    let expected: Vec<u8> = (levels().as_chunks().0.iter())
        .flat_map(|&[r, g, b, _]| [r, g, b])
        .collect();
    use wgpu::TextureFormat as F;
    for (format, most) in [
        (F::Rgba8Unorm, 0),
        (F::Bgra8Unorm, 0),
        (F::Rgba8UnormSrgb, 1),
        (F::Bgra8UnormSrgb, 1),
    ] {
        let found = crop(&gpu, format);
        assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let difference = found.abs_diff(*expected);
            assert!(
                difference <= most,
                "{format:?}, byte {at}: {found} for {expected}"
            );
        }
    }
}
