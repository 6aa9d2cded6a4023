//! Division by a multiplication and a shift (Granlund and Montgomery 1994), for
//! numbers that a kernel divides by again and again.

/// What `divide()` of `shaders/conv_params.wgsl` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Divisor {
    multiplier: u32,
    shift: u32,
}

impl Divisor {
    /// Divides any n below 2³¹ by `d`, which is from 1 to 2³¹.
    ///
    /// With 2ˢ the power of two at or above d, the multiplier m is the least
    /// number over 2³¹⁺ˢ/d. It is too large by at most 1, so n·m/2³¹⁺ˢ is
    /// too large by at most n/2³¹⁺ˢ, below 1/2ˢ and so at most 1/d: not
    /// enough to reach the next whole number. And m is below 2³², since 2ˢ is
    /// below 2d.
    pub(super) fn new(d: u32) -> Self {
        let d = u64::from(d.max(1));
        let shift = d.next_power_of_two().trailing_zeros();
        Self {
            multiplier: ((1u64 << (31 + shift)) / d + 1) as u32,
            shift,
        }
    }

    /// As the kernels' `vec2<u32>`.
    pub(super) fn words(self) -> [u32; 2] {
        [self.multiplier, self.shift]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::mix;

    /// `divide()`, operation by operation.
    fn divide(n: u32, by: Divisor) -> u32 {
        let a = [(n << 1) & 0xffff, n >> 15];
        let b = [by.multiplier & 0xffff, by.multiplier >> 16];
        let left = a[1] * b[0] + ((a[0] * b[0]) >> 16);
        let right = a[0] * b[1] + (left & 0xffff);
        (a[1] * b[1] + (left >> 16) + (right >> 16)) >> by.shift
    }

    /// Around every multiple where a quotient changes, at the ends of the
    /// range, and at random; overflow would panic.
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
