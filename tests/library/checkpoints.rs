//! Tests of checkpoints as other programs write them. Every naming of every network is recognised,
//! and every defect of a file is one typed error.

use std::path::Path;

use resnet_wgpu::low_level::graph::ZeroChannels;
use resnet_wgpu::low_level::models::{
    ActivationOrder, Block, Naming, Shortcut, Stem, StridePlacement, presets,
};
use resnet_wgpu::low_level::tensor::Params;
use resnet_wgpu::low_level::weights::{Listing, Settings, fnv1a64, synthetic_tensor};
use resnet_wgpu::{Checkpoint, Device, Hints, Model, Network, Session, SessionOptions};
use serde_json::{Value, json};

/// A tensor to write: name, dtype, shape, little-endian bytes.
type RawTensor = (String, &'static str, Vec<usize>, Vec<u8>);

/// Returns a safetensors file with the given header and data. Nothing is checked.
fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

fn file(tensors: &[RawTensor], metadata: Option<Value>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    if let Some(config) = metadata {
        header.insert("__metadata__".into(), json!({"config": config.to_string()}));
    }
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        data.extend(bytes);
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
        header.insert(name.clone(), entry);
    }
    raw(&Value::Object(header).to_string(), &data)
}

/// Returns a CIFAR ResNet that is small enough to be written often.
fn tiny() -> Network {
    Network {
        name: "resnet (basic, [1, 1, 1])".into(),
        depths: vec![1, 1, 1],
        stem_width: 4,
        inner: vec![4, 8, 16],
        widths: vec![4, 8, 16],
        ..Network::preset("resnet20").unwrap()
    }
}

/// Returns the tiny network's checkpoint. `convert` encodes each number.
fn tiny_tensors(dtype: &'static str, convert: impl Fn(f32) -> Vec<u8>) -> Vec<RawTensor> {
    let net = tiny();
    let graph = net.graph(32, 32).unwrap();
    net.synthetic_tensors(&graph, 0, 1.0)
        .map(|t| {
            // The numbers are rounded to bf16, so that every dtype stores them exactly (except
            // f16).
            let short = |v: &f32| half::bf16::from_f32(*v).to_f32();
            let bytes = t.data.iter().flat_map(|v| convert(short(v))).collect();
            (t.stored, dtype, t.shape, bytes)
        })
        .collect()
}

fn f32s() -> Vec<RawTensor> {
    tiny_tensors("F32", |v| v.to_le_bytes().to_vec())
}

fn load(file: Vec<u8>) -> Result<Params, String> {
    let checkpoint = Checkpoint::from_bytes("f.safetensors", file).map_err(|e| e.to_string())?;
    let hints = Hints::default();
    let net = checkpoint
        .recognise(&hints)
        .map_err(|e| e.to_string())?
        .network;
    let graph = net.graph(32, 32).map_err(|e| e.to_string())?;
    checkpoint.load(&net, &graph).map_err(|e| e.to_string())
}

/// Asserts that loading fails and that the error contains each of `wants`, which `|` separates.
#[track_caller]
fn refused(file: Vec<u8>, wants: &str) {
    let err = load(file).expect_err(wants);
    assert!(
        wants.split('|').all(|w| err.contains(w)),
        "{err}\nlacks one of {wants}"
    );
}

fn listing(net: &Network, prefix: &str) -> Listing {
    let graph = net.graph(net.native_size(), net.native_size()).unwrap();
    let named = graph.params().into_iter().map(|mut spec| {
        if net.naming == Naming::TimmV2 && spec.name == "fc.weight" {
            spec.shape.extend([1, 1]);
        }
        (
            format!("{prefix}{}", net.checkpoint_name(&spec.name)),
            spec.shape,
        )
    });
    Listing::new("f", named)
}

fn fits(net: &Network, naming: Naming) -> bool {
    match naming {
        Naming::Torchvision => true,
        Naming::Cifar => net.block != Block::Single,
        Naming::TimmV2 => net.order == ActivationOrder::Pre,
        Naming::HuggingFace => {
            net.order == ActivationOrder::Post && matches!(net.stem, Stem::Conv7x7 | Stem::Conv3x3)
        }
    }
}

#[test]
fn every_preset_is_recognised_in_every_naming() {
    use Naming::{Cifar, HuggingFace, TimmV2, Torchvision};
    for name in presets() {
        let mut net = Network::preset(name).unwrap();
        let graph = net.graph(net.native_size(), net.native_size()).unwrap();
        for naming in [Torchvision, Cifar, TimmV2, HuggingFace] {
            if !fits(&net, naming) {
                continue;
            }
            net.naming = naming;
            for prefix in ["", "module.", "model.backbone."] {
                let listing = listing(&net, prefix);
                assert_eq!(listing.mismatch(&net, &graph), None, "{name} {naming:?}");
                // Some properties do not follow from shapes. The documentation names the defaults
                // that recognition assumes.
                let mut expected = net.clone();
                expected.stride_placement = StridePlacement::Conv3x3;
                if net.shortcut == Shortcut::None && net.block != Block::Single {
                    expected.shortcut = Shortcut::A(ZeroChannels::HalfBefore);
                }
                let settings = Settings::default();
                let found = listing.recognise(&Hints::default(), &settings).unwrap();
                expected.name = found.network.name.clone();
                assert_eq!(found.network, expected, "{name} {naming:?}");
                // With those defaults, the network may equal another preset and has that preset's
                // name.
                let reference = match name {
                    "plain18" | "plain34" => format!("{}-a", name.replace("plain", "resnet")),
                    _ => name.replace("plain", "resnet").replace("-v1", ""),
                };
                assert_eq!(found.network.name, reference);
                let hints = Hints {
                    preset: Network::preset(name),
                    ..Hints::default()
                };
                let found = listing.recognise(&hints, &settings).unwrap();
                assert_eq!(found.network, net, "{name} {naming:?} by its name");
            }
        }
    }
}

/// Compares names, shapes and seeded values with PyTorch's own state dicts and values, which
/// `goldens/make_networks.py` writes.
#[test]
fn names_shapes_and_seeded_values_are_pytorchs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/networks.json");
    let goldens: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for answer in goldens["known_answers"].as_array().unwrap() {
        let name = answer["name"].as_str().unwrap();
        let hash = format!("{:016x}", fnv1a64(name.as_bytes()));
        assert_eq!(answer["name_fnv"], hash.as_str());
        let shape: Vec<usize> = serde_json::from_value(answer["shape"].clone()).unwrap();
        let found = synthetic_tensor(name, &shape, 0, answer["factor"].as_f64().unwrap());
        let first: Vec<f32> = serde_json::from_value(answer["first"].clone()).unwrap();
        assert_eq!(found[..4], first, "{name}");
        assert_eq!(found.last().map(|v| f64::from(*v)), answer["last"].as_f64());
    }
    let cases = goldens["cases"].as_array().unwrap();
    assert!(cases.len() > 50);
    for case in cases {
        let mut net = Network::preset(case["preset"].as_str().unwrap()).unwrap();
        net.naming = match case["naming"].as_str().unwrap() {
            "huggingface" => Naming::HuggingFace,
            "akamaster" | "kuangliu" => Naming::Cifar,
            "timm" if net.order == ActivationOrder::Pre => Naming::TimmV2,
            _ => Naming::Torchvision,
        };
        let graph = net.graph(net.native_size(), net.native_size()).unwrap();
        assert_eq!(
            case["state_dict_fnv"],
            net.state_dict_fnv(&graph).as_str(),
            "{}",
            case["case"]
        );
        assert_eq!(case["tensor_count"], graph.params().len());
        let scale = case["residual_scale"].as_f64().unwrap();
        assert!(
            (net.residual_scale() - scale).abs() < 1e-6,
            "{}",
            case["case"]
        );
    }
}

#[test]
fn all_floating_point_types_load_as_the_same_numbers() {
    let single = load(file(&f32s(), None)).unwrap();
    assert!(single.len() > 30);
    for tensors in [
        tiny_tensors("F16", |v| half::f16::from_f32(v).to_le_bytes().to_vec()),
        tiny_tensors("BF16", |v| half::bf16::from_f32(v).to_le_bytes().to_vec()),
        tiny_tensors("F64", |v| f64::from(v).to_le_bytes().to_vec()),
    ] {
        let dtype = tensors[0].1;
        let other = load(file(&tensors, None)).unwrap();
        for ((name, a), (_, b)) in single.iter().zip(other.iter()) {
            let (a, b) = (a.get().unwrap(), b.get().unwrap());
            // f16 has fewer exponents than bf16, so its smallest numbers are coarser.
            let near = a
                .data()
                .iter()
                .zip(b.data())
                .all(|(a, b)| (a - b).abs() < 6e-8);
            assert!(near && (dtype == "F16" || a == b), "{name} {dtype}");
        }
    }
}

#[test]
fn counters_are_ignored_and_1x1_heads_reshaped() {
    let mut tensors = f32s();
    for t in &mut tensors {
        if t.0 == "linear.weight" {
            t.2.extend([1, 1]);
        }
        t.0 = format!("module.{}", t.0);
    }
    let counter = "module.bn1.num_batches_tracked".to_owned();
    tensors.push((counter, "I64", vec![], 3i64.to_le_bytes().to_vec()));
    let params = load(file(&tensors, None)).unwrap();
    assert_eq!(params.get("fc.weight").unwrap().shape(), [10, 16]);
    let plain = load(file(&f32s(), None)).unwrap();
    assert_eq!(params.get("fc.weight"), plain.get("fc.weight"));
}

#[test]
fn hostile_headers() {
    let sound = file(&f32s(), None);
    for len in 0..sound.len().min(9000) {
        let err = load(sound[..len].to_vec()).unwrap_err();
        assert!(err.starts_with("f.safetensors: "), "{err}");
    }
    refused(
        sound[..3].to_vec(),
        "broken safetensors header|found a file of 3 bytes|again",
    );
    refused(
        sound[..100].to_vec(),
        "found 92 before the file's end|download or export",
    );
    let mut huge = sound.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    refused(
        huge,
        "expected a header of at most|18446744073709551615|again",
    );
    let entry = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    refused(
        raw(r#"{"a": nonsense}"#, &[]),
        "expected JSON that lists tensors",
    );
    refused(raw(r#"{"a": 3}"#, &[]), "`a`: ");
    refused(
        raw(&format!("{{\"a\":{}}}", "[".repeat(100_000)), &[]),
        "broken safetensors header",
    );
    refused(
        raw(
            &format!(
                r#"{{"a":{},"b":{}}}"#,
                entry("[2]", 0, 8),
                entry("[2]", 4, 12)
            ),
            &[0; 12],
        ),
        "tensor `b`|overlap with `a`|offsets 4..12",
    );
    refused(
        raw(&format!(r#"{{"a":{}}}"#, entry("[2]", 0, 8)), &[0; 4]),
        "tensor `a`|within the file's 4 bytes|found 0..8",
    );
    refused(
        raw(
            &format!(r#"{{"a":{}}}"#, entry("[18446744073709551615,2]", 0, 8)),
            &[0; 8],
        ),
        "tensor `a`|[18446744073709551615, 2]",
    );
    refused(
        raw(
            &format!(r#"{{"a":{}}}"#, entry("[99999999999,2]", 0, 8)),
            &[0; 8],
        ),
        "tensor `a`|expected 799999999992 bytes|found 8",
    );
    // Each of these offsets passes alone, but their sum overflows an address.
    let step = u64::MAX / 8;
    let entries: Vec<String> = (0..9)
        .map(|i| {
            format!(
                "\"{i}\":{}",
                entry(&format!("[{}]", step / 4), i * step, (i + 1).min(8) * step)
            )
        })
        .collect();
    refused(
        raw(&format!("{{{}}}", entries.join(",")), &[0; 8]),
        "tensor `|offsets within the file's 8 bytes",
    );
    // No change of one byte in a header may cause a panic.
    let header = u64::from_le_bytes(sound[..8].try_into().unwrap()) as usize;
    for i in 0..8 + header {
        let mut broken = sound.clone();
        broken[i] ^= 1 << (i % 7);
        let _ = load(broken);
    }
}

#[test]
fn wrong_types_and_values() {
    let change = |name: &str, dtype: &'static str, bytes: &[u8]| {
        let mut tensors = f32s();
        let t = tensors.iter_mut().find(|t| t.0 == name).unwrap();
        t.1 = dtype;
        t.3[8..12].copy_from_slice(bytes);
        file(&tensors, None)
    };
    refused(
        change("layer2.0.conv1.weight", "I32", &[0; 4]),
        "tensor `layer2.0.conv1.weight`: expected F32, F16, BF16 or F64, found I32|float",
    );
    refused(
        change("bn1.weight", "F32", &f32::NAN.to_le_bytes()),
        "tensor `bn1.weight`, element 2: expected a finite number, found NaN|another checkpoint",
    );
    refused(
        change("linear.weight", "F32", &f32::NEG_INFINITY.to_le_bytes()),
        "tensor `linear.weight`, element 2|found -inf",
    );
    refused(
        change("bn1.running_var", "F32", &(-1f32).to_le_bytes()),
        "tensor `bn1.running_var`, element 2: expected a variance of at least 0, found -1",
    );
    let mut tensors = tiny_tensors("F64", |v| f64::from(v).to_le_bytes().to_vec());
    tensors[0].3[..8].copy_from_slice(&1e300f64.to_le_bytes());
    refused(
        file(&tensors, None),
        "`conv1.weight`, element 0: expected a number within f32's range",
    );
}

#[test]
fn all_that_does_not_fit_is_listed_in_one_error() {
    let mut tensors = f32s();
    tensors.retain(|t| t.0 != "layer1.0.bn2.bias" && t.0 != "bn1.weight");
    let t = tensors
        .iter_mut()
        .find(|t| t.0 == "layer3.0.bn1.bias")
        .unwrap();
    (t.2, t.3) = (vec![3], vec![0; 12]);
    tensors.push(("layer1.0.se.fc1.weight".into(), "F32", vec![2], vec![0; 8]));
    refused(
        file(&tensors, None),
        "2 missing, 1 unexpected, 1 of another shape|missing    layer1.0.bn2.bias: expected [4]|\
         missing    bn1.weight: expected [4]|unexpected layer1.0.se.fc1.weight: found [2]|\
         misshapen  layer3.0.bn1.bias: expected [16], found [3]|name the network",
    );
    // `load`, not `recognise`, reports a preset that contradicts the file.
    let checkpoint = Checkpoint::from_bytes("f", file(&f32s(), None)).unwrap();
    let hints = Hints {
        preset: Network::preset("resnet18"),
        ..Hints::default()
    };
    let net = checkpoint.recognise(&hints).unwrap().network;
    assert_eq!((net.name.as_str(), net.classes), ("resnet18", 10));
    let err = checkpoint
        .load(&net, &net.graph(64, 64).unwrap())
        .unwrap_err()
        .to_string();
    assert!(err.contains("do not fit resnet18"), "{err}");
    assert!(
        err.contains("missing    layer4.0.conv1.weight: expected [512, 256, 3, 3]"),
        "{err}"
    );
    assert!(
        err.contains("misshapen  conv1.weight: expected [64, 3, 7, 7], found [4, 3, 3, 3]"),
        "{err}"
    );
}

#[test]
fn what_is_no_resnet_says_what_was_looked_for() {
    let stored = |name: &str, shape: Vec<usize>| {
        let bytes = vec![0; 4 * shape.iter().product::<usize>()];
        (name.to_owned(), "F32", shape, bytes)
    };
    let bert = stored(
        "bert.encoder.layer.0.attention.self.query.weight",
        vec![8, 8],
    );
    refused(
        file(&[bert], None),
        "f.safetensors: no complete ResNet|a stem (conv1.weight|found tensors such as bert.|use the checkpoint of",
    );
    refused(file(&[], None), "found no tensors");
    let mut body = f32s();
    body.retain(|t| !t.0.starts_with("linear"));
    refused(
        file(&body, None),
        "expected a classifier (fc.weight, linear.weight",
    );
    let stem = stored("conv1.weight", vec![4, 3, 5, 5]);
    refused(
        file(
            &[stem, stored("layer1.0.conv1.weight", vec![4, 4, 3, 3])],
            None,
        ),
        "expected [width, 3, 7, 7] or [width, 3, 3, 3], found [4, 3, 5, 5]",
    );
    // A shape with a zero dimension takes no bytes. Such a shape must not create a huge network.
    let mut giant = f32s();
    for t in &mut giant {
        if t.0 == "linear.weight" {
            (t.2, t.3) = (vec![1 << 40, 0], vec![]);
        }
    }
    refused(
        file(&giant, None),
        "expected [classes, features], found [1099511627776, 0]",
    );
}

#[test]
fn other_formats_are_named_with_a_line_that_converts_them() {
    let zip =
        b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl";
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, want) in [
        (
            "model.pth",
            &zip[..],
            "a PyTorch checkpoint|python -c|torch.load|save_file",
        ),
        (
            "pytorch_model.bin",
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
            "a Python pickle|torch.load",
        ),
        (
            "model.onnx",
            b"\x08\x08\x12\x07pytorch\x1a\x05",
            "an ONNX model|python -c|onnx.load",
        ),
        (
            "model.safetensors",
            b"<!DOCTYPE html>\n<html lang=en>",
            "a web page (HTML)|/resolve/",
        ),
        (
            "lfs.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "git-lfs pointer|git lfs pull",
        ),
        ("model.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", "HDF5|timm"),
        ("index.json", b"{\"weight_map\": {}}", "JSON|.safetensors"),
        (
            "empty.safetensors",
            b"",
            "an empty file|download or export it again",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let err = Checkpoint::from_file(&path).unwrap_err().to_string();
        assert!(
            err.contains(name) && err.contains("expected safetensors, found "),
            "{err}"
        );
        assert!(want.split('|').all(|w| err.contains(w)), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let err = Checkpoint::from_file(folder.path())
        .unwrap_err()
        .to_string();
    assert!(
        err.contains("expected a file, found a directory") && err.contains("name the"),
        "{err}"
    );
    for path in [
        folder.path().join("absent"),
        folder.path().join("model.onnx/x"),
    ] {
        let err = Checkpoint::from_file(&path).unwrap_err().to_string();
        assert!(
            err.contains("cannot be read") && err.contains("check the path"),
            "{err}"
        );
    }
}

#[test]
fn metadata_has_priority_over_files_next_to_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let path = folder.path().join("tiny.safetensors");
    let config = json!({"architecture": "plain20", "classes": ["a", "b"], "input_size": 32,
        "resize": 32, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2],
        "interpolation": "bilinear", "dataset": "CIFAR-10", "top1": 0.9201});
    std::fs::write(&path, file(&f32s(), Some(config))).unwrap();
    write(
        "config.json",
        r#"{"architecture": "resnet20", "pretrained_cfg":
        {"input_size": [3, 64, 64], "crop_pct": 0.9, "interpolation": "bicubic", "eps": 0.001}}"#,
    );
    write(
        "preprocessor_config.json",
        r#"{"image_processor_type": "ConvNextImageProcessor", "size": 99, "image_mean": [0, 0, 0]}"#,
    );
    let checkpoint = Checkpoint::from_file(&path).unwrap();
    let found = checkpoint.recognise(&Hints::default()).unwrap();
    assert_eq!(found.network.shortcut, Shortcut::None);
    assert_eq!(found.network.eps, 1e-3);
    let s = &found.settings;
    assert_eq!(
        (s.input_size, s.resize, s.crop_pct),
        (Some(32), Some(32), None)
    );
    assert_eq!(
        (s.mean, s.interpolation.as_deref()),
        (Some([0.5, 0.4, 0.3]), Some("bilinear"))
    );
    let from = |what: &str| {
        let row = found.sources.iter().find(|(w, _)| w.starts_with(what));
        row.map_or("", |(_, from)| from.as_str())
    };
    assert!(
        from("labels: 2").starts_with("metadata of "),
        "{:?}",
        found.sources
    );
    assert!(from("shortcut: none").starts_with("architecture `plain20`, metadata of "));
    assert!(from("eps: 1e-3").ends_with("config.json"));
    let err = s.labels_for(10).unwrap_err().to_string();
    assert!(
        err.contains("metadata of ") && err.contains("expected 10 labels"),
        "{err}"
    );
    // A checkpoint from memory has no configuration files next to it.
    let bytes = std::fs::read(&path).unwrap();
    let found = Checkpoint::from_bytes("memory", bytes).unwrap();
    assert_eq!(
        found.recognise(&Hints::default()).unwrap().network.eps,
        1e-5
    );
    for (text, want) in [
        (
            r#"{"architecture": "x", "std": [0, 1, 1]}"#,
            "config.json: `std`: expected three numbers above 0",
        ),
        (
            r#"{"architecture": "x", "std": [NaN, 1, 1]}"#,
            "config.json: `config.json`: expected a JSON object",
        ),
        (
            &" ".repeat((4 << 20) + 1),
            "config.json: `(whole file)`: expected at most 4194304 bytes",
        ),
    ] {
        write("config.json", text);
        let err = checkpoint
            .recognise(&Hints::default())
            .unwrap_err()
            .to_string();
        assert!(
            err.contains(want) && err.contains("correct the entry"),
            "{err}"
        );
    }
}

/// timm's anti-aliased networks have torchvision's names and shapes, but compute something else.
/// Only the configuration next to the file shows the difference.
#[test]
fn a_network_that_only_looks_like_one_of_ours_is_refused() {
    let resnet50 = Network::preset("resnet50").unwrap();
    let specs = resnet50.graph(224, 224).unwrap().params();
    let listing = Listing::new("model", specs.into_iter().map(|s| (s.name, s.shape)));
    let settings = Settings {
        architecture: Some("resnetblur50.bt_in1k".into()),
        ..Settings::default()
    };
    // A preset that the caller names does not overrule the configuration.
    for preset in [None, Some(resnet50.clone())] {
        let hints = Hints {
            preset,
            ..Hints::default()
        };
        let error = listing.recognise(&hints, &settings).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("`resnetblur50.bt_in1k`") && error.contains("another checkpoint"),
            "{error}"
        );
    }
    // A stem that contradicts the tensors also means another network.
    for (deep, fits) in [(Some(true), false), (Some(false), true), (None, true)] {
        let settings = Settings {
            deep_stem: deep,
            ..Settings::default()
        };
        let found = listing.recognise(&Hints::default(), &settings);
        assert_eq!(found.is_ok(), fits, "{deep:?}");
    }
}

/// Weights stay in the file until they are needed. A reader must not get a mixture of old and new
/// weights after the file changes.
#[test]
fn a_file_that_changes_is_refused_and_one_that_is_replaced_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.safetensors");
    let bytes = file(&f32s(), None);
    std::fs::write(&path, &bytes).unwrap();
    let open = || Model::load(&Checkpoint::from_file(&path).unwrap(), &Hints::default()).unwrap();
    let session = |model: &Model| Session::new(Device::Cpu, model, &SessionOptions::default());

    // A file that is moved to this path does not affect the file that is already open.
    let model = open();
    let other = folder.path().join("other");
    std::fs::write(&other, b"something else").unwrap();
    std::fs::rename(&other, &path).unwrap();
    let name = "conv1.weight";
    let read = model.params().get(name).unwrap();
    assert_eq!(read, load(bytes.clone()).unwrap().get(name).unwrap());
    session(&model.clone()).unwrap();
    session(&model).unwrap();

    std::fs::write(&path, &bytes).unwrap();
    let model = open();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = session(&model).unwrap_err().to_string();
    assert!(
        error.contains("tiny.safetensors: changed since it was opened; load it again"),
        "{error}"
    );
}
