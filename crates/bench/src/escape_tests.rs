//! Tests that text in a result from an untrusted source is shown safely everywhere.

use serde_json::{Map, Value};

use super::fixture;
use crate::Report;
use crate::compare::Comparison;
use crate::report::{page, text};

/// Text that moves the cursor, ends a table row, and is markup in Markdown and HTML.
const HOSTILE: &str = "\u{1b}[2J\r\n\u{9b}2J</script><script>*[a](b)`|\\";

/// The strings of fields that accept only certain values.
const ENUM_VALUES: [&str; 10] = [
    "ok",
    "failed_verification",
    "error",
    "latency",
    "throughput",
    "timestamps",
    "wall",
    "mains",
    "battery",
    "unknown",
];

/// Replaces each string and the kernel names in the full fixture with `HOSTILE`.
fn poisoned(value: Value) -> Value {
    match value {
        Value::String(text) if !ENUM_VALUES.contains(&text.as_str()) => {
            Value::String(HOSTILE.into())
        }
        Value::Array(items) => items.into_iter().map(poisoned).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| match name.as_str() {
                "kernels" => (name, Map::from_iter([(HOSTILE.into(), 1.into())]).into()),
                _ => (name, poisoned(field)),
            });
            Value::Object(fields.collect())
        }
        value => value,
    }
}

fn report() -> Report {
    let value = serde_json::to_value(fixture::full()).unwrap();
    let mut report = Report::from_json(&poisoned(value).to_string()).unwrap();
    // A result holds each work only once.
    for (i, row) in report.rows.iter_mut().enumerate() {
        row.work.model = format!("{HOSTILE}{i}");
    }
    report
}

#[track_caller]
fn is_for_a_terminal(text: &str) {
    assert!(text.contains("<script>"), "{text:?}");
    let other = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(other, None, "{text:?}");
}

/// Checks that each character that begins markup follows an odd number of backslashes. Also checks
/// that rows of a table have equal numbers of cells. Escaped bars do not end a cell.
#[track_caller]
fn is_escaped_markdown(text: &str) {
    is_for_a_terminal(&text.replace("\\<", "<"));
    let mut backslashes = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, '<' | '*' | '[' | '`') {
            assert_eq!(backslashes % 2, 1, "{}", &text[..at]);
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    let cells = |line: &str| {
        line.replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count()
    };
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines
        .windows(2)
        .filter(|p| p.iter().all(|l| l.starts_with('|')))
    {
        assert_eq!(cells(pair[0]), cells(pair[1]), "{pair:?}");
    }
}

#[test]
fn tables_carry_no_control_characters() {
    is_for_a_terminal(&text::table(&report()));
    is_escaped_markdown(&text::markdown(&report()));
}

#[test]
fn comparisons_carry_no_control_characters() {
    let first = report();
    let mut second = report();
    for row in &mut second.rows {
        if let Some(stats) = &mut row.end_to_end {
            stats.median *= 9.0;
        }
    }
    second.host.cpu = format!("{HOSTILE} other");
    let reports = [("a.json".to_owned(), &first), ("b.json".into(), &second)];
    let found = Comparison::of(&reports).unwrap();
    is_for_a_terminal(&found.table());
    is_escaped_markdown(&found.markdown());
    let slower = found.slower_than(1.0);
    assert!(!slower.is_empty());
    slower.iter().for_each(|line| is_for_a_terminal(line));

    second.rows.iter_mut().for_each(|row| row.work.macs += 1);
    let reports = [("a.json".to_owned(), &first), ("b.json".into(), &second)];
    let error = Comparison::of(&reports).unwrap_err();
    is_for_a_terminal(&error.to_string());
}

#[test]
fn pages_carry_no_markup() {
    let report = report();
    let page = page(&[(HOSTILE.to_owned(), &report), ("b".into(), &report)]).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "that of the data");
    assert_eq!(page.matches("</script").count(), 1);
    assert!(page.contains("&lt;script&gt;"));
}
