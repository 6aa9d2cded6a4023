//! Tests of several views of a photo: PyTorch's averages, and images of many sizes in bounded
//! memory.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;

use crate::support::cause::cause;
use crate::support::device::{all, gpu};
use crate::support::goldens::Goldens;
use resnet_wgpu::low_level::plan::PlanError;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::wgpu;
use resnet_wgpu::{
    Classifier, ClassifierOptions, Device, DeviceSelector, Error, Gpu, GpuOptions, ImageLimits,
    Model, PictureOutcome, Run, RunOutputs, Scores, Session, SessionOptions, Tensor, Views,
    decode_file,
};
use safetensors::SafeTensors;

/// The tolerance, as a fraction of the largest probability.
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
        // The rotation is counter-clockwise, as in Pillow.
        "upright" => image::imageops::rotate270(&photo),
        _ => photo,
    }
}

/// Returns a tensor of `views.safetensors`. Its name consists of network, photo and views.
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

/// Returns a classifier whose batch size must not affect results: 4 does not divide 10.
fn classifier(device: impl Into<Device>, model: &Model, views: Views) -> Classifier {
    let options = ClassifierOptions {
        batch: if views.any_size() { 2 } else { 4 },
        views,
        ..Default::default()
    };
    Classifier::new(device, model, &options).unwrap()
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

/// Compares one photo, which is not square, with PyTorch in the given kinds of views.
/// `scripts/test-all` compares every photo in every kind.
fn as_pytorch(network: &str, scales: &[u32], kinds: &[&str]) {
    const KINDS: [&str; 3] = ["mirrored", "ten", "scales"];
    const PHOTOS: [&str; 3] = ["upright", "chelsea", "coffee"];
    let (kinds, photos) = if all() {
        (&KINDS[..], &PHOTOS[..])
    } else {
        (kinds, &PHOTOS[..1])
    };
    let gpu = gpu();
    let model = Goldens::read().case(&format!("{network}@224")).model();
    for kind in kinds {
        let classifier = classifier(&gpu, &model, views(kind, scales));
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
fn the_cpu_reference_agrees() {
    let model = Goldens::read().case("resnet18@224").model();
    let classifier = classifier(Device::Cpu, &model, Views::TenCrop);
    check(
        "resnet18/chelsea/ten",
        &classifier.score(&photo("chelsea")).unwrap(),
    );
}

/// Returns a picture of the given size whose contents differ for each width.
fn noise(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let v = (x * 7 + y * 13 + width * 31) as u8;
        image::Rgb([v, v.wrapping_mul(3), v.wrapping_add(90)])
    })
}

/// Returns the bytes of device memory that wgpu has allocated, or 0 if the backend does not report
/// them.
fn allocated(gpu: &Gpu) -> u64 {
    let report = gpu.device().generate_allocator_report();
    report.map_or(0, |report| report.total_allocated_bytes)
}

#[test]
fn fifty_sizes_in_bounded_memory() {
    let gpu = gpu();
    let model = Model::embedded().unwrap();
    let views = Views::Scales(vec![32, 45]);
    let classifier = classifier(&gpu, &model, views);
    let photos: Vec<RgbImage> = (0..50).map(|i| noise(100 + 3 * i, 260 - 2 * i)).collect();
    let mut seen = vec![];
    for round in 0..2 {
        let answers: Vec<Scores> = photos
            .iter()
            .map(|p| classifier.score(p).unwrap())
            .collect();
        let session = classifier.session();
        let shared = session.shared_bytes();
        seen.push((gpu.pipeline_count(), shared, allocated(&gpu)));
        println!(
            "round {round}: {:?}, {} plans made",
            seen[round],
            session.plans_made()
        );
        for answer in &answers {
            let sum: f32 = answer.probabilities.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5);
        }
    }
    // The sizes repeat, and their plans are made again. Nothing else is made again.
    let made = classifier.session().plans_made();
    assert!(made > 100, "{made}");
    assert_eq!(seen[0].0, seen[1].0, "pipelines");
    assert!(seen[0].0 < 40, "{} pipelines", seen[0].0);
    assert_eq!(seen[0].1, seen[1].1, "weights and activations");
    assert!(
        seen[1].2 <= seen[0].2 + (1 << 20),
        "device memory: {seen:?}"
    );
}

/// Runs one session with a thousand sizes. The memory of the device does not grow, and a size that
/// stays is planned once.
#[test]
fn a_thousand_sizes_in_flat_memory() {
    let gpu = gpu();
    let session = Session::new(&gpu, &Model::embedded().unwrap(), &Default::default()).unwrap();
    let run = |h: usize, w: usize| {
        let image = Tensor::from_fn([1, h, w, 3], |i| (i % 7) as f32 / 3.0);
        session.run(&image).unwrap().logits
    };
    // The largest size runs first, so that activations never grow.
    let first = run(72, 72);
    let mut seen = vec![];
    for i in 0..1000 {
        // In mixed order: other sizes may use other kernels, for which weights are packed again.
        let size = i * 619 % 1000;
        run(16 + size % 50, 18 + size / 50);
        if i % 250 == 249 {
            let shared = session.shared_bytes();
            seen.push((gpu.pipeline_count(), shared, allocated(&gpu)));
        }
    }
    println!("{seen:?}");
    // The session was set up for 32 by 32, so that size needs no new plan.
    assert_eq!(session.plans_made(), 1001);
    assert_eq!(run(72, 72), first);
    assert_eq!(seen[2].1, seen[3].1, "weights and activations");
    assert!(
        seen[3].2 <= seen[0].2 + (1 << 20),
        "device memory: {seen:?}"
    );
    let made = session.plans_made();
    for _ in 0..100 {
        run(72, 72);
    }
    assert_eq!(session.plans_made(), made, "a steady size is planned once");
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
        let session = Session::new(&gpu, &model, &options).unwrap();
        let read = |outputs: &RunOutputs<'_>| outputs.logits().to_vec();
        session.run_batch(&image(size)[..], read).unwrap()
    };
    for device in [Device::from(&gpu), Device::Cpu] {
        let session = Session::new(device, &model, &options).unwrap();
        // Sizes grow, so that memory is replaced while a run that uses the old memory is in flight.
        let order = [(32, 32), (40, 52), (32, 32), (64, 96), (20, 17), (40, 52)];
        let mut found = vec![];
        let mut started = VecDeque::new();
        let mut finish = |run: Run| {
            run.finish(|outputs| found.push(outputs.logits().to_vec()))
                .unwrap()
        };
        for &size in &order {
            if started.len() == 2 {
                started.pop_front().map(&mut finish);
            }
            let images = image(size);
            started.push_back(session.start_sized(&images[..], size).unwrap());
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

/// Each batch holds pictures of one size. Results come in the order of the pictures and equal those
/// of single runs.
#[test]
fn batches_of_several_sizes_keep_their_order() {
    let model = Model::embedded().unwrap();
    let sizes = [
        (33, 40),
        (40, 33),
        (33, 40),
        (33, 40),
        (33, 40),
        (50, 32),
        (40, 33),
    ];
    let pictures: Vec<RgbImage> = sizes.iter().map(|&(w, h)| noise(w, h)).collect();
    for (device, views) in [
        (Device::from(gpu()), Views::Scales(vec![32, 45])),
        (Device::Cpu, Views::Scales(vec![32])),
        (Device::Cpu, Views::Centre),
    ] {
        let classifier = classifier(device, &model, views);
        let mut seen = vec![];
        let load = |picture: &RgbImage| Ok::<_, Error>(picture.clone());
        let ran = classifier.score_all(&pictures, load, |index, outcome, _| {
            let PictureOutcome::Scored(scores, at) = outcome else {
                panic!("{index}: {outcome:?}");
            };
            let expected = classifier.score(&pictures[index]).unwrap();
            let found = scores.probabilities_of(at).iter();
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
            assert!(found.zip(&expected.probabilities).all(near), "{index}");
            seen.push(index);
            ControlFlow::Continue(())
        });
        ran.unwrap();
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
    }
}

/// A caller that breaks off gets only the results of runs that are on the device.
#[test]
fn nothing_is_begun_after_a_break() {
    let model = Model::embedded().unwrap();
    let classifier = classifier(gpu(), &model, Views::Centre);
    let pictures: Vec<RgbImage> = (0..40).map(|i| noise(40 + i, 40)).collect();
    let mut seen = 0;
    let load = |picture: &RgbImage| Ok::<_, Error>(picture.clone());
    let ran = classifier.score_all(&pictures, load, |_, _, _| {
        seen += 1;
        ControlFlow::Break(())
    });
    ran.unwrap();
    let most = (classifier.session().max_in_flight() + 1) * classifier.batch();
    assert!(
        (classifier.batch()..=most).contains(&seen),
        "{seen} of {most}"
    );
}

#[test]
fn a_size_that_the_device_has_no_room_for_is_reported_alone() {
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 20,
        ..Default::default()
    };
    let options = GpuOptions {
        limits: Some(limits),
        ..DeviceSelector::Auto.into()
    };
    let gpu = Gpu::new(options).unwrap();
    let model = Model::embedded().unwrap();
    let classifier = classifier(&gpu, &model, Views::Scales(vec![32, 64]));
    // The second picture needs 16 channels of f32 for 64 times 320 pixels.
    let pictures = [noise(40, 32), noise(500, 100), noise(33, 40)];
    let mut seen = vec![];
    let load = |picture: &RgbImage| Ok::<_, Error>(picture.clone());
    let ran = classifier.score_all(&pictures, load, |index, outcome, _| {
        let failed = match outcome {
            PictureOutcome::Scored(..) => None,
            PictureOutcome::Failed { error, size } => {
                assert!(error.downcast_ref::<PlanError>().is_some(), "{error}");
                size
            }
            PictureOutcome::Unread(error) => panic!("{error}"),
        };
        seen.push((index, failed));
        ControlFlow::Continue(())
    });
    ran.unwrap();
    seen.sort();
    assert_eq!(seen, [(0, None), (1, Some((320, 64))), (2, None)]);
    let alone = classifier.score(&pictures[1]);
    assert!(cause::<_, PlanError>(&alone).is_some());
}
