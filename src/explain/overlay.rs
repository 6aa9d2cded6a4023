//! The display of a class activation map over its picture.

use image::{Rgb, RgbImage};

use super::ClassMap;
use crate::preprocess::Region;

/// The opacity of the heat colours over the picture.
const COVER: f32 = 0.6;

/// The brightness of the picture outside the network's input region.
const OUTSIDE: f32 = 0.3;

/// A picture over which maps are painted.
///
/// ```
/// use resnet_wgpu::{Device, Explainer, Model};
/// use resnet_wgpu::low_level::explain::Overlay;
/// use resnet_wgpu::image::RgbImage;
///
/// let explainer = Explainer::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let photo = RgbImage::new(64, 48);
/// let found = explainer.explain(&photo, 1)?;
/// let region = explainer.preprocess().region(64, 48)?;
/// let painted = Overlay::new(&photo, region).paint(&found[0].map);
/// assert_eq!(painted.dimensions(), photo.dimensions());
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Overlay<'a> {
    picture: &'a RgbImage,
    region: Region,
}

impl<'a> Overlay<'a> {
    /// Creates an overlay from a picture and the region that the network saw.
    pub fn new(picture: &'a RgbImage, region: Region) -> Self {
        Self { picture, region }
    }

    /// Paints the map's heat ([`ClassMap::scaled`], [`ClassMap::colour_at`]) over the picture.
    /// Pixels outside the region are dimmed.
    pub fn paint(&self, map: &ClassMap) -> RgbImage {
        let (r, map) = (&self.region, map.scaled());
        RgbImage::from_fn(self.picture.width(), self.picture.height(), |x, y| {
            let pixel = self.picture.get_pixel(x, y).0;
            let across = (f64::from(x) + 0.5 - r.left) / r.width;
            let down = (f64::from(y) + 0.5 - r.top) / r.height;
            let inside = |part: f64| (0.0..=1.0).contains(&part);
            if !(inside(across) && inside(down)) {
                return Rgb(pixel.map(|v| (f32::from(v) * OUTSIDE) as u8));
            }
            let colour = map.colour_at(across, down);
            Rgb(std::array::from_fn(|i| {
                let (under, over) = (f32::from(pixel[i]), f32::from(colour[i]));
                (under + (over - under) * COVER).round() as u8
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_is_where_the_map_has_it_and_the_rest_is_dim() {
        let picture = RgbImage::from_pixel(40, 20, Rgb([100; 3]));
        let region = Region {
            left: 10.0,
            top: 0.0,
            width: 20.0,
            height: 20.0,
        };
        let map = ClassMap {
            class: 0,
            height: 1,
            width: 2,
            values: vec![1.0, 0.0],
            bias: 0.0,
        };
        let painted = Overlay::new(&picture, region).paint(&map);
        assert_eq!(painted.get_pixel(5, 10).0, [30; 3]);
        let brightness = |x| {
            painted
                .get_pixel(x, 10)
                .0
                .map(u32::from)
                .iter()
                .sum::<u32>()
        };
        // The hot end of the inferno colours is bright, and the cold end is black.
        assert!(brightness(11) > 2 * brightness(28));
        assert!(brightness(28) > brightness(35));
    }
}
