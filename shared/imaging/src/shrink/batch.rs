//! Lines between the two directions: collected until there are as many as are gone across together.

use super::kernels::{Kernels, LINES, Lines};
use super::ring::Ring;
use super::weights::Weights;

/// Up to [`LINES`] lines of samples of 8 bits, in planes.
pub(super) struct Batch {
    kernels: Kernels,
    channels: usize,
    /// Samples of a plane of a line.
    width: usize,
    lines: Vec<i16>,
    filled: usize,
    /// One plane of all lines, for the loop across to lay out as it likes.
    turned: Vec<i16>,
    /// Pixels of a row that is made; and the planes of all these rows, one row after the other.
    made_width: usize,
    made: Vec<u8>,
}

impl Batch {
    /// For lines of `width` samples in each plane, a multiple of what the loops take at once.
    pub(super) fn new(channels: usize, width: usize, made_width: usize) -> Self {
        Self {
            kernels: Kernels::of_this_cpu(),
            channels,
            width,
            lines: vec![0; LINES * channels * width],
            filled: 0,
            turned: vec![0; LINES * width],
            made_width,
            made: vec![0; LINES * channels * made_width],
        }
    }

    /// Bytes of a row of the ring.
    pub(super) fn row_bytes(&self) -> usize {
        self.channels * self.width
    }

    /// Lays a row of the source into its place in the ring, in planes.
    pub(super) fn split(&self, row: &[u8], place: &mut [u8]) {
        (self.kernels.split)(row, self.channels, place, self.width);
    }

    /// Makes the next line, of the ring's rows from number `first` on.
    pub(super) fn add(&mut self, rows: &Ring, first: usize, weights: &[i16]) {
        let row = self.row_bytes();
        if let Some(line) = self.lines.chunks_exact_mut(row).nth(self.filled) {
            (self.kernels.down)(rows, first, weights, line);
            self.filled += 1;
        }
    }

    /// Whether another line has no room.
    pub(super) fn is_full(&self) -> bool {
        self.filled == LINES
    }

    /// Makes rows of the lines that there are, and appends them to `pixels`.
    pub(super) fn flush(&mut self, weights: &Weights, pixels: &mut Vec<u8>) {
        let apart = self.row_bytes();
        for channel in 0..self.channels {
            let samples = &self.lines[channel * self.width..];
            let lines = Lines { samples, apart, width: self.width };
            let mut planes = self.made.chunks_exact_mut(self.channels * self.made_width);
            let rows = [(); LINES].map(|()| match planes.next() {
                Some(planes) => &mut planes[channel * self.made_width..][..self.made_width],
                None => &mut [],
            });
            (self.kernels.across)(lines, &mut self.turned, weights, rows);
        }
        let row_bytes = self.channels * self.made_width;
        for planes in self.made.chunks_exact(row_bytes).take(self.filled) {
            let begin = pixels.len();
            pixels.resize(begin + row_bytes, 0);
            (self.kernels.join)(planes, self.made_width, self.channels, &mut pixels[begin..]);
        }
        self.filled = 0;
    }
}
