//! Several views of a photo: PyTorch's averages, and images of many sizes in
//! bounded memory.

use std::collections::VecDeque;
use std::path::Path;

use crate::support::device::{all, gpu};
use crate::support::goldens::Goldens;
use resnet_wgpu::Error;
use resnet_wgpu::classify::{Batches, Classifier, ClassifierOptions, Scores};
use resnet_wgpu::gpu::{DeviceSelector, Gpu};
use resnet_wgpu::model::Model;
use resnet_wgpu::preprocess::{ImageLimits, RgbImage, Views, decode_file};
use resnet_wgpu::session::{Run, Session, SessionOptions, Sizes};
use resnet_wgpu::wgpu;
use safetensors::SafeTensors;

/// Of the largest probability.
const TOLERANCE: f32 = 1e-4;

fn photo(name: &str) -> RgbImage {
    let file = match name {
        "upright" => "chelsea.png".to_owned(),
        name => format!("{name}.png"),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("photos")
        .join(file);
    let photo = decode_file(&path, &ImageLimits::default()).unwrap();
    match name {
        // Counter-clockwise, as Pillow turns.
        "upright" => image::imageops::rotate270(&photo),
        _ => photo,
    }
}

/// `views.safetensors` by name: network, photo and views.
fn golden(name: &str) -> Vec<f32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let bytes = std::fs::read(folder.join("views.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = file.tensor(name).unwrap().data().chunks_exact(4);
    floats
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn views(kind: &str, scales: &[u32]) -> Views {
    match kind {
        "mirrored" => Views::Mirrored,
        "ten" => Views::TenCrop,
        _ => Views::Scales(scales.to_vec()),
    }
}

/// How many views are run at a time must not matter: 4 is no part of 10.
fn classifier(gpu: Option<&Gpu>, model: &Model, views: Views) -> Classifier {
    let options = ClassifierOptions {
        batch: if views.any_size() { 2 } else { 4 },
        views,
        ..Default::default()
    };
    Classifier::new(gpu, model, &options).unwrap()
}

fn check(name: &str, found: &Scores) {
    let expected = golden(name);
    let largest = expected.iter().copied().fold(0.0, f32::max);
    let errors = found
        .probabilities
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).abs());
    let error = errors.fold(0.0, f32::max) / largest;
    println!("{name}: {error:.1e}");
    assert_eq!(found.probabilities.len(), expected.len());
    assert!(error < TOLERANCE, "{name}: {error}");
}

/// One photo, which is not square, in these ways; `scripts/test-all` takes every photo
/// in every way.
fn as_pytorch(network: &str, scales: &[u32], kinds: &[&str]) {
    const KINDS: [&str; 3] = ["mirrored", "ten", "scales"];
    const PHOTOS: [&str; 3] = ["upright", "chelsea", "coffee"];
    let (kinds, photos) = match all() {
        true => (&KINDS[..], &PHOTOS[..]),
        false => (kinds, &PHOTOS[..1]),
    };
    let gpu = gpu();
    let model = Goldens::read().case(&format!("{network}@224")).model();
    for kind in kinds {
        let classifier = classifier(Some(&gpu), &model, views(kind, scales));
        for name in photos {
            let found = classifier.score(&photo(name)).unwrap();
            check(&format!("{network}/{name}/{kind}"), &found);
        }
    }
}

#[test]
fn resnet18_as_in_pytorch() {
    let kinds = ["mirrored", "ten", "scales"];
    as_pytorch("resnet18", &[224, 256, 384, 480, 640], &kinds);
}

#[test]
fn resnet50_as_in_pytorch() {
    as_pytorch("resnet50", &[224, 256, 384], &["mirrored"]);
}

#[test]
fn the_cpu_twin_agrees() {
    let model = Goldens::read().case("resnet18@224").model();
    let classifier = classifier(None, &model, Views::TenCrop);
    check(
        "resnet18/chelsea/ten",
        &classifier.score(&photo("chelsea")).unwrap(),
    );
}

/// A picture of that size that no other equals.
fn noise(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let v = (x * 7 + y * 13 + width * 31) as u8;
        image::Rgb([v, v.wrapping_mul(3), v.wrapping_add(90)])
    })
}

/// Bytes of device memory that wgpu has allocated, where the backend tells.
fn allocated(gpu: &Gpu) -> u64 {
    let report = gpu.device().generate_allocator_report();
    report.map_or(0, |report| report.total_allocated_bytes)
}

#[test]
fn fifty_sizes_in_bounded_memory() {
    let gpu = gpu();
    let model = Model::embedded().unwrap();
    let views = Views::Scales(vec![32, 45]);
    let classifier = classifier(Some(&gpu), &model, views);
    let photos: Vec<RgbImage> = (0..50).map(|i| noise(100 + 3 * i, 260 - 2 * i)).collect();
    let mut seen = vec![];
    for round in 0..3 {
        let answers: Vec<Scores> = photos
            .iter()
            .map(|p| classifier.score(p).unwrap())
            .collect();
        seen.push((
            gpu.pipeline_count(),
            classifier.session().shared_bytes(),
            allocated(&gpu),
        ));
        println!(
            "round {round}: {:?}, {} sessions made",
            seen[round],
            classifier.sessions_made()
        );
        for answer in &answers {
            let sum: f32 = answer.probabilities.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5);
        }
    }
    // Sizes came again, and their sessions were made again; nothing else was.
    assert!(
        classifier.sessions_made() > 150,
        "{}",
        classifier.sessions_made()
    );
    assert_eq!(seen[0].0, seen[2].0, "pipelines");
    assert!(seen[0].0 < 40, "{} pipelines", seen[0].0);
    assert_eq!(seen[0].1, seen[2].1, "weights and activations");
    assert!(
        seen[2].2 <= seen[0].2 + (1 << 20),
        "device memory: {seen:?}"
    );
}

#[test]
fn sizes_share_and_interleave() {
    let gpu = gpu();
    let model = Model::embedded().unwrap();
    let options = SessionOptions {
        in_flight: 2,
        ..Default::default()
    };
    let image = |(h, w): (usize, usize)| -> Vec<f32> {
        (0..h * w * 4)
            .map(|i| if i % 4 == 3 { 0.0 } else { (i as f32).sin() })
            .collect()
    };
    let alone = |size: (usize, usize)| {
        let options = SessionOptions {
            input_size: Some(size),
            ..Default::default()
        };
        let mut logits = vec![];
        let session = Session::new(&gpu, &model, &options).unwrap();
        session
            .run_batch(&image(size)[..], |_, data| logits = data.to_vec())
            .unwrap();
        logits
    };
    for device in [Some(&gpu), None] {
        let sizes = Sizes::new(device, &model, &options).unwrap();
        // Growing, so that memory is replaced while a run with the old is in flight.
        let order = [(32, 32), (40, 52), (32, 32), (64, 96), (20, 17), (40, 52)];
        let mut found = vec![];
        let mut started = VecDeque::new();
        let mut finish = |run: Run| run.finish(|_, data| found.push(data.to_vec())).unwrap();
        for &size in &order {
            if started.len() == 2 {
                started.pop_front().map(&mut finish);
            }
            let session = sizes.at(size).unwrap();
            started.push_back(session.start(&image(size)[..]).unwrap());
        }
        started.into_iter().for_each(finish);
        for (logits, &size) in found.iter().zip(&order) {
            let expected = alone(size);
            let near = logits
                .iter()
                .zip(&expected)
                .all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(near, "{size:?}: {logits:?} {expected:?}");
        }
        assert_eq!(found.len(), order.len());
    }
}

#[test]
fn a_classifier_refuses_what_it_has_no_place_for() {
    let model = Model::embedded().unwrap();
    let mut usual = Batches::new(&classifier(None, &model, Views::Centre));
    assert!(usual.push_crop(&noise(33, 32)).is_err());
    let mut any = Batches::new(&classifier(None, &model, Views::Scales(vec![32])));
    assert!(!any.push_crop(&noise(33, 40)).unwrap());
    assert!(!any.accepts(&noise(40, 33)) && any.accepts(&noise(33, 40)));
    assert!(any.push_crop(&noise(40, 33)).is_err());
    assert!(any.push_crop(&noise(33, 40)).unwrap());
    assert!(any.push_crop(&noise(33, 40)).is_err());
    assert_eq!(any.run().unwrap().images(), 2);
}

#[test]
fn a_size_that_the_device_has_no_room_for_is_told_and_passed_over() {
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 20,
        ..Default::default()
    };
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits, true).unwrap();
    let model = Model::embedded().unwrap();
    let classifier = classifier(Some(&gpu), &model, Views::Scales(vec![32, 400]));
    let mut batches = Batches::new(&classifier);
    batches.admit(&noise(40, 32)).unwrap();
    // 16 channels of f32.
    let error = batches.admit(&noise(500, 400)).unwrap_err();
    assert!(matches!(error, Error::Plan(_)), "{error}");
    assert!(classifier.score(&photo("coffee")).is_err());
    assert!(!batches.push_crop(&noise(40, 32)).unwrap());
    assert_eq!(batches.run().unwrap().images(), 1);
}

#[test]
fn a_session_for_another_size_is_of_the_same_model() {
    let model = Model::embedded().unwrap();
    let session = Session::cpu(&model, &SessionOptions::default()).unwrap();
    assert!(session.resized(&model.clone(), (40, 33)).is_ok());
    let other = session.resized(&Model::embedded().unwrap(), (40, 33));
    assert!(matches!(other, Err(Error::OtherModel { .. })));
}
