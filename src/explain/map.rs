//! The class activation map.

use crate::tensor::Tensor;

/// The contribution of each position of the last features to a class's logit.
///
/// ```
/// use resnet_wgpu::{ClassMap, Tensor};
///
/// // One channel at two positions, and the weights of two classes.
/// let features = [1.0, 3.0];
/// let weight = Tensor::new([2, 1], vec![1.0, -1.0]).expect("two rows of one");
/// let map = ClassMap::new(0, &features, (1, 2), &weight, None).expect("they fit");
/// assert_eq!(map.values, [1.0, 3.0]);
/// assert_eq!((map.logit(), map.peak()), (2.0, (0, 1)));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMap {
    /// The class.
    pub class: usize,
    /// The number of rows.
    pub height: usize,
    /// The number of columns.
    pub width: usize,
    /// `Σ_k w[class, k]·f[y, x, k]` for each position, `[height, width]`.
    pub values: Vec<f32>,
    /// The bias of the class.
    pub bias: f32,
}

impl ClassMap {
    /// Computes the map of a class from features `[height, width, k]`, and from the linear layer's
    /// weight `[classes, k]` and bias (Zhou et al. 2016, equation 2). Returns `None` if the shapes
    /// do not fit together.
    pub fn new(
        class: usize,
        features: &[f32],
        (height, width): (usize, usize),
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Option<Self> {
        let [classes, channels] = *weight.shape().get(..2)? else {
            return None;
        };
        if class >= classes || channels == 0 || features.len() != height * width * channels {
            return None;
        }
        let row = weight
            .data()
            .get(class * channels..(class + 1) * channels)?;
        let pixels = features.chunks_exact(channels);
        let value = |pixel: &[f32]| {
            let products = pixel.iter().zip(row).map(|(f, w)| f64::from(f * w));
            products.sum::<f64>() as f32
        };
        Some(Self {
            class,
            height,
            width,
            values: pixels.map(value).collect(),
            bias: match bias {
                Some(bias) => *bias.data().get(class)?,
                None => 0.0,
            },
        })
    }

    /// Returns the mean of the map plus the bias, which is the class's logit.
    pub fn logit(&self) -> f32 {
        let sum: f64 = self.values.iter().map(|&v| f64::from(v)).sum();
        (sum / self.values.len().max(1) as f64) as f32 + self.bias
    }

    /// Returns the smallest and the largest value.
    pub fn range(&self) -> (f32, f32) {
        let values = self.values.iter();
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        })
    }

    /// Returns the row and column of the largest value, or the first of equal values.
    pub fn peak(&self) -> (usize, usize) {
        let (_, high) = self.range();
        let at = self.values.iter().position(|&v| v == high).unwrap_or(0);
        (at / self.width.max(1), at % self.width.max(1))
    }

    /// Returns the map scaled to the range from 0 to 1, with the largest value at 1. Negative
    /// values become 0. If no value is positive, the smallest value becomes 0. All values are 0 if
    /// they were all equal, or if none is a number.
    pub fn scaled(&self) -> Self {
        let (smallest, high) = self.range();
        let low = if high > 0.0 { 0.0 } else { smallest };
        let scaled = |&v: &f32| {
            let part = (v - low) / (high - low);
            let finite = smallest < high && part.is_finite();
            if finite { part.max(0.0) } else { 0.0 }
        };
        Self {
            values: self.values.iter().map(scaled).collect(),
            ..self.clone()
        }
    }

    /// Returns the red, green and blue of a [`scaled`](Self::scaled) map at a position. `x` and `y`
    /// are as in [`at`](Self::at). The colours are those of `inferno`, whose steps are perceptually
    /// uniform (van der Walt and Smith 2015).
    pub fn colour_at(&self, x: f64, y: f64) -> [u8; 3] {
        let colour = colorous::INFERNO.eval_continuous(self.at(x, y).into());
        [colour.r, colour.g, colour.b]
    }

    /// Returns the bilinearly interpolated value of the map. `x` and `y` are fractions of the
    /// crop's width and height, from 0 to 1.
    pub fn at(&self, x: f64, y: f64) -> f32 {
        // Values belong to the centres of their cells. Outside the outermost centres, the nearest
        // value applies.
        let between = |part: f64, pixels: usize| {
            let last = pixels.saturating_sub(1);
            let at = (part * pixels as f64 - 0.5).clamp(0.0, last as f64);
            let first = at.floor() as usize;
            (first, (first + 1).min(last), (at - at.floor()) as f32)
        };
        let (top, bottom, down) = between(y, self.height);
        let (left, right, across) = between(x, self.width);
        let value = |row: usize, column: usize| {
            let value = self.values.get(row * self.width + column);
            value.copied().unwrap_or_default()
        };
        let mix = |a: f32, b: f32, part: f32| a + (b - a) * part;
        let upper = mix(value(top, left), value(top, right), across);
        let lower = mix(value(bottom, left), value(bottom, right), across);
        mix(upper, lower, down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(height: usize, width: usize, values: &[f32]) -> ClassMap {
        ClassMap {
            class: 0,
            height,
            width,
            values: values.to_vec(),
            bias: 0.5,
        }
    }

    #[test]
    fn a_map_is_the_features_weighted() {
        let features = [1.0, 2.0, 3.0, 4.0];
        let weight = Tensor::new([2, 2], vec![9.0, 9.0, 10.0, -1.0]).unwrap();
        let bias = Tensor::new([2], vec![0.0, 0.25]).unwrap();
        let found = ClassMap::new(1, &features, (1, 2), &weight, Some(&bias)).unwrap();
        assert_eq!(found.values, [8.0, 26.0]);
        assert_eq!((found.logit(), found.peak()), (17.25, (0, 1)));
        assert!(ClassMap::new(2, &features, (1, 2), &weight, None).is_none());
        assert!(ClassMap::new(1, &features, (2, 2), &weight, None).is_none());
    }

    #[test]
    fn values_lie_between_the_pixels() {
        let found = map(1, 2, &[2.0, 6.0]);
        let between = [0.0, 0.25, 0.5, 0.625, 0.75, 1.0].map(|x| found.at(x, 0.5));
        assert_eq!(between, [2.0, 2.0, 4.0, 5.0, 6.0, 6.0]);
        assert_eq!(
            map(1, 3, &[-2.0, 1.0, 4.0]).scaled().values,
            [0.0, 0.25, 1.0]
        );
        assert_eq!(
            map(1, 3, &[-4.0, -3.0, -2.0]).scaled().values,
            [0.0, 0.5, 1.0]
        );
        assert_eq!(map(2, 1, &[0.0, 1.0]).at(0.9, 0.5), 0.5);
        for same in [3.0, f32::NAN, f32::INFINITY] {
            assert_eq!(map(1, 2, &[same; 2]).scaled().values, [0.0; 2]);
        }
    }
}
