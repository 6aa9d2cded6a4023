//! Tests of `resnet run`.

use std::fs;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::support::{Folder, resnet};

/// Returns a safetensors file with one tensor.
fn tensor_file(name: &str, dtype: Dtype, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let view = TensorView::new(dtype, shape.to_vec(), data).unwrap();
    safetensors::serialize([(name, view)], None).unwrap()
}

/// Returns numbers between -1 and 1 that vary.
fn numbers(n: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 7919 % 2003) as f32) / 1001.0 - 1.0)
        .collect()
}

fn input(shape: [usize; 4]) -> Vec<u8> {
    let data = numbers(shape.iter().product());
    tensor_file("input", Dtype::F32, &shape, bytemuck::cast_slice(&data))
}

/// Returns the shape and the numbers of a tensor.
fn tensor(file: &[u8], name: &str) -> (Vec<usize>, Vec<f32>) {
    let file = SafeTensors::deserialize(file).unwrap();
    let view = file.tensor(name).unwrap();
    assert_eq!(view.dtype(), Dtype::F32);
    let floats = view.data().chunks_exact(4);
    let floats = floats.map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    (view.shape().to_vec(), floats.collect())
}

#[test]
fn layers_come_out_as_pytorch_has_them() {
    let folder = Folder::new();
    let images = folder.write("in.safetensors", input([3, 3, 40, 36]));
    let layers = [
        "layer1",
        "layer1.0.conv2",
        "layer3.2.bn2",
        "avgpool",
        "fc",
        "linear",
        "layer1",
    ];
    let mut outputs = vec![];
    for (device, batch) in [("auto", "2"), ("cpu", "4"), ("auto", "1")] {
        let output = folder.arg(&format!("{device}{batch}.safetensors"));
        let mut args = vec!["run", "--input", &images, "--output", &output];
        args.extend(["--device", device, "--batch-size", batch]);
        args.extend(layers.iter().flat_map(|layer| ["--layer", layer]));
        let stdout = resnet(&args).ok();
        assert!(stdout.starts_with("logits [3, 10]\n"), "{stdout}");
        outputs.push(fs::read(output).unwrap());
    }
    for (name, shape) in [
        ("logits", vec![3, 10]),
        ("layer1", vec![3, 16, 40, 36]),
        ("layer1.0.conv2", vec![3, 16, 40, 36]),
        ("layer3.2.bn2", vec![3, 64, 10, 9]),
        ("avgpool", vec![3, 64, 1, 1]),
        ("fc", vec![3, 10]),
    ] {
        let (found_shape, expected) = tensor(&outputs[1], name);
        assert_eq!(found_shape, shape, "{name}");
        let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
        for output in &outputs {
            let (_, found) = tensor(output, name);
            for (f, e) in found.iter().zip(&expected) {
                assert!((f - e).abs() <= 1e-4 * largest, "{name}: {f} {e}");
            }
        }
    }
    for output in &outputs {
        assert_eq!(tensor(output, "fc"), tensor(output, "logits"));
        assert_eq!(tensor(output, "fc"), tensor(output, "linear"));
        // Values before the ReLU are negative somewhere. Values after the ReLU are never negative.
        assert!(tensor(output, "layer3.2.bn2").1.iter().any(|v| *v < 0.0));
        assert!(tensor(output, "layer1").1.iter().all(|v| *v >= 0.0));
        // The pool is the mean of the values after the ReLU, so the means are not negative either.
        assert!(tensor(output, "avgpool").1.iter().all(|v| *v >= 0.0));
    }
    // No temporary files are left next to the outputs.
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 4);
}

#[test]
fn other_floats_are_converted() {
    let folder = Folder::new();
    let shape = [1, 3, 32, 32];
    let data: Vec<f32> = numbers(3 * 32 * 32);
    let data: Vec<f32> = data
        .iter()
        .map(|v| half::bf16::from_f32(*v).to_f32())
        .collect();
    let bytes = |f: &dyn Fn(f32) -> Vec<u8>| data.iter().flat_map(|v| f(*v)).collect::<Vec<u8>>();
    let mut results = vec![];
    for (dtype, data) in [
        (Dtype::F32, bytes(&|v| v.to_le_bytes().into())),
        (Dtype::F64, bytes(&|v| f64::from(v).to_le_bytes().into())),
        (
            Dtype::BF16,
            bytes(&|v| half::bf16::from_f32(v).to_le_bytes().into()),
        ),
        (
            Dtype::F16,
            bytes(&|v| half::f16::from_f32(v).to_le_bytes().into()),
        ),
    ] {
        let images = folder.write("in.safetensors", tensor_file("input", dtype, &shape, &data));
        let output = folder.arg("out.safetensors");
        let args = [
            "run", "--device", "cpu", "--input", &images, "--output", &output,
        ];
        resnet(&args).ok();
        results.push(tensor(&fs::read(output).unwrap(), "logits"));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn bad_inputs_are_named() {
    let folder = Folder::new();
    let output = folder.arg("out.safetensors");
    let ints = tensor_file("input", Dtype::I64, &[1, 3, 1, 1], &[0; 24]);
    for (name, bytes, says) in [
        (
            "name",
            tensor_file("image", Dtype::F32, &[1], &[0; 4]),
            "expected a tensor `input`",
        ),
        (
            "rank",
            tensor_file("input", Dtype::F32, &[3], &[0; 12]),
            "expected shape [N, 3, H, W]",
        ),
        (
            "empty",
            tensor_file("input", Dtype::F32, &[0, 3, 8, 8], &[]),
            "found [0, 3, 8, 8]",
        ),
        ("gray", input([1, 1, 8, 8]), "found [1, 1, 8, 8]"),
        ("ints", ints, "expected F32"),
        (
            "short",
            input([1, 3, 8, 8])[..99].to_vec(),
            "broken safetensors header",
        ),
        (
            "npy",
            b"\x93NUMPY\x01\0and so on".to_vec(),
            "expected safetensors",
        ),
        ("nothing", vec![], "expected safetensors"),
    ] {
        let file = folder.write(name, bytes);
        let error = resnet(&["run", "--input", &file, "--output", &output]).error(1);
        assert!(error.contains(says), "{name}: {error}");
    }
    let error = resnet(&[
        "run",
        "--input",
        &folder.arg("missing"),
        "--output",
        &output,
    ])
    .error(1);
    assert!(error.contains("cannot be read"), "{error}");
    assert!(!folder.path("out.safetensors").exists());
}

#[test]
fn unknown_layers_are_named() {
    let folder = Folder::new();
    let images = folder.write("in.safetensors", input([1, 3, 32, 32]));
    let output = folder.arg("out.safetensors");
    for device in ["auto", "cpu"] {
        let args = [
            "run", "--input", &images, "--output", &output, "--layer", "layer9", "--device", device,
        ];
        let error = resnet(&args).error(2);
        assert!(error.contains("no layer `layer9` in resnet20"), "{error}");
    }
    assert!(!folder.path("out.safetensors").exists());
}

#[test]
fn unwritable_outputs_are_found_first() {
    let folder = Folder::new();
    // The error is found before the input is read.
    for output in ["no/such/directory/out.safetensors", "/", "photos"] {
        let args = ["run", "--input", &folder.arg("missing"), "--output", output];
        let error = resnet(&args).error(1);
        assert!(error.starts_with(&format!("error: {output}: ")), "{error}");
    }
}

#[test]
fn the_logits_are_not_repeated_as_a_layer() {
    let folder = Folder::new();
    let images = folder.write("in.safetensors", input([1, 3, 32, 32]));
    let output = folder.arg("out.safetensors");
    let args = ["run", "--input", &images, "--output", &output];
    let stdout = resnet(&[&args[..], &["--layer", "logits"]].concat()).ok();
    assert_eq!(stdout, "logits [1, 10]\n");
}

#[test]
fn input_files_are_not_overwritten() {
    let folder = Folder::new();
    let images = folder.write("in.safetensors", input([1, 3, 32, 32]));
    let before = fs::read(&images).unwrap();
    let error = resnet(&["run", "--input", &images, "--output", &images]).error(2);
    assert!(error.contains("a file that is read"), "{error}");
    assert_eq!(fs::read(&images).unwrap(), before);
}
