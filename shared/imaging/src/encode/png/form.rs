//! The ways in which PNG can tell the same pixels (PNG specification, 6.1).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use png::{BitDepth, ColorType};

use crate::header::Size;
use crate::raster::{Channels, Raster};

/// Red, green, blue and alpha.
type Color = [u8; 4];

/// The most colours that a palette can hold.
const MOST_COLORS: usize = 256;

/// Pixels as a file has them, before filters and compression.
#[derive(Clone, Debug)]
pub(super) struct Form<'a> {
    pub(super) color: ColorType,
    pub(super) depth: BitDepth,
    /// Of an indexed form: its colours, the opaque ones last.
    pub(super) palette: Vec<Color>,
    /// Rows, each beginning with a byte of its own.
    pub(super) bytes: Cow<'a, [u8]>,
}

impl<'a> Form<'a> {
    /// The pixels as they are, without channels that say nothing: alpha that hides nothing, colours that are grey.
    pub(super) fn plain(raster: &'a Raster) -> Self {
        let pixels = raster.pixels.as_slice();
        let (color, bytes) = match raster.channels {
            Channels::Gray => (ColorType::Grayscale, Cow::Borrowed(pixels)),
            Channels::Rgb => match pixels.as_chunks::<3>().0 {
                colors if colors.iter().all(|[r, g, b]| r == g && g == b) => {
                    (ColorType::Grayscale, colors.iter().map(|[gray, ..]| *gray).collect())
                }
                _ => (ColorType::Rgb, Cow::Borrowed(pixels)),
            },
            Channels::Rgba => {
                let colors = pixels.as_chunks::<4>().0;
                let is_gray = colors.iter().all(|[r, g, b, _]| r == g && g == b);
                let is_opaque = colors.iter().all(|[.., alpha]| *alpha == u8::MAX);
                match (is_gray, is_opaque) {
                    (true, true) => (ColorType::Grayscale, colors.iter().map(|[gray, ..]| *gray).collect()),
                    (true, false) => (
                        ColorType::GrayscaleAlpha,
                        colors.iter().flat_map(|[gray, .., alpha]| [*gray, *alpha]).collect(),
                    ),
                    (false, true) => {
                        (ColorType::Rgb, colors.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect())
                    }
                    (false, false) => (ColorType::Rgba, Cow::Borrowed(pixels)),
                }
            }
        };
        Self { color, depth: BitDepth::Eight, palette: Vec::new(), bytes }
    }

    /// The same with a palette, if the colours fit into one and that takes fewer bits.
    pub(super) fn indexed(&self, size: Size) -> Option<Form<'static>> {
        let palette = self.palette_of()?;
        let depth = match palette.len() {
            0..=2 => BitDepth::One,
            3..=4 => BitDepth::Two,
            5..=16 => BitDepth::Four,
            _ => BitDepth::Eight,
        };
        if self.color.samples() == 1 && depth == BitDepth::Eight {
            return None;
        }
        let indices: HashMap<Color, u8> = palette.iter().copied().zip(0..=u8::MAX).collect();
        let bits = depth as usize;
        let mut bytes = Vec::with_capacity((size.width as usize * bits).div_ceil(8) * size.height as usize);
        let mut last = (*palette.first()?, 0);
        for row in self.bytes.chunks(self.row_bytes(size.width)) {
            for pixels in row.chunks(self.color.samples() * 8 / bits) {
                let mut byte = 0;
                for (place, color) in self.colors(pixels).enumerate() {
                    if last.0 != color {
                        last = (color, indices.get(&color).copied().unwrap_or_default());
                    }
                    byte |= last.1 << (8 - bits * (place + 1));
                }
                bytes.push(byte);
            }
        }
        Some(Form { color: ColorType::Indexed, depth, palette, bytes: bytes.into() })
    }

    /// Bytes of a row of an unindexed form.
    pub(super) fn row_bytes(&self, width: u32) -> usize {
        width as usize * self.color.samples()
    }

    /// All colours, if they are few. The opaque ones are last, so that no alpha has to be told of them.
    fn palette_of(&self) -> Option<Vec<Color>> {
        let mut known = HashSet::with_capacity(MOST_COLORS);
        let mut last = None;
        for color in self.colors(&self.bytes) {
            if last.replace(color) != Some(color) && known.insert(color) && known.len() > MOST_COLORS {
                return None;
            }
        }
        let mut palette: Vec<Color> = known.into_iter().collect();
        palette.sort_unstable_by_key(|[r, g, b, alpha]| [*alpha, *r, *g, *b]);
        Some(palette)
    }

    fn colors<'b>(&self, pixels: &'b [u8]) -> impl Iterator<Item = Color> + use<'b> {
        pixels.chunks_exact(self.color.samples()).map(|pixel| match *pixel {
            [gray] => [gray, gray, gray, u8::MAX],
            [gray, alpha] => [gray, gray, gray, alpha],
            [r, g, b] => [r, g, b, u8::MAX],
            [r, g, b, alpha] => [r, g, b, alpha],
            // A form that is not indexed has 1 to 4 samples.
            _ => [0; 4],
        })
    }
}
