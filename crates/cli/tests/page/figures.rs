//! Figures of a page. Each displayed figure must agree with the exact number, which must be the
//! number in the JSON.

use resnet_wgpu_bench::report::page;
use serde_json::Value;

use crate::reports::{hostile, realistic, worse};

/// A figure of a page.
#[derive(Debug)]
pub struct Figure<'a> {
    value: &'a str,
    pub at: String,
    /// The displayed text, unless the figure is a bar or a dot.
    text: Option<&'a str>,
}

/// Returns the JSON that a page carries.
pub fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// Returns each element of a page that has `data-value` and `data-at`.
pub fn figures(page: &str) -> Vec<Figure<'_>> {
    let mut found = vec![];
    for (i, attribute) in page.match_indices("data-value=\"") {
        let (value, rest) = page[i + attribute.len()..].split_once('"').unwrap();
        let rest = rest.strip_prefix(" data-at=\"").unwrap();
        let (at, rest) = rest.split_once('"').unwrap();
        let (_, inside) = rest.split_once('>').unwrap();
        let element = &page[page[..i].rfind('<').unwrap() + 1..i];
        let drawn = element.starts_with("rect") || element.starts_with("circle");
        found.push(Figure {
            value,
            // minijinja escapes slashes, too.
            at: at.replace("&#x2f;", "/"),
            text: (!drawn).then(|| inside.split_once('<').unwrap().0),
        });
    }
    found
}

/// Returns the number at a JSON pointer; `…/length` gives the length of an array.
fn json_number(data: &Value, at: &str) -> Option<String> {
    match at.strip_suffix("/length") {
        Some(at) => Some(data.pointer(at)?.as_array()?.len().to_string()),
        None => data.pointer(at).map(Value::to_string),
    }
}

/// Parses a figure as a reader would. Returns the number and its possible rounding error.
fn read(text: &str) -> Option<(f64, f64)> {
    let text = text
        .replace("&#x2f;", "/")
        .replace(['\u{a0}', '\u{202f}'], " ");
    let (digits, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let scale = match unit {
        "" | "%" | "bytes" | "GB/s" | "GFLOP/s" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "KiB" => f64::from(1 << 10),
        "MiB" => f64::from(1 << 20),
        "GiB" => f64::from(1 << 30),
        "TiB" => (1u64 << 40) as f64,
        _ => return None,
    };
    let (mantissa, power) = digits.split_once('e').unwrap_or((digits, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next()?;
    let mut others = groups;
    if whole.contains(',') && (first.is_empty() || first.len() > 3 || others.any(|g| g.len() != 3))
    {
        return None;
    }
    let power: i32 = power.parse().ok()?;
    let number: f64 = mantissa.replace(',', "").parse().ok()?;
    let unit = scale * 10f64.powi(power);
    let last = unit * 10f64.powi(-(part.len() as i32));
    Some((number * unit, last / 2.0))
}

#[test]
fn figures_are_read_as_people_do() {
    for (text, number, off) in [
        ("12.35", 12.35, 0.005),
        ("-1,234", -1234.0, 0.5),
        ("3e-7", 3e-7, 5e-8),
        ("1.5\u{a0}KiB", 1536.0, 51.2),
        ("81\u{202f}%", 81.0, 0.5),
        ("11.69 M", 11.69e6, 5e3),
    ] {
        let (read, by) = read(text).unwrap();
        assert!(
            (read - number).abs() <= 1e-12 * number.abs(),
            "{text}: {read}"
        );
        assert!((by - off).abs() <= 1e-9 * off, "{text}: {by}");
    }
    for nonsense in ["", "–", "1,23", "1234,567", "1 parsec", "1.2.3"] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}

#[test]
fn every_figure_is_the_json_number_that_it_points_to() {
    let (a, b, c) = (realistic(), worse(), hostile());
    let named = [("a.json", &a), ("b.json", &b), ("c.json", &c)];
    let page = page(&named.map(|(name, report)| (name.into(), report))).unwrap();
    let data = data(&page);
    let figures = figures(&page);
    assert!(figures.len() > 2000, "{}", figures.len());
    let mut texts = 0;
    for figure in figures {
        let Figure { value, at, text } = &figure;
        assert_eq!(json_number(&data, at).as_deref(), Some(*value), "{at}");
        let Some(text) = text else { continue };
        texts += 1;
        let exact: f64 = value.parse().unwrap();
        // The text is rounded up, so the number exceeds the range of an f64.
        if exact == f64::MAX {
            assert_eq!(*text, "1.8e308", "{at}");
            continue;
        }
        let (read, off) = read(text).unwrap_or_else(|| panic!("{figure:?}"));
        assert!(
            (read - exact).abs() <= off + 1e-12 * exact.abs(),
            "{figure:?}"
        );
    }
    assert!(texts > 1500, "{texts}");
}
