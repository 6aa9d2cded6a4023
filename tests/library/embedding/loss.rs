//! Tests of a device that is lost, and of a device that runs out of memory.

use std::time::{Duration, Instant};

use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::kernels::Storage;
use resnet_wgpu::low_level::plan::PlanError;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::wgpu;
use resnet_wgpu::{
    Checkpoint, Classifier, ClassifierOptions, Error, ErrorKind, Hints, Model, PixelRect,
    RunOutputs, Session, SessionOptions, TextureSource,
};

use super::common::{alone, classifier, own_gpu, photos, texture};

fn lost(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(GpuError::Lost { .. }))
}

/// Destroys the device while runs are in flight, awaited, recorded and partly recorded.
#[test]
fn a_lost_device_is_reported_and_replaced() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let classifier = classifier(&gpu, &model, 3);
    let other = classifier.clone();
    let photos = photos();
    let expected: Vec<_> = photos
        .iter()
        .map(|(_, p)| classifier.score(p).unwrap())
        .collect();
    let mut recorder = classifier.recorder().unwrap();

    let scene = texture(&gpu, &photos[1].1, wgpu::TextureFormat::Rgba8Unorm);
    let mut first = gpu.device().create_command_encoder(&Default::default());
    let _ = recorder.begin(&mut first, &scene, Duration::ZERO).unwrap();
    gpu.queue().submit([first.finish()]);
    let awaiting = std::thread::spawn({
        let (classifier, photo) = (classifier.clone(), photos[0].1.clone());
        move || {
            loop {
                if let Err(error) = pollster::block_on(classifier.score_async(&photo)) {
                    return error;
                }
            }
        }
    });
    std::thread::sleep(Duration::from_millis(30));
    let flying = classifier.start(&photos[0].1).unwrap();
    gpu.device().destroy();
    let error = awaiting.join().unwrap();
    assert!(lost(&error), "{error}");
    // A partly recorded run cannot continue.
    let mut next = gpu.device().create_command_encoder(&Default::default());
    assert!(lost(&recorder.go_on(&mut next).unwrap_err()));
    drop(next);
    // A run that was submitted before the loss may still return a correct answer.
    match flying.wait() {
        Ok(scores) => assert_eq!(scores, expected[0]),
        Err(error) => assert!(lost(&error), "{error}"),
    }
    for _ in 0..3 {
        let error = classifier.score(&photos[1].1).unwrap_err();
        assert!(lost(&error), "{error}");
        let error = pollster::block_on(classifier.score_async(&photos[1].1)).unwrap_err();
        assert!(lost(&error), "{error}");
        // The first picture has a new size; the second has a size whose tables exist.
        let part = TextureSource {
            texture: &scene,
            region: Some(PixelRect {
                x: 0,
                y: 0,
                width: 77,
                height: 55,
            }),
        };
        for picture in [
            part,
            TextureSource {
                region: None,
                ..part
            },
        ] {
            let error = classifier.score(picture).unwrap_err();
            assert!(lost(&error), "{error}");
        }
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let error = recorder.record(&mut encoder, &photos[1].1).unwrap_err();
        assert!(lost(&error), "{error}");
    }
    let made = Classifier::new(&gpu, &model, &ClassifierOptions::default());
    assert!(lost(made.as_ref().unwrap_err()), "{made:?}");
    // A device that is already lost is refused as a replacement, and the classifier stays as it
    // was.
    assert!(lost(&classifier.recreate(&gpu).unwrap_err()));

    classifier.recreate(own_gpu()).unwrap();
    for ((name, photo), expected) in photos.iter().zip(&expected) {
        assert_eq!(classifier.score(photo).unwrap(), *expected, "{name}");
        assert_eq!(other.score(photo).unwrap(), *expected, "{name}, a clone");
    }
}

/// Records whole runs in the application's encoders. The run is submitted before the device is
/// lost, or recorded before and submitted after the loss. Each run must end soon.
#[test]
fn recorded_runs_end_with_the_device() {
    let model = Model::embedded().unwrap();
    let (_, photo) = photos().swap_remove(0);
    for (submitted, awaited) in [(true, false), (true, true), (false, false), (false, true)] {
        let gpu = own_gpu();
        let classifier = classifier(&gpu, &model, 1);
        let expected = classifier.score(&photo).unwrap();
        let mut recorder = classifier.recorder().unwrap();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let answer = recorder.record(&mut encoder, &photo).unwrap();
        let commands = encoder.finish();
        if submitted {
            gpu.queue().submit([commands]);
            gpu.device().destroy();
        } else {
            gpu.device().destroy();
            gpu.queue().submit([commands]);
        }
        let began = Instant::now();
        let found = if awaited {
            pollster::block_on(answer)
        } else {
            answer.wait()
        };
        let case = format!("submitted {submitted}, awaited {awaited}");
        println!(
            "{case}: {:?} in {:?}",
            found.as_ref().err(),
            began.elapsed()
        );
        assert!(began.elapsed() < Duration::from_secs(20), "{case}");
        match found {
            // The answer may have arrived before the loss.
            Ok(scores) => assert!(submitted && scores == expected, "{case}"),
            Err(error) => assert!(
                matches!(
                    error.downcast_ref(),
                    Some(GpuError::Lost { .. } | GpuError::NotSubmitted)
                ),
                "{case}: {error}"
            ),
        }
    }
}

/// A model that was loaded from a file is read again from that file, as long as the file is
/// unchanged.
#[test]
fn a_model_of_a_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    std::fs::copy("weights/resnet20-cifar10.safetensors", &file).unwrap();
    let checkpoint = Checkpoint::from_file(&file).unwrap();
    let model = Model::load(&checkpoint, &Hints::default()).unwrap();
    drop(checkpoint);
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &model, 1);
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier.score(&photo).unwrap();
    gpu.device().destroy();
    assert!(lost(&classifier.score(&photo).unwrap_err()));
    let other = own_gpu();
    classifier.recreate(&other).unwrap();
    assert_eq!(classifier.score(&photo).unwrap(), expected);

    // A changed file causes an error that names it, and the classifier keeps its state.
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() - 64;
    bytes[at] ^= 1;
    let later = std::fs::metadata(&file).unwrap().modified().unwrap() + Duration::from_secs(10);
    std::fs::write(&file, bytes).unwrap();
    let written = std::fs::File::options().append(true).open(&file).unwrap();
    written.set_modified(later).unwrap();
    let error = classifier.recreate(own_gpu()).unwrap_err().to_string();
    assert!(
        error.contains("model.safetensors") && error.contains("changed"),
        "{error}"
    );
    assert_eq!(classifier.score(&photo).unwrap(), expected);
}

/// Threads that share a classifier survive the loss of its device. No thread hangs, and each gets
/// an answer or an error.
#[test]
fn threads_survive_a_lost_device() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let classifier = classifier(&gpu, &model, 2);
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier.score(&photo).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    match classifier.score(&photo) {
                        Ok(scores) => assert_eq!(scores, expected),
                        Err(error) => {
                            assert!(lost(&error), "{error}");
                            break;
                        }
                    }
                }
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        gpu.device().destroy();
    });
    classifier.recreate(own_gpu()).unwrap();
    assert_eq!(classifier.score(&photo).unwrap(), expected);
}

#[test]
fn an_absurd_batch_is_an_error_and_a_sane_one_works() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let absurd = |batch| SessionOptions {
        batch,
        exact_batch: true,
        ..Default::default()
    };
    for batch in [1 << 16, 1 << 24, usize::MAX] {
        let error = Session::new(&gpu, &model, &absurd(batch)).unwrap_err();
        assert!(
            error.downcast_ref::<PlanError>().is_some() || error.kind() == ErrorKind::OutOfMemory,
            "{error}"
        );
    }
    let session = Session::new(&gpu, &model, &absurd(4)).unwrap();
    let image = vec![0.5; session.input_len()];
    session
        .run_batch(&image, |outputs| assert!(outputs.logits()[0].is_finite()))
        .unwrap();
}

/// Exhausts memory by limiting the process. The test runs in a process of its own, because the
/// allocations of other tests would fail as well.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_an_error_and_less_works() {
    let Some(()) = alone("embedding::loss::too_little_memory_is_an_error_and_less_works") else {
        return;
    };
    // The limit concerns the process's memory, so the test needs a device that shares memory with
    // the host. OpenGL does not report a lack of memory: the device is lost.
    let gpu = with_storage(&own_gpu(), Storage::Buffers);
    let info = gpu.info();
    if info.device_type != wgpu::DeviceType::Cpu || info.backend == wgpu::Backend::Gl {
        return;
    }
    let model = Model::embedded().unwrap();
    let options = |batch| SessionOptions {
        batch,
        exact_batch: true,
        ..Default::default()
    };
    let sane = Session::new(&gpu, &model, &options(1)).unwrap();
    let image = vec![0.5; sane.input_len()];
    let logits = |session: &Session| {
        let read = |outputs: &RunOutputs<'_>| outputs.logits().to_vec();
        session.run_batch(&image, read).unwrap()
    };
    let expected = logits(&sane);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    let limit = (kib << 10) + (150 << 20);
    let limited = std::process::Command::new("prlimit")
        .args([
            format!("--pid={}", std::process::id()),
            format!("--as={limit}"),
        ])
        .status();
    assert!(limited.unwrap().success());
    // Each value would take 134 MB.
    let error = Session::new(&gpu, &model, &options(2048)).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(GpuError::OutOfMemory { .. })),
        "{error}"
    );
    assert_eq!(logits(&sane), expected);
    let again = Session::new(&gpu, &model, &options(2)).unwrap();
    // Another batch size may use other kernels, so results differ slightly.
    let found = logits(&again);
    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
    assert!(expected.iter().zip(&found).all(near), "{found:?}");
}
