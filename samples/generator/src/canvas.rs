//! Something to draw on: shapes with soft edges, laid over what is there.

use image::{Rgba, RgbaImage};

use crate::font;

/// A colour: red, green, blue, 0 to 255.
pub(crate) type Color = [u8; 3];

/// A picture that is being drawn. It begins transparent.
pub(crate) struct Canvas {
    pixels: RgbaImage,
}

impl Canvas {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self { pixels: RgbaImage::new(width, height) }
    }

    pub(crate) fn over(pixels: RgbaImage) -> Self {
        Self { pixels }
    }

    pub(crate) fn finish(self) -> RgbaImage {
        self.pixels
    }

    /// Colours each pixel by its place.
    pub(crate) fn paint(&mut self, color: impl Fn(u32, u32) -> Color) {
        for (x, y, pixel) in self.pixels.enumerate_pixels_mut() {
            let [r, g, b] = color(x, y);
            *pixel = Rgba([r, g, b, 255]);
        }
    }

    /// A disc. `opacity` goes from 0 to 1; the edge is one pixel soft.
    pub(crate) fn disc(&mut self, centre: (f32, f32), radius: f32, color: Color, opacity: f32) {
        self.shape(color, |x, y| {
            let (dx, dy) = (x - centre.0, y - centre.1);
            (radius - (dx * dx + dy * dy).sqrt() + 0.5).clamp(0.0, 1.0) * opacity
        });
    }

    /// An upright rectangle.
    pub(crate) fn rectangle(&mut self, corner: (f32, f32), size: (f32, f32), color: Color, opacity: f32) {
        self.shape(color, |x, y| {
            let within = x >= corner.0 && y >= corner.1 && x < corner.0 + size.0 && y < corner.1 + size.1;
            if within { opacity } else { 0.0 }
        });
    }

    /// A triangle that stands on its base, the apex above the middle of it.
    pub(crate) fn triangle(&mut self, apex: (f32, f32), base: f32, height: f32, color: Color, opacity: f32) {
        self.shape(color, |x, y| {
            let down = y - apex.1;
            if !(0.0..=height).contains(&down) {
                return 0.0;
            }
            (base / 2.0 * down / height - (x - apex.0).abs() + 0.5).clamp(0.0, 1.0) * opacity
        });
    }

    /// Text in capitals; `corner` is its upper left, and each dot of a letter a square of `dot` pixels.
    pub(crate) fn text(&mut self, text: &str, corner: (u32, u32), dot: u32, color: Color) {
        for (place, letter) in (0_u32..).zip(text.chars()) {
            for (row, dots) in (0_u32..).zip(font::glyph(letter)) {
                for column in (0..font::WIDTH).filter(|column| dots >> (font::WIDTH - 1 - column) & 1 == 1) {
                    let x = corner.0 + (place * (font::WIDTH + 1) + column) * dot;
                    self.square((x, corner.1 + row * dot), dot, color);
                }
            }
        }
    }

    fn square(&mut self, (left, top): (u32, u32), side: u32, [r, g, b]: Color) {
        for y in top..(top + side).min(self.pixels.height()) {
            for x in left..(left + side).min(self.pixels.width()) {
                self.pixels.put_pixel(x, y, Rgba([r, g, b, 255]));
            }
        }
    }

    /// Lays `color` over each pixel by the share that `cover` gives for its centre.
    fn shape(&mut self, color: Color, cover: impl Fn(f32, f32) -> f32) {
        for (x, y, pixel) in self.pixels.enumerate_pixels_mut() {
            #[expect(clippy::cast_precision_loss, reason = "pictures are small")]
            let share = cover(x as f32 + 0.5, y as f32 + 0.5);
            if share > 0.0 {
                *pixel = lay(color, share, *pixel);
            }
        }
    }
}

/// One colour over another that may be transparent itself (T. Porter and T. Duff, "Compositing Digital Images", 1984).
fn lay(color: Color, share: f32, Rgba([r, g, b, a]): Rgba<u8>) -> Rgba<u8> {
    let below = f32::from(a) / 255.0 * (1.0 - share);
    let alpha = share + below;
    let mix = |over: u8, under: u8| to_byte((f32::from(over) * share + f32::from(under) * below) / alpha);
    Rgba([mix(color[0], r), mix(color[1], g), mix(color[2], b), to_byte(alpha * 255.0)])
}

/// The nearest byte.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub(crate) fn to_byte(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}
