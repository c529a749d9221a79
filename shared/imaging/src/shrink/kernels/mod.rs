//! The loops that touch every sample, chosen once for the CPU at hand.
//!
//! Rows are split into planes, one for each channel, when they come. Then down the columns, where samples lie side by side and
//! any number of them is worked on at once; then across what that leaves, which is the fewer rows, and eight of these together,
//! turned so that samples of the eight lie side by side. All is exact integer arithmetic, so the fast loops give what the portable ones give, bit by
//! bit. Tests hold them to it.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
#[cfg(test)]
mod tests;

use super::ring::Ring;
use super::weights::{Grid, WEIGHT_BITS, Weights};

/// Planes begin at multiples of so many samples, so that the loops have no remainders.
pub(super) const BLOCK: usize = 32;

/// Rows are taken two at a time, and so are the samples of a line, which are taken as they lie in pairs.
pub(super) const GRID_DOWN: Grid = Grid { taps: 2, starts: 1 };
pub(super) const GRID_ACROSS: Grid = Grid { taps: 2, starts: 2 };

/// How many lines are gone across together: as many as an AVX2 register has sums.
pub(super) const LINES: usize = 8;

/// Fraction bits of what lies between the columns and the lines.
const LINE_BITS: u32 = 6;

/// By how many bits a sum down a column is too long, for a sample of [`LINE_BITS`].
const DOWN_BITS: u32 = WEIGHT_BITS - LINE_BITS;

/// By how many bits a sum across a line is too long, for a byte.
const ACROSS_BITS: u32 = WEIGHT_BITS + LINE_BITS;

/// One plane of [`LINES`] lines.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    /// The first one's samples; the others' lie `apart` samples from one to the next.
    pub(super) samples: &'a [i16],
    pub(super) apart: usize,
    /// How many samples there are: a multiple of [`BLOCK`], and all that the weights are for.
    pub(super) width: usize,
}

impl<'a> Lines<'a> {
    /// The samples of each.
    #[inline(always)]
    #[allow(clippy::inline_always)] // Into the kernels, each of which is compiled for another CPU.
    fn each(self) -> [&'a [i16]; LINES] {
        std::array::from_fn(|line| &self.samples[line * self.apart..][..self.width])
    }
}

/// How to do each of the loops, for samples of 8 bits.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    /// Makes planes of a row of pixels of one, three or four channels, as many bytes apart as is said.
    pub(super) split: fn(row: &[u8], channels: usize, planes: &mut [u8], apart: usize),
    /// Makes a line of the rows from the given one on, by their weights: as long as a row, which is a multiple of [`BLOCK`].
    pub(super) down: fn(rows: &Ring, first: usize, weights: &[i16], line: &mut [i16]),
    /// Makes the samples of one plane of [`LINES`] lines.
    pub(super) across:
        fn(lines: Lines<'_>, turned: &mut [i16], weights: &Weights, samples: [&mut [u8]; LINES]),
    /// Makes a row of pixels of planes.
    pub(super) join: fn(planes: &[u8], apart: usize, channels: usize, row: &mut [u8]),
}

impl Kernels {
    /// For any CPU. Written so that a compiler can vectorise them, as it does for aarch64.
    pub(super) const PORTABLE: Self =
        Self { split: portable::split, down: portable::down, across: portable::across, join: portable::join };

    /// The fastest that this CPU can run.
    pub(super) fn of_this_cpu() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernels) = avx2::kernels() {
            return kernels;
        }
        Self::PORTABLE
    }
}

pub(super) use portable::{across_sixteen, down_sixteen};
