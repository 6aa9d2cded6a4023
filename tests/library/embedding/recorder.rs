//! Tests of inference in the application's own encoders.

use std::time::{Duration, Instant};

use crate::support::cause::cause;
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::kernels::Storage;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::wgpu;
use resnet_wgpu::{
    Classifier, ClassifierOptions, Device, Gpu, Model, PendingScores, Recorder, Scores, Slice,
};

use super::common::{classifier, difference, golden, own_gpu, photos, plain_gpu, texture};

fn encoder(gpu: &Gpu) -> wgpu::CommandEncoder {
    gpu.device()
        .create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
}

fn submit(gpu: &Gpu, encoder: wgpu::CommandEncoder) {
    gpu.queue().submit([encoder.finish()]);
}

#[test]
fn whole_runs_in_flight_come_back_in_order() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let photos = photos();
    let expected: Vec<Scores> = photos
        .iter()
        .map(|(_, p)| classifier.score(p).unwrap())
        .collect();
    let mut all = encoder(&gpu);
    let answers: Vec<PendingScores> = (photos[..3].iter())
        .map(|(_, photo)| recorder.record(&mut all, photo).unwrap())
        .collect();
    let busy = recorder.record(&mut all, &photos[3].1);
    assert!(matches!(cause(&busy), Some(GpuError::Busy(3))), "{busy:?}");
    // Nothing has been submitted yet, and a run of the classifier still works.
    assert_eq!(classifier.score(&photos[4].1).unwrap(), expected[4]);
    submit(&gpu, all);
    let found: Vec<Scores> = answers.into_iter().map(|a| a.wait().unwrap()).collect();
    assert_eq!(found, expected[..3]);
}

/// Records all slices of a run, each in an encoder of its own. Returns the scores and the number of
/// slices.
fn sliced(
    gpu: &Gpu,
    recorder: &mut Recorder,
    photo: &RgbImage,
    budget: Duration,
    mut between: impl FnMut(),
) -> (Scores, usize) {
    let mut slices = 1;
    let mut first = encoder(gpu);
    let mut slice = recorder.begin(&mut first, photo, budget).unwrap();
    submit(gpu, first);
    loop {
        match slice {
            Slice::Last(answer) => return (answer.wait().unwrap(), slices),
            Slice::More(left) => assert_eq!(left, recorder.slices(budget) - slices),
        }
        between();
        let mut next = encoder(gpu);
        slice = recorder.go_on(&mut next).unwrap();
        submit(gpu, next);
        slices += 1;
    }
}

#[test]
fn slices_are_as_many_as_said_and_leave_others_alone() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &golden("resnet18@224"), 1);
    let mut recorder = classifier.recorder().unwrap();
    let photos = photos();
    let expected: Vec<Scores> = photos
        .iter()
        .map(|(_, p)| classifier.score(p).unwrap())
        .collect();
    let whole = recorder.gpu_time();
    assert!(whole > Duration::ZERO);
    assert_eq!(recorder.slices(whole), 2);
    let steps = classifier.session().plan().unwrap().steps.len();
    assert_eq!(recorder.slices(Duration::ZERO), 1 + steps);
    // These numbers hold for steps of any durations, since no step is longer than the whole run.
    for (budget, least) in [(whole, 2), (whole / 4, 3), (Duration::ZERO, 1 + steps)] {
        let mut other = 0;
        let (found, slices) = sliced(&gpu, &mut recorder, &photos[0].1, budget, || {
            // The classifier runs other pictures between two slices.
            if other < 2 {
                other += 1;
                assert_eq!(classifier.score(&photos[other].1).unwrap(), expected[other]);
            }
        });
        println!("{whole:?} in slices of {budget:?}: {slices}");
        assert_eq!(found, expected[0], "{budget:?}");
        assert_eq!(slices, recorder.slices(budget));
        assert!(slices >= least, "{slices} slices of {budget:?}");
        assert!(recorder.is_idle());
    }
}

/// Another run of the same recorder between two slices overwrites values that later slices read.
/// The interrupted run reports an error, and all other runs are correct.
#[test]
fn a_run_between_slices_is_reported() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let photos = photos();
    let expected = |i: usize| classifier.score(&photos[i].1).unwrap();
    let mut recorder = classifier.recorder().unwrap();
    let mut parts = vec![];
    let mut first = encoder(&gpu);
    let mut slice = recorder
        .begin(&mut first, &photos[0].1, Duration::ZERO)
        .unwrap();
    parts.push(first);
    let answer = loop {
        match slice {
            Slice::Last(answer) => break answer,
            Slice::More(_) => {
                let error = recorder.record(&mut encoder(&gpu), &photos[1].1);
                assert!(
                    matches!(cause(&error), Some(GpuError::Unfinished)),
                    "{error:?}"
                );
                let mut next = encoder(&gpu);
                slice = recorder.go_on(&mut next).unwrap();
                parts.push(next);
            }
        }
    };
    let mut whole = encoder(&gpu);
    let other = recorder.record(&mut whole, &photos[1].1).unwrap();
    let late = parts.split_off(parts.len() / 2);
    parts.into_iter().for_each(|part| submit(&gpu, part));
    submit(&gpu, whole);
    late.into_iter().for_each(|part| submit(&gpu, part));
    let error = answer.wait();
    assert!(
        matches!(cause(&error), Some(GpuError::NotSubmitted)),
        "{error:?}"
    );
    assert_eq!(other.wait().unwrap(), expected(1));
    let (found, _) = sliced(&gpu, &mut recorder, &photos[2].1, Duration::ZERO, || ());
    assert_eq!(found, expected(2));
}

/// Slices follow measured times even on a device without timestamps. Values in buffers give the
/// same results.
#[test]
fn every_device_records() {
    let model = Model::embedded().unwrap();
    let (_, photo) = photos().swap_remove(1);
    let reference = Classifier::new(Device::Cpu, &model, &ClassifierOptions::default()).unwrap();
    let expected = reference.score(&photo).unwrap();
    for gpu in [plain_gpu(), with_storage(&own_gpu(), Storage::Buffers)] {
        let classifier = classifier(&gpu, &model, 1);
        let began = Instant::now();
        let score = classifier.score(&photo).unwrap();
        let took = began.elapsed();
        let mut recorder = classifier.recorder().unwrap();
        let (time, steps) = (recorder.gpu_time(), recorder.slices(Duration::ZERO) - 1);
        println!("{time:?} of GPU time in {steps} steps, {took:?} with all around it");
        assert!(time > Duration::ZERO);
        assert_eq!(recorder.slices(2 * time), 2);
        assert!(recorder.slices(time / 4) > 3);
        for budget in [2 * time, time / 4, Duration::ZERO] {
            let (found, slices) = sliced(&gpu, &mut recorder, &photo, budget, || ());
            assert_eq!(slices, recorder.slices(budget));
            assert_eq!(found, score);
        }
        let mut all = encoder(&gpu);
        let scene = texture(&gpu, &photo, wgpu::TextureFormat::Rgba8Unorm);
        let answer = recorder.record(&mut all, &scene).unwrap();
        submit(&gpu, all);
        let found = pollster::block_on(answer).unwrap();
        assert_eq!(found, score);
        assert!(difference(&found, &expected) < 1e-4);
    }
}

/// An encoder of another instance is an error, and the recorder continues to work.
#[test]
fn a_strangers_encoder_is_refused() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let (_, photo) = photos().swap_remove(1);
    let other = own_gpu();
    // Create more encoders than the network's device has objects of any kind, so that the last id
    // does not exist there.
    let mut theirs: Vec<_> = (0..2000).map(|_| encoder(&other)).collect();
    let refused = recorder.record(&mut theirs[1999], &photo);
    assert!(
        matches!(cause(&refused), Some(GpuError::OtherInstance)),
        "{refused:?}"
    );
    drop(theirs);
    let mut ours = encoder(&gpu);
    let answer = recorder.record(&mut ours, &photo).unwrap();
    submit(&gpu, ours);
    assert_eq!(answer.wait().unwrap(), classifier.score(&photo).unwrap());
}

/// A drawing thread records, submits and polls for answers, but never waits.
#[test]
fn frames_never_wait() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let (_, photo) = photos().swap_remove(1);
    let scene = texture(&gpu, &photo, wgpu::TextureFormat::Rgba8Unorm);
    let expected = classifier.score(&photo).unwrap();
    let mut recorder = classifier.recorder().unwrap();
    let budget = recorder.gpu_time() / 4;
    let (mut answers, mut found) = (vec![], 0);
    let (waits, uploaded) = (gpu.waits(), gpu.uploaded_bytes());
    for frame in 0.. {
        assert!(frame < 60_000, "no answers");
        let mut one = encoder(&gpu);
        // The recorder is full while three answers are pending.
        let slice = match recorder.is_idle() {
            true if !recorder.has_room() => None,
            true => Some(recorder.begin(&mut one, &scene, budget).unwrap()),
            false => Some(recorder.go_on(&mut one).unwrap()),
        };
        submit(&gpu, one);
        if let Some(Slice::Last(answer)) = slice {
            answers.push(answer);
        }
        answers.retain_mut(
            |answer: &mut PendingScores| match answer.take_ready().unwrap() {
                Some(scores) => {
                    assert_eq!(scores, expected);
                    found += 1;
                    false
                }
                None => true,
            },
        );
        if found >= 20 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(gpu.waits(), waits, "a frame waited");
    assert_eq!(gpu.uploaded_bytes(), uploaded);
    // A blocking call increases the counter, except on OpenGL, which has the results at once.
    drop(answers);
    classifier.score(&photo).unwrap();
    assert!(gpu.waits() > waits || gpu.info().backend == wgpu::Backend::Gl);
}

#[test]
fn a_run_in_part_can_be_given_up() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let (_, photo) = photos().swap_remove(0);
    let idle = recorder.go_on(&mut encoder(&gpu));
    assert!(matches!(cause(&idle), Some(GpuError::Idle)), "{idle:?}");
    for _ in 0..5 {
        let mut first = encoder(&gpu);
        let _ = recorder.begin(&mut first, &photo, Duration::ZERO).unwrap();
        let again = recorder.begin(&mut first, &photo, Duration::ZERO);
        assert!(
            matches!(cause(&again), Some(GpuError::Unfinished)),
            "{again:?}"
        );
        submit(&gpu, first);
        recorder.abandon();
    }
    let expected = classifier.score(&photo).unwrap();
    let (found, _) = sliced(&gpu, &mut recorder, &photo, Duration::ZERO, || {});
    assert_eq!(found, expected);
}

#[test]
fn dropped_commands_are_reported() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let (_, photo) = photos().swap_remove(0);
    for _ in 0..5 {
        let mut dropped = encoder(&gpu);
        let mut answer = recorder.record(&mut dropped, &photo).unwrap();
        assert!(answer.take_ready().unwrap().is_none());
        drop(dropped);
        let error = answer.wait().unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(GpuError::NotSubmitted)),
            "{error}"
        );
    }
    let mut kept = encoder(&gpu);
    let answer = recorder.record(&mut kept, &photo).unwrap();
    submit(&gpu, kept);
    // A waiting task is woken, whichever call submits the commands.
    let expected = classifier.score(&photo).unwrap();
    assert_eq!(pollster::block_on(answer).unwrap(), expected);
}

#[test]
fn logits_stay_on_the_device_for_the_applications_shaders() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let (_, photo) = photos().swap_remove(3);
    let expected = classifier.score(&photo).unwrap();
    let mut all = encoder(&gpu);
    let answer = recorder.record(&mut all, &photo).unwrap();
    let logits = answer.logits_buffer().unwrap();
    assert!(logits.usage().contains(wgpu::BufferUsages::STORAGE));
    let bytes = 4 * expected.classes as u64;
    let copy = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    // The copy follows the run in the same encoder.
    all.copy_buffer_to_buffer(logits, 0, &copy, 0, bytes);
    submit(&gpu, all);
    copy.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    gpu.device()
        .poll(wgpu::PollType::wait_indefinitely())
        .unwrap();
    let found: Vec<f32> = bytemuck::pod_collect_to_vec(&copy.get_mapped_range(..).unwrap());
    assert_eq!(found, expected.logits);
    assert_eq!(answer.wait().unwrap(), expected);
}

/// Commands that the device refuses because of other contents give no answer. In particular, they
/// must not return an older answer from the same memory.
#[test]
fn refused_commands_give_no_answer() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let photos = photos();
    let not_submitted = |answer: PendingScores| {
        let error = answer.wait().unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(GpuError::NotSubmitted)),
            "{error}"
        );
    };
    for (_, photo) in &photos {
        // After a few photos, every in-flight frame holds the answer of another photo.
        let mut good = encoder(&gpu);
        let answer = recorder.record(&mut good, photo).unwrap();
        submit(&gpu, good);
        let expected = classifier.score(photo).unwrap();
        assert_eq!(answer.wait().unwrap(), expected);

        let mut bad = encoder(&gpu);
        let answer = recorder.record(&mut bad, photo).unwrap();
        let destroyed = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 16,
            usage: wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        bad.clear_buffer(&destroyed, 0, None);
        destroyed.destroy();
        let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
        submit(&gpu, bad);
        assert!(pollster::block_on(scope.pop()).is_some(), "it was taken");
        not_submitted(answer);

        // Drops the first slice, or one of the next two.
        for dropped in [0, 1, 2] {
            let budget = Duration::ZERO;
            let mut answer = None;
            for slice in 0.. {
                let mut one = encoder(&gpu);
                let recorded = match slice {
                    0 => recorder.begin(&mut one, photo, budget).unwrap(),
                    _ => recorder.go_on(&mut one).unwrap(),
                };
                if slice != dropped {
                    submit(&gpu, one);
                }
                if let Slice::Last(last) = recorded {
                    answer = Some(last);
                    break;
                }
            }
            not_submitted(answer.unwrap());
        }
    }
    // The recorder works again.
    let mut good = encoder(&gpu);
    let answer = recorder.record(&mut good, &photos[2].1).unwrap();
    submit(&gpu, good);
    assert_eq!(
        answer.wait().unwrap(),
        classifier.score(&photos[2].1).unwrap()
    );
}

/// A recorder stays on its device when its classifier moves to another device.
#[test]
fn a_recorder_outlives_a_change_of_device() {
    let (gpu, other) = (own_gpu(), own_gpu());
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let mut recorder = classifier.recorder().unwrap();
    let (_, photo) = photos().swap_remove(4);
    let expected = classifier.score(&photo).unwrap();
    let scene = texture(&gpu, &photo, wgpu::TextureFormat::Rgba8Unorm);
    classifier.recreate(&other).unwrap();
    let mut one = encoder(&gpu);
    let answer = recorder.record(&mut one, &scene).unwrap();
    submit(&gpu, one);
    assert_eq!(answer.wait().unwrap(), expected);
    assert_eq!(classifier.score(&photo).unwrap(), expected);
}

/// The recorder of a classifier with large batches runs one image at a time.
#[test]
fn batches_do_not_make_frames_longer() {
    let gpu = own_gpu();
    let options = ClassifierOptions {
        batch: 16,
        ..Default::default()
    };
    let model = Model::embedded().unwrap();
    let batches = Classifier::new(&gpu, &model, &options).unwrap();
    let (_, photo) = photos().swap_remove(0);
    let one = classifier(&gpu, &model, 1).score(&photo).unwrap();
    let near = |found: &Scores| assert!(difference(found, &one) < 1e-4);
    near(&batches.score(&photo).unwrap());
    let mut recorder = batches.recorder().unwrap();
    let scene = texture(&gpu, &photo, wgpu::TextureFormat::Rgba8Unorm);
    let mut frame = encoder(&gpu);
    let answer = recorder.record(&mut frame, &scene).unwrap();
    let bytes = answer.logits_buffer().unwrap().size();
    submit(&gpu, frame);
    near(&answer.wait().unwrap());
    // The buffer holds the logits and probabilities of one image, padded to whole rows if values
    // are textures.
    assert!(bytes <= 2 << 15, "{bytes} bytes of results");
}
