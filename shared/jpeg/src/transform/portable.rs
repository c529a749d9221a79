//! The transform in plain Rust: what all others must equal.

use super::{Arithmetic, COLUMN_SHIFT, Coefficients, ROW_SHIFT, Transform, to_sample};
use crate::layout::MAX_POINTS;

/// For processors without anything better.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Arithmetic for Portable {
    #[inline(always)]
    fn transform(self, with: &Transform, block: &Coefficients, last: usize, out: &mut [u8], stride: usize) {
        let used = if with.is_low(last) { 4 } else { 8 };
        if with.across.points <= 8 {
            separate::<8>(with, block, used, out, stride);
        } else {
            separate::<MAX_POINTS>(with, block, used, out, stride);
        }
    }
}

/// Rows, then columns; `WIDTH` is how many points are worked on at a time, of which the basis may have fewer.
#[inline(always)]
fn separate<const WIDTH: usize>(
    with: &Transform,
    block: &Coefficients,
    used: usize,
    out: &mut [u8],
    stride: usize,
) {
    let mut between = [[0_i16; WIDTH]; 8];
    for y in 0..used {
        let mut sums = [1_i32 << (ROW_SHIFT - 1); WIDTH];
        for u in 0..used {
            add::<WIDTH>(&mut sums, &with.across.by_coefficient[u], block[y * 8 + u]);
        }
        for x in 0..WIDTH {
            between[y][x] = (sums[x] >> ROW_SHIFT) as i16;
        }
    }
    let points = with.across.points;
    for y in 0..with.down.points {
        let mut sums = [1_i32 << (COLUMN_SHIFT - 1); WIDTH];
        for (line, &weight) in between.iter().zip(&with.down.weights[y]).take(used) {
            add::<WIDTH>(&mut sums, line, weight);
        }
        let mut row = [0; WIDTH];
        for x in 0..WIDTH {
            row[x] = to_sample(sums[x] >> COLUMN_SHIFT);
        }
        out[y * stride..y * stride + points].copy_from_slice(&row[..points]);
    }
}

/// Adds so many times some values. Written so that compilers see vectors in it.
#[inline(always)]
fn add<const WIDTH: usize>(sums: &mut [i32; WIDTH], values: &[i16], times: i16) {
    for x in 0..WIDTH {
        sums[x] = sums[x].wrapping_add(i32::from(values[x]) * i32::from(times));
    }
}
