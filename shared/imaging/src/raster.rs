//! Pixels in memory: 8 bits per channel, rows from top to bottom without padding.

use crate::header::Size;
use crate::orientation::Orientation;

/// What a pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// One byte: grey.
    Gray,
    /// Three bytes: red, green, blue.
    Rgb,
    /// Four bytes: red, green, blue, alpha.
    Rgba,
}

impl Channels {
    /// Bytes of one pixel.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// A picture in memory.
///
/// From the stream to the last resize, the colours of an RGBA raster are multiplied by their alpha: averaged otherwise,
/// the colour of pixels that nobody sees would bleed into their neighbours. [`crate::compose`] ends that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) size: Size,
    pub(crate) channels: Channels,
    /// `size.pixels() * channels.count()` bytes.
    pub(crate) pixels: Vec<u8>,
}

impl Raster {
    /// Drops the alpha channel, in place: a quarter of all later work, where it hides nothing.
    pub(crate) fn without_alpha(mut self) -> Self {
        if self.channels != Channels::Rgba {
            return self;
        }
        let count = self.pixels.len() / 4;
        for index in 0..count {
            self.pixels.copy_within(index * 4..index * 4 + 3, index * 3);
        }
        self.pixels.truncate(count * 3);
        Self { channels: Channels::Rgb, ..self }
    }

    /// As much of the raster as `size` from `(left, top)` on; `None` where that is not within it.
    pub(crate) fn cut(&self, (left, top): (u32, u32), size: Size) -> Option<Self> {
        let pixel_bytes = self.channels.count();
        let (from, row_bytes) = (left as usize * pixel_bytes, size.width as usize * pixel_bytes);
        let rows = self.pixels.chunks_exact(self.size.width as usize * pixel_bytes);
        let mut pixels = Vec::with_capacity(row_bytes * size.height as usize);
        for row in rows.skip(top as usize).take(size.height as usize) {
            pixels.extend_from_slice(row.get(from..from + row_bytes)?);
        }
        let complete = pixels.len() == row_bytes * size.height as usize;
        complete.then_some(Self { size, channels: self.channels, pixels })
    }

    /// The raster turned upright.
    pub(crate) fn oriented(self, orientation: Orientation) -> Self {
        if orientation == Orientation::UPRIGHT {
            return self;
        }
        let size = if orientation.swaps_sides() { self.size.swapped() } else { self.size };
        let pixels = match self.channels {
            Channels::Gray => turn::<1>(&self.pixels, self.size, size, orientation),
            Channels::Rgb => turn::<3>(&self.pixels, self.size, size, orientation),
            Channels::Rgba => turn::<4>(&self.pixels, self.size, size, orientation),
        };
        Self { size, pixels, ..self }
    }
}

/// Gathers the pixels of the picture as seen, row by row, from where the orientation says that they are stored.
fn turn<const N: usize>(pixels: &[u8], stored: Size, seen: Size, orientation: Orientation) -> Vec<u8> {
    let (pixels, _) = pixels.as_chunks::<N>();
    let (width, height) = (stored.width as usize, stored.height as usize);
    let mut turned = Vec::with_capacity(pixels.len() * N);
    for y in 0..seen.height as usize {
        for x in 0..seen.width as usize {
            let (column, row) = match orientation.exif() {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                8 => (width - 1 - y, x),
                _ => (x, y),
            };
            turned.extend_from_slice(&pixels[row * width + column]);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three: `123` over `456`.
    fn stored() -> Raster {
        Raster { size: Size::new(3, 2), channels: Channels::Gray, pixels: vec![1, 2, 3, 4, 5, 6] }
    }

    #[test]
    fn each_orientation_puts_the_first_row_and_column_where_exif_says() {
        for (value, width, expected) in [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
        ] {
            let seen = stored().oriented(Orientation::from_exif(value).unwrap());
            assert_eq!(seen.pixels, expected, "orientation {value}");
            assert_eq!(seen.size.width, width, "orientation {value}");
        }
    }

    #[test]
    fn what_is_cut_is_within_or_not_cut_at_all() {
        assert_eq!(stored().cut((1, 0), Size::new(2, 2)).unwrap().pixels, [2, 3, 5, 6]);
        assert_eq!(stored().cut((2, 0), Size::new(2, 1)), None);
        assert_eq!(stored().cut((0, 1), Size::new(1, 2)), None);
    }

    #[test]
    fn without_alpha_the_colours_stay() {
        let pixels = vec![1, 2, 3, 255, 4, 5, 6, 255];
        let raster = Raster { size: Size::new(2, 1), channels: Channels::Rgba, pixels };
        assert_eq!(raster.without_alpha().pixels, [1, 2, 3, 4, 5, 6]);
    }
}
