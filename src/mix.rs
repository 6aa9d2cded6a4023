//! The generator splitmix64 (Steele, Lea and Flood 2014). Seeded weights, random test shapes and
//! reproducible plans use it. The goldens depend on its exact bits.

/// The step between the states of a sequence.
pub(crate) const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes 64 bits; this function is the finaliser of splitmix64.
pub(crate) fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
