//! What pages say.

use resnet_wgpu::bench::{Report, page};
use serde_json::Value;

use crate::fixture::{hostile, realistic, report, worse};

fn one(report: &Report) -> String {
    page(&[("a.json".into(), report)]).unwrap()
}

/// The JSON that a page carries.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// Each `data-value` and `data-at` of a page.
fn figures(page: &str) -> Vec<(&str, &str)> {
    let after = |text: &'static str| move |rest: &'_ str| rest.find(text).map(|i| i + text.len());
    let mut found = vec![];
    let mut rest = page;
    while let Some(i) = after("data-value=\"")(rest) {
        rest = &rest[i..];
        let (value, behind) = rest.split_once('"').unwrap();
        let (at, behind) = behind
            .strip_prefix(" data-at=\"")
            .unwrap()
            .split_once('"')
            .unwrap();
        found.push((value, at));
        rest = behind;
    }
    found
}

#[test]
fn every_figure_is_the_json_number_that_it_points_to() {
    let (a, b) = (realistic(), worse());
    let page = page(&[("a.json".into(), &a), ("b.json".into(), &b)]).unwrap();
    let data = data(&page);
    let figures = figures(&page);
    assert!(figures.len() > 2000, "{}", figures.len());
    for (value, at) in figures {
        // minijinja escapes a slash too.
        let at = at.replace("&#x2f;", "/");
        assert_eq!(
            data.pointer(&at).map(Value::to_string).as_deref(),
            Some(value),
            "{at}"
        );
    }
}

#[test]
fn the_embedded_data_are_the_reports() {
    let report = worse();
    let data = data(&one(&report));
    assert_eq!(data[0]["name"], "a.json");
    let read: Report = serde_json::from_value(data[0]["report"].clone()).unwrap();
    assert_eq!(read, report);
}

#[test]
fn markup_in_a_result_stays_text() {
    let report = hostile();
    let page = page(&[("<script>".into(), &report), ("b".into(), &report)]).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "only that of the data");
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn nothing_is_fetched() {
    for report in [realistic(), worse()] {
        let page = one(&report);
        for trace in ["http:", "https:", "url(", "@import", "src="] {
            assert!(!page.contains(trace), "{trace}");
        }
        assert!(page.contains("default-src 'none'"));
    }
}

#[test]
fn a_failed_row_says_why_and_has_no_speed() {
    let report = worse();
    let page = one(&report);
    assert!(page.contains("1 of 4 rows failed"));
    assert!(page.contains("differ from the CPU twin"));
    let speeds = [
        "end_to_end",
        "images_per_second",
        "gflops",
        "gpu",
        "memory",
        "profile",
    ];
    for (_, at) in figures(&page) {
        let at = at.replace("&#x2f;", "/");
        let path = at.strip_prefix("/0/report/rows/3/").unwrap_or_default();
        assert!(!speeds.iter().any(|speed| path.starts_with(speed)), "{at}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let page = one(&worse());
    assert!(page.contains("peaks of <bdi>Apple M2</bdi> were not measured"));
    assert!(page.contains("No peaks were measured"));
    assert!(page.contains("running on battery"));
    assert!(page.contains("times scatter"));
    let empty = one(&report(vec![], vec![]));
    assert!(empty.contains("Nothing was measured"));
    assert!(
        resnet_wgpu::bench::page(&[])
            .unwrap()
            .contains("Nothing was measured")
    );
}

#[test]
fn results_are_compared_with_the_first() {
    let (a, mut b) = (realistic(), realistic());
    for row in &mut b.rows {
        row.images_per_second = row.images_per_second.map(|images| 2.0 * images);
    }
    let page = page(&[("a.json".into(), &a), ("b.json".into(), &b)]).unwrap();
    assert!(
        page.contains("b.json makes 2.00 times as many images a second as a.json, over the 8 rows"),
    );
    assert!(page.contains("a.json · NVIDIA H200"));
}
