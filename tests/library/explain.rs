//! Tests of class activation maps: their exactness, and their position over the subject.

use resnet_wgpu::low_level::explain::ExplainError;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{
    Checkpoint, Classifier, ClassifierOptions, Device, Explainer, ExplainerOptions, Hints,
    ImageLimits, Model, Network, PreprocessOverrides, Tensor, Views, decode_file,
};
use safetensors::tensor::{Dtype, TensorView};

use crate::support::device::gpu;

fn photo(name: &str) -> RgbImage {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("photos")
        .join(name);
    decode_file(&path, &ImageLimits::default()).unwrap()
}

fn explainer(device: impl Into<Device>, model: &Model, side: Option<usize>) -> Explainer {
    let options = ExplainerOptions {
        preprocess: PreprocessOverrides {
            input_size: side,
            ..Default::default()
        },
        ..Default::default()
    };
    Explainer::new(device, model, &options).unwrap()
}

#[test]
fn a_maps_mean_and_the_bias_are_the_logit() {
    let gpu = gpu();
    let seeded = |preset| Model::synthetic(Network::preset(preset).unwrap(), 3).unwrap();
    for (model, side) in [
        (Model::embedded().unwrap(), None),
        (seeded("resnet18"), Some(97)),
        (seeded("resnet50"), Some(64)),
        (seeded("preact-resnet18"), Some(64)),
        (seeded("resnext50-32x4d"), Some(64)),
    ] {
        for device in [Device::from(&gpu), Device::Cpu] {
            let explainer = explainer(device, &model, side);
            for e in explainer.explain(&photo("coffee.png"), 10).unwrap() {
                let (found, logit) = (e.map.logit(), e.prediction.logit);
                let most = e
                    .map
                    .values
                    .iter()
                    .fold(1.0f32, |most, v| most.max(v.abs()));
                assert!(
                    (found - logit).abs() < 1e-5 * most,
                    "{}, class {}: {found} is not {logit}",
                    model.network().name,
                    e.prediction.class
                );
            }
        }
    }
}

#[test]
fn a_task_awaits_the_same_maps() {
    let (gpu, model) = (gpu(), Model::embedded().unwrap());
    let explainer = explainer(&gpu, &model, None);
    let picture = photo("coffee.png");
    let expected = explainer.explain(&picture, 3).unwrap();
    let waits = gpu.waits();
    let found = pollster::block_on(explainer.explain_async(&picture, 3)).unwrap();
    assert_eq!(found, expected);
    assert_eq!(gpu.waits(), waits, "a task waited");
}

#[test]
fn an_explainer_shares_the_weights_of_its_classifier() {
    let (gpu, picture) = (gpu(), photo("coffee.png"));
    let model = Model::synthetic(Network::preset("resnet18").unwrap(), 3).unwrap();
    let preprocess = PreprocessOverrides {
        input_size: Some(97),
        ..Default::default()
    };
    let expected = explainer(&gpu, &model, Some(97));
    let expected = expected.explain(&picture, 3).unwrap();
    let options = ClassifierOptions {
        preprocess,
        ..Default::default()
    };
    let others = ClassifierOptions {
        batch: 3,
        views: Views::TenCrop,
        layers: vec!["layer1".into()],
        ..options.clone()
    };
    for (options, device) in [
        (&options, Device::from(&gpu)),
        (&others, Device::from(&gpu)),
        (&options, Device::Cpu),
    ] {
        let classifier = Classifier::new(&device, &model, options).unwrap();
        let own = classifier.session().shared_bytes();
        let scores = classifier.score(&picture).unwrap();
        let explainer = Explainer::of_classifier(&classifier).unwrap();
        // The two runs wait for each other on the device, but this thread does not wait.
        let one = options.views.count() == 1;
        let answer = one.then(|| classifier.start(&picture).unwrap());
        let found = explainer.explain(&picture, 3).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            let (found, expected) = (&found.map.values, &expected.map.values);
            let most = expected.iter().fold(0.0f32, |most, v| most.max(v.abs()));
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() <= 1e-4 * most, "{a} is not {b}");
            }
        }
        assert_eq!(found[0].prediction.class, expected[0].prediction.class);
        let after = classifier.score(&picture).unwrap();
        assert_eq!(after.logits, scores.logits);
        if let Some(answer) = answer {
            assert_eq!(answer.wait().unwrap().logits, scores.logits);
            let both = explainer.classifier().session().shared_bytes();
            assert_eq!(both.0, own.0, "weights are there twice");
            assert!(own.0 > 0 || device.gpu().is_none());
        }
    }
}

/// Returns a ResNet-20 that sums brightness. All weights are positive; brightness supports class 0
/// and opposes class 1.
fn brightness() -> Model {
    let network = Network::preset("resnet20").unwrap();
    let graph = network.graph(32, 32).unwrap();
    let tensor = |name: &str, shape: &[usize]| {
        let each: usize = shape[1..].iter().product();
        Tensor::from_fn(shape.to_vec(), |i| match name.rsplit('.').next() {
            Some("weight") if shape.len() == 4 => 1.0 / each as f32,
            Some("weight") if shape.len() == 2 => [1.0, -1.0, 0.0][(i / each).min(2)],
            Some("weight" | "running_var") => 1.0,
            _ => 0.0,
        })
    };
    let tensors: Vec<(String, Vec<u8>, Vec<usize>)> = (graph.params().into_iter())
        .map(|spec| {
            let values = tensor(&spec.name, &spec.shape);
            let bytes = values.data().iter().flat_map(|v| v.to_le_bytes()).collect();
            (spec.name, bytes, spec.shape)
        })
        .collect();
    let views = tensors.iter().map(|(name, bytes, shape)| {
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
        )
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    let checkpoint = Checkpoint::from_bytes("brightness", bytes).unwrap();
    Model::load(&checkpoint, &Hints::default()).unwrap()
}

#[test]
fn a_subject_left_of_the_centre_shows_its_heat_there() {
    let (model, gpu) = (brightness(), gpu());
    let explainer = explainer(&gpu, &model, None);
    // The picture is wide, so that the crop leaves out its sides.
    let subject = |left: u32| {
        RgbImage::from_fn(200, 100, |x, y| {
            let inside = (left..left + 20).contains(&x) && (40..60).contains(&y);
            image::Rgb([if inside { 255 } else { 0 }; 3])
        })
    };
    for (left, is_left) in [(65, true), (115, false)] {
        let photo = subject(left);
        for (class, heat_at_subject) in [(0, true), (1, false)] {
            let map = explainer.explain_class(&photo, class).unwrap().map;
            let region = explainer.preprocess().region(200, 100).unwrap();
            // The centre of mass of the heat, as a column of the picture.
            let scaled = map.scaled();
            let mass: f32 = scaled.values.iter().sum();
            let columns = (0..)
                .zip(&scaled.values)
                .map(|(i, v)| (i % map.width) as f32 * v);
            let column = f64::from(columns.sum::<f32>() / mass) + 0.5;
            let x = region.left + region.width * column / map.width as f64;
            println!("subject at {left}, class {class}: heat at {x:.1}");
            assert_eq!(x < 100.0, is_left == heat_at_subject, "class {class}: {x}");
            if heat_at_subject {
                let subject = f64::from(left) + 10.0;
                assert!(
                    (x - subject).abs() < 15.0,
                    "the subject is at {subject}, not {x}"
                );
            }
        }
    }
}

#[test]
fn what_has_no_map_is_an_error() {
    let vgg = Model::synthetic(Network::preset("vgg19").unwrap(), 0).unwrap();
    let error = Explainer::new(Device::Cpu, &vgg, &ExplainerOptions::default()).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(ExplainError::NoHead { .. })),
        "{error}"
    );
    let classifier = Classifier::new(Device::Cpu, &vgg, &ClassifierOptions::default()).unwrap();
    let error = Explainer::of_classifier(&classifier).unwrap_err();
    assert!(matches!(
        error.downcast_ref(),
        Some(ExplainError::NoHead { .. })
    ));
    let model = Model::embedded().unwrap();
    let explainer = explainer(Device::Cpu, &model, None);
    let error = explainer
        .explain_class(&photo("coffee.png"), 10)
        .unwrap_err();
    assert!(
        error.to_string().contains("expected one from 0 to 9"),
        "{error}"
    );
}
