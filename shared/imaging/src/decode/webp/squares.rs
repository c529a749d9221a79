//! Lossy pictures as pixels: from rows of luma and colour differences to rows of RGB, smaller on the way.
//!
//! Averaging before the conversion is what a box over the converted pixels would give, for the conversion is linear, and
//! it costs half of that: colour differences are stored at half the resolution, and the rest is converted only once it is
//! small. Where there is alpha each sample counts as much as it shows.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "averages of bytes are bytes, and there are at most 128 by 128 in a square"
)]

use crate::error::Error;
use crate::webp::lossy::Rows;

/// The most pixels of a square's side: 16 bits hold the sum of that many samples.
pub(super) const MOST: u32 = 128;

/// Takes rows of a picture and gives rows of averages over squares.
pub(super) struct Squares {
    side: usize,
    rows_left: usize,
    /// Rows that are in the sums.
    summed: usize,
    sums: Sums,
    averages: [Vec<u8>; 3],
    pixels: Vec<u8>,
}

/// Sums down each column: as wide as the picture, but for colours without alpha, which stay at half of that.
enum Sums {
    Opaque { luma: Vec<u16>, blue: Vec<u16>, red: Vec<u16> },
    Weighted { alpha: Vec<u32>, luma: Vec<u32>, blue: Vec<u32>, red: Vec<u32> },
}

impl Squares {
    /// For a picture of `width` by `height`, in squares of `side` pixels, 2 to [`MOST`].
    pub(super) fn new(width: usize, height: usize, side: usize, has_alpha: bool) -> Self {
        let half = width.div_ceil(2);
        let sums = if has_alpha {
            let zeros = || vec![0; width];
            Sums::Weighted { alpha: zeros(), luma: zeros(), blue: zeros(), red: zeros() }
        } else {
            Sums::Opaque { luma: vec![0; width], blue: vec![0; half], red: vec![0; half] }
        };
        let across = width.div_ceil(side);
        Self {
            side,
            rows_left: height,
            summed: 0,
            sums,
            averages: [(); 3].map(|()| vec![0; across]),
            pixels: Vec::with_capacity(across * if has_alpha { 4 } else { 3 }),
        }
    }

    /// Takes rows, and hands on each row of averages as it is finished.
    pub(super) fn push(
        &mut self,
        rows: &Rows<'_>,
        hand_on: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for row in 0..rows.count {
            self.add(rows, row);
            self.summed += 1;
            self.rows_left = self.rows_left.saturating_sub(1);
            if self.summed == self.side || self.rows_left == 0 {
                self.average();
                self.summed = 0;
                hand_on(&self.pixels)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, rows: &Rows<'_>, row: usize) {
        let (u, v) = rows.chroma(row / 2);
        match &mut self.sums {
            Sums::Opaque { luma, blue, red } => {
                let is_first = self.summed == 0;
                for (sums, samples) in [(luma, rows.luma(row)), (blue, u), (red, v)] {
                    if is_first { begin(sums, samples) } else { add(sums, samples) }
                }
            }
            Sums::Weighted { alpha, luma, blue, red } => {
                if self.summed == 0 {
                    for sums in [&mut *alpha, luma, blue, red] {
                        sums.fill(0);
                    }
                }
                // A picture that has alpha has it in every row.
                let weights = rows.alpha(row).unwrap_or_default();
                add(alpha, weights);
                weigh(luma, rows.luma(row), weights);
                weigh_halves(blue, u, weights);
                weigh_halves(red, v, weights);
            }
        }
    }

    fn average(&mut self) {
        let [y, u, v] = &mut self.averages;
        self.pixels.clear();
        match &self.sums {
            Sums::Opaque { luma, blue, red } => {
                average_wholes(luma, self.side, self.summed, y);
                average_halves(blue, luma.len(), self.side, self.summed, u);
                average_halves(red, luma.len(), self.side, self.summed, v);
                to_rgb(y, u, v, &mut self.pixels);
            }
            Sums::Weighted { alpha, luma, blue, red } => {
                let square = |sums: &[u32]| sums.iter().sum::<u32>();
                let planes = luma.chunks(self.side).zip(blue.chunks(self.side)).zip(red.chunks(self.side));
                for (alpha, ((luma, blue), red)) in alpha.chunks(self.side).zip(planes) {
                    let weight = square(alpha);
                    // Where nothing shows there is no colour.
                    let [red, green, blue] = match weight {
                        0 => [0; 3],
                        weight => {
                            let [y, u, v] = [luma, blue, red].map(|sums| divide(square(sums), weight));
                            convert(y, u, v)
                        }
                    };
                    let pixels = alpha.len() * self.summed;
                    self.pixels.extend([red, green, blue, divide(weight, pixels as u32)]);
                }
            }
        }
    }
}

pub(super) fn begin(sums: &mut [u16], samples: &[u8]) {
    for (sum, sample) in sums.iter_mut().zip(samples) {
        *sum = u16::from(*sample);
    }
}

pub(super) fn add<T: std::ops::AddAssign + From<u8>>(sums: &mut [T], samples: &[u8]) {
    for (sum, sample) in sums.iter_mut().zip(samples) {
        *sum += T::from(*sample);
    }
}

fn weigh(sums: &mut [u32], samples: &[u8], weights: &[u8]) {
    for ((sum, sample), weight) in sums.iter_mut().zip(samples).zip(weights) {
        *sum += u32::from(u16::from(*sample) * u16::from(*weight));
    }
}

fn weigh_halves(sums: &mut [u32], samples: &[u8], weights: &[u8]) {
    for ((sums, weights), sample) in sums.chunks_mut(2).zip(weights.chunks(2)).zip(samples) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += u32::from(u16::from(*sample) * u16::from(*weight));
        }
    }
}

/// The quotient of a sum of samples, rounded.
fn divide(sum: u32, by: u32) -> u8 {
    u8::try_from((sum + by / 2) / by).unwrap_or(u8::MAX)
}

/// Multiplying by this and shifting by 24 divides by `count`, closely enough for sums of `count` samples: they stay below
/// 255 · 2²⁴, and are wrong by less than an eighth of a step.
fn reciprocal(count: usize) -> u32 {
    ((1_u32 << 24) + count as u32 / 2) / count as u32
}

fn scale(sum: u32, reciprocal: u32) -> u8 {
    ((sum * reciprocal + (1 << 23)) >> 24) as u8
}

/// Averages of squares of samples, of which each stands for a pixel: of sums of so many rows.
pub(super) fn average_wholes(sums: &[u16], side: usize, rows: usize, averages: &mut [u8]) {
    match side {
        2 => average_exact::<2>(sums, rows, averages),
        3 => average_exact::<3>(sums, rows, averages),
        4 => average_exact::<4>(sums, rows, averages),
        _ => average_wide(sums, side, rows, averages),
    }
}

/// As [`average_wide`], for sides that are known to the compiler.
fn average_exact<const SIDE: usize>(sums: &[u16], rows: usize, averages: &mut [u8]) {
    let (squares, rest) = sums.as_chunks::<SIDE>();
    let reciprocal = reciprocal(SIDE * rows);
    for (square, average) in squares.iter().zip(averages.iter_mut()) {
        *average = scale(square.iter().map(|sum| u32::from(*sum)).sum(), reciprocal);
    }
    average_wide(rest, SIDE, rows, averages.get_mut(squares.len()..).unwrap_or_default());
}

fn average_wide(sums: &[u16], side: usize, rows: usize, averages: &mut [u8]) {
    for (square, average) in sums.chunks(side).zip(averages) {
        *average = scale(square.iter().map(|sum| u32::from(*sum)).sum(), reciprocal(square.len() * rows));
    }
}

/// Averages of squares of colour differences, of which each stands for two pixels of `width`.
fn average_halves(sums: &[u16], width: usize, side: usize, rows: usize, averages: &mut [u8]) {
    if side.is_multiple_of(2) && width.is_multiple_of(side) {
        // The same as squares of half the width, and as many rows.
        let reciprocal = reciprocal(side / 2 * rows);
        for (square, average) in sums.chunks(side / 2).zip(averages) {
            *average = scale(square.iter().map(|sum| u32::from(*sum)).sum(), reciprocal);
        }
        return;
    }
    for (index, average) in averages.iter_mut().enumerate() {
        let (from, to) = (index * side, (index * side + side).min(width));
        // Pixels of the square that lie in the first and in the last of the samples, which may stick out of it.
        let samples = &sums[from / 2..to.div_ceil(2)];
        let twice: u32 = samples.iter().map(|sum| 2 * u32::from(*sum)).sum();
        let before = if from % 2 == 1 { samples.first() } else { None };
        let behind = if to % 2 == 1 { samples.last() } else { None };
        let sum = twice - [before, behind].into_iter().flatten().map(|sum| u32::from(*sum)).sum::<u32>();
        *average = scale(sum, reciprocal((to - from) * rows));
    }
}

/// Pixels that are converted at once.
const LANE: usize = 32;

/// Appends a row of RGB.
pub(super) fn to_rgb(luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut Vec<u8>) {
    let (lumas, luma) = luma.as_chunks::<LANE>();
    let (blues, blue) = blue.as_chunks::<LANE>();
    let (reds, red) = red.as_chunks::<LANE>();
    for ((y, u), v) in lumas.iter().zip(blues).zip(reds) {
        // The planes first, which the compiler does several at a time, and then their mixing, which it does not.
        let mut planes = [[0; LANE]; 3];
        for index in 0..LANE {
            let [red, green, blue] = convert(y[index], u[index], v[index]);
            planes[0][index] = red;
            planes[1][index] = green;
            planes[2][index] = blue;
        }
        let mut mixed = [[0; 3]; LANE];
        for (index, pixel) in mixed.iter_mut().enumerate() {
            *pixel = [planes[0][index], planes[1][index], planes[2][index]];
        }
        pixels.extend_from_slice(mixed.as_flattened());
    }
    for ((y, u), v) in luma.iter().zip(blue).zip(red) {
        pixels.extend(convert(*y, *u, *v));
    }
}

/// RGB of luma from 16 to 235 and differences from 16 to 240 around 128 (ITU-R BT.601), in libwebp's fixed point.
pub(super) fn convert(y: u8, u: u8, v: u8) -> [u8; 3] {
    let times = |value: u8, factor: i32| (i32::from(value) * factor) >> 8;
    let level = times(y, 19_077);
    let red = level + times(v, 26_149) - 14_234;
    let green = level - times(u, 6_419) - times(v, 13_320) + 8_708;
    let blue = level + times(u, 33_050) - 17_685;
    [red, green, blue].map(|value| (value >> 6).clamp(0, 255) as u8)
}
