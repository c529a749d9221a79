//! Things of every size, in front of each other: what a photograph has and a drawn landscape lacks.
//!
//! "Dead leaves": discs whose radii follow r⁻³, each hiding what is behind it. It has the statistics of natural
//! pictures: edges, and as much contrast in every octave of size (A. B. Lee, D. Mumford and J. Huang, "Occlusion Models
//! for Natural Images", 2001). So a thumbnail of it has as much for an encoder to do as the picture itself.

use image::RgbaImage;

use crate::canvas::to_byte;
use crate::noise::{Noise, blend};

/// How far the leaves' areas together exceed the area that they are strewn over.
const LAYERS: f32 = 1.1;

/// The smallest radius in pixels, and the largest as a share of the picture's height.
const SMALLEST_PIXELS: f32 = 1.5;
const LARGEST_SHARE: f32 = 0.14;

/// Width of an edge in pixels: what a lens and the filter before the sensor leave of a sharp one.
const EDGE_PIXELS: f32 = 1.8;

struct Leaf {
    x: f32,
    y: f32,
    /// Half the width and half the height, in pixels.
    radii: (f32, f32),
    /// How many pixels it leans to the right per pixel upwards.
    lean: f32,
    /// Width of its edge in pixels.
    softness: f32,
    color: [f32; 3],
    /// How much brighter it is above than below.
    shade: f32,
}

/// Strews leaves over the part of a picture below `horizon`, a share of its height. They take the colours of the places
/// where they fall.
pub(crate) fn strew(picture: &mut RgbaImage, horizon: f32, seed: u32) {
    let (width, height) = (as_real(picture.width()), as_real(picture.height()));
    let ground = picture.clone();
    let goal = LAYERS * width * height * (1.0 - horizon);
    let (mut covered, mut number) = (0.0_f64, 0);
    while covered < f64::from(goal) {
        let leaf = Leaf::fall(&ground, horizon, Noise::new(seed), number);
        covered += f64::from(leaf.radii.0 * leaf.radii.1) * std::f64::consts::PI;
        leaf.lay(picture);
        number += 1;
    }
}

impl Leaf {
    fn fall(ground: &RgbaImage, horizon: f32, chance: Noise, number: i32) -> Self {
        let (width, height) = (as_real(ground.width()), as_real(ground.height()));
        let draw = |what: i32| chance.at(number, what);
        let (x, share) = (draw(0) * width, draw(1));
        // Fewer of them far away than near, where they are larger.
        let y = height * blend(horizon, 1.0, share);
        let largest = height * LARGEST_SHARE * (0.3 + 0.7 * share);
        let ratio = SMALLEST_PIXELS / largest;
        // The inverse of the distribution function of r⁻³ between the two radii.
        let radius = SMALLEST_PIXELS / (1.0 - draw(2) * (1.0 - ratio * ratio)).sqrt();
        let out_of_focus = if draw(3) > 0.8 { radius * 0.35 } else { 0.0 };
        let place = ground.get_pixel(clamp(x, ground.width()), clamp(y, ground.height()));
        let brightness = 0.45 + 1.1 * draw(4);
        let color = std::array::from_fn(|channel| {
            let tint = 0.8 + 0.4 * chance.at(number, 16 + i32::try_from(channel).unwrap_or(0));
            (f32::from(place.0[channel]) * brightness * tint).min(250.0)
        });
        Self {
            x,
            y,
            radii: (radius * (0.6 + 0.4 * draw(5)), radius),
            lean: draw(6) * 1.6 - 0.8,
            softness: EDGE_PIXELS + out_of_focus,
            color,
            shade: draw(7) * 0.5,
        }
    }

    fn lay(&self, picture: &mut RgbaImage) {
        let reach_y = self.radii.1 + self.softness;
        let reach_x = self.radii.0 + self.softness + self.lean.abs() * reach_y;
        let columns = clamp(self.x - reach_x, picture.width())..=clamp(self.x + reach_x, picture.width());
        for row in clamp(self.y - reach_y, picture.height())..=clamp(self.y + reach_y, picture.height()) {
            let dy = (as_real(row) - self.y) / self.radii.1;
            let light = 1.0 - self.shade * dy * 0.5;
            let color = self.color.map(|channel| channel * light);
            for column in columns.clone() {
                let dx = (as_real(column) - self.x + self.lean * (as_real(row) - self.y)) / self.radii.0;
                let inside = (1.0 - (dx * dx + dy * dy).sqrt()) * self.radii.0;
                let cover = inside / self.softness + 0.5;
                if cover > 0.0 {
                    let pixel = picture.get_pixel_mut(column, row);
                    for (channel, color) in pixel.0.iter_mut().zip(color) {
                        *channel = to_byte(blend(f32::from(*channel), color, cover.min(1.0)));
                    }
                }
            }
        }
    }
}

/// The pixel at a place, or the nearest that there is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn clamp(place: f32, side: u32) -> u32 {
    (place.max(0.0) as u32).min(side - 1)
}

#[expect(clippy::cast_precision_loss, reason = "sides are far below 2²⁴")]
fn as_real(number: u32) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use image::{Rgba, imageops};

    use super::*;

    fn strewn() -> RgbaImage {
        let mut picture = RgbaImage::from_pixel(768, 512, Rgba([120, 110, 100, 255]));
        strew(&mut picture, 0.0, 7);
        picture
    }

    /// The mean difference of the green of two neighbours.
    fn roughness(picture: &RgbaImage) -> f32 {
        let mut sum = 0;
        for y in 0..picture.height() {
            for x in 1..picture.width() {
                let green = |x| picture.get_pixel(x, y).0[1];
                sum += u32::from(green(x).abs_diff(green(x - 1)));
            }
        }
        as_real(sum) / as_real((picture.width() - 1) * picture.height())
    }

    #[test]
    fn a_thumbnail_is_no_smoother_than_the_picture() {
        let picture = strewn();
        let full = roughness(&picture);
        assert!(full > 4.0, "the picture is smooth: {full}");
        for shrink in [2, 4, 8] {
            let small = imageops::thumbnail(&picture, picture.width() / shrink, picture.height() / shrink);
            let ratio = roughness(&small) / full;
            assert!(ratio > 0.9, "1/{shrink} as large, it is {ratio} times as rough");
        }
    }

    #[test]
    fn nothing_falls_above_the_horizon_but_what_reaches_over_it() {
        let blank = Rgba([120, 110, 100, 255]);
        let mut picture = RgbaImage::from_pixel(300, 200, blank);
        strew(&mut picture, 0.5, 7);
        let changed = |rows: std::ops::Range<u32>| {
            rows.flat_map(|y| (0..300).map(move |x| (x, y)))
                .filter(|(x, y)| *picture.get_pixel(*x, *y) != blank)
                .count()
        };
        assert_eq!(changed(0..60), 0);
        assert!(changed(100..200) > 300 * 60);
    }
}
