//! Confidence intervals for shares that were measured on a sample.

use serde::Serialize;

/// The number of standard deviations on either side of the mean that contain 95 % of a normal
/// distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A count out of a total, with the interval that contains the true share with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    /// The count.
    pub count: u64,
    /// The total.
    pub of: u64,
    /// The share, from 0 to 1; 0 if the total is 0.
    pub value: f64,
    /// The lower and upper end of the share's 95 % interval ([`wilson`]).
    pub interval: [f64; 2],
}

impl Proportion {
    /// Creates the share of `count` out of `of`.
    pub fn new(count: u64, of: u64) -> Self {
        Self {
            count,
            of,
            value: count as f64 / of.max(1) as f64,
            interval: wilson(count, of),
        }
    }
}

/// Returns the 95 % score interval of a binomial share (Wilson 1927).
///
/// Unlike the usual `p ± 1.96·√(p(1−p)/n)`, the interval stays within 0 and 1, and is valid for
/// shares near 0 and 1. An empty sample has the interval from 0 to 1.
///
/// ```
/// let [low, high] = resnet_wgpu_cli::eval::wilson(9173, 10_000);
/// assert!((low - 0.9117).abs() < 1e-4 && (high - 0.9225).abs() < 1e-4);
/// ```
pub fn wilson(count: u64, of: u64) -> [f64; 2] {
    if of == 0 {
        return [0.0, 1.0];
    }
    let n = of as f64;
    let z2 = Z * Z;
    let p = count as f64 / n;
    let centre = p + z2 / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    [
        ((centre - half) / whole).clamp(0.0, 1.0),
        ((centre + half) / whole).clamp(0.0, 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        // Values from statsmodels' `proportion_confint(method="wilson")`.
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.277_532_8),
            (10, 10, 0.722_467_2, 1.0),
            (1, 2, 0.094_531_2, 0.905_468_8),
            (81, 263, 0.255_288_5, 0.366_209_6),
        ] {
            let [a, b] = wilson(count, of);
            assert!((a - low).abs() < 1e-6 && (b - high).abs() < 1e-6, "{a} {b}");
        }
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
        assert_eq!(Proportion::new(0, 0).value, 0.0);
    }
}
