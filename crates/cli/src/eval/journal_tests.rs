//! Tests: predictions are written, read back and resumed.

use std::fs;
use std::path::Path;

use super::journal::COLUMNS;
use super::{Journal, JournalError, LabelledPrediction};
use resnet_wgpu::Labels;

fn predictions() -> Vec<LabelledPrediction> {
    let prediction = |index: usize, label, top: &[usize], confidence| LabelledPrediction {
        index,
        image: format!("a \"b\", {index}.png"),
        label,
        top: top.to_vec(),
        confidence,
    };
    vec![
        prediction(0, 3, &[3, 5, 1, 0, 2], 0.123_456_79),
        prediction(7, 9, &[1], 1.0),
    ]
}

fn open(path: &Path, run: &str) -> Result<(Journal, Vec<LabelledPrediction>), JournalError> {
    let mut known = vec![];
    let journal = Journal::open(path, run, |prediction| {
        known.push(prediction);
        Ok(())
    })?;
    Ok((journal, known))
}

#[test]
fn answers_come_back_and_more_are_added() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("predictions.csv");
    let (mut journal, known) = open(&path, "run")?;
    assert!(known.is_empty());
    journal.add(&predictions()[0], &Labels::cifar10())?;
    assert!(matches!(open(&path, "run"), Err(JournalError::Busy { .. })));
    drop(journal);
    let (mut journal, known) = open(&path, "run")?;
    assert_eq!(known, predictions()[..1]);
    journal.add(&predictions()[1], &Labels::cifar10())?;
    drop(journal);
    assert_eq!(open(&path, "run")?.1, predictions());
    let text = fs::read_to_string(&path)?;
    let (head, line) = text.split_once('\n').ok_or("no line")?;
    assert_eq!(head, COLUMNS.join(","));
    assert!(line.starts_with("0,\"a \"\"b\"\", 0.png\",3,cat,3,cat,0.12345679,1,3 5 1 0 2,run\n"));
    Ok(())
}

#[test]
fn a_line_that_was_not_finished_is_cut_off() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("predictions.csv");
    let (mut journal, _) = open(&path, "run")?;
    for prediction in &predictions() {
        journal.add(prediction, &Labels::cifar10())?;
    }
    drop(journal);
    let whole = fs::read(&path)?;
    let first = whole.iter().position(|&b| b == b'\n').ok_or("no line")? + 1;
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut])?;
        let (mut journal, known) = open(&path, "run")?;
        let lines = whole[first.min(cut)..cut]
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        assert_eq!(known, predictions()[..lines], "{cut}");
        for prediction in &predictions()[lines..] {
            journal.add(prediction, &Labels::cifar10())?;
        }
        drop(journal);
        assert_eq!(fs::read(&path)?, whole, "{cut}");
    }
    Ok(())
}

#[test]
fn what_is_not_this_runs_is_left_alone() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("predictions.csv");
    let (mut journal, _) = open(&path, "one")?;
    journal.add(&predictions()[0], &Labels::cifar10())?;
    drop(journal);
    let error = open(&path, "two").err().ok_or("it opened")?;
    assert!(
        error.to_string().contains("found those of another (one)"),
        "{error}"
    );
    let head = COLUMNS.join(",");
    for (text, says) in [
        ("my diary\n".to_owned(), "starts with \"my diary"),
        ("my diary".to_owned(), "starts with \"my diary"),
        ("\u{fffd}".to_owned(), "starts with"),
        (
            format!("{head}\n1,2\n"),
            "line 2: expected a prediction, found 2 fields",
        ),
        (
            format!("{head}\nx,a,1,,1,,0.5,1,1,run\n"),
            "found \"x\" as index",
        ),
        (
            format!("{head}\n1,a,1,,1,,half,1,1,run\n"),
            "found \"half\" as confidence",
        ),
        (
            format!("{head}\n1,a,1,,1,,0.5,1,1 b,run\n"),
            "found \"1 b\" as top5",
        ),
    ] {
        fs::write(&path, &text)?;
        let error = open(&path, "run").err().ok_or("it opened")?.to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{error}");
        assert_eq!(fs::read_to_string(&path)?, text);
    }
    for path in [
        folder.path(),
        Path::new("/dev/full"),
        Path::new("/no/such/folder/p.csv"),
    ] {
        assert!(open(path, "run").is_err(), "{}", path.display());
    }
    Ok(())
}
