//! Resizing while the rows arrive: one size, made of a stream.
//!
//! Lanczos with three lobes needs, for each row that it makes, the rows that lie within three of its own widths. So a band of
//! rows is kept, as many output rows as it holds all of are made of it, and what no later row needs is let go. The result
//! is the one that resizing the whole picture at once would give.

// Sides are at most 65,535 and every number is clamped before it is cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};

use crate::error::Error;
use crate::header::Size;
use crate::lanczos::{LOBES, algorithm};
use crate::rows::{Depth, Frame, Samples};

/// About how many bytes of rows are kept at once. Larger bands repeat less work where they meet.
const BAND_BYTES: usize = 3 << 19;

/// A part of a picture, in pixels of whatever the picture is delivered in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Makes one size of the rows that are pushed into it.
pub(crate) struct Shrinker {
    source: Size,
    row_bytes: usize,
    kind: PixelType,
    window: Window,
    target: Size,
    /// Rows that are still needed; the first of them is row `first` of the source.
    band: Vec<u8>,
    first: u32,
    /// Rows of the target that are made.
    made: u32,
    output: Vec<u8>,
    resizer: Resizer,
}

impl Shrinker {
    /// Will make `target` of what lies in `window` of the frame that is announced.
    pub(crate) fn new(frame: &Frame, window: Window, target: Size) -> Self {
        let kind = pixel_type(frame.samples, frame.depth);
        let output = Vec::with_capacity(target.width as usize * target.height as usize * kind.size());
        Self {
            source: frame.size,
            row_bytes: frame.row_bytes(),
            kind,
            window,
            target,
            band: Vec::new(),
            first: 0,
            made: 0,
            output,
            resizer: Resizer::new(),
        }
    }

    /// Bytes that making `target` of rows of `row_bytes` holds at most, its result among them.
    pub(crate) fn working_bytes(row_bytes: u64, source_rows: u32, target: Size, pixel_bytes: u64) -> u64 {
        let scale = (f64::from(source_rows) / f64::from(target.height.max(1))).max(1.0);
        // Rounded up by the whole row: this is a bound, not a measurement.
        let reach = (scale * (2.0 * LOBES + 1.0)).ceil().min(f64::from(source_rows)) as u64 + 2;
        let band = (row_bytes * reach).max(BAND_BYTES as u64 + row_bytes);
        // Narrowed rows of the band lie beside it, and a chunk of the result.
        2 * band + target.pixels() * pixel_bytes
    }

    /// Takes rows, and makes what can be made of them.
    pub(crate) fn push(&mut self, mut rows: &[u8]) -> Result<(), Error> {
        while self.made < self.target.height {
            let until = self.next_stop();
            let (_, end) = self.reach(self.made, until);
            // Rows above the band's beginning belong to no row that is still to be made.
            let (begin, _) = self.reach(self.made, self.made + 1);
            if self.band.is_empty() && self.first < begin && !rows.is_empty() {
                let skipped = (begin - self.first).min(self.rows_in(rows));
                rows = &rows[skipped as usize * self.row_bytes..];
                self.first += skipped;
                continue;
            }
            let missing = end.saturating_sub(self.first + self.rows_in(&self.band));
            let taken = missing.min(self.rows_in(rows));
            let (now, later) = rows.split_at(taken as usize * self.row_bytes);
            rows = later;
            // All that this band will need at once, and no more: a growing vector takes up to twice of it.
            self.band.reserve_exact(missing as usize * self.row_bytes);
            self.band.extend_from_slice(now);
            if taken < missing {
                break;
            }
            self.make(until)?;
        }
        Ok(())
    }

    /// The finished pixels, once all rows have been pushed.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        if self.made < self.target.height {
            let detail =
                format!("{} of {} rows came", self.first + self.rows_in(&self.band), self.source.height);
            return Err(Error::Internal { step: "resizing", detail });
        }
        Ok(self.output)
    }

    fn rows_in(&self, rows: &[u8]) -> u32 {
        u32::try_from(rows.len() / self.row_bytes).unwrap_or(u32::MAX)
    }

    /// Rows of the source for each row of the target.
    fn scale(&self) -> f64 {
        self.window.height / f64::from(self.target.height)
    }

    /// Up to which row of the target a band of reasonable size serves.
    fn next_stop(&self) -> u32 {
        let scale = self.scale();
        let rows = (BAND_BYTES / self.row_bytes) as f64 - 2.0 * LOBES * scale.max(1.0);
        let step = (rows / scale).clamp(1.0, f64::from(self.target.height));
        (self.made + step as u32).min(self.target.height)
    }

    /// The rows of the source, from and to, that rows of the target are made of.
    fn reach(&self, from: u32, to: u32) -> (u32, u32) {
        let scale = self.scale();
        let lobes = LOBES * scale.max(1.0);
        let begin = self.window.top + (f64::from(from) + 0.5) * scale - lobes - 1.0;
        let end = self.window.top + (f64::from(to) - 0.5) * scale + lobes + 1.0;
        let height = f64::from(self.source.height);
        (begin.floor().clamp(0.0, height - 1.0) as u32, end.ceil().clamp(1.0, height) as u32)
    }

    /// Makes the rows up to `until` of what is in the band, and drops what is not needed any more.
    fn make(&mut self, until: u32) -> Result<(), Error> {
        let rows = self.rows_in(&self.band);
        let count = until - self.made;
        let band = ImageRef::new(self.source.width, rows, &self.band, self.kind).map_err(internal)?;
        let mut made = Image::new(self.target.width, count, self.kind);
        let top = (self.window.top + f64::from(self.made) * self.scale() - f64::from(self.first)).max(0.0);
        let height = (f64::from(count) * self.scale()).min(f64::from(rows) - top);
        let left = self.window.left.max(0.0);
        let width = self.window.width.min(f64::from(self.source.width) - left);
        let options =
            ResizeOptions::new().resize_alg(algorithm()).use_alpha(false).crop(left, top, width, height);
        self.resizer.resize(&band, &mut made, &options).map_err(internal)?;
        self.output.extend_from_slice(made.buffer());
        self.made = until;
        if self.made == self.target.height {
            self.band = Vec::new();
            self.first = self.source.height;
        } else {
            let (begin, _) = self.reach(self.made, self.made + 1);
            let unneeded = begin.saturating_sub(self.first).min(rows);
            self.band.drain(..unneeded as usize * self.row_bytes);
            self.first += unneeded;
        }
        Ok(())
    }
}

/// What `fast_image_resize` calls such pixels.
pub(crate) fn pixel_type(samples: Samples, depth: Depth) -> PixelType {
    match (samples, depth) {
        (Samples::Gray, Depth::Eight) => PixelType::U8,
        (Samples::Rgb, Depth::Eight) => PixelType::U8x3,
        (Samples::Rgba | Samples::Cmyk, Depth::Eight) => PixelType::U8x4,
        (Samples::Gray, Depth::Sixteen) => PixelType::U16,
        (Samples::Rgb, Depth::Sixteen) => PixelType::U16x3,
        (Samples::Rgba | Samples::Cmyk, Depth::Sixteen) => PixelType::U16x4,
    }
}

fn internal(error: impl std::error::Error) -> Error {
    Error::Internal { step: "resizing", detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(size: Size) -> Vec<u8> {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        noise.take(size.width as usize * size.height as usize * 3).collect()
    }

    fn at_once(pixels: &[u8], size: Size, window: Window, target: Size) -> Vec<u8> {
        let source = ImageRef::new(size.width, size.height, pixels, PixelType::U8x3).unwrap();
        let mut made = Image::new(target.width, target.height, PixelType::U8x3);
        let options = ResizeOptions::new().crop(window.left, window.top, window.width, window.height);
        Resizer::new().resize(&source, &mut made, &options).unwrap();
        made.into_vec()
    }

    #[test]
    fn a_stream_of_rows_gives_what_the_whole_picture_gives() {
        let size = Size::new(3000, 701);
        let pixels = picture(size);
        let all = Window { left: 0.0, top: 0.0, width: 3000.0, height: 701.0 };
        let part = Window { left: 100.25, top: 333.3, width: 1500.5, height: 211.7 };
        for (window, target) in [
            (all, Size::new(1280, 299)),
            (all, Size::new(37, 9)),
            (all, Size::new(3000, 701)),
            (part, Size::new(128, 18)),
            (part, Size::new(1600, 500)),
        ] {
            let expected = at_once(&pixels, size, window, target);
            for rows_at_once in [1, 7, 701] {
                let mut shrinker = Shrinker::new(&Frame::whole(size, Samples::Rgb), window, target);
                for rows in pixels.chunks(rows_at_once * 3000 * 3) {
                    shrinker.push(rows).unwrap();
                }
                let made = shrinker.finish().unwrap();
                let most = made.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
                assert_eq!(made.len(), expected.len());
                // Where a band begins changes the last bit of a weight, at most.
                assert!(most <= Some(1), "{target}, {rows_at_once} rows at once: {most:?}");
            }
        }
    }

    #[test]
    fn the_band_stays_small_whatever_the_height_is() {
        let size = Size::new(2000, 20_000);
        let row = vec![9; 2000 * 3];
        let window = Window { left: 0.0, top: 0.0, width: 2000.0, height: 20_000.0 };
        let mut shrinker = Shrinker::new(&Frame::whole(size, Samples::Rgb), window, Size::new(100, 1000));
        for _ in 0..size.height {
            shrinker.push(&row).unwrap();
            assert!(shrinker.band.capacity() <= BAND_BYTES + 2 * row.len());
        }
        assert!(shrinker.finish().unwrap().iter().all(|value| *value == 9));
    }

    #[test]
    fn rows_that_do_not_come_are_not_made_up() {
        let size = Size::new(10, 10);
        let window = Window { left: 0.0, top: 0.0, width: 10.0, height: 10.0 };
        let mut shrinker = Shrinker::new(&Frame::whole(size, Samples::Gray), window, Size::new(5, 5));
        shrinker.push(&[0; 90]).unwrap();
        assert!(shrinker.finish().is_err());
    }
}
