//! Figures: a text for readers and the exact number. The texts have the same format as in the
//! terminal.

use serde::Serialize;

use crate::page::svg::Element;
use crate::text::number;

/// The text of an unknown figure.
pub(super) const NONE: &str = "–";

/// A figure on the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Num {
    /// The text that readers see.
    pub text: String,
    /// The number as JSON writes it.
    pub exact: String,
    /// The JSON pointer to the number in the embedded data. `…/length` stands for the length of an
    /// array.
    pub at: String,
}

impl Num {
    pub fn new(value: impl Serialize, text: String, at: String) -> Self {
        // The conversion of a number to JSON does not fail.
        let exact = serde_json::to_string(&value).unwrap_or_default();
        Self { text, exact, at }
    }

    pub fn ms(value: f64, at: String) -> Self {
        Self::new(value, ms(value), at)
    }

    pub fn rate(value: f64, at: String) -> Self {
        Self::new(value, rate(value), at)
    }

    pub fn percent(value: f64, at: String) -> Self {
        Self::new(value, percent(value), at)
    }

    pub fn tiny(value: f64, at: String) -> Self {
        Self::new(value, tiny(value), at)
    }

    pub fn count(value: usize, at: String) -> Self {
        Self::new(value, number::thousands(value as u64), at)
    }

    pub fn bytes(value: u64, at: String) -> Self {
        Self::new(value, bytes(value), at)
    }
}

impl Element {
    /// Marks the element as showing a figure.
    pub(super) fn num(self, num: &Num) -> Self {
        self.set("data-value", &num.exact).set("data-at", &num.at)
    }
}

pub(super) fn ms(value: f64) -> String {
    readable(value, number::ms)
}

pub(super) fn rate(value: f64) -> String {
    readable(value, number::rate)
}

pub(super) fn percent(value: f64) -> String {
    readable(value, |value| format!("{value:.0}\u{a0}%"))
}

pub(super) fn tiny(value: f64) -> String {
    readable(value, number::tiny)
}

/// Returns a size whose unit stays on the same line as the number.
pub(super) fn bytes(value: u64) -> String {
    number::bytes(value).replace(' ', "\u{a0}")
}

/// Returns a mean and its standard deviation with equal numbers of decimals.
pub(super) fn spread(mean: f64, deviation: f64) -> (String, String) {
    let both = number::ms_spread(mean, deviation);
    match both.split_once(" ± ") {
        Some((a, b)) => (
            readable(mean, |_| a.into()),
            readable(deviation, |_| b.into()),
        ),
        None => (ms(mean), ms(deviation)),
    }
}

/// Returns a ratio without the sign `×`.
pub(super) fn ratio(value: f64) -> String {
    match value {
        0.1.. => readable(value, |value| format!("{value:.2}")),
        _ => significant(value, 2),
    }
}

/// Formats a number. Files may hold any number, but the terminal's formats suit only numbers that a
/// measurement can give.
fn readable(value: f64, format: impl Fn(f64) -> String) -> String {
    match value.abs() {
        magnitude if !magnitude.is_finite() => NONE.into(),
        1e15.. => format!("{value:.1e}"),
        _ => format(value),
    }
}

/// Returns a number with this many significant digits, but never fewer than its integer part has.
/// Axes use this format for numbers that the terminal does not show.
pub(super) fn significant(value: f64, digits: usize) -> String {
    readable(value, |value| match value.abs() {
        0.0 => "0".into(),
        ..1e-4 | 1e9.. => format!("{value:.1e}"),
        magnitude => {
            let power = magnitude.log10().floor() as i32;
            let decimals = (digits as i32 - 1 - power).max(0) as usize;
            let text = format!("{magnitude:.decimals$}");
            let (whole, part) = text.split_at(text.find('.').unwrap_or(text.len()));
            let sign = if value < 0.0 { "-" } else { "" };
            match whole.parse() {
                Ok(whole) => format!("{sign}{}{part}", number::thousands(whole)),
                Err(_) => format!("{sign}{text}"),
            }
        }
    })
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
            (1234.5, "1,234"),
            (0.012345, "0.01235"),
            (123_456.7, "123,457"),
            (-12_345.0, "-12,345"),
            (1.5e-7, "1.5e-7"),
            (2e12, "2.0e12"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value, 4), text);
        }
    }

    #[test]
    fn figures_are_spelled_as_in_the_terminal() {
        assert_eq!(bytes(128 << 20), "128\u{a0}MiB");
        assert_eq!(ms(12.3456), "12.35");
        assert_eq!(rate(12_345.6), "12,346");
        assert_eq!(spread(12.3456, 0.0789), ("12.35".into(), "0.08".into()));
        assert_eq!([2.0, 0.5, 0.0123].map(ratio), ["2.00", "0.50", "0.012"]);
    }

    #[test]
    fn numbers_that_nothing_measured_stay_short() {
        for format in [ms, rate, percent, tiny, ratio] {
            assert_eq!(format(f64::NAN), "–");
            assert_eq!(format(f64::MAX), "1.8e308");
        }
    }

    #[test]
    fn the_exact_number_is_json() {
        assert_eq!(Num::ms(0.1 + 0.2, "/0".into()).exact, "0.30000000000000004");
        assert_eq!(Num::ms(f64::NAN, "/0".into()).exact, "null");
        assert_eq!(
            Num::bytes(u64::MAX, "/0".into()).exact,
            u64::MAX.to_string()
        );
    }
}
