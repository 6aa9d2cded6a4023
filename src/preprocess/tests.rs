//! Tests of the configuration and the normalisation; `tests/preprocess.rs` compares pixels.

use super::{IMAGENET_MEAN, IMAGENET_STD, Interpolation, Preprocess, PreprocessError, RgbImage};

type TestResult = Result<(), PreprocessError>;

#[test]
fn the_usual_sizes_follow_from_the_crop_fraction() -> TestResult {
    let usual = Preprocess::imagenet(224)?;
    assert_eq!((usual.resize, usual.crop), (256, (224, 224)));
    assert_eq!(usual.interpolation, Interpolation::Bilinear);
    assert_eq!((usual.mean, usual.std), (IMAGENET_MEAN, IMAGENET_STD));
    let timm = Preprocess::imagenet_with(288, 0.95, Interpolation::Bicubic)?;
    assert_eq!(timm.resize, 303);
    Ok(())
}

#[test]
fn normalised_values_fill_both_layouts() -> TestResult {
    let image = RgbImage::from_fn(2, 2, |x, y| {
        image::Rgb([255 * x as u8, 128, 10 * (x + 2 * y) as u8])
    });
    let pre = Preprocess {
        crop: (2, 2),
        ..Preprocess::imagenet(2)?
    };
    let mut nhwc = vec![f32::NAN; pre.input_len()];
    pre.normalize_into(&image, &mut nhwc)?;
    let nchw = pre.normalize_nchw(&image)?;
    assert_eq!((nhwc.len(), nchw.len()), (16, 12));
    for (index, (pixel, padded)) in image.pixels().zip(nhwc.chunks_exact(4)).enumerate() {
        for channel in 0..3 {
            let value = f32::from(pixel[channel]) / 255.0;
            let expected = (value - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel];
            assert_eq!(padded[channel], expected);
            assert_eq!(nchw[channel * 4 + index], expected);
        }
        assert_eq!(padded[3], 0.0);
    }
    let error = pre.normalize_into(&image, &mut nhwc[1..]);
    assert!(matches!(
        error,
        Err(PreprocessError::BufferLength {
            expected: 16,
            found: 15
        })
    ));
    Ok(())
}

#[test]
fn a_wrong_configuration_names_its_field() -> TestResult {
    let good = Preprocess::imagenet(224)?;
    let wrong = [
        (
            "resize",
            Preprocess {
                resize: 0,
                ..good.clone()
            },
        ),
        (
            "crop height",
            Preprocess {
                crop: (0, 1),
                ..good.clone()
            },
        ),
        (
            "crop width",
            Preprocess {
                crop: (1, u32::MAX),
                ..good.clone()
            },
        ),
        (
            "mean",
            Preprocess {
                mean: [0.0, f32::NAN, 0.0],
                ..good.clone()
            },
        ),
        (
            "std",
            Preprocess {
                std: [1.0, 0.0, 1.0],
                ..good.clone()
            },
        ),
        (
            "std",
            Preprocess {
                std: [1.0, f32::INFINITY, 1.0],
                ..good.clone()
            },
        ),
    ];
    for (name, pre) in wrong {
        match pre.crop_image(&RgbImage::new(1, 1)) {
            Err(PreprocessError::Field { field, .. }) => assert_eq!(field, name),
            other => panic!("{name}: expected a field error, got {other:?}"),
        }
    }
    for crop_pct in [0.0, -1.0, f64::NAN, 1e-300] {
        assert!(Preprocess::imagenet_with(224, crop_pct, Interpolation::Bilinear).is_err());
    }
    assert!(Preprocess::imagenet(0).is_err());
    assert!(good.crop_image(&RgbImage::new(0, 0)).is_err());
    assert!("nearest".parse::<Interpolation>().is_err());
    assert_eq!("BICUBIC".parse::<Interpolation>()?.to_string(), "bicubic");
    Ok(())
}
