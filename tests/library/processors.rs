//! Tests of transformers' image processors. The logits equal those of transformers, on photos whose
//! margins round differently, and with every default that a file may leave out.
//! `tests/goldens/processors/make_processors.py` makes the logits.

use std::path::{Path, PathBuf};

use resnet_wgpu::{Checkpoint, Classifier, Device, Hints, ImageLimits, Model, decode_file};
use safetensors::SafeTensors;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the part of a photo that a case uses.
fn part(photo: &str) -> Result<image::RgbImage, Box<dyn std::error::Error>> {
    let (file, width, height) = match photo {
        "coffee_16x9" => ("coffee.png", 600, 337),
        "astronaut_9x16" => ("astronaut.png", 287, 511),
        _ => ("chelsea.png", 451, 300),
    };
    let path = repository().join("photos").join(file);
    let whole = decode_file(path, &ImageLimits::default())?;
    Ok(image::imageops::crop_imm(&whole, 0, 0, width, height).to_image())
}

fn classifier(
    model: &Path,
    processor: &serde_json::Value,
) -> Result<Classifier, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    for file in ["model.safetensors", "config.json"] {
        std::fs::copy(model.join(file), folder.path().join(file))?;
    }
    let config = folder.path().join("preprocessor_config.json");
    std::fs::write(config, processor.to_string())?;
    let checkpoint = Checkpoint::from_file(folder.path().join("model.safetensors"))?;
    let model = Model::load(&checkpoint, &Hints::default())?;
    Ok(Classifier::new(Device::Cpu, &model, &Default::default())?)
}

#[test]
fn logits_are_those_of_transformers() -> TestResult {
    let goldens = repository().join("tests/goldens/processors");
    let bytes = std::fs::read(goldens.join("logits.safetensors"))?;
    let logits = SafeTensors::deserialize(&bytes)?;
    let processors = std::fs::read_to_string(goldens.join("processors.json"))?;
    let processors: serde_json::Value = serde_json::from_str(&processors)?;
    let mut compared = 0;
    for (case, processor) in processors.as_object().ok_or("an object")? {
        let classifier = classifier(&goldens, processor)?;
        for photo in ["coffee_16x9", "astronaut_9x16", "chelsea"] {
            let name = format!("{case}/{photo}");
            let (expected, _) = logits.tensor(&name)?.data().as_chunks::<4>();
            let expected: Vec<f32> = expected.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let found = classifier.score(&part(photo)?)?.logits;
            let largest = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                let off = (found - expected).abs() / largest;
                assert!(off < 1e-4, "{name}: {found} and not {expected}");
            }
            compared += found.len();
        }
    }
    assert_eq!(compared, 7 * 3 * 5);
    Ok(())
}
