//! Photos, models and devices that several of these tests share.

use std::path::Path;

use image::{Rgba, RgbaImage};
use resnet_wgpu::low_level::gpu::ByteOrder;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::wgpu::{self, util::DeviceExt};
use resnet_wgpu::{
    Classifier, ClassifierOptions, DeviceSelector, Gpu, ImageLimits, Model, Scores, decode_file,
};

use crate::support::goldens::Goldens;
use crate::support::host::host_device;

/// Returns the photos of the repository with their names.
pub fn photos() -> Vec<(String, RgbImage)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("photos");
    let files = [
        "astronaut.png",
        "chelsea.png",
        "coffee.png",
        "grace_hopper.jpg",
        "rocket.jpg",
    ];
    let photo = |name: &str| decode_file(folder.join(name), &ImageLimits::default()).unwrap();
    files.map(|name| (name.to_owned(), photo(name))).into()
}

/// Returns a network with the weights of its golden.
pub fn golden(case: &str) -> Model {
    Goldens::read().case(case).model()
}

/// Opens a device as an application would: with WebGPU's default limits and no features.
pub fn plain_gpu() -> Gpu {
    let (adapter, device, queue) = host_device(&wgpu::DeviceDescriptor::default());
    Gpu::from_device(&adapter, device, queue).unwrap()
}

/// Opens a device of the library's own, with every feature that the adapter offers.
pub fn own_gpu() -> Gpu {
    Gpu::new(DeviceSelector::Auto).unwrap()
}

/// Returns a classifier on the given device.
pub fn classifier(gpu: &Gpu, model: &Model, in_flight: usize) -> Classifier {
    let options = ClassifierOptions {
        in_flight,
        ..Default::default()
    };
    Classifier::new(gpu, model, &options).unwrap()
}

/// Returns the largest difference between the logits of two pictures, as a fraction of the largest
/// logit.
pub fn difference(found: &Scores, expected: &Scores) -> f32 {
    let pairs = found.logits.iter().zip(&expected.logits);
    let most = expected.logits.iter().fold(0f32, |m, v| m.max(v.abs()));
    assert_eq!(found.logits.len(), expected.logits.len());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / most
}

/// Returns the picture with four bytes per pixel. The alpha values are arbitrary.
fn rgba(image: &RgbImage) -> RgbaImage {
    RgbaImage::from_fn(image.width(), image.height(), |x, y| {
        let [r, g, b] = image.get_pixel(x, y).0;
        Rgba([r, g, b, (x * 7 + y) as u8])
    })
}

fn swapped(bytes: &[u8]) -> Vec<u8> {
    let pixels = bytes.as_chunks().0.iter();
    pixels.flat_map(|&[r, g, b, a]| [b, g, r, a]).collect()
}

/// Returns a photo's pixels, alpha included.
pub fn bytes(image: &RgbImage, order: ByteOrder) -> Vec<u8> {
    let bytes = rgba(image).into_raw();
    match order {
        ByteOrder::Rgba => bytes,
        ByteOrder::Bgra => swapped(&bytes),
    }
}

/// Uploads a photo into a texture that can be bound.
pub fn texture(gpu: &Gpu, image: &RgbImage, format: wgpu::TextureFormat) -> wgpu::Texture {
    let byte_order = match format {
        wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Bgra8UnormSrgb => ByteOrder::Bgra,
        _ => ByteOrder::Rgba,
    };
    let descriptor = wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: image.width(),
            height: image.height(),
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
    let data = bytes(image, byte_order);
    (gpu.device()).create_texture_with_data(gpu.queue(), &descriptor, order, &data)
}

/// Runs the named test alone in a process of its own. Returns `Some` in that child process, and
/// `None` in the parent once the child has passed.
pub fn alone(name: &str) -> Option<()> {
    const CHILD: &str = "RESNET_WGPU_ALONE";
    if std::env::var_os(CHILD).is_some() {
        return Some(());
    }
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    println!("{out}{err}");
    assert!(ran.status.success() && out.contains("1 passed"), "{name}");
    None
}
