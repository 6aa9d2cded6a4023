//! Summary statistics of timing samples.

use super::Stats;

impl Stats {
    /// Computes the statistics of samples in milliseconds. Returns `None` if no samples exist.
    ///
    /// A percentile between two samples is interpolated linearly, as NumPy's `percentile` does by
    /// default. The percentile p of n sorted samples lies at the (fractional) index
    /// p / 100 · (n − 1). The standard deviation is that of a sample (divisor n − 1), as NumPy's
    /// `std(ddof=1)` computes it.
    pub fn of(samples_ms: Vec<f64>) -> Option<Self> {
        let mut sorted = samples_ms.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let n = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / n;
        // Sum squared distances from the mean, because a difference of squares would cancel.
        let squares: f64 = sorted.iter().map(|s| (s - mean) * (s - mean)).sum();
        let stddev = match sorted.len() {
            1 => 0.0,
            _ => (squares / (n - 1.0)).sqrt(),
        };
        Some(Self {
            // Rounding may put the mean of equal samples slightly outside the range from `min` to
            // `max`.
            mean: mean.clamp(min, max),
            stddev,
            min,
            median: percentile(&sorted, 50.0),
            p90: percentile(&sorted, 90.0),
            p99: percentile(&sorted, 99.0),
            max,
            samples: samples_ms,
        })
    }
}

/// Returns a percentile of sorted samples, by linear interpolation. `sorted` must not be empty.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let at = percent / 100.0 * (sorted.len() - 1) as f64;
    let below = sorted[at.floor() as usize];
    let above = sorted[at.ceil() as usize];
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs(),
            "{found} {expected}"
        );
    }

    #[test]
    fn no_samples_have_no_statistics() {
        assert_eq!(Stats::of(vec![]), None);
    }

    #[test]
    fn one_sample_has_no_deviation() {
        let stats = Stats::of(vec![3.5]).unwrap();
        assert_eq!(stats.stddev, 0.0);
        for value in [stats.mean, stats.min, stats.median, stats.p90, stats.p99] {
            assert_eq!(value, 3.5);
        }
    }

    /// The expected values are from `numpy.percentile(x, [50, 90, 99])` and `numpy.std(x, ddof=1)`.
    #[test]
    fn statistics_equal_those_of_numpy() {
        let samples = vec![4.0, 1.0, 2.5, 8.0, 2.0, 3.0, 16.0, 1.5, 2.25, 5.75];
        let stats = Stats::of(samples.clone()).unwrap();
        assert_eq!(stats.samples, samples);
        assert_eq!((stats.min, stats.max), (1.0, 16.0));
        assert_near(stats.mean, 4.6);
        assert_near(stats.stddev, 4.53412983198908);
        assert_near(stats.median, 2.75);
        assert_near(stats.p90, 8.8);
        assert_near(stats.p99, 15.28);
    }

    /// Values computed by hand for the sorted samples 1, 2, 3, 4. The median lies between 2 and 3.
    /// p90 lies at index 0.9 · 3 = 2.7, and p99 at index 0.99 · 3 = 2.97. The sample variance
    /// equals (2.25 + 0.25) · 2 / 3.
    #[test]
    fn statistics_equal_those_by_hand() {
        let stats = Stats::of(vec![4.0, 2.0, 1.0, 3.0]).unwrap();
        assert_near(stats.median, 2.5);
        assert_near(stats.p90, 3.7);
        assert_near(stats.p99, 3.97);
        assert_near(stats.stddev, (5.0f64 / 3.0).sqrt());
    }

    #[test]
    fn equal_samples_have_no_deviation() {
        let stats = Stats::of(vec![0.1; 1001]).unwrap();
        for value in [stats.mean, stats.min, stats.median, stats.p99, stats.max] {
            assert_eq!(value, 0.1);
        }
        assert!(stats.stddev < 1e-14, "{}", stats.stddev);
    }
}
