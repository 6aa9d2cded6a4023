//! Tests of f16 (devices without f16, weights or values that do not fit, and the consequences), and
//! of images as bytes. The tests run on every adapter of this machine.

use crate::support::device::gpus;
use crate::support::scaled::scaled;
use resnet_wgpu::low_level::kernels::{MemoryKind, Scalar, Storage};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{Plan, PlanOptions};
use resnet_wgpu::low_level::verify::{self, Difference, RangeCheck, TOLERANCE_F16_LOGITS};
use resnet_wgpu::low_level::weights::synthetic_tensor;
use resnet_wgpu::{
    Device, DeviceSelector, Gpu, InputForm, Model, Precision, RunOutputs, Session, SessionOptions,
};

const F16: PlanOptions = PlanOptions {
    choice: resnet_wgpu::low_level::plan::KernelChoice::Auto,
    precision: Scalar::F16,
    input: InputForm::F32,
};

fn halves() -> impl Iterator<Item = Gpu> {
    gpus().into_iter().filter(|gpu| gpu.profile().f16)
}

fn logits(session: &mut Session, image: &resnet_wgpu::low_level::tensor::Tensor) -> Vec<f32> {
    session.run(image).unwrap().logits.into_data()
}

#[test]
fn f16_agrees_with_the_reference_and_takes_less() {
    let model = Model::embedded().unwrap();
    let data = synthetic_tensor("input", &[3, 32, 32, 3], 0, 1.0);
    let images = resnet_wgpu::low_level::tensor::Tensor::new([3, 32, 32, 3], data).unwrap();
    let options = SessionOptions {
        batch: 2,
        layers: vec!["layer2".into()],
        precision: Precision::F16,
        ..SessionOptions::default()
    };
    let f32s = SessionOptions {
        precision: Precision::F32,
        ..options.clone()
    };
    let reference = Session::new(Device::Cpu, &model, &f32s).unwrap();
    let expected = reference.run(&images).unwrap();
    for gpu in halves() {
        let session = Session::new(&gpu, &model, &options).unwrap();
        assert_eq!(session.precision().scalar, Scalar::F16);
        let found = session.run(&images).unwrap();
        let near = |found: &[f32], expected: &[f32]| {
            let d = Difference::between(found, expected);
            assert!(d.within(TOLERANCE_F16_LOGITS), "{:.2e}", d.relative());
            // A difference from f32 shows that the session really computes in f16.
            assert!(d.relative() > 1e-6, "{:.2e}", d.relative());
        };
        near(found.logits.data(), expected.logits.data());
        near(found.layers[0].1.data(), expected.layers[0].1.data());
        let plan = session.plan().unwrap();
        let whole = Session::new(&gpu, &model, &f32s).unwrap();
        let whole = whole.plan().unwrap();
        assert!(plan.weight_bytes() < whole.weight_bytes());
        assert!(plan.activation_bytes() < whole.activation_bytes());
        assert!(
            plan.outputs
                .iter()
                .map(|o| o.scalar)
                .eq([Scalar::F32, Scalar::F16])
        );
        let raw = MemoryKind::Texture(Scalar::F32);
        let input = plan.slots[plan.input.slot].memory_kind;
        assert!(input == raw || gpu.profile().storage == Storage::Buffers);
    }
}

#[test]
fn missing_f16_is_reported() {
    let limits = wgpu::Limits::default();
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits).unwrap();
    let model = Model::embedded().unwrap();
    let options = |precision| SessionOptions {
        precision,
        ..SessionOptions::default()
    };
    for error in [
        Session::new(&gpu, &model, &options(Precision::F16)).unwrap_err(),
        Session::new(Device::Cpu, &model, &options(Precision::F16)).unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(
            error.contains("SHADER_F16") && error.contains("use f32"),
            "{error}"
        );
    }
    let session = Session::new(&gpu, &model, &options(Precision::Auto)).unwrap();
    assert_eq!(session.precision().scalar, Scalar::F32);
    assert!(session.precision().why.as_ref().unwrap().contains("f16"));
    let lowered = lower(&model.graph(32, 32).unwrap(), model.params(), &[]).unwrap();
    let plan = Plan::new(&lowered, 1, gpu.profile(), &[], &F16).unwrap_err();
    assert!(plan.to_string().contains("SHADER_F16"), "{plan}");
}

/// One layer's values exceed 65,504, and the next layer's weights scale them back. Only that layer
/// is named.
#[test]
fn the_layer_that_overflows_is_named() {
    // The ReLU after the block's first batch norm passes the factor on.
    let (large, small) = (1e6, 1e-6);
    let model = scaled(&[
        ("layer2.1.bn1.weight", large),
        ("layer2.1.bn1.bias", large),
        ("layer2.1.conv2.weight", small),
    ]);
    for gpu in halves() {
        let verified = |options: &PlanOptions| {
            verify::network(&gpu, &model, 2, (32, 32), options, |_, _| {}).unwrap()
        };
        let found = verified(&F16);
        let named: Vec<&str> = found.overflows().map(|l| l.layer.as_str()).collect();
        assert_eq!(named, ["layer2.1.conv1"]);
        assert!(!found.passed(Scalar::F16));
        for layer in &found.layers {
            let next = layer.layer == "layer2.1.conv2";
            assert_eq!(layer.range == RangeCheck::Unknown, next, "{}", layer.layer);
        }
        assert!(verified(&PlanOptions::default()).passed(Scalar::F32));
    }
}

#[test]
fn a_weight_that_does_not_fit_is_named() {
    let model = scaled(&[("fc.weight", 1e7)]);
    let options = SessionOptions {
        precision: Precision::F16,
        ..SessionOptions::default()
    };
    for gpu in halves() {
        let error = Session::new(&gpu, &model, &options)
            .unwrap_err()
            .to_string();
        let says = |part: &str| assert!(error.contains(part), "{error}");
        says("fc.weight");
        says("65504");
        says("use f32");
    }
}

/// Images as bytes give bit for bit the results of the same numbers as floats.
#[test]
fn bytes_are_normalised_on_the_device() {
    let model = Model::embedded().unwrap();
    let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    // 31² pixels do not fill whole 32-bit words.
    let side = 31;
    let pixels: Vec<u8> = (0..3 * side * side * 3)
        .map(|i| (i * 7919 % 256) as u8)
        .collect();
    let images = resnet_wgpu::low_level::tensor::Tensor::from_fn([3, side, side, 3], |i| {
        (f32::from(pixels[i]) / 255.0 - mean[i % 3]) / std[i % 3]
    });
    for precision in [Precision::F32, Precision::F16] {
        let options = |input| SessionOptions {
            batch: 3,
            input_size: Some((side, side)),
            precision,
            input,
            ..SessionOptions::default()
        };
        let (floats, bytes) = (
            options(InputForm::F32),
            options(InputForm::Rgb8 { mean, std }),
        );
        let pair = |new: &dyn Fn(&SessionOptions) -> Session| (new(&floats), new(&bytes));
        let on_gpus = gpus()
            .into_iter()
            .filter(|gpu| gpu.precision(precision).is_ok());
        let mut pairs: Vec<_> = on_gpus
            .map(|gpu| pair(&|o| Session::new(&gpu, &model, o).unwrap()))
            .collect();
        if precision == Precision::F32 {
            pairs.push(pair(&|o| Session::new(Device::Cpu, &model, o).unwrap()));
        }
        for (mut floats, bytes) in pairs {
            let expected = logits(&mut floats, &images);
            let each = bytes.input_len();
            assert_eq!(each, side * side * 3);
            for n in [3, 1, 2] {
                let read = |found: &RunOutputs<'_>| assert_eq!(found.logits(), &expected[..n * 10]);
                bytes.run_batch(&pixels[..n * each], read).unwrap();
            }
            // A session refuses the form of images that it was not set up for.
            let error = floats.start(&pixels).unwrap_err().to_string();
            assert!(error.contains("expected images as f32"), "{error}");
            // Tensors are always floats, independent of the form of other runs.
            assert_eq!(bytes.run(&images).unwrap().logits.data(), expected);
        }
    }
}
