//! A tensor's bytes as f32, every value checked.

use half::{bf16, f16};
use safetensors::Dtype;

/// Why a tensor's bytes are no weights.
#[derive(Debug, PartialEq)]
pub(super) enum BadValues {
    /// Not floating point of 16, 32 or 64 bits.
    Dtype,
    /// The number at an index is none that a weight can be.
    Value {
        index: usize,
        expected: &'static str,
        found: f64,
    },
}

/// Converts little-endian `bytes` of `dtype` to f32. NaN, infinities and
/// F64 beyond f32's range are refused, and below-zero numbers too where
/// `variance` says that they are variances.
pub(super) fn to_f32(dtype: Dtype, bytes: &[u8], variance: bool) -> Result<Vec<f32>, BadValues> {
    let values: Vec<f32> = match dtype {
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        // Out of range becomes infinite, and is then found below.
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        _ => return Err(BadValues::Dtype),
    };
    if let Some(index) = values.iter().position(|v| !v.is_finite()) {
        let found = match dtype {
            Dtype::F64 => each(bytes, f64::from_le_bytes)[index],
            _ => f64::from(values[index]),
        };
        let expected = match found.is_finite() {
            true => "a number within f32's range",
            false => "a finite number",
        };
        return Err(BadValues::Value {
            index,
            expected,
            found,
        });
    }
    if variance && let Some(index) = values.iter().position(|v| *v < 0.0) {
        return Err(BadValues::Value {
            index,
            expected: "a variance of at least 0",
            found: f64::from(values[index]),
        });
    }
    Ok(values)
}

fn each<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f64s(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn all_widths_give_the_same_numbers() {
        let values = [0.5f32, -2.0, 1024.0, 0.0];
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(to_f32(Dtype::F32, &bytes, false).unwrap(), values);
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| f16::from_f32(*v).to_le_bytes())
            .collect();
        assert_eq!(to_f32(Dtype::F16, &bytes, false).unwrap(), values);
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| bf16::from_f32(*v).to_le_bytes())
            .collect();
        assert_eq!(to_f32(Dtype::BF16, &bytes, false).unwrap(), values);
        let bytes = f64s(&values.map(f64::from));
        assert_eq!(to_f32(Dtype::F64, &bytes, false).unwrap(), values);
    }

    #[test]
    fn what_is_no_weight_is_refused_by_index() {
        let index = |values: &[f64], variance| match to_f32(Dtype::F64, &f64s(values), variance) {
            Err(BadValues::Value { index, found, .. }) => Some((index, found.to_string())),
            _ => None,
        };
        assert_eq!(index(&[0.0, f64::NAN], false), Some((1, "NaN".into())));
        assert_eq!(index(&[f64::INFINITY], false), Some((0, "inf".into())));
        assert_eq!(index(&[0.0, 0.0, 1e39], false).map(|f| f.0), Some(2));
        assert_eq!(index(&[1.0, -0.5], true), Some((1, "-0.5".into())));
        assert_eq!(index(&[1.0, -0.5, 1e-300], false), None);
        assert_eq!(to_f32(Dtype::I32, &[0; 4], false), Err(BadValues::Dtype));
    }
}
