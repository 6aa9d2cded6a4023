//! Tests of every form in which a picture can be given. Scores are compared with those of the file.

use crate::support::cause::cause;
use image::{DynamicImage, RgbaImage};
use resnet_wgpu::low_level::classify::InputError;
use resnet_wgpu::low_level::errors::ClassifyError;
use resnet_wgpu::low_level::gpu::SourceError;
use resnet_wgpu::low_level::preprocess::PreprocessError;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::wgpu::{self, util::DeviceExt};
use resnet_wgpu::{
    BufferSource, ByteOrder, Classifier, ClassifierOptions, Device, Error, Gpu, Input,
    Interpolation, Model, PixelFormat, PixelRect, Pixels, PreprocessOverrides, Scores, Tensor,
    TextureSource, Views,
};

use super::common::{bytes, classifier, difference, golden, own_gpu, photos, plain_gpu, texture};
use crate::support::host::host_device;

const FORMATS: [wgpu::TextureFormat; 4] = [
    wgpu::TextureFormat::Rgba8Unorm,
    wgpu::TextureFormat::Bgra8Unorm,
    wgpu::TextureFormat::Rgba8UnormSrgb,
    wgpu::TextureFormat::Bgra8UnormSrgb,
];

/// Creates a buffer that holds the picture at `offset`, with gaps between its rows.
fn buffer(gpu: &Gpu, image: &RgbImage, offset: u64, row: u32, order: ByteOrder) -> wgpu::Buffer {
    let mut data = vec![0xAB; offset as usize];
    for line in bytes(image, order).chunks(4 * image.width() as usize) {
        data.extend_from_slice(line);
        data.resize(data.len() + row as usize - line.len(), 0xCD);
    }
    gpu.device()
        .create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents: &data,
            usage: wgpu::BufferUsages::STORAGE,
        })
}

/// Returns the scores of a picture on the device. Asserts that no pixel was uploaded.
fn score(gpu: &Gpu, classifier: &Classifier, picture: Input<'_>) -> Scores {
    let before = gpu.uploaded_bytes();
    let scores = classifier.score(picture).unwrap();
    assert_eq!(gpu.uploaded_bytes(), before, "pixels were uploaded");
    scores
}

#[test]
fn textures_and_buffers_score_as_files_do() {
    let gpu = own_gpu();
    let model = golden("resnet18@224");
    let classifier = classifier(&gpu, &model, 1);
    for (name, photo) in photos() {
        let before = gpu.uploaded_bytes();
        let expected = classifier.score(&photo).unwrap();
        assert_eq!(gpu.uploaded_bytes() - before, 224 * 224 * 3);
        for format in FORMATS {
            let texture = texture(&gpu, &photo, format);
            let found = score(&gpu, &classifier, (&texture).into());
            let d = difference(&found, &expected);
            println!("{name}, {format:?}: {d:.1e}");
            assert_eq!(found.top(0, 5), expected.top(0, 5), "{name}, {format:?}");
            let tolerance = if format.is_srgb() { 2e-2 } else { 0.0 };
            assert!(d <= tolerance, "{name}, {format:?}: {d}");
        }
        for order in [ByteOrder::Rgba, ByteOrder::Bgra] {
            let row = (4 * photo.width()).next_multiple_of(256);
            let buffer = buffer(&gpu, &photo, 1028, row, order);
            let source = BufferSource {
                buffer: &buffer,
                offset: 1028,
                bytes_per_row: row,
                width: photo.width(),
                height: photo.height(),
                order,
            };
            let found = score(&gpu, &classifier, source.into());
            assert_eq!(found, expected, "{name}, {order:?}");
        }
    }
}

/// Checks that regions of textures give the scores of the same crop of the picture. Sizes of
/// pictures and crops and the filter vary.
#[test]
fn regions_of_all_sizes_make_the_same_bytes() {
    let gpu = plain_gpu();
    let model = Model::embedded().unwrap();
    let (_, photo) = photos().swap_remove(1);
    let texture = texture(&gpu, &photo, wgpu::TextureFormat::Rgba8Unorm);
    let ways = [
        (Some(32), None, Interpolation::Bilinear),
        (Some(48), Some(60), Interpolation::Bicubic),
        // The crop is larger than the resized picture, which gets a black border. The byte count is
        // not a multiple of four.
        (Some(39), Some(20), Interpolation::Bilinear),
        (Some(33), None, Interpolation::Bicubic),
    ];
    let regions = [
        (0, 0, 451, 300),
        (10, 20, 64, 64),
        (100, 0, 51, 250), // The vertical pass comes first.
        (3, 7, 300, 19),
        (200, 100, 1, 1),
        (5, 5, 13, 32),
        (0, 299, 451, 1),
    ];
    for (input_size, resize, interpolation) in ways {
        let options = ClassifierOptions {
            preprocess: PreprocessOverrides {
                input_size,
                resize,
                interpolation: Some(interpolation),
                ..Default::default()
            },
            ..Default::default()
        };
        let classifier = Classifier::new(&gpu, &model, &options).unwrap();
        for (x, y, width, height) in regions {
            let part = image::imageops::crop_imm(&photo, x, y, width, height).to_image();
            let expected = classifier.score(&part).unwrap();
            let source = TextureSource {
                texture: &texture,
                region: Some(PixelRect {
                    x,
                    y,
                    width,
                    height,
                }),
            };
            let found = score(&gpu, &classifier, source.into());
            assert_eq!(
                found, expected,
                "{input_size:?} {resize:?} {interpolation} {width}x{height}"
            );
        }
    }
}

#[test]
fn pictures_in_memory_score_as_files_do() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let gpu_classifier = classifier(&gpu, &model, 1);
    let reference = Classifier::new(Device::Cpu, &model, &ClassifierOptions::default()).unwrap();
    let (_, photo) = photos().swap_remove(2);
    let (w, h) = photo.dimensions();
    let (rgba, bgra) = (
        bytes(&photo, ByteOrder::Rgba),
        bytes(&photo, ByteOrder::Bgra),
    );
    let stride = 4 * w as usize + 12;
    let mut gaps = vec![];
    for line in rgba.chunks(4 * w as usize) {
        gaps.extend_from_slice(line);
        gaps.extend([9; 12]);
    }
    // The last row has no gap after it.
    gaps.truncate(gaps.len() - 12);
    let wide = DynamicImage::ImageRgb8(photo.clone()).to_rgb16();
    let wide = DynamicImage::ImageRgb16(wide);
    let narrow = DynamicImage::ImageRgb8(photo.clone());
    for classifier in [&gpu_classifier, &reference] {
        let expected = classifier.score(&photo).unwrap();
        let crop = classifier.preprocess().crop_image(&photo).unwrap();
        let nchw = classifier.preprocess().normalize_nchw(&crop).unwrap();
        let tensor = Tensor::new([1, 3, 32, 32], nchw).unwrap().nchw_to_nhwc();
        let with_alpha = RgbaImage::from_raw(w, h, rgba.clone()).unwrap();
        // The rows belong to a larger frame.
        let mut frame = gaps.clone();
        frame.extend(vec![1; 3 * stride]);
        let inputs: [Input<'_>; 9] = [
            (&with_alpha).into(),
            Pixels {
                bytes_per_row: stride,
                ..Pixels::rgba(&frame, w, h)
            }
            .into(),
            Pixels::rgb(photo.as_raw(), w, h).into(),
            Pixels::rgba(&rgba, w, h).into(),
            Pixels::packed(&bgra, w, h, PixelFormat::Bgra8).into(),
            Pixels {
                bytes_per_row: stride,
                ..Pixels::rgba(&gaps, w, h)
            }
            .into(),
            (&wide).into(),
            (&narrow).into(),
            (&tensor).into(),
        ];
        for (i, input) in inputs.into_iter().enumerate() {
            assert_eq!(classifier.score(input).unwrap(), expected, "input {i}");
        }
    }
}

#[test]
fn what_is_no_picture_is_an_error() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let classifier = classifier(&gpu, &model, 1);
    let refused = |input: Input<'_>| classifier.score(input).unwrap_err();
    let short = refused(Pixels::rgb(&[0; 11], 2, 2).into());
    assert!(
        matches!(
            short.downcast_ref(),
            Some(InputError::Pixels { found: 11, .. })
        ),
        "{short}"
    );
    let longer = refused(Pixels::rgb(&[0; 16], 2, 2).into());
    assert!(
        matches!(
            longer.downcast_ref(),
            Some(InputError::Pixels { found: 16, .. })
        ),
        "{longer}"
    );
    let overlap = Pixels {
        bytes_per_row: 5,
        ..Pixels::rgb(&[0; 12], 2, 2)
    };
    assert!(matches!(
        refused(overlap.into()).downcast_ref(),
        Some(InputError::Pixels { .. })
    ));
    for height in [0, u32::MAX] {
        let empty = refused(Pixels::rgb(&[], 0, height).into());
        assert!(empty.downcast_ref::<PreprocessError>().is_some(), "{empty}");
    }
    let huge = Pixels::rgba(&[0; 16], u32::MAX, u32::MAX);
    assert!(matches!(
        refused(huge.into()).downcast_ref(),
        Some(InputError::Pixels { .. })
    ));
    let float = DynamicImage::new_rgb32f(4, 4);
    assert!(matches!(
        refused((&float).into()).downcast_ref(),
        Some(InputError::Float(_))
    ));
    let two = Tensor::zeros([2, 32, 32, 3]);
    assert!(matches!(
        refused((&two).into()).downcast_ref(),
        Some(InputError::Tensor(_))
    ));

    let made = |format, usage, sample_count| {
        gpu.device().create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d {
                width: 8,
                height: 8,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage,
            view_formats: &[],
        })
    };
    let rgba8 = wgpu::TextureFormat::Rgba8Unorm;
    let bound = wgpu::TextureUsages::TEXTURE_BINDING;
    let drawn = bound | wgpu::TextureUsages::RENDER_ATTACHMENT;
    let source = |error: Error| match error.downcast_ref::<SourceError>() {
        Some(error) => error.clone(),
        None => panic!("{error}"),
    };
    let float = made(wgpu::TextureFormat::Rgba16Float, bound, 1);
    assert!(matches!(
        source(refused((&float).into())),
        SourceError::Format(_)
    ));
    let samples = made(rgba8, drawn, 4);
    assert!(matches!(
        source(refused((&samples).into())),
        SourceError::Shape { samples: 4, .. }
    ));
    let unbound = made(rgba8, wgpu::TextureUsages::COPY_SRC, 1);
    assert!(matches!(
        source(refused((&unbound).into())),
        SourceError::Usage { .. }
    ));
    let texture = made(rgba8, bound, 1);
    for (x, width) in [(0, 9), (8, 1), (2, 0), (u32::MAX, 2)] {
        let region = PixelRect {
            x,
            y: 0,
            width,
            height: 8,
        };
        let source_of = TextureSource {
            texture: &texture,
            region: Some(region),
        };
        assert!(matches!(
            source(refused(source_of.into())),
            SourceError::Region { .. }
        ));
    }
    let buffer = buffer(&gpu, &RgbImage::new(8, 8), 0, 32, ByteOrder::Rgba);
    let whole = BufferSource {
        buffer: &buffer,
        offset: 0,
        bytes_per_row: 32,
        width: 8,
        height: 8,
        order: ByteOrder::Rgba,
    };
    for wrong in [
        BufferSource { offset: 2, ..whole },
        BufferSource { offset: 4, ..whole },
        BufferSource {
            bytes_per_row: 28,
            ..whole
        },
        BufferSource {
            bytes_per_row: 34,
            ..whole
        },
        BufferSource { height: 9, ..whole },
    ] {
        assert!(
            matches!(source(refused(wrong.into())), SourceError::Layout { .. }),
            "{wrong:?}"
        );
    }
    let empty = classifier.score(BufferSource { height: 0, ..whole });
    assert!(cause::<_, PreprocessError>(&empty).is_some());
    let mapped = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 256,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: true,
    });
    let theirs = BufferSource {
        buffer: &mapped,
        ..whole
    };
    let error = source(refused(theirs.into()));
    assert!(matches!(error, SourceError::Refused(_)), "{error}");
    assert!(!error.to_string().contains("report"), "{error}");
    // None of these errors damaged the classifier or the device.
    assert!(classifier.score(whole).is_ok());

    let reference = Classifier::new(Device::Cpu, &model, &ClassifierOptions::default()).unwrap();
    let error = reference.score(&texture).unwrap_err();
    assert!(error.to_string().contains("need a GPU"), "{error}");
    let options = ClassifierOptions {
        views: Views::Mirrored,
        ..Default::default()
    };
    let mirrored = Classifier::new(&gpu, &model, &options).unwrap();
    let error = mirrored.score(&texture).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(InputError::Views(2))),
        "{error}"
    );
}

/// A texture of another device causes an error of this call. Nothing panics.
#[test]
fn a_strangers_texture_is_refused() {
    let (adapter, device, queue) = host_device(&wgpu::DeviceDescriptor::default());
    let gpu = Gpu::from_device(&adapter, device, queue).unwrap();
    let request = adapter.request_device(&wgpu::DeviceDescriptor::default());
    let (device, queue) = pollster::block_on(request).unwrap();
    let other = Gpu::from_device(&adapter, device, queue).unwrap();
    let model = Model::embedded().unwrap();
    let classifier = classifier(&gpu, &model, 1);
    let (_, photo) = photos().swap_remove(0);
    let theirs = texture(&other, &photo, wgpu::TextureFormat::Rgba8Unorm);
    let error = classifier.score(&theirs).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(SourceError::Refused(_))),
        "{error}"
    );
    let ours = texture(&gpu, &photo, wgpu::TextureFormat::Rgba8Unorm);
    let expected = classifier.score(&photo).unwrap();
    assert_eq!(classifier.score(&ours).unwrap(), expected);
}

/// wgpu cannot identify objects of another instance. If the id does not exist in this instance, the
/// call returns an error.
#[test]
fn a_texture_of_another_instance_is_refused() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier.score(&photo).unwrap();
    let other = own_gpu();
    // Create more textures than the network's device has, so that the last id does not exist there.
    let small = RgbImage::new(4, 4);
    let format = wgpu::TextureFormat::Rgba8Unorm;
    let theirs: Vec<_> = (0..2000).map(|_| texture(&other, &small, format)).collect();
    let views: Vec<_> = (theirs.iter())
        .map(|texture| texture.create_view(&Default::default()))
        .collect();
    let error = classifier.score(&theirs[1999]).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(SourceError::OtherInstance)),
        "{error}"
    );
    drop(views);
    let ours = texture(&gpu, &photo, format);
    assert_eq!(classifier.score(&ours).unwrap(), expected);
}

/// NaN inputs are an error of classification, on the device and on the CPU.
#[test]
fn an_input_without_numbers_is_an_error() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let nothing = Tensor::from_fn([1, 32, 32, 3], |_| f32::NAN);
    for device in [Device::from(&gpu), Device::Cpu] {
        let classifier = Classifier::new(device, &model, &ClassifierOptions::default()).unwrap();
        let error = classifier.classify(&nothing, 1).unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(ClassifyError::NoNumbers { .. })),
            "{error}"
        );
        // No probabilities exist for such an input, either.
        let error = classifier.score(&nothing).unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(ClassifyError::NoNumbers { .. })),
            "{error}"
        );
    }
}
