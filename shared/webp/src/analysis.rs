//! Looks at the whole picture before any of it is coded: how hard each macroblock is to compress.
//!
//! People see errors in smooth parts and not in rough ones. So macroblocks are put into up to four segments by how smooth
//! they are, and smooth ones get finer steps.

use crate::arithmetic::{Arithmetic, LANES, Row, Work};
use crate::macroblock::Source;
use crate::mode::Mode;
use crate::planes::{Plane, Planes};
use crate::surroundings::{Edges, LEFT_OF_PICTURE, Surroundings};
use crate::transform;

/// The highest ease, of a macroblock that a prediction is all that is needed for.
pub(crate) const EASIEST: usize = 255;

/// Coefficients are counted by their magnitude, in steps of 8.
const BINS: usize = 32;

/// How easy each macroblock is to compress.
pub(crate) struct Analysis {
    /// Of each, 0 to 255.
    pub(crate) eases: Vec<u8>,
    /// The mean of chroma's part in it.
    pub(crate) chroma: i32,
}

/// Looks at all macroblocks.
pub(crate) struct Survey<'a>(pub(crate) &'a Planes);

impl Work for Survey<'_> {
    type Outcome = Analysis;

    #[inline(always)]
    fn run<A: Arithmetic>(self, a: A) -> Analysis {
        let planes = self.0;
        let mut eases = Vec::with_capacity(planes.across * planes.down);
        let mut all_chroma = 0_i64;
        for down in 0..planes.down {
            for across in 0..planes.across {
                let source = Source::of(planes, across, down);
                let edges = source_edges(&planes.luma, across, down);
                let luma = roughness_of_luma(a, &source, &Surroundings::of_luma(&edges));
                let edges = [0, 1].map(|plane| source_edges(&planes.chroma[plane], across, down));
                let chroma = roughness_of_chroma(a, &source, &Surroundings::of_chroma(&edges));
                let mixed = (3 * luma + chroma + 2) >> 2;
                eases.push((EASIEST as i32 - mixed).clamp(0, EASIEST as i32) as u8);
                all_chroma += i64::from(chroma);
            }
        }
        Analysis { chroma: (all_chroma / (eases.len().max(1) as i64)) as i32, eases }
    }
}

/// The samples around a square of the source itself: what a decoder will have is not known yet.
#[inline(always)]
fn source_edges<const SIDE: usize>(plane: &Plane, across: usize, down: usize) -> Edges<SIDE> {
    let (x, y) = (across * SIDE, down * SIDE);
    let mut edges = Edges::NONE;
    if down > 0 {
        edges.above = *plane.row(x, y - 1);
        edges.has_above = true;
        edges.corner = LEFT_OF_PICTURE;
    }
    if across > 0 {
        for (row, left) in edges.left.iter_mut().enumerate() {
            *left = plane.samples[(y + row) * plane.stride + x - 1];
        }
        edges.has_left = true;
        if down > 0 {
            edges.corner = plane.samples[(y - 1) * plane.stride + x - 1];
        }
    }
    edges
}

/// The magnitudes of what a prediction leaves, in bins.
#[inline(always)]
fn bins<A: Arithmetic>(a: A, source: &[Row; 16], predicted: &[A::Lanes; 16]) -> [Row; 16] {
    let mut difference = *predicted;
    for (sample, row) in difference.iter_mut().zip(source) {
        *sample = a.subtract(a.load(row), *sample);
    }
    let mut bins = [[0; LANES]; 16];
    for (coefficient, row) in transform::forward(a, &difference).into_iter().zip(&mut bins) {
        let bin = a.shift_right::<3>(a.absolute(coefficient));
        a.store(a.smaller(bin, a.splat(BINS as i16 - 1)), row);
    }
    bins
}

/// How far the magnitudes spread, against how many of them are alike.
#[inline(always)]
fn spread<'a>(magnitudes: impl Iterator<Item = &'a [i16]>) -> i32 {
    let mut counts = [[0_u16; BINS]; 4];
    for four in magnitudes.flat_map(|row| row.as_chunks::<4>().0) {
        for (counts, &bin) in counts.iter_mut().zip(four) {
            counts[bin as usize % BINS] += 1;
        }
    }
    let (mut last, mut most) = (0, 0);
    for bin in 0..BINS {
        let count: u16 = counts.iter().map(|counts| counts[bin]).sum();
        most = most.max(i32::from(count));
        last = if count > 0 { bin as i32 } else { last };
    }
    if most > 1 { 2 * EASIEST as i32 * last / most } else { 0 }
}

#[inline(always)]
fn roughness_of_luma<A: Arithmetic>(a: A, source: &Source, surroundings: &Surroundings) -> i32 {
    let mut worst = 0;
    for mode in [Mode::Mean, Mode::TrueMotion] {
        let bins = bins(a, &source.luma, &surroundings.predict(a, mode));
        worst = worst.max(spread(bins.iter().map(<[i16; 16]>::as_slice)));
    }
    worst
}

#[inline(always)]
fn roughness_of_chroma<A: Arithmetic>(a: A, source: &Source, surroundings: &Surroundings) -> i32 {
    let predicted = crate::chroma::predict_two(a, surroundings, [Mode::Mean, Mode::TrueMotion]);
    let bins = bins(a, &source.chroma, &predicted);
    let one = spread(bins.iter().map(|row| &row[..8]));
    one.max(spread(bins.iter().map(|row| &row[8..])))
}
