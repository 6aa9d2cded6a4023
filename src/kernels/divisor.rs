//! Division by a multiplication and a shift (Granlund and Montgomery 1994), for divisors that a
//! kernel uses repeatedly.

/// A precomputed divisor, the argument of `divide()` in `shaders/conv_params.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Divisor {
    multiplier: u32,
    shift: u32,
}

impl Divisor {
    /// Creates a divisor that divides any n below 2³¹ exactly by `d`. `d` must be from 1 to 2³¹.
    ///
    /// Correctness: let 2ˢ be the smallest power of two that is at least d. The multiplier m is the
    /// smallest integer greater than 2³¹⁺ˢ/d, so m exceeds 2³¹⁺ˢ/d by at most 1. Then n·m/2³¹⁺ˢ
    /// exceeds n/d by at most n/2³¹⁺ˢ. This error is less than 1/2ˢ, because n is below 2³¹. It is
    /// therefore less than 1/d, because 2ˢ is at least d. The distance from n/d up to the next
    /// integer is at least 1/d. The product therefore stays below that integer, and its integer
    /// part is the quotient.
    ///
    /// m fits in 32 bits. For d = 1, m is 2³¹ + 1. For d ≥ 2, 2ˢ is at most 2d − 2, so 2³¹⁺ˢ/d is
    /// at most 2³² − 2³²/d. Since d is at most 2³¹, that is at most 2³² − 2.
    pub(super) fn new(d: u32) -> Self {
        let d = u64::from(d.max(1));
        let shift = d.next_power_of_two().trailing_zeros();
        Self {
            multiplier: ((1u64 << (31 + shift)) / d + 1) as u32,
            shift,
        }
    }

    /// Returns the divisor as the kernels' `vec2<u32>`.
    pub(super) fn words(self) -> [u32; 2] {
        [self.multiplier, self.shift]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::mix;

    /// Repeats the operations of the shader's `divide()`.
    fn divide(n: u32, by: Divisor) -> u32 {
        let a = [(n << 1) & 0xffff, n >> 15];
        let b = [by.multiplier & 0xffff, by.multiplier >> 16];
        let left = a[1] * b[0] + ((a[0] * b[0]) >> 16);
        let right = a[0] * b[1] + (left & 0xffff);
        (a[1] * b[1] + (left >> 16) + (right >> 16)) >> by.shift
    }

    /// Checks numbers near multiples of the divisor, where the quotient changes, at the ends of the
    /// range, and at random. An overflow would panic.
    #[test]
    fn quotients_are_exact_below_two_to_the_31() {
        const LAST: u32 = i32::MAX as u32;
        let powers = (0..31).flat_map(|s| [(1 << s) - 1, 1 << s, (1 << s) + 1]);
        let random = (0..3000).map(|i| (mix(i) >> (33 + i % 31)) as u32);
        let divisors = (1..3000)
            .chain(powers)
            .chain(random)
            .chain([LAST, LAST + 1]);
        for d in divisors.filter(|&d| d > 0) {
            let by = Divisor::new(d);
            let largest = LAST / d;
            let quotients = [0, 1, 2, largest / 2, largest.saturating_sub(1), largest];
            let some = (0..20).map(|i| (mix((u64::from(d) << 5) | i) >> 33) as u32);
            let multiples = quotients.iter().map(|&q| q.min(largest) * d);
            let near = multiples.flat_map(|n| [n.saturating_sub(1), n, (n + 1).min(LAST)]);
            for n in near.chain(some).chain([LAST]) {
                assert_eq!(divide(n, by), n / d, "{n} / {d}");
            }
        }
    }
}
