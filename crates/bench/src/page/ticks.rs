//! Round numbers along an axis.

/// Returns multiples of a round step that divide `low..=high` into about `n` parts.
pub(crate) fn ticks(low: f64, high: f64, n: usize) -> Vec<f64> {
    let rough = (high - low) / n as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return vec![];
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|&step| step >= rough)
        .unwrap_or(rough);
    let first = (low / step).ceil();
    (0..=2 * n)
        .map(|i| (first + i as f64) * step)
        .take_while(|&tick| tick <= high + step * 1e-9)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_ticks() {
        assert_eq!(ticks(0.0, 10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(1.3, 3.4, 4), [2.0, 3.0]);
        for high in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            assert!(ticks(0.0, high, 5).is_empty());
        }
        assert!(ticks(0.0, f64::MAX, 5).len() <= 11);
    }
}
