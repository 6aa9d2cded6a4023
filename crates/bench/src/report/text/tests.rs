use super::*;
use crate::fixture;

#[test]
fn a_table() {
    insta::assert_snapshot!(table(&fixture::full()));
}

#[test]
fn tables_fit_a_terminal() {
    let mut report = fixture::full();
    for row in &mut report.rows {
        row.work.model = "wide-resnet101-2".into();
    }
    for line in table(&report).lines().filter(|line| !line.contains(": ")) {
        assert!(line.chars().count() <= 132, "{line}");
    }
}

#[test]
fn as_markdown() {
    let mut report = fixture::full();
    report.devices[0].name = "A|B `C`\n\u{1b}[2J".into();
    let text = markdown(&report);
    assert!(
        text.contains("### A\\|B \\`C\\`  \\[2J, discrete (Vulkan, somedrv 1.2.3)\n"),
        "{text}"
    );
    assert!(
        text.contains("\n| network | batch | scenario | median |"),
        "{text}"
    );
    assert!(
        text.contains("\n| resnet50 | 1 | latency | 10.25 | 10.38 ± 0.40 |"),
        "{text}"
    );
    assert!(text.contains("\n- warning: a software adapter"), "{text}");
    for line in text.lines().filter(|line| line.starts_with('|')) {
        assert!(line.ends_with('|'), "{line}");
    }
}

#[test]
fn failed_rows_have_no_speed() {
    let report = fixture::report(vec![
        fixture::failed(fixture::work("resnet50", 8)),
        fixture::broken(fixture::work("resnet152", 8), "out of memory"),
    ]);
    let text = table(&report);
    let line = |name: &str| {
        text.lines()
            .find(|l| l.starts_with(name))
            .unwrap()
            .to_owned()
    };
    for (name, says) in [("resnet50 ", "FAILED"), ("resnet152", "ERROR")] {
        let line = line(name);
        assert!(line.ends_with(says), "{line}");
        assert_eq!(line.matches(" -").count(), 10, "{line}");
    }
    assert!(
        text.contains(
            "FAILED: resnet50, batch 8: error 3e-1 of the largest logit (up to 1e-4 is right); \
             first class right in 5 of 8 images; run `resnet verify` to find the layer\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("ERROR: resnet152, batch 8: out of memory\n"),
        "{text}"
    );
}

#[test]
fn missing_numbers_and_random_outputs_are_reported() {
    let mut nan = fixture::failed(fixture::work("resnet50", 8));
    nan.verification.as_mut().unwrap().before.relative_error = None;
    let mut random = fixture::row(fixture::work("resnet18", 1), &[1.0]);
    random.verification.as_mut().unwrap().deterministic = Some(false);
    let text = table(&fixture::report(vec![nan, random]));
    assert!(
        text.contains("resnet50, batch 8: an output is not a number (up"),
        "{text}"
    );
    assert!(text.contains("ok 4e-7, not deterministic\n"), "{text}");
}

#[test]
fn a_spreadsheet() {
    let mut report = fixture::full();
    report.devices[0].name = "Some, \"GPU\"".into();
    let text = csv(&report).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), report.rows.len());
    for (name, value) in [
        ("device_name", "Some, \"GPU\""),
        ("peak_fma_f32_gflops", "40000"),
        ("model", "resnet50"),
        ("scenario", "latency"),
        ("status", "ok"),
        ("end_to_end_median_ms", "10.25"),
        ("end_to_end_n", "5"),
        ("relative_error", "0.0000004"),
        ("startup_warm_total_ms", "320"),
        ("process_peak_bytes", "734003200"),
    ] {
        assert_eq!(&lines[0][column(name)], value, "{name}");
    }
    assert_eq!(&lines[3][column("status")], "failed_verification");
    assert_eq!(&lines[3][column("end_to_end_median_ms")], "");
    assert_eq!(&lines[8][column("device")], "");
    assert_eq!(&lines[8][column("error")], "no device `imaginary`");
    // Column names are unique, and a result without rows has the same header line.
    let mut names: Vec<&str> = head.iter().collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), head.len());
    let empty = csv(&fixture::report(vec![])).unwrap();
    assert_eq!(
        empty.lines().collect::<Vec<_>>(),
        [text.lines().next().unwrap()]
    );
}

/// Every CSV column is named in the documentation of `csv`.
#[test]
fn every_column_of_spreadsheets_is_documented() {
    let text = csv(&fixture::report(vec![])).unwrap();
    let head: Vec<&str> = text.trim_end().split(',').collect();
    let docs = include_str!("csv.rs");
    for name in &head {
        let stem = name
            .rsplit_once("startup_cold_")
            .or(name.rsplit_once("startup_warm_"));
        let stats = ["end_to_end_", "encode_", "gpu_"];
        let stem = stem.or_else(|| stats.iter().find_map(|s| name.rsplit_once(s)));
        let limit = name.starts_with("max_");
        let documented = docs.contains(&format!("`{name}`"))
            || stem.is_some_and(|(_, field)| docs.contains(&format!("`…_{field}`")));
        assert!(documented || limit, "{name}");
    }
    assert_eq!(head.len(), 105);
}
