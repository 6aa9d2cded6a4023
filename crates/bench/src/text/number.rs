//! Numbers in formats for human readers.

/// Formats a number with separators: `25557032` as `25,557,032`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a number with an SI prefix: `4089184256` as `4.09 G`.
pub fn si(n: u64) -> String {
    let n = n as f64;
    match n {
        1e12.. => format!("{:.2} T", n / 1e12),
        1e9.. => format!("{:.2} G", n / 1e9),
        1e6.. => format!("{:.2} M", n / 1e6),
        1e3.. => format!("{:.2} k", n / 1e3),
        _ => format!("{n} "),
    }
}

/// Formats bytes in binary units: `128 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value.fract() == 0.0 {
        format!("{value} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// Formats milliseconds with about four digits: `0.123`, `12.35`, `1234.6`.
pub fn ms(value: f64) -> String {
    format!("{value:.0$}", ms_decimals(value))
}

/// Formats a value and its spread with the decimals of the value: `12.35 ± 0.08`.
pub fn ms_spread(value: f64, spread: f64) -> String {
    format!("{value:.0$} ± {spread:.0$}", ms_decimals(value))
}

fn ms_decimals(value: f64) -> usize {
    match value {
        100.0.. => 1,
        10.0.. => 2,
        _ => 3,
    }
}

/// Formats a rate per second: `4.57`, `81.2`, `12,346`.
pub fn rate(value: f64) -> String {
    match value {
        // Values beyond the range of `u64` have no fraction, and the cast saturates for them.
        1000.0.. => thousands(value.round() as u64),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Formats a small fraction with one digit: `4e-7`. Formats 0 as `0`.
pub fn tiny(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        _ => format!("{value:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(25_557_032), "25,557,032");
        assert_eq!(si(4_089_184_256), "4.09 G");
        assert_eq!(si(12), "12 ");
        assert_eq!(bytes(128 << 20), "128 MiB");
        assert_eq!(bytes(1000), "1000 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(ms(0.12345), "0.123");
        assert_eq!(ms_spread(12.3456, 0.0789), "12.35 ± 0.08");
        assert_eq!(ms(1234.56), "1234.6");
        assert_eq!(
            [4.567, 81.23, 12_345.6].map(rate),
            ["4.57", "81.2", "12,346"]
        );
        assert_eq!([0.0, 4.2e-7].map(tiny), ["0", "4e-7"]);
    }
}
