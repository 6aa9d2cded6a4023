//! A class activation map as a picture of heat that is laid over the network's input.

use image::{Rgb, RgbImage};
use resnet_wgpu::ClassMap;

/// The pixels along a side. Maps have about ten cells along a side; the pixels between them are
/// smooth.
const SIDE: u32 = 224;

/// Paints the map alone, at full opacity. The caller chooses its opacity over a picture.
pub fn paint(map: &ClassMap) -> RgbImage {
    let scaled = map.scaled();
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let part = |at: u32| (f64::from(at) + 0.5) / f64::from(SIDE);
        Rgb(scaled.colour_at(part(x), part(y)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_is_bright_where_the_map_is_high() {
        let map = ClassMap {
            class: 0,
            height: 1,
            width: 2,
            values: vec![0.0, 4.0],
            bias: 0.0,
        };
        let heat = paint(&map);
        let light = |x| {
            heat.get_pixel(x, 9)
                .0
                .iter()
                .map(|&v| u32::from(v))
                .sum::<u32>()
        };
        assert!(light(10) < 20 && light(SIDE - 10) > 500);
        assert!((1..SIDE).all(|x| light(x) + 2 >= light(x - 1)));
    }
}
