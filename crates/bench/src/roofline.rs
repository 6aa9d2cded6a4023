//! Rates, and the shortest time that a device's peaks allow.

/// Returns GFLOP/s from multiply-accumulates and milliseconds. Each multiply-accumulate counts as
/// two floating-point operations.
pub fn gflops(macs: u64, ms: f64) -> f64 {
    2.0 * macs as f64 / (ms * 1e6)
}

/// Returns GB/s (10⁹ bytes per second) from bytes and milliseconds.
pub fn gbytes_per_second(bytes: u64, ms: f64) -> f64 {
    bytes as f64 / (ms * 1e6)
}

/// Returns the shortest time in milliseconds that a step can take on a device with these peaks.
/// This time is the larger of compute time and traffic time, as if the two overlapped fully.
pub fn ceiling_ms(macs: u64, bytes: u64, fma_gflops: f64, gbytes_per_second: f64) -> f64 {
    // 1 GFLOP/s is 10⁶ operations per millisecond.
    let compute = 2.0 * macs as f64 / (fma_gflops * 1e6);
    let traffic = bytes as f64 / (gbytes_per_second * 1e6);
    compute.max(traffic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        // The 4.089 GMAC of ResNet-50 in 10 ms are 8.178 GFLOP in 0.01 s.
        assert!((gflops(4_089_000_000, 10.0) - 817.8).abs() < 1e-9);
        assert_eq!(gbytes_per_second(3_000_000_000, 1500.0), 2.0);
    }

    #[test]
    fn the_larger_time_is_the_ceiling() {
        // At 1000 GFLOP/s and 100 GB/s, 1 GMAC takes 2 ms and 100 MB take 1 ms.
        assert_eq!(ceiling_ms(1_000_000_000, 100_000_000, 1000.0, 100.0), 2.0);
        assert_eq!(ceiling_ms(1_000_000_000, 400_000_000, 1000.0, 100.0), 4.0);
        // The first step only moves data, and the second does nothing.
        assert_eq!(ceiling_ms(0, 100_000_000, 1000.0, 100.0), 1.0);
        assert_eq!(ceiling_ms(0, 0, 1000.0, 100.0), 0.0);
    }

    #[test]
    fn a_step_at_its_ceiling_has_the_peak_rate() {
        let ms = ceiling_ms(123_456_789, 1, 14_250.0, 900.0);
        assert!((gflops(123_456_789, ms) - 14_250.0).abs() < 1e-6);
        let ms = ceiling_ms(1, 987_654_321, 14_250.0, 900.0);
        assert!((gbytes_per_second(987_654_321, ms) - 900.0).abs() < 1e-6);
    }
}
