//! Landscapes: sky, sun, clouds, and hills that fade with distance. What a camera's picture is to a codec: large soft
//! areas, hard edges, and texture.

use image::RgbaImage;

use crate::canvas::{Canvas, Color, to_byte};
use crate::noise::{Noise, blend};

/// Draws a landscape. The same seed gives the same hills in every size.
pub(crate) fn landscape(width: u32, height: u32, seed: u32) -> RgbaImage {
    let ridges = (0..RIDGES).map(|ridge| Ridge::new(ridge, seed)).collect();
    let scene = Scene { sky: Noise::new(seed), ridges, ratio: as_real(width) / as_real(height) };
    let place = |at: u32| (as_real(at) + 0.5) / as_real(height);
    let crests: Vec<_> = (0..width).map(|x| scene.crests(place(x))).collect();
    let mut canvas = Canvas::new(width, height);
    canvas.paint(|x, y| scene.color(place(x), place(y), &crests[x as usize]));
    canvas.finish()
}

#[expect(clippy::cast_precision_loss, reason = "pictures are small")]
fn as_real(number: u32) -> f32 {
    number as f32
}

const RIDGES: u32 = 5;
const ZENITH: [f32; 3] = [58.0, 110.0, 190.0];
const HORIZON: [f32; 3] = [250.0, 214.0, 170.0];
const SUN: [f32; 3] = [255.0, 246.0, 214.0];
const CLOUD: [f32; 3] = [255.0, 244.0, 236.0];
const FAR: [f32; 3] = [150.0, 162.0, 190.0];
const NEAR: [f32; 3] = [38.0, 68.0, 34.0];

/// Places go from 0 above to 1 below, and from 0 on the left to `ratio` on the right.
struct Scene {
    sky: Noise,
    /// The farthest first.
    ridges: Vec<Ridge>,
    ratio: f32,
}

impl Scene {
    /// How high each ridge reaches at a place from left to right.
    fn crests(&self, x: f32) -> Vec<f32> {
        self.ridges.iter().map(|ridge| ridge.crest(x)).collect()
    }

    /// The nearest ridge hides all others.
    fn color(&self, x: f32, y: f32, crests: &[f32]) -> Color {
        let hill = self.ridges.iter().zip(crests).rev().find(|(_, crest)| y > **crest);
        let color = match hill {
            Some((ridge, crest)) => ridge.color(x, y, y - crest),
            None => self.sky_color(x, y),
        };
        color.map(to_byte)
    }

    fn sky_color(&self, x: f32, y: f32) -> [f32; 3] {
        let mut color = mix(ZENITH, HORIZON, (y / 0.6).min(1.0));
        let cover = self.sky.rough(x * 2.2, y * 5.0, 5);
        color = mix(color, CLOUD, ((cover - 0.5) * 3.2).clamp(0.0, 0.85) * (1.0 - y).clamp(0.0, 1.0));
        let (dx, dy) = (x - self.ratio * 0.72, y - 0.24);
        let distance = (dx * dx + dy * dy).sqrt();
        let glow = (1.0 - distance / 0.42).max(0.0);
        color = mix(color, SUN, glow * glow * 0.8);
        mix(color, SUN, ((0.055 - distance) * 300.0).clamp(0.0, 1.0))
    }
}

struct Ridge {
    noise: Noise,
    /// From 0, the farthest, to 1.
    nearness: f32,
}

impl Ridge {
    fn new(place: u32, seed: u32) -> Self {
        Self { noise: Noise::new(seed ^ (place * 7919 + 13)), nearness: as_real(place) / as_real(RIDGES - 1) }
    }

    fn crest(&self, x: f32) -> f32 {
        let rise = self.noise.rough(x * (2.0 + self.nearness), 0.0, 6);
        0.5 + self.nearness * 0.36 - rise * (0.34 - self.nearness * 0.1)
    }

    /// Hills are lit from above, and greener, darker and rougher the nearer they are.
    fn color(&self, x: f32, y: f32, depth: f32) -> [f32; 3] {
        let light = 1.12 - (depth * 1.6).min(0.4);
        let grain = self.noise.rough(x * 34.0, y * 60.0, 6) - 0.5;
        let texture = 1.0 + grain * 1.2 * self.nearness;
        mix(FAR, NEAR, self.nearness.sqrt()).map(|channel| channel * light * texture)
    }
}

fn mix(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    [blend(from[0], to[0], share), blend(from[1], to[1], share), blend(from[2], to[2], share)]
}
