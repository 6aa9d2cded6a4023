//! Tests of the examples that the README shows.

use std::path::PathBuf;

use resnet_wgpu::{Classifier, Device, DeviceSelector, Gpu, Model, Prediction};

use crate::answers::{photo, weights};
use crate::compile::{Linkage, compile, failure, output, program, without_drivers};
use crate::installed::{folder, prefix};

/// Writes a photo as a PPM, to a file with the name of the test.
fn ppm(name: &str, test: &str) -> PathBuf {
    prefix();
    let picture = photo(name);
    let (width, height) = picture.dimensions();
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    bytes.extend(picture.as_raw());
    let file = folder().join(format!("{test}-{name}.ppm"));
    std::fs::write(&file, bytes).unwrap();
    file
}

fn classified(device: impl Into<Device>, name: &str, k: usize) -> Vec<Prediction> {
    let model = Model::embedded().unwrap();
    let classifier = Classifier::new(device, &model, &Default::default()).unwrap();
    classifier.classify(&photo(name), k).unwrap()
}

#[test]
fn c() {
    let classify = compile("examples/classify.c", Linkage::Shared);
    let file = ppm("chelsea.png", "c");
    let best = classified(Device::Cpu, "chelsea.png", 5);
    let lines = best.iter().map(|p| {
        let percent = 100.0 * f64::from(p.probability);
        format!("{percent:6.2} %  {}  (logit {:.3})\n", p.label, p.logit)
    });
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "resnet20 on cpu, resnet-wgpu {version}\n{}",
        lines.collect::<String>()
    );
    let found = output(program(&classify).arg(&file).arg(weights()).arg("cpu"));
    let (devices, answer) = found.split_at(found.find("resnet20").unwrap());
    assert!(devices.starts_with("device 0: "), "{devices}");
    assert_eq!(answer, expected);
    let sanitized = compile("examples/classify.c", Linkage::Sanitized);
    let mut watched = program(&sanitized);
    watched.arg(&file).arg(weights()).arg("cpu");
    let found = output(without_drivers(&mut watched));
    assert!(found.ends_with(&expected), "{found}");

    let refused = failure(program(&classify).arg(&file).arg(&file), 1);
    assert!(
        refused.contains("expected safetensors, found a picture"),
        "{refused}"
    );
    failure(&mut program(&classify), 2);
}

#[test]
fn cpp_on_several_threads() {
    let shared = compile("examples/classify.cpp", Linkage::Shared);
    let sanitized = compile("examples/classify.cpp", Linkage::Sanitized);
    let names = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"];
    let files = names.map(|name| ppm(name, "cpp"));
    let expected = |device: &Device| -> String {
        let lines = names.iter().zip(&files).map(|(name, file)| {
            let best = &classified(device, name, 1)[0];
            let percent = 100.0 * f64::from(best.probability);
            format!("{percent:6.2} %  {}  {}\n", best.label, file.display())
        });
        lines.collect::<String>().repeat(3)
    };
    // Each picture comes several times, so that several threads classify at once.
    let often = || (0..3).flat_map(|_| &files);
    let on_cpu = output(without_drivers(
        program(&sanitized).arg("cpu").args(often()),
    ));
    assert_eq!(on_cpu, expected(&Device::Cpu));
    let gpu = Gpu::new(DeviceSelector::Auto).expect("no adapter: run ./scripts/test");
    let on_gpu = output(program(&shared).arg("auto").args(often()));
    assert_eq!(on_gpu, expected(&(&gpu).into()));

    let refused = failure(program(&shared).args(["no such device", "x.ppm"]), 1);
    assert!(refused.contains("no device `no such device`"), "{refused}");
}
