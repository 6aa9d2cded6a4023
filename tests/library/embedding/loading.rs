//! Tests of loading on a thread that does not draw.

use std::time::{Duration, Instant};

use crate::support::cause::cause;
use resnet_wgpu::low_level::errors::ClassifyError;
use resnet_wgpu::low_level::weights::CheckpointError;
use resnet_wgpu::{
    Classifier, ClassifierOptions, Device, ErrorKind, Hints, Loading, Model, ModelSource, Monitor,
};

use super::common::{classifier, golden, own_gpu, photos};

#[test]
fn a_model_comes_by_itself() {
    let gpu = own_gpu();
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier(&gpu, &Model::embedded().unwrap(), 1)
        .score(&photo)
        .unwrap();
    let options = ClassifierOptions::default();
    let mut loading = Loading::start(&gpu, ModelSource::Embedded, options).unwrap();
    let began = Instant::now();
    let mut last = 0.0;
    let loaded = loop {
        let fraction = loading.progress().fraction();
        assert!((last..=1.0).contains(&fraction), "{last} {fraction}");
        last = fraction;
        if let Some(loaded) = loading.take_ready().unwrap() {
            break loaded;
        }
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(loading.take_ready().unwrap().is_none());
    assert_eq!(loading.progress().fraction(), 1.0);
    let progress = loading.progress();
    assert!(progress.weights.total > 100_000, "{progress:?}");
    assert_eq!(progress.weights.done, progress.weights.total);
    assert_eq!(loaded.score(&photo).unwrap(), expected);
    assert_eq!(loaded.model().network().name, "resnet20");
    // The classifier was taken, so waiting for it fails. Dropping the finished `Loading` cancels
    // nothing.
    let taken = loading.wait();
    assert!(
        matches!(cause(&taken), Some(ClassifyError::Taken)),
        "{taken:?}"
    );
    loaded.recreate(&gpu).unwrap();
    assert_eq!(loaded.score(&photo).unwrap(), expected);

    let mut again = Loading::start(Device::Cpu, ModelSource::Embedded, Default::default()).unwrap();
    assert!(pollster::block_on(&mut again).is_ok());
    let taken = pollster::block_on(again);
    assert!(
        matches!(cause(&taken), Some(ClassifyError::Taken)),
        "{taken:?}"
    );
    let bytes = std::fs::read("weights/resnet20-cifar10.safetensors").unwrap();
    let source = ModelSource::Bytes("mine".into(), bytes.into(), Hints::default());
    let loading = Loading::start(&gpu, source, Default::default()).unwrap();
    assert_eq!(loading.wait().unwrap().score(&photo).unwrap(), expected);
}

#[test]
fn loading_can_be_cancelled_at_any_time() {
    let gpu = own_gpu();
    let model = golden("resnet18@224");
    let mut cancelled = 0;
    for delay in [0, 1, 5, 20, 60] {
        let source = ModelSource::Model(Box::new(model.clone()));
        let loading = Loading::start(&gpu, source, Default::default()).unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        loading.cancel();
        match loading.wait() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Cancelled => cancelled += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(cancelled > 0);
    // Cancels while the weights are uploaded. Loading must stop before all weights are there.
    let options = ClassifierOptions::default();
    let monitor = &options.monitor;
    let ended = std::thread::scope(|scope| {
        let made = scope.spawn(|| Classifier::new(&gpu, &model, &options));
        while monitor.progress().weights.done == 0 && !made.is_finished() {
            std::thread::yield_now();
        }
        monitor.cancel();
        made.join().unwrap()
    });
    assert!(
        ended
            .as_ref()
            .is_err_and(|e| e.kind() == ErrorKind::Cancelled),
        "{ended:?}"
    );
    let weights = monitor.progress().weights;
    assert!(
        0 < weights.done && weights.done < weights.total,
        "{weights:?}"
    );
    // Cancelling does not damage the device.
    let source = ModelSource::Model(Box::new(model.clone()));
    let loading = Loading::start(&gpu, source, Default::default()).unwrap();
    assert!(loading.wait().is_ok());
}

/// Options serve any number of classifiers, even if the first was cancelled.
#[test]
fn options_can_be_used_again() {
    let options = ClassifierOptions::default();
    let start = || Loading::start(Device::Cpu, ModelSource::Embedded, options.clone()).unwrap();
    drop(start());
    let (first, second) = (start(), start());
    first.cancel();
    assert!(second.wait().is_ok());
    assert!(start().wait().is_ok());
    drop(first);
    assert!(Classifier::new(Device::Cpu, &Model::embedded().unwrap(), &options).is_ok());
    assert!(!options.monitor.is_cancelled());
    // Cancelling returns this error without a loading thread, too.
    options.monitor.cancel();
    for device in [Device::Cpu, own_gpu().into()] {
        let made = Classifier::new(device, &golden("resnet18@224"), &options);
        assert!(
            made.as_ref()
                .is_err_and(|e| e.kind() == ErrorKind::Cancelled),
            "{made:?}"
        );
    }
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
fn what_is_wrong_with_a_file_is_reported() {
    let source = ModelSource::File("no such file".into(), Hints::default());
    let loading = Loading::start(Device::Cpu, source, Default::default()).unwrap();
    let error = loading.wait().unwrap_err();
    assert!(error.downcast_ref::<CheckpointError>().is_some(), "{error}");
    assert!(error.to_string().contains("no such file"), "{error}");
}
