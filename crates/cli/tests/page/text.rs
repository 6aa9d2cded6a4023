//! Tests of the text of pages.

use resnet_wgpu_bench::Report;
use resnet_wgpu_bench::report::page;

use crate::figures::{data, figures};
use crate::fixture::report;
use crate::reports::{hostile, realistic, worse};

fn one(report: &Report) -> String {
    page(&[("a.json".into(), report)]).unwrap()
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
    assert!(page.contains("differ from the CPU reference"));
    let speeds = [
        "end_to_end",
        "images_per_second",
        "gflops",
        "gpu",
        "memory",
        "profile",
    ];
    for figure in figures(&page) {
        let at = figure.at;
        let path = at.strip_prefix("/0/report/rows/3/").unwrap_or_default();
        assert!(!speeds.iter().any(|speed| path.starts_with(speed)), "{at}");
    }
}

#[test]
fn missing_figures_are_stated() {
    let page = one(&worse());
    assert!(page.contains("peaks of <bdi>Apple M2</bdi> were not measured"));
    assert!(page.contains("No peaks were measured"));
    assert!(page.contains("running on battery"));
    assert!(page.contains("times scatter"));
    assert!(page.contains("<bdi>1 of 4 rows</bdi>: two runs on one input differed"));
    assert!(page.contains("* by the host's clock"));
    assert!(page.contains(">as found<") && !page.contains(">warm<"));
    let empty = one(&report(vec![], vec![]));
    assert!(empty.contains("Nothing was measured"));
    assert!(
        resnet_wgpu_bench::report::page(&[])
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
        page.contains(
            "b.json makes 2.00 times as many images a second as a.json, over the 10 rows"
        ),
    );
    assert!(page.contains("a.json · NVIDIA H200"));
}

#[test]
fn waiting_for_other_batches_is_no_speed() {
    let page = one(&realistic());
    assert!(page.contains("4 batches in flight"));
    assert!(page.contains("In the throughput scenario, the time per batch at the measured rate"));
    assert!(page.contains("With 4 in flight, a time includes waiting"));
    assert!(!page.contains("by the host's clock:"));
}

#[test]
fn results_are_named_by_distinguishing_paths() {
    let (a, b) = (realistic(), worse());
    let page = page(&[("/r/run1/x.json".into(), &a), ("/r/run2/x.json".into(), &b)]).unwrap();
    assert!(page.contains("<h3><bdi>run1&#x2f;x.json</bdi></h3>"));
    assert!(page.contains("<code>&#x2f;r&#x2f;run1&#x2f;x.json</code>"));
    assert!(page.contains("run2&#x2f;x.json · Apple M2"));
    assert!(!page.contains("r&#x2f;run2&#x2f;x.json · Apple M2"));
}

#[test]
fn the_number_of_repetitions_is_stated() {
    let mut report = realistic();
    let text = |page: String| {
        let (_, rest) = page.split_once("Each row repeated</dt><dd>").unwrap();
        let parts = rest.split_once("</dd>").unwrap().0.split('<');
        let parts = parts.map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        parts.collect::<String>().replace('\n', "")
    };
    assert_eq!(
        text(one(&report)),
        "for 5 s, at least 3 and at most 5,000 times"
    );
    report.repetitions.at_most = 3;
    assert_eq!(text(one(&report)), "3 times");
}
