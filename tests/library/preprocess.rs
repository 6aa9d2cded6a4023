//! Tests of decoding, resizing and cropping against Pillow, and of hostile files.
//!
//! `tests/goldens/images/make_images.py` makes the reference data. Its `decodes.csv` and
//! `crops.csv` set the tolerance of each case.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

use resnet_wgpu::low_level::preprocess::{ImageError, RgbImage};
use resnet_wgpu::{ImageLimits, Preprocess, decode_bytes, decode_file};

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn goldens() -> PathBuf {
    repository().join("tests/goldens/images")
}

fn decode(path: &Path) -> Result<RgbImage, ImageError> {
    decode_file(path, &ImageLimits::default())
}

/// Returns the rows of a table of cases, without its comments.
fn cases(table: &str) -> Result<Vec<Vec<String>>, std::io::Error> {
    let text = fs::read_to_string(goldens().join(table))?;
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows
        .map(|row| row.split(',').map(str::to_owned).collect())
        .collect())
}

/// Returns the largest and the mean difference between two images of the same size.
fn difference(a: &RgbImage, b: &RgbImage) -> (u8, f64) {
    assert_eq!(a.dimensions(), b.dimensions());
    let each = || {
        a.as_raw()
            .iter()
            .zip(b.as_raw())
            .map(|(a, b)| a.abs_diff(*b))
    };
    let total: f64 = each().map(f64::from).sum();
    (each().max().unwrap_or(0), total / a.as_raw().len() as f64)
}

/// Asserts that `ours` is within the case's limits of the golden.
fn assert_near(case: &str, ours: &RgbImage, golden: &str, limits: &[String]) -> TestResult {
    let golden = decode(&goldens().join(golden))?;
    let (max, mean) = difference(ours, &golden);
    let (max_allowed, mean_allowed): (u8, f64) = (limits[0].parse()?, limits[1].parse()?);
    println!("{case}: max {max}, mean {mean:.4}");
    assert!(
        max <= max_allowed && mean <= mean_allowed,
        "{case} differs from Pillow: max {max} of 255 (allowed {max_allowed}), \
         mean {mean:.4} (allowed {mean_allowed})"
    );
    Ok(())
}

#[test]
fn every_format_decodes_as_pillow_does() -> TestResult {
    for case in cases("decodes.csv")? {
        let ours = decode(&goldens().join(&case[0]))?;
        assert_near(&case[0], &ours, &case[1], &case[2..])?;
    }
    Ok(())
}

#[test]
fn crops_are_those_of_pillow_and_torchvision() -> TestResult {
    for case in cases("crops.csv")? {
        let mut pre = Preprocess::imagenet_with(1, 1.0, case[2].parse()?)?;
        pre.squash = case[3] == "squash";
        if !pre.squash {
            pre.resize = case[3].parse()?;
        }
        pre.crop = (case[4].parse()?, case[5].parse()?);
        let ours = pre.crop_image(&decode(&repository().join(&case[0]))?)?;
        assert_near(&case[1], &ours, &case[1], &case[6..])?;
    }
    Ok(())
}

#[test]
fn the_thinnest_image_costs_no_more_than_its_crop() -> TestResult {
    // Resizing the whole picture would take 256 x 15,360,000 pixels: 11.8 GB.
    let thin = RgbImage::from_pixel(1, 60_000, image::Rgb([9, 8, 7]));
    let crop = Preprocess::imagenet(224)?.crop_image(&thin)?;
    assert_eq!(crop.dimensions(), (224, 224));
    assert!(crop.pixels().all(|pixel| pixel.0 == [9, 8, 7]));
    Ok(())
}

/// Returns an error and its message. Asserts that the message is one line that names the file and a
/// remedy.
fn message(name: &str, result: Result<RgbImage, ImageError>) -> (ImageError, String) {
    match result {
        Err(error) => {
            let message = error.to_string();
            println!("{message}");
            assert!(!message.contains('\n'), "{message:?} is not one line");
            assert!(message.contains(name), "{message} does not name {name}");
            assert!(message.contains("; "), "{message} gives no remedy");
            (error, message)
        }
        Ok(image) => panic!("{name}: expected an error, got {:?}", image.dimensions()),
    }
}

/// Returns a PNG file of the given size that ends right after its header.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut crc = u32::MAX;
    for byte in &header {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&header);
    png.extend((!crc).to_be_bytes());
    png.extend(b"\0\0\0\x01IDAT\x78");
    png
}

#[test]
fn files_that_are_no_images_give_one_clear_line() -> TestResult {
    let folder = tempfile::tempdir()?;
    let at = |name: &str, bytes: &[u8]| -> Result<PathBuf, std::io::Error> {
        let path = folder.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    };
    let (error, _) = message("zero.png", decode(&at("zero.png", b"")?));
    assert!(matches!(error, ImageError::Empty { .. }));
    let (error, text) = message("text.png", decode(&at("text.png", b"hello,\nworld")?));
    assert!(matches!(error, ImageError::NotAnImage { .. }));
    assert!(text.contains(r"hello,\nworld"));
    let (error, _) = message("absent.jpg", decode(&folder.path().join("absent.jpg")));
    assert!(matches!(error, ImageError::Read { .. }));
    let (error, _) = message("", decode(folder.path()));
    assert!(matches!(error, ImageError::Directory { .. }));
    let icon = [0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 0, 0];
    let (error, _) = message("icon.png", decode(&at("icon.png", &icon)?));
    assert!(matches!(error, ImageError::Unsupported { .. }));
    Ok(())
}

#[test]
fn a_content_decides_not_the_extension() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("really_a.jpg");
    fs::copy(goldens().join("inputs/rgb.png"), &path)?;
    assert_eq!(decode(&path)?, decode(&goldens().join("inputs/rgb.png"))?);
    Ok(())
}

#[test]
fn a_huge_header_is_refused_without_decoding() -> TestResult {
    let defaults = ImageLimits::default();
    let (error, _) = message(
        "bomb",
        decode_bytes("bomb", &png_header(30_000, 30_000), &defaults),
    );
    assert!(matches!(
        error,
        ImageError::TooManyPixels {
            width: 30_000,
            height: 30_000,
            ..
        }
    ));
    let few = ImageLimits {
        max_pixels: 1 << 40,
        max_alloc: 1 << 20,
    };
    let (error, _) = message(
        "bomb",
        decode_bytes("bomb", &png_header(30_000, 30_000), &few),
    );
    assert!(matches!(error, ImageError::TooMuchMemory { .. }));
    let photo = repository().join("photos/chelsea.png");
    let (error, _) = message(
        "chelsea",
        decode_file(
            &photo,
            &ImageLimits {
                max_alloc: 99,
                ..defaults.clone()
            },
        ),
    );
    assert!(matches!(error, ImageError::TooMuchMemory { .. }));
    let exact = ImageLimits {
        max_pixels: 451 * 300,
        ..defaults
    };
    assert!(decode_file(&photo, &exact).is_ok());
    Ok(())
}

#[test]
fn truncated_files_are_refused() -> TestResult {
    for case in cases("decodes.csv")? {
        let bytes = fs::read(goldens().join(&case[0]))?;
        for keep in [20, bytes.len() / 4, bytes.len() / 2] {
            let result = decode_bytes(&case[0], &bytes[..keep], &ImageLimits::default());
            let (error, text) = message(&case[0], result);
            if case[0].ends_with("png") || case[0].ends_with("jpg") {
                assert!(
                    matches!(error, ImageError::Truncated { .. }),
                    "{keep}: {text}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn damaged_files_never_panic() -> TestResult {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    let limits = ImageLimits {
        max_pixels: 1 << 20,
        max_alloc: 1 << 24,
    };
    for case in cases("decodes.csv")? {
        let whole = fs::read(goldens().join(&case[0]))?;
        for _ in 0..40 {
            let mut bytes = whole.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            if let Err(error) = decode_bytes(&case[0], &bytes, &limits) {
                message(&case[0], Err(error));
            }
        }
    }
    Ok(())
}

/// A JPEG file of the grid: name, file, and Pillow's pixels.
type Jpeg = (String, Vec<u8>, Vec<u8>);

/// Returns the files that `make_jpegs.py` wrote.
fn jpeg_grid() -> Result<Vec<Jpeg>, Box<dyn std::error::Error>> {
    let bytes = fs::read(goldens().join("jpegs.safetensors"))?;
    let (_, header) = SafeTensors::read_metadata(&bytes)?;
    let pixels = header.metadata().as_ref().ok_or("no metadata")?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let case = |(name, pixels): (&String, &String)| {
        let file = tensors.tensor(&format!("file/{name}"))?.data().to_vec();
        Ok((name.clone(), file, tensors.tensor(pixels)?.data().to_vec()))
    };
    let mut cases: Vec<_> = pixels
        .iter()
        .map(case)
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    cases.sort();
    Ok(cases)
}

#[test]
fn a_jpeg_of_any_kind_decodes_as_pillow_does_or_is_refused() -> TestResult {
    let (mut equal, mut near, mut refused) = (0, 0, 0);
    for (case, file, pixels) in jpeg_grid()? {
        // `jpeg-decoder` and `zune-jpeg` both misread these.
        let unreadable = (case.contains("/4x1,2x1") || case.contains("/4x2,2x1"))
            && case.contains("/scans_")
            || case.contains("x4,1x2,1x2/")
            || case.starts_with("cmyk/") && case.contains("/adobe-1/");
        match decode_bytes(&case, &file, &ImageLimits::default()) {
            Ok(image) => {
                assert!(!unreadable, "{case}: expected a refusal");
                assert_eq!(image.as_raw().len(), pixels.len(), "{case}");
                let differences = image
                    .as_raw()
                    .iter()
                    .zip(&pixels)
                    .map(|(a, b)| a.abs_diff(*b));
                let most = differences.max().unwrap_or(0);
                assert!(most <= 5, "{case}: differs from Pillow by {most} of 255");
                equal += usize::from(most == 0);
                near += usize::from(most > 0);
            }
            Err(error) => {
                assert!(unreadable, "{case}: {error}");
                assert!(matches!(error, ImageError::Unsupported { .. }), "{error}");
                refused += 1;
            }
        }
    }
    println!("{equal} equal to Pillow's pixels, {near} within 5 of 255, {refused} refused");
    assert_eq!((equal + near, refused), (2080, 130));
    Ok(())
}
