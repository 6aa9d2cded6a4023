//! Converts a tensor's bytes to f32 and checks every value.

use half::{bf16, f16};
use safetensors::Dtype;

/// The reason why a tensor's bytes cannot be used as weights.
#[derive(Debug, PartialEq)]
pub(super) enum BadValues {
    /// The dtype is not a floating-point type of 16, 32 or 64 bits.
    Dtype,
    /// The number at `index` cannot be a weight.
    Value {
        index: usize,
        expected: &'static str,
        found: f64,
    },
}

/// The sign that the numbers of a tensor may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Weights may have any sign.
    Any,
    /// Variances are at least 0.
    NotNegative,
}

/// Converts the little-endian `bytes` of `dtype` to f32 and replaces the contents of `out`.
///
/// # Errors
/// [`BadValues::Dtype`] for a dtype that is not F32, F16, BF16 or F64. [`BadValues::Value`] for
/// NaN, an infinity, an F64 number beyond f32's range or, under
/// [`Sign::NotNegative`], a negative number.
pub(super) fn to_f32(
    dtype: Dtype,
    bytes: &[u8],
    sign: Sign,
    out: &mut Vec<f32>,
) -> Result<(), BadValues> {
    match dtype {
        Dtype::F32 => each(bytes, f32::from_le_bytes, out),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32(), out),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32(), out),
        // A number beyond f32's range becomes infinite, and the check below finds it.
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32, out),
        _ => return Err(BadValues::Dtype),
    }
    // The fold has no early exit, so that the compiler can vectorise it.
    let least = match sign {
        Sign::Any => f32::MIN,
        Sign::NotNegative => 0.0,
    };
    let sound = |v: f32| v >= least && v <= f32::MAX;
    if out.iter().fold(true, |all, &v| all & sound(v)) {
        return Ok(());
    }
    let Some(index) = out.iter().position(|&v| !sound(v)) else {
        return Ok(());
    };
    let found = match (dtype, bytes.as_chunks().0.get(index)) {
        (Dtype::F64, Some(b)) => f64::from_le_bytes(*b),
        _ => f64::from(out[index]),
    };
    let expected = match (out[index].is_finite(), found.is_finite()) {
        (true, _) => "a variance of at least 0",
        (false, true) => "a number within f32's range",
        (false, false) => "a finite number",
    };
    Err(BadValues::Value {
        index,
        expected,
        found,
    })
}

fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32, out: &mut Vec<f32>) {
    out.clear();
    out.extend(bytes.as_chunks::<N>().0.iter().map(|b| read(*b)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_f32(dtype: Dtype, bytes: &[u8], sign: Sign) -> Result<Vec<f32>, BadValues> {
        let mut out = vec![7.0];
        super::to_f32(dtype, bytes, sign, &mut out).map(|()| out)
    }

    fn f64s(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn all_widths_give_the_same_numbers() {
        let values = [0.5f32, -2.0, 1024.0, 0.0];
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(to_f32(Dtype::F32, &bytes, Sign::Any).unwrap(), values);
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| f16::from_f32(*v).to_le_bytes())
            .collect();
        assert_eq!(to_f32(Dtype::F16, &bytes, Sign::Any).unwrap(), values);
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| bf16::from_f32(*v).to_le_bytes())
            .collect();
        assert_eq!(to_f32(Dtype::BF16, &bytes, Sign::Any).unwrap(), values);
        let bytes = f64s(&values.map(f64::from));
        assert_eq!(to_f32(Dtype::F64, &bytes, Sign::Any).unwrap(), values);
    }

    #[test]
    fn what_is_no_weight_is_refused_by_index() {
        let index = |values: &[f64], sign| match to_f32(Dtype::F64, &f64s(values), sign) {
            Err(BadValues::Value { index, found, .. }) => Some((index, found.to_string())),
            _ => None,
        };
        assert_eq!(index(&[0.0, f64::NAN], Sign::Any), Some((1, "NaN".into())));
        assert_eq!(index(&[f64::INFINITY], Sign::Any), Some((0, "inf".into())));
        assert_eq!(index(&[0.0, 0.0, 1e39], Sign::Any).map(|f| f.0), Some(2));
        assert_eq!(
            index(&[1.0, -0.5], Sign::NotNegative),
            Some((1, "-0.5".into()))
        );
        assert_eq!(
            index(&[0.0, f64::NAN], Sign::NotNegative),
            Some((1, "NaN".into()))
        );
        assert_eq!(index(&[1.0, -0.5, 1e-300], Sign::Any), None);
        assert_eq!(
            to_f32(Dtype::I32, &[0; 4], Sign::Any),
            Err(BadValues::Dtype)
        );
    }
}
