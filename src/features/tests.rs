//! Tests of writing, reading and searching features.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn provenance() -> FeaturesProvenance {
    FeaturesProvenance {
        model: "resnet\"20".into(),
        weights: "0123".into(),
        layer: "avgpool".into(),
        preprocess: "Preprocess { .. }".into(),
        normalized: false,
    }
}

fn rows(n: usize) -> Vec<(PathBuf, Vec<f32>)> {
    let row = |i: usize| {
        let angle = i as f32 * 0.01;
        (
            PathBuf::from(format!("photos/ä {i}.png")),
            vec![3.0 * angle.cos(), 3.0 * angle.sin()],
        )
    };
    (0..n).map(row).collect()
}

fn written(path: &Path, n: usize) -> Result<(), FeaturesError> {
    let mut writer = FeaturesWriter::create(path, provenance(), &[2], 1000)?;
    for (name, row) in rows(n) {
        writer.add(&name, &row)?;
    }
    assert_eq!(writer.rows(), n);
    writer.finish()
}

#[test]
fn any_tool_reads_them() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("f.safetensors");
    for n in [0, 1, 300] {
        written(&path, n)?;
        let bytes = std::fs::read(&path)?;
        let file = SafeTensors::deserialize(&bytes)?;
        let features = file.tensor("features")?;
        assert_eq!(features.shape(), [n, 2]);
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(features.data());
        assert!(values.iter().eq(rows(n).iter().flat_map(|(_, row)| row)));
        let paths = file.tensor("paths")?.data().to_vec();
        let names = rows(n)
            .into_iter()
            .map(|(path, _)| format!("{}\0", path.display()));
        assert_eq!(String::from_utf8(paths)?, names.collect::<String>());
        let (_, metadata) = SafeTensors::read_metadata(&bytes)?;
        let model = metadata.metadata().as_ref().and_then(|m| m.get("model"));
        assert_eq!(model, Some(&"resnet\"20".into()));
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    Ok(())
}

#[test]
fn the_nearest_are_found() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("f.safetensors");
    written(&path, 300)?;
    let features = Features::open(&path)?;
    assert_eq!((features.rows(), features.row_len()), (300, 2));
    assert_eq!(features.provenance(), &provenance());
    // The query has angle 1, which is the angle of row 100.
    let neighbours = features.neighbours(&[1f32.cos(), 1f32.sin()], 3)?;
    let names: Vec<String> = neighbours
        .iter()
        .map(|n| n.path.display().to_string())
        .collect();
    assert_eq!(names[0], "photos/ä 100.png");
    assert!((neighbours[0].similarity - 1.0).abs() < 1e-6);
    let mut others = [neighbours[1].row, neighbours[2].row];
    others.sort();
    assert_eq!(others, [99, 101]);
    assert!(neighbours[1].similarity < neighbours[0].similarity);
    assert_eq!(features.neighbours(&[1.0, 0.0], 1000)?.len(), 300);
    assert!(features.neighbours(&[1.0, 0.0], 0)?.is_empty());
    assert!(
        features
            .neighbours(&[0.0, 0.0], 3)?
            .iter()
            .all(|n| n.similarity == 0.0)
    );
    let error = features.neighbours(&[1.0], 3).unwrap_err().to_string();
    assert!(error.contains("2 numbers, found 1"), "{error}");
    Ok(())
}

#[test]
fn rows_without_a_direction_are_near_nothing() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("f.safetensors");
    let mut writer = FeaturesWriter::create(&path, provenance(), &[2], 3)?;
    for row in [[0.0, 0.0], [f32::NAN, 1.0], [2.0, 0.0]] {
        writer.add(Path::new("p"), &row)?;
    }
    assert!(writer.add(Path::new("p"), &[1.0]).is_err());
    writer.finish()?;
    let neighbours = Features::open(&path)?.neighbours(&[5.0, 0.0], 9)?;
    assert_eq!(neighbours.len(), 1);
    assert_eq!((neighbours[0].row, neighbours[0].similarity), (2, 1.0));
    Ok(())
}

#[test]
fn more_rows_than_were_announced_are_refused() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("f.safetensors");
    let mut writer = FeaturesWriter::create(&path, provenance(), &[2], 1)?;
    writer.add(Path::new("p"), &[1.0, 2.0])?;
    let refused = writer.add(Path::new("q"), &[3.0, 4.0]);
    assert!(matches!(refused, Err(FeaturesError::Full { most: 1, .. })));
    writer.finish()?;
    assert_eq!(Features::open(&path)?.rows(), 1);
    Ok(())
}

#[test]
fn what_is_not_finished_leaves_nothing() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("f.safetensors");
    written(&path, 2)?;
    let before = std::fs::read(&path)?;
    let mut writer = FeaturesWriter::create(&path, provenance(), &[2], 10)?;
    writer.add(Path::new("p"), &[1.0, 2.0])?;
    assert!(writer.part().exists());
    drop(writer);
    assert_eq!(std::fs::read(&path)?, before);
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    assert!(FeaturesWriter::create(Path::new("/dev/null/f"), provenance(), &[2], 1).is_err());
    Ok(())
}

#[test]
fn other_files_are_refused() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("f.safetensors");
    written(&path, 300)?;
    let whole = std::fs::read(&path)?;
    for cut in [0, 4, 100, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut])?;
        assert!(Features::open(&path).is_err(), "{cut}");
    }
    // A file with fewer paths than rows.
    let mut few = whole.clone();
    let from = few.len() - 20;
    few[from..].fill(b'x');
    std::fs::write(&path, &few)?;
    let error = Features::open(&path)?
        .neighbours(&[1.0, 0.0], 300)
        .unwrap_err();
    assert!(error.to_string().contains("fewer paths"), "{error}");
    let weights =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/resnet20-cifar10.safetensors");
    let error = Features::open(&weights).unwrap_err().to_string();
    assert!(error.contains("no tensor `features`"), "{error}");
    assert!(Features::open(folder.path()).is_err());
    Ok(())
}

#[test]
fn the_usual_features_are_what_the_classifier_reads() {
    use crate::models::Network;
    for (preset, side, layer) in [
        ("resnet50", 224, "avgpool"),
        ("resnet20", 32, "avgpool"),
        ("preact-resnet18", 224, "avgpool"),
        ("vgg19", 224, "classifier.4"),
    ] {
        let graph = Network::preset(preset).unwrap().graph(side, side).unwrap();
        assert_eq!(pooled_layer(&graph).as_deref(), Some(layer));
    }
}
