//! The first, coarse step down: averages of whole squares of pixels.
//!
//! Lanczos reads each pixel six times in each direction, whatever the scale. Where the largest thumbnail is many times
//! smaller than the picture, averaging squares first costs one reading instead, and as long as two of the averages go into
//! each pixel of the thumbnail nobody sees the difference. It is also what keeps the bands of rows short.

// An average is no larger than what it is of.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::header::Size;
use crate::rows::{Depth, Frame};

/// Averages squares of `across` by `down` pixels.
pub(crate) struct Reducer {
    across: usize,
    down: usize,
    channels: usize,
    depth: Depth,
    /// Sums down each column so far, and of how many rows.
    sums: Vec<u32>,
    summed: usize,
    rows_left: u32,
    averages: Vec<u8>,
}

impl Reducer {
    /// The coarsest step that still leaves two pixels in each direction for one of `largest`, if there is one at all.
    ///
    /// `covered` is what is to become `largest`, in pixels of the frame.
    pub(crate) fn factors(covered: (f64, f64), largest: Size) -> Option<(u32, u32)> {
        // 255 squares of 255 16-bit values are what a u32 can add up.
        let factor = |covered: f64, side: u32| (covered / f64::from(side) / 2.0).clamp(1.0, 255.0) as u32;
        let factors = (factor(covered.0, largest.width), factor(covered.1, largest.height));
        (factors != (1, 1)).then_some(factors)
    }

    /// A reducer for a frame, and the frame that comes out of it.
    pub(crate) fn new(frame: &Frame, (across, down): (u32, u32)) -> (Self, Frame) {
        let size = Size::new(frame.size.width.div_ceil(across), frame.size.height.div_ceil(down));
        let extent = (frame.extent.0 / f64::from(across), frame.extent.1 / f64::from(down));
        let reduced = Frame { size, extent, profile: None, ..*frame };
        let reducer = Self {
            across: across as usize,
            down: down as usize,
            channels: frame.samples.count(),
            depth: frame.depth,
            sums: vec![0; frame.size.width as usize * frame.samples.count()],
            summed: 0,
            rows_left: frame.size.height,
            averages: Vec::with_capacity(reduced.row_bytes()),
        };
        (reducer, reduced)
    }

    /// Takes one row, and gives a row of averages when it was the last one of its squares.
    pub(crate) fn push(&mut self, row: &[u8]) -> Option<&[u8]> {
        match self.depth {
            Depth::Eight => add(&mut self.sums, row.iter().map(|value| u32::from(*value))),
            Depth::Sixteen => {
                let (values, _) = row.as_chunks::<2>();
                add(&mut self.sums, values.iter().map(|value| u32::from(u16::from_ne_bytes(*value))));
            }
        }
        self.summed += 1;
        self.rows_left = self.rows_left.saturating_sub(1);
        if self.summed < self.down && self.rows_left > 0 {
            return None;
        }
        self.average();
        self.sums.fill(0);
        self.summed = 0;
        Some(&self.averages)
    }

    /// The last square of a row, and those of the last row, may be smaller than the others: they are averages of what
    /// there is.
    fn average(&mut self) {
        self.averages.clear();
        let (depth, averages) = (self.depth, &mut self.averages);
        let (sums, square) = (&self.sums, self.across * self.channels);
        match self.channels {
            1 => average::<1>(sums, square, self.summed, depth, averages),
            3 => average::<3>(sums, square, self.summed, depth, averages),
            _ => average::<4>(sums, square, self.summed, depth, averages),
        }
    }
}

/// Adds up each square of a row of sums, which are those of `rows` rows.
fn average<const N: usize>(sums: &[u32], square: usize, rows: usize, depth: Depth, averages: &mut Vec<u8>) {
    for square in sums.chunks(square) {
        let (pixels, _) = square.as_chunks::<N>();
        let mut total = [0_u64; N];
        for pixel in pixels {
            for (total, sum) in total.iter_mut().zip(pixel) {
                *total += u64::from(*sum);
            }
        }
        let count = (pixels.len() * rows) as u64;
        for total in total {
            let average = (total + count / 2) / count.max(1);
            match depth {
                Depth::Eight => averages.push(average as u8),
                Depth::Sixteen => averages.extend_from_slice(&(average as u16).to_ne_bytes()),
            }
        }
    }
}

fn add(sums: &mut [u32], values: impl Iterator<Item = u32>) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Samples;

    #[test]
    fn squares_become_their_averages_and_the_last_ones_those_of_what_there_is() {
        let frame = Frame::whole(Size::new(5, 3), Samples::Gray);
        let (mut reducer, reduced) = Reducer::new(&frame, (2, 2));
        assert_eq!((reduced.size, reduced.extent), (Size::new(3, 2), (2.5, 1.5)));
        assert_eq!(reducer.push(&[0, 2, 10, 10, 50]), None);
        assert_eq!(reducer.push(&[4, 6, 10, 12, 51]), Some([3, 11, 51].as_slice()));
        assert_eq!(reducer.push(&[1, 2, 3, 4, 255]), Some([2, 4, 255].as_slice()));
    }

    #[test]
    fn sixteen_bits_stay_sixteen() {
        let frame = Frame { depth: Depth::Sixteen, ..Frame::whole(Size::new(2, 1), Samples::Gray) };
        let (mut reducer, _) = Reducer::new(&frame, (2, 1));
        let row: Vec<u8> = [65_535_u16, 65_534].into_iter().flat_map(u16::to_ne_bytes).collect();
        assert_eq!(reducer.push(&row), Some(65_535_u16.to_ne_bytes().as_slice()));
    }

    #[test]
    fn two_pixels_are_left_for_each_one_that_is_wanted() {
        let wanted = Size::new(100, 100);
        assert_eq!(Reducer::factors((399.0, 399.0), wanted), None);
        assert_eq!(Reducer::factors((400.0, 1000.0), wanted), Some((2, 5)));
    }
}
