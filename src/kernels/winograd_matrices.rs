//! The matrices of Winograd's transforms.

/// The matrices Bᵀ, G and Aᵀ of F(m×m, 3×3).
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrices {
    /// Bᵀ, `[m+2][m+2]`.
    pub input: &'static [&'static [f64]],
    /// G, `[m+2][3]`.
    pub filter: &'static [[f64; 3]],
    /// Aᵀ, `[m][m+2]`.
    pub output: &'static [&'static [f64]],
}

/// The matrices of F(2×2, 3×3), from interpolation at 0, 1, −1 and ∞.
const TWO: Matrices = Matrices {
    input: &[
        &[1., 0., -1., 0.],
        &[0., 1., 1., 0.],
        &[0., -1., 1., 0.],
        &[0., -1., 0., 1.],
    ],
    filter: &[
        [1., 0., 0.],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0., 0., 1.],
    ],
    output: &[&[1., 1., 1., 0.], &[0., 1., -1., 1.]],
};

/// The matrices of F(4×4, 3×3), from interpolation at 0, 1, −1, 2, −2 and ∞.
const FOUR: Matrices = Matrices {
    input: &[
        &[4., 0., -5., 0., 1., 0.],
        &[0., -4., -4., 1., 1., 0.],
        &[0., 4., -4., -1., 1., 0.],
        &[0., -2., -1., 2., 1., 0.],
        &[0., 2., -1., -2., 1., 0.],
        &[0., 4., 0., -5., 0., 1.],
    ],
    filter: &[
        [1. / 4., 0., 0.],
        [-1. / 6., -1. / 6., -1. / 6.],
        [-1. / 6., 1. / 6., -1. / 6.],
        [1. / 24., 1. / 12., 1. / 6.],
        [1. / 24., -1. / 12., 1. / 6.],
        [0., 0., 1.],
    ],
    output: &[
        &[1., 1., 1., 1., 1., 0.],
        &[0., 1., -1., 2., -2., 0.],
        &[0., 1., 1., 4., 4., 0.],
        &[0., 1., -1., 8., -8., 1.],
    ],
};

/// Returns the matrices for output tiles of `tile`×`tile` pixels.
pub(super) fn matrices(tile: usize) -> &'static Matrices {
    match tile {
        2 => &TWO,
        _ => &FOUR,
    }
}

/// Computes U of one filter and passes each point's index (row-major) and value to `point`.
/// Computes in f64, so that only the result is rounded.
pub(super) fn transform_filter(tile: usize, filter: &[f32], mut point: impl FnMut(usize, f64)) {
    let g = matrices(tile).filter;
    for (i, left) in g.iter().enumerate() {
        let mut row = [0.0; 3];
        for (r, taps) in filter.chunks_exact(3).enumerate() {
            for (sum, &tap) in row.iter_mut().zip(taps) {
                *sum += left[r] * f64::from(tap);
            }
        }
        for (j, right) in g.iter().enumerate() {
            let sum = row.iter().zip(right).map(|(a, b)| a * b).sum();
            point(i * g.len() + j, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks in one dimension that Aᵀ((G g) ∘ (Bᵀ d)) is the correlation of d with g.
    #[test]
    fn the_matrices_belong_together() {
        for tile in [2, 4] {
            let m = matrices(tile);
            let d: Vec<f64> = (0..tile + 2)
                .map(|i| [3., -1., 4., 1., -5., 9.][i])
                .collect();
            let g = [2., -7., 1.];
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
            let products: Vec<f64> = (m.filter.iter().zip(m.input))
                .map(|(f, b)| dot(f, &g) * dot(b, &d))
                .collect();
            for (i, row) in m.output.iter().enumerate() {
                let expected = dot(&d[i..i + 3], &g);
                assert!((dot(row, &products) - expected).abs() < 1e-12);
            }
        }
    }
}
