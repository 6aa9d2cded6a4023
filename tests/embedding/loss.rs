//! A device that is lost, and one that has no more memory.

use resnet_wgpu::Error;
use resnet_wgpu::classify::{Classifier, ClassifierOptions};
use resnet_wgpu::gpu::GpuError;
use resnet_wgpu::model::Model;
use resnet_wgpu::session::{Session, SessionOptions};

use crate::common::{classifier, own_gpu, photos};

fn lost(error: &Error) -> bool {
    matches!(error, Error::Gpu(GpuError::Lost { .. }))
}

/// The device goes away while runs are in flight, awaited, recorded and begun.
#[test]
fn a_lost_device_is_told_and_replaced() {
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

    let flying = classifier.start(&photos[0].1).unwrap();
    gpu.device().destroy();
    // What was submitted before may still come, and right.
    match flying.wait() {
        Ok(scores) => assert_eq!(scores, expected[0]),
        Err(error) => assert!(lost(&error), "{error}"),
    }
    for _ in 0..3 {
        let error = classifier.score(&photos[1].1).unwrap_err();
        assert!(lost(&error), "{error}");
        let error = pollster::block_on(classifier.score_async(&photos[1].1)).unwrap_err();
        assert!(lost(&error), "{error}");
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let recorded = recorder.submit(&mut encoder, &photos[1].1);
        gpu.queue().submit([encoder.finish()]);
        let error = recorded.and_then(|answer| answer.wait()).unwrap_err();
        assert!(lost(&error), "{error}");
    }
    let made = Classifier::new(Some(&gpu), &model, &ClassifierOptions::default());
    assert!(lost(made.as_ref().unwrap_err()), "{made:?}");
    // A device that is lost already is no replacement, and leaves all as it was.
    assert!(lost(&classifier.recreate(Some(&gpu)).unwrap_err()));

    classifier.recreate(Some(&own_gpu())).unwrap();
    for ((name, photo), expected) in photos.iter().zip(&expected) {
        assert_eq!(classifier.score(photo).unwrap(), *expected, "{name}");
        assert_eq!(other.score(photo).unwrap(), *expected, "{name}, a clone");
    }
}

/// The same from other threads: none hangs, each gets an answer or an error.
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
    classifier.recreate(Some(&own_gpu())).unwrap();
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
            matches!(
                error,
                Error::Plan(_) | Error::Gpu(GpuError::OutOfMemory { .. })
            ),
            "{error}"
        );
    }
    let session = Session::new(&gpu, &model, &absurd(4)).unwrap();
    let image = vec![0.5; session.input_len()];
    session
        .run_batch(&image, |_, logits| assert!(logits[0].is_finite()))
        .unwrap();
}
