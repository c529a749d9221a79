//! The inverse DCT of a block (T.81 A.3.3), to as many samples as are wanted: 1 to 16 across, 1 to 16 down.
//!
//! The low N×N coefficients of a block of 8×8 samples, taken as those of a block of N×N, are the same picture at N/8 of
//! its size: what is left out is what a smaller picture cannot show. N above 8 enlarges in the same way.
//!
//! All arithmetic is on integers, and defined to the bit, so that every processor gives the same picture. The basis has 14
//! bits of fraction; the rows come first, and leave 3 bits of fraction for the columns. The coefficients of a picture are
//! within ±1024, and so is what the rows make of them: with those bits it fits into 16 with a factor of four to spare. What
//! does not fit can only come of forged data, and wraps.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sse41;

use crate::layout::MAX_POINTS;
pub(crate) use portable::Portable;

/// The bits of fraction of the basis, of what the rows leave, and of 8: how much the transform's definition divides by.
const BASIS_BITS: u32 = 14;
const BETWEEN_BITS: u32 = 3;
const ROW_SHIFT: u32 = BASIS_BITS - BETWEEN_BITS;
const COLUMN_SHIFT: u32 = BASIS_BITS + BETWEEN_BITS + 3;

/// What is added to samples: they are coded around zero (T.81 A.3.1).
const LEVEL_SHIFT: i32 = 128;

/// The coefficients of a block, row by row, dequantized.
pub(crate) type Coefficients = [i16; 64];

/// The basis functions of a transform to some number of points.
pub(crate) struct Basis {
    pub(crate) points: usize,
    /// For each point, what each coefficient contributes to it.
    weights: [[i16; 8]; MAX_POINTS],
    /// For each coefficient, what it contributes to each point.
    by_coefficient: [[i16; MAX_POINTS]; 8],
}

impl Basis {
    /// √2 cos((2x + 1) u π / 2N), 1 for u = 0, and nothing of the coefficients that N points cannot show.
    fn new(points: usize) -> Self {
        let mut weights = [[0; 8]; MAX_POINTS];
        for (x, weights) in weights.iter_mut().enumerate().take(points) {
            for (u, weight) in weights.iter_mut().enumerate().take(points) {
                let angle = ((2 * x + 1) * u) as f64 * std::f64::consts::PI / (2 * points) as f64;
                let scale = if u == 0 { 1.0 } else { std::f64::consts::SQRT_2 };
                *weight = (angle.cos() * scale * f64::from(1 << BASIS_BITS)).round() as i16;
            }
        }
        let by_coefficient = std::array::from_fn(|u| std::array::from_fn(|x| weights[x][u]));
        Self { points, weights, by_coefficient }
    }
}

/// How the blocks of one component are transformed.
pub(crate) struct Transform {
    pub(crate) across: Basis,
    pub(crate) down: Basis,
    pub(crate) kind: Kind,
    #[cfg(target_arch = "x86_64")]
    pairs: sse41::Pairs,
}

/// Which sizes have a way of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A single sample.
    One,
    /// Two side by side, or one on top of the other.
    Across,
    Down,
    /// Two by two.
    Two,
    /// At most four across and four down, for which vectors of four are just right.
    Narrow,
    /// All others.
    Any,
}

impl Transform {
    pub(crate) fn new(across: usize, down: usize) -> Self {
        let kind = match (across, down) {
            (1, 1) => Kind::One,
            (2, 1) => Kind::Across,
            (1, 2) => Kind::Down,
            (2, 2) => Kind::Two,
            (..=4, ..=4) => Kind::Narrow,
            _ => Kind::Any,
        };
        let (across, down) = (Basis::new(across), Basis::new(down));
        Self {
            kind,
            #[cfg(target_arch = "x86_64")]
            pairs: sse41::Pairs::new(&across, &down),
            across,
            down,
        }
    }

    /// The sample of a block that has only this DC coefficient.
    #[inline(always)]
    pub(crate) fn flat(dc: i16) -> u8 {
        to_sample((i32::from(dc) + 4) >> 3)
    }

    /// How many bytes of a plane are written to: from the block's first sample on.
    pub(crate) fn reach(&self, stride: usize) -> usize {
        (self.down.points - 1) * stride + if self.across.points > 8 { 16 } else { 8 }
    }
}

impl Transform {
    /// Of a block whose coefficients after `last` are zero, whether all that count are among the low 4×4.
    #[inline(always)]
    fn is_low(&self, last: usize) -> bool {
        last < LOW_QUARTER || self.across.points.max(self.down.points) <= 4
    }
}

/// Below how many coefficients in zigzag order all are among the low 4×4.
pub(crate) const LOW_QUARTER: usize = 10;

#[inline(always)]
fn to_sample(centred: i32) -> u8 {
    (centred + LEVEL_SHIFT).clamp(0, 255) as u8
}

/// What is done with vectors where there are some: all ways give the same samples.
pub(crate) trait Arithmetic: Copy {
    /// Transforms a block whose coefficients after `last`, in zigzag order, are zero. Writes to `out`, which is as long as
    /// [`Transform::reach`] says, and may write beyond the right edge of the block.
    fn transform(self, with: &Transform, block: &Coefficients, last: usize, out: &mut [u8], stride: usize);

    /// Makes RGB of Y, Cb and Cr, as [`rgb_of`](crate::color::rgb_of) does, for the first pixels of a row: how many it did.
    /// The rest is too short for it.
    fn begin_rgb_row(self, _: [&[u8]; 3], _: &mut [u8]) -> usize {
        0
    }

    /// Puts bits, the lowest first, where a set has elements, the lowest first; what is more than those is left out.
    #[inline(always)]
    fn spread(self, mut bits: u64, mut over: u64) -> u64 {
        let mut spread = 0;
        while bits != 0 && over != 0 {
            let lowest = over & over.wrapping_neg();
            spread |= if bits & 1 == 1 { lowest } else { 0 };
            bits >>= 1;
            over ^= lowest;
        }
        spread
    }
}

/// Transforms a block in the shortest way that does.
#[inline(always)]
pub(crate) fn transform<A: Arithmetic>(
    arithmetic: A,
    with: &Transform,
    block: &Coefficients,
    last: usize,
    out: &mut [u8],
    stride: usize,
) {
    match with.kind {
        // In about the time that finding out what is zero takes.
        Kind::Two => two_by_two(block, out, stride),
        _ if last == 0 => fill(with, Transform::flat(block[0]), out, stride),
        Kind::One => out[0] = Transform::flat(block[0]),
        Kind::Across => (out[0], out[1]) = two(block[0], block[1]),
        Kind::Down => (out[0], out[stride]) = two(block[0], block[8]),
        Kind::Narrow | Kind::Any => arithmetic.transform(with, block, last, out, stride),
    }
}

#[inline(always)]
fn fill(with: &Transform, sample: u8, out: &mut [u8], stride: usize) {
    let width = if with.across.points > 8 { 16 } else { 8 };
    for y in 0..with.down.points {
        let start = y * stride;
        if width == 8 {
            out[start..start + 8].copy_from_slice(&[sample; 8]);
        } else {
            out[start..start + 16].copy_from_slice(&[sample; 16]);
        }
    }
}

/// The basis of two points has only 1 and -1: sums are exact.
#[inline(always)]
fn two(flat: i16, slope: i16) -> (u8, u8) {
    let (flat, slope) = (i32::from(flat) + 4, i32::from(slope));
    (to_sample((flat + slope) >> 3), to_sample((flat - slope) >> 3))
}

/// The same in both directions.
#[inline(always)]
fn two_by_two(block: &Coefficients, out: &mut [u8], stride: usize) {
    let (a, b) = (i32::from(block[0]) + 4, i32::from(block[1]));
    let (c, d) = (i32::from(block[8]), i32::from(block[9]));
    let (left, right, slope, twist) = (a + b, a - b, c + d, c - d);
    out[0] = to_sample((left + slope) >> 3);
    out[1] = to_sample((right + twist) >> 3);
    out[stride] = to_sample((left - slope) >> 3);
    out[stride + 1] = to_sample((right - twist) >> 3);
}

#[cfg(test)]
mod tests;
