//! Numbers in the storage types of buffers.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::kernels::Scalar;

/// Converts `values` to `scalar` and passes the bytes to `write`. Each value is rounded to the
/// nearest value of `scalar`; values beyond the range become infinite.
pub(super) fn store<T>(values: &[f32], scalar: Scalar, write: impl FnOnce(&[u8]) -> T) -> T {
    match scalar {
        Scalar::F32 => write(bytemuck::cast_slice(values)),
        Scalar::F16 => {
            let mut halves = vec![f16::ZERO; values.len()];
            halves.convert_from_f32_slice(values);
            write(bytemuck::cast_slice(&halves))
        }
    }
}

/// Returns the numbers in `bytes`: the bytes themselves for f32, or `room`, resized to hold the
/// converted f16 numbers.
pub(super) fn load<'a>(bytes: &'a [u8], scalar: Scalar, room: &'a mut Vec<f32>) -> &'a [f32] {
    match scalar {
        Scalar::F32 => bytemuck::cast_slice(bytes),
        Scalar::F16 => {
            let halves: &[f16] = bytemuck::cast_slice(bytes);
            room.resize(halves.len(), 0.0);
            halves.convert_to_f32_slice(room);
            room
        }
    }
}

/// Returns the first finite value that exceeds the range of `scalar`.
pub(super) fn beyond(values: &[f32], scalar: Scalar) -> Option<f32> {
    let largest = scalar.largest();
    (values.iter().copied()).find(|v| v.is_finite() && v.abs() > largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_come_back() {
        let values = [0.0, -1.5, 65_504.0, 1e-7, 0.1];
        store(&values, Scalar::F16, |bytes| {
            assert_eq!(bytes.len(), 10);
            let mut room = vec![];
            let back = load(bytes, Scalar::F16, &mut room);
            assert_eq!(back[..3], values[..3]);
            assert!((back[4] - 0.1).abs() < 0.1 / 2048.0);
        });
        assert_eq!(beyond(&values, Scalar::F16), None);
        assert_eq!(beyond(&[1.0, -7e4], Scalar::F16), Some(-7e4));
        assert_eq!(beyond(&[f32::MAX], Scalar::F32), None);
    }
}
