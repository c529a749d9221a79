//! The loops in plain Rust: what every other version has to equal.

use super::super::blocks::Block;
use super::super::quantisation::Quantiser;
use super::{color, cosines};

/// Eight numbers at once: one of each row, or of each column.
type Lanes = [i32; 8];

pub(super) fn convert(pixels: &[u8], luma: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    let (pixels, _) = pixels.as_chunks::<3>();
    let chroma = blue.iter_mut().zip(red);
    for (([r, g, b], y), (cb, cr)) in pixels.iter().zip(luma).zip(chroma) {
        let (r, g, b) = (i32::from(*r), i32::from(*g), i32::from(*b));
        let luma = color::Y_FROM_RED * r + color::Y_FROM_GREEN * g + color::Y_FROM_BLUE * b;
        *y = ((luma + color::LUMA_OFFSET) >> 16) as u8;
        let blue = color::CB_FROM_RED * r + color::CB_FROM_GREEN * g + color::HALF * b;
        *cb = ((blue + color::CHROMA_OFFSET) >> 16) as u8;
        let red = color::HALF * r + color::CR_FROM_GREEN * g + color::CR_FROM_BLUE * b;
        *cr = ((red + color::CHROMA_OFFSET) >> 16) as u8;
    }
}

pub(super) fn halve(upper: &[u8], lower: &[u8], halved: &mut [u8]) {
    let (upper, _) = upper.as_chunks::<2>();
    let (lower, _) = lower.as_chunks::<2>();
    for (index, ((upper, lower), halved)) in upper.iter().zip(lower).zip(halved).enumerate() {
        let sum = u16::from(upper[0]) + u16::from(upper[1]) + u16::from(lower[0]) + u16::from(lower[1]);
        let rounding = 1 + (index % 2) as u16;
        *halved = ((sum + rounding) / 4) as u8;
    }
}

pub(super) fn transform(samples: &[u8], stride: usize, quantiser: &Quantiser, blocks: &mut [Block]) {
    for (index, block) in blocks.iter_mut().enumerate() {
        let mut rows = [[0; 8]; 8];
        for (row, line) in rows.iter_mut().zip(samples.chunks_exact(stride)) {
            let (lines, _) = line.as_chunks::<8>();
            *row = lines[index].map(|sample| i32::from(sample) - 128);
        }
        let rows = transposed(&transformed::<true>(&transposed(&rows)));
        quantise(&transformed::<false>(&rows), quantiser, block);
    }
}

fn transposed(rows: &[Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
}

/// Transforms eight rows of samples, given as their columns, or then the columns of coefficients that come of it.
fn transformed<const ROWS: bool>(samples: &[Lanes; 8]) -> [Lanes; 8] {
    let shift = if ROWS { cosines::BITS - cosines::KEPT_BITS } else { cosines::BITS + cosines::KEPT_BITS };
    let mut coefficients = [[0; 8]; 8];
    for lane in 0..8 {
        let sum = |index: usize| samples[index][lane] + samples[7 - index][lane];
        let difference = |index: usize| samples[index][lane] - samples[7 - index][lane];
        let (outer, inner) = (sum(0) + sum(3), sum(1) + sum(2));
        for (index, total) in [(0, outer + inner), (4, outer - inner)] {
            coefficients[index][lane] =
                if ROWS { total << cosines::KEPT_BITS } else { rounded(total, cosines::KEPT_BITS) };
        }
        let (outer, inner) = (sum(0) - sum(3), sum(1) - sum(2));
        for (index, factors) in [2, 6].into_iter().zip(cosines::EVEN) {
            coefficients[index][lane] = rounded(outer * factors[0] + inner * factors[1], shift);
        }
        for (index, factors) in [1, 3, 5, 7].into_iter().zip(cosines::ODD) {
            let total = difference(0) * factors[0]
                + difference(1) * factors[1]
                + difference(2) * factors[2]
                + difference(3) * factors[3];
            coefficients[index][lane] = rounded(total, shift);
        }
    }
    coefficients
}

/// Drops fraction bits.
fn rounded(number: i32, bits: u32) -> i32 {
    (number + (1 << (bits - 1))) >> bits
}

fn quantise(coefficients: &[Lanes; 8], quantiser: &Quantiser, block: &mut Block) {
    for (place, coefficient) in coefficients.as_flattened().iter().enumerate() {
        block.coefficients[place] = quantiser.quantise(place, *coefficient as i16);
    }
    block.nonzero = 0;
    for (place, coefficient) in block.coefficients.iter().enumerate() {
        block.nonzero |= u64::from(*coefficient != 0) << place;
    }
}
