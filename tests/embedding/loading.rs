//! Loading off the thread that draws.

use std::time::{Duration, Instant};

use resnet_wgpu::Error;
use resnet_wgpu::classify::{ClassifierOptions, Loading, ModelSource};
use resnet_wgpu::model::Model;
use resnet_wgpu::monitor::Monitor;
use resnet_wgpu::weights::Hints;

use crate::common::{classifier, golden, own_gpu, photos};

#[test]
fn a_model_comes_by_itself() {
    let gpu = own_gpu();
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier(&gpu, &Model::embedded().unwrap(), 1)
        .score(&photo)
        .unwrap();
    let options = ClassifierOptions::default();
    let mut loading = Loading::start(Some(&gpu), ModelSource::Embedded, options).unwrap();
    let began = Instant::now();
    let mut last = 0.0;
    let loaded = loop {
        let fraction = loading.progress().fraction();
        assert!((last..=1.0).contains(&fraction), "{last} {fraction}");
        last = fraction;
        if let Some(loaded) = loading.take_ready() {
            break loaded.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(loading.take_ready().is_none());
    let progress = loading.progress();
    assert!(progress.weights.total > 100_000, "{progress:?}");
    assert_eq!(progress.weights.done, progress.weights.total);
    assert_eq!(loaded.score(&photo).unwrap(), expected);
    // Dropping it cancels nothing any more.
    drop(loading);
    loaded.recreate(Some(&gpu)).unwrap();
    assert_eq!(loaded.score(&photo).unwrap(), expected);

    let again = Loading::start(None, ModelSource::Embedded, Default::default()).unwrap();
    assert!(pollster::block_on(again).is_ok());
    let bytes = std::fs::read("weights/resnet20-cifar10.safetensors").unwrap();
    let source = ModelSource::Bytes("mine".into(), bytes.into(), Hints::default());
    let loading = Loading::start(Some(&gpu), source, Default::default()).unwrap();
    assert_eq!(loading.wait().unwrap().score(&photo).unwrap(), expected);
}

#[test]
fn loading_can_be_cancelled_at_any_time() {
    let gpu = own_gpu();
    let model = golden("resnet18@224");
    let mut cancelled = 0;
    for delay in [0, 1, 5, 20, 60] {
        let source = ModelSource::Model(Box::new(model.clone()));
        let loading = Loading::start(Some(&gpu), source, Default::default()).unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        loading.cancel();
        match loading.wait() {
            Ok(_) => {}
            Err(Error::Cancelled(_)) => cancelled += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(cancelled > 0);
    // The device is none the worse for it.
    let source = ModelSource::Model(Box::new(model.clone()));
    let loading = Loading::start(Some(&gpu), source, Default::default()).unwrap();
    assert!(loading.wait().is_ok());
}

#[test]
fn cancelling_ends_the_check_of_a_file() {
    let monitor = Monitor::default();
    monitor.cancel();
    let path = "weights/resnet20-cifar10.safetensors";
    let checkpoint = resnet_wgpu::Checkpoint::from_file(path).unwrap();
    let error = Model::load_watched(&checkpoint, &Hints::default(), &monitor).unwrap_err();
    assert_eq!(error.to_string(), "loading was cancelled");
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let source = ModelSource::File("no such file".into(), Hints::default());
    let loading = Loading::start(None, source, Default::default()).unwrap();
    let error = loading.wait().unwrap_err();
    assert!(matches!(error, Error::Checkpoint(_)), "{error}");
    assert!(error.to_string().contains("no such file"), "{error}");
}
