//! Tests that the C interface returns the results of the Rust library, bit for bit.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{
    Checkpoint, Classifier, DeviceSelector, Gpu, Hints, ImageLimits, Model, Scores, Session,
    SessionOptions, decode_file,
};
use resnet_wgpu::{Device, Tensor};

use crate::compile::{Linkage, compile, output, program, valgrind, without_drivers};
use crate::installed::{folder, prefix, root};

pub fn weights() -> PathBuf {
    root().join("weights/resnet20-cifar10.safetensors")
}

pub fn photo(name: &str) -> RgbImage {
    decode_file(root().join("photos").join(name), &ImageLimits::default()).unwrap()
}

/// Returns the text that `answers.c` must print, computed by the Rust library.
fn expected(device: &Device, photo: &RgbImage) -> String {
    let checkpoint = Checkpoint::from_file(weights()).unwrap();
    let model = Model::load(&checkpoint, &Hints::default()).unwrap();
    let mut lines = String::new();

    let value = |i: usize| ((i * 31) % 255) as f32 / 128.0 - 1.0;
    let images = Tensor::new([3, 32, 32, 3], (0..3 * 32 * 32 * 3).map(value).collect()).unwrap();
    let options = SessionOptions {
        batch: 2,
        ..SessionOptions::default()
    };
    let session = Session::new(device, &model, &options).unwrap();
    let logits = session.run(&images).unwrap().logits;
    for logit in logits.data() {
        writeln!(lines, "logit {:08x}", logit.to_bits()).unwrap();
    }
    let scores = Scores {
        logits: logits.data().to_vec(),
        classes: 10,
        ..Scores::default()
    };
    let labels = model.labels().unwrap();
    for class in scores.top(2, 3) {
        let label = labels.get(class);
        let logit = scores.logits_of(2)[class];
        writeln!(lines, "top {class} {label} {:08x}", logit.to_bits()).unwrap();
    }

    let classifier = Classifier::new(device, &model, &Default::default()).unwrap();
    let found = classifier.classify(photo, 3).unwrap();
    for form in ["rgb", "gaps", "rgba"] {
        for p in &found {
            let probability = p.probability.to_bits();
            let logit = p.logit.to_bits();
            let class = p.class;
            let label = &p.label;
            writeln!(
                lines,
                "{form} {class} {label} {probability:08x} {logit:08x}"
            )
            .unwrap();
        }
    }
    lines
}

/// Adds the arguments of the program and writes the picture to a file of that name.
fn arguments<'a>(
    command: &'a mut Command,
    device: &str,
    picture: &RgbImage,
    name: &str,
) -> &'a mut Command {
    prefix();
    let file = folder().join(name);
    std::fs::write(&file, picture.as_raw()).unwrap();
    let (width, height) = picture.dimensions();
    command.arg(device).arg(weights());
    command
        .args([width, height].map(|n| n.to_string()))
        .arg(file)
}

#[test]
fn on_the_cpu_and_on_a_gpu() {
    let chelsea = photo("chelsea.png");
    let shared = compile("tests/c/answers.c", Linkage::Shared);
    let fixed = compile("tests/c/answers.c", Linkage::Static);
    let on_cpu = expected(&Device::Cpu, &chelsea);
    for answers in [&shared, &fixed] {
        let found = output(arguments(
            &mut program(answers),
            "cpu",
            &chelsea,
            "chelsea.rgb",
        ));
        assert_eq!(found, on_cpu);
    }
    let gpu = Gpu::new(&DeviceSelector::Auto).expect("no adapter: run ./scripts/test");
    let found = output(arguments(
        &mut program(&shared),
        "auto",
        &chelsea,
        "chelsea.rgb",
    ));
    assert_eq!(found, expected(&(&gpu).into(), &chelsea));
}

#[test]
fn under_sanitizers_and_valgrind() {
    let rocket = photo("rocket.jpg");
    let on_cpu = expected(&Device::Cpu, &rocket);
    let sanitized = compile("tests/c/answers.c", Linkage::Sanitized);
    let shared = compile("tests/c/answers.c", Linkage::Shared);
    for mut watched in [program(&sanitized), valgrind(&shared)] {
        let watched = arguments(&mut watched, "cpu", &rocket, "rocket.rgb");
        assert_eq!(output(without_drivers(watched)), on_cpu);
    }
}
