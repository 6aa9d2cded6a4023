//! Figures: a text to read and the exact number behind it.

use serde::Serialize;

/// Where a figure is not known.
pub(super) const NONE: &str = "–";

/// A figure on the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Num {
    /// As it is read.
    pub text: String,
    /// The number as JSON writes it.
    pub exact: String,
    /// JSON pointer to it in the embedded data.
    pub at: String,
}

impl Num {
    pub fn new(value: impl Serialize, text: String, at: String) -> Self {
        // A number always has its JSON.
        let exact = serde_json::to_string(&value).unwrap_or_default();
        Self { text, exact, at }
    }

    /// To four digits.
    pub fn of(value: f64, at: String) -> Self {
        Self::new(value, significant(value, 4), at)
    }

    pub fn count(value: usize, at: String) -> Self {
        Self::new(value, grouped(&value.to_string()), at)
    }

    pub fn bytes(value: u64, at: String) -> Self {
        Self::new(value, bytes(value), at)
    }
}

/// So many significant digits, though never fewer than the integer part has.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e9).contains(&value.abs()) {
        return scientific(value);
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (digits as i32 - 1 - magnitude).max(0) as usize;
    grouped(&format!("{value:.decimals$}"))
}

/// Two digits and a power of ten.
pub(super) fn scientific(value: f64) -> String {
    if !value.is_finite() {
        return NONE.into();
    }
    let text = format!("{value:.1e}");
    match text.split_once('e') {
        Some((digits, power)) if value != 0.0 => format!("{digits}e{power}").replace('-', "−"),
        _ => "0".into(),
    }
}

/// Bytes in decimal units.
pub(super) fn bytes(value: u64) -> String {
    let value = value as f64;
    let (scaled, unit) = match value {
        v if v >= 1e9 => (v / 1e9, "GB"),
        v if v >= 1e6 => (v / 1e6, "MB"),
        v if v >= 1e3 => (v / 1e3, "kB"),
        v => return format!("{v}\u{a0}B"),
    };
    format!("{}\u{a0}{unit}", significant(scaled, 3))
}

/// GFLOP/s, in TFLOP/s where there are many.
pub(super) fn flops(gflops: f64) -> String {
    match gflops {
        g if g >= 1e4 => format!("{}\u{a0}TFLOP/s", significant(g / 1e3, 3)),
        g => format!("{}\u{a0}GFLOP/s", significant(g, 3)),
    }
}

/// Narrow spaces between thousands, where there are ten of them.
fn grouped(number: &str) -> String {
    let whole = number.split('.').next().unwrap_or_default();
    let digits = whole.trim_start_matches('-').len();
    if digits < 5 {
        return number.into();
    }
    let first = whole.len() - digits;
    let mut text = String::new();
    for (i, c) in number.chars().enumerate() {
        let left = (first + digits).saturating_sub(i);
        if i > first && left > 0 && left.is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(c);
    }
    text
}

/// At most `limit` characters, for places that do not wrap.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.into();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1.000"),
            (12.3456, "12.35"),
            (1234.5, "1234"),
            (0.012345, "0.01235"),
            (123_456.7, "123\u{202f}457"),
            (-12_345.0, "-12\u{202f}345"),
            (1.5e-7, "1.5e−7"),
            (2e12, "2.0e12"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value, 4), text);
        }
    }

    #[test]
    fn units() {
        assert_eq!(bytes(999), "999\u{a0}B");
        assert_eq!(bytes(102_400_000), "102\u{a0}MB");
        assert_eq!(bytes(u64::MAX), "1.8e10\u{a0}GB");
        assert_eq!(flops(14_230.0), "14.2\u{a0}TFLOP/s");
        assert_eq!(flops(142.0), "142\u{a0}GFLOP/s");
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("ab défg", 4), "ab…");
    }

    #[test]
    fn the_exact_number_is_json() {
        assert_eq!(Num::of(0.1 + 0.2, "/0".into()).exact, "0.30000000000000004");
        assert_eq!(Num::of(f64::NAN, "/0".into()).exact, "null");
        assert_eq!(
            Num::bytes(u64::MAX, "/0".into()).exact,
            u64::MAX.to_string()
        );
    }
}
