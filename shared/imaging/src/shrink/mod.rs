//! Resizing while the rows arrive: one size, made of a stream.
//!
//! Lanczos with three lobes needs, for each row that it makes, the rows that lie within three of its own widths. As many rows
//! are kept, each in the place of one that no later row needs. What is made of them is added up down the columns first: there
//! samples lie side by side, and of the rows that are left, the fewer have to be gone across. That is done for several of them
//! at once.

mod batch;
mod kernels;
mod ring;
mod weights;

use crate::error::Error;
use crate::header::Size;
use crate::rows::{Depth, Frame};
use batch::Batch;
use kernels::{BLOCK, GRID_ACROSS, GRID_DOWN, LINES, across_sixteen, down_sixteen};
use ring::Ring;
use weights::Weights;

/// A part of a picture, in pixels of whatever the picture is delivered in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Pixels that the filter reaches over, on both sides together, of the larger scale.
const REACH: u64 = 6;

/// Makes one size of the rows that are pushed into it.
pub(crate) struct Shrinker {
    source: Size,
    target: Size,
    /// Bytes of a row of the source, and of the part of it that counts, which begins with byte `left`.
    row_bytes: usize,
    left: usize,
    kept_bytes: usize,
    channels: usize,
    /// Bytes of a pixel that is made.
    made_bytes: usize,
    across: Weights,
    down: Weights,
    ring: Ring,
    line: Line,
    /// Rows of the source that have come, and of the target that are made.
    come: usize,
    made: usize,
    output: Vec<u8>,
}

/// What is between the two directions, for samples of either depth.
enum Line {
    Eight(Batch),
    Sixteen(Vec<i32>),
}

impl Shrinker {
    /// Will make `target` of what lies in `window` of the frame that is announced.
    pub(crate) fn new(frame: &Frame, window: Window, target: Size) -> Self {
        let channels = frame.samples.count();
        let across = Weights::new(frame.size.width, window.left, window.width, target.width, GRID_ACROSS);
        let down = Weights::new(frame.size.height, window.top, window.height, target.height, GRID_DOWN);
        let (first, end) = across.span();
        let across = across.shifted(first);
        let kept_bytes = (end - first) * frame.pixel_bytes();
        // A filter that reaches over more pixels than there are reads on, and multiplies with zero.
        let width = (end - first).max(across.reach());
        let (ring, line) = match frame.depth {
            Depth::Eight => {
                let batch = Batch::new(channels, width.next_multiple_of(BLOCK), target.width as usize);
                (Ring::new(down.taps(), batch.row_bytes()), Line::Eight(batch))
            }
            Depth::Sixteen => {
                let line = vec![0; width * channels];
                (Ring::new(down.taps(), line.len() * 2), Line::Sixteen(line))
            }
        };
        Self {
            source: frame.size,
            target,
            row_bytes: frame.row_bytes(),
            left: first * frame.pixel_bytes(),
            kept_bytes,
            channels,
            made_bytes: frame.pixel_bytes(),
            across,
            down,
            ring,
            line,
            come: 0,
            made: 0,
            output: Vec::with_capacity(target.width as usize * target.height as usize * frame.pixel_bytes()),
        }
    }

    /// Bytes that making `target` of rows of `row_bytes` holds at most, its result among them.
    pub(crate) fn working_bytes(row_bytes: u64, source: Size, target: Size, pixel_bytes: u64) -> u64 {
        let taps = |source: u32, target: u32, step: usize| {
            let scale = u64::from(source.div_ceil(target.max(1)));
            (REACH * scale).min(u64::from(source)) + 2 + step as u64
        };
        let across = taps(source.width, target.width, GRID_ACROSS.taps);
        let down = taps(source.height, target.height, GRID_DOWN.taps);
        let weights = across * u64::from(target.width) + down * u64::from(target.height);
        // Lines of two bytes a sample lie beside the rows that are kept, and at most as much again, turned, and so many rows as
        // planes. A weight is two bytes, a place four.
        let row_bytes = row_bytes + (across + 2 * BLOCK as u64) * pixel_bytes;
        let lines = LINES as u64 * (4 * row_bytes + u64::from(target.width) * pixel_bytes);
        row_bytes * down + lines + 3 * weights + target.pixels() * pixel_bytes
    }

    /// Takes rows, and makes what can be made of them.
    pub(crate) fn push(&mut self, rows: &[u8]) {
        for row in rows.chunks_exact(self.row_bytes) {
            if self.made == self.down.len() {
                break;
            }
            // Rows above the first that counts belong to nothing.
            if self.come >= self.down.start(self.made) {
                let kept = &row[self.left..self.left + self.kept_bytes];
                let place = self.ring.place(self.come);
                match &self.line {
                    Line::Eight(batch) => batch.split(kept, place),
                    Line::Sixteen(_) => place[..kept.len()].copy_from_slice(kept),
                }
            }
            self.come += 1;
            while self.made < self.down.len() && self.down.end(self.made) <= self.come {
                self.make();
            }
        }
    }

    /// The finished pixels, once all rows have been pushed.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        if self.made < self.down.len() {
            let detail = format!("{} of {} rows came", self.come, self.source.height);
            return Err(Error::Internal { step: "resizing", detail });
        }
        Ok(self.output)
    }

    /// Makes the next row of what is in the ring.
    fn make(&mut self) {
        let (first, weights) = self.down.of(self.made);
        self.made += 1;
        match &mut self.line {
            Line::Eight(batch) => {
                batch.add(&self.ring, first, weights);
                if batch.is_full() || self.made == self.down.len() {
                    batch.flush(&self.across, &mut self.output);
                }
            }
            Line::Sixteen(line) => {
                let begin = self.output.len();
                self.output.resize(begin + self.target.width as usize * self.made_bytes, 0);
                down_sixteen(&self.ring, first, weights, line);
                across_sixteen(line, &self.across, self.channels, &mut self.output[begin..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanczos::lanczos;
    use crate::rows::Samples;

    const CHANNELS: usize = 3;

    fn picture(size: Size) -> Vec<u8> {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        noise.take(size.width as usize * size.height as usize * CHANNELS).collect()
    }

    /// One direction by the definition, in numbers of infinite precision: `at(pixel)` is what there is.
    fn exact(index: u32, of: u32, from: f64, length: f64, source: u32, at: impl Fn(u32) -> f64) -> f64 {
        let scale = length / f64::from(of);
        let stretch = scale.max(1.0);
        let center = from + (f64::from(index) + 0.5) * scale;
        let (mut sum, mut weights) = (0.0, 0.0);
        for pixel in 0..source {
            let weight = lanczos((f64::from(pixel) + 0.5 - center) / stretch);
            sum += weight * if weight == 0.0 { 0.0 } else { at(pixel) };
            weights += weight;
        }
        sum / weights
    }

    #[test]
    fn a_stream_of_rows_gives_lanczos_of_the_whole_picture() {
        let size = Size::new(301, 71);
        let pixels = picture(size);
        let all = Window { left: 0.0, top: 0.0, width: 301.0, height: 71.0 };
        let part = Window { left: 10.25, top: 33.3, width: 150.5, height: 21.7 };
        for (window, target) in [
            (all, Size::new(128, 30)),
            (all, Size::new(7, 2)),
            (all, Size::new(301, 71)),
            (part, Size::new(13, 2)),
            (part, Size::new(160, 50)),
        ] {
            let mut made = Vec::new();
            for rows_at_once in [1, 7, 71] {
                let mut shrinker = Shrinker::new(&Frame::whole(size, Samples::Rgb), window, target);
                for rows in pixels.chunks(rows_at_once * 301 * CHANNELS) {
                    shrinker.push(rows);
                }
                made.push(shrinker.finish().unwrap());
            }
            assert!(
                made[0] == made[1] && made[1] == made[2],
                "{target} depends on how many rows come at once"
            );
            for (y, row) in (0..).zip(made[0].chunks_exact(target.width as usize * CHANNELS)) {
                // Each column's own value first, then across them.
                let column = |x: u32, channel: usize| {
                    let at = |y: u32| f64::from(pixels[(y * 301 + x) as usize * CHANNELS + channel]);
                    exact(y, target.height, window.top, window.height, size.height, at)
                };
                for channel in 0..CHANNELS {
                    let columns: Vec<f64> = (0..size.width).map(|x| column(x, channel)).collect();
                    for x in (0..target.width).step_by(5) {
                        let at = |x: u32| columns[x as usize];
                        let expected = exact(x, target.width, window.left, window.width, size.width, at);
                        let value = f64::from(row[x as usize * CHANNELS + channel]);
                        let expected = expected.clamp(0.0, 255.0);
                        assert!(
                            (value - expected).abs() < 0.6,
                            "{target} at {x}, {y}: {value} for {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn sixteen_bits_give_what_eight_bits_give_and_more() {
        let size = Size::new(90, 33);
        let eight = picture(size);
        let sixteen: Vec<u8> =
            eight.iter().flat_map(|value| (u16::from(*value) * 257).to_ne_bytes()).collect();
        let window = Window { left: 0.0, top: 0.0, width: 90.0, height: 33.0 };
        for target in [Size::new(31, 12), Size::new(100, 40)] {
            let frame = Frame::whole(size, Samples::Rgb);
            let mut of_eight = Shrinker::new(&frame, window, target);
            of_eight.push(&eight);
            let mut of_sixteen = Shrinker::new(&Frame { depth: Depth::Sixteen, ..frame }, window, target);
            of_sixteen.push(&sixteen);
            let of_sixteen = of_sixteen.finish().unwrap();
            let values = of_sixteen.as_chunks::<2>().0.iter().map(|value| u16::from_ne_bytes(*value));
            for (value, near) in values.zip(of_eight.finish().unwrap()) {
                assert!((f64::from(value) / 257.0 - f64::from(near)).abs() < 0.6, "{value} for {near}");
            }
        }
    }

    #[test]
    fn no_more_rows_are_kept_than_the_filter_reaches_over() {
        let size = Size::new(2000, 20_000);
        let row = vec![9; 2000 * CHANNELS];
        let window = Window { left: 0.0, top: 0.0, width: 2000.0, height: 20_000.0 };
        let target = Size::new(100, 1000);
        let mut shrinker = Shrinker::new(&Frame::whole(size, Samples::Rgb), window, target);
        assert!(shrinker.down.taps() <= 2 * 3 * 20 + GRID_DOWN.taps);
        for _ in 0..size.height {
            shrinker.push(&row);
        }
        assert!(shrinker.finish().unwrap().iter().all(|value| *value == 9));
    }

    #[test]
    fn rows_that_do_not_come_are_not_made_up() {
        let size = Size::new(10, 10);
        let window = Window { left: 0.0, top: 0.0, width: 10.0, height: 10.0 };
        let mut shrinker = Shrinker::new(&Frame::whole(size, Samples::Gray), window, Size::new(5, 5));
        shrinker.push(&[0; 90]);
        assert!(shrinker.finish().is_err());
    }
}
