//! The transform in plain Rust: what all others must equal.

use super::{Arithmetic, Basis, COLUMN_SHIFT, Coefficients, LOW_QUARTER, ROW_SHIFT, Transform, to_sample};
use crate::layout::MAX_POINTS;

/// For processors without anything better.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Arithmetic for Portable {
    #[inline(always)]
    fn transform(self, with: &Transform, block: &Coefficients, last: usize, out: &mut [u8], stride: usize) {
        let used = if last < LOW_QUARTER { 4 } else { 8 };
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
    let mut between = [[0_i32; WIDTH]; 8];
    let used_down = used.min(with.down.points);
    for (row, line) in block.chunks_exact(8).zip(&mut between).take(used_down) {
        let sums = weigh_row::<WIDTH>(&with.across, row, used.min(with.across.points));
        for (value, sum) in line.iter_mut().zip(sums) {
            *value = i32::from((sum.wrapping_add(1 << (ROW_SHIFT - 1)) >> ROW_SHIFT) as i16);
        }
    }
    for (weights, out) in with.down.weights.iter().zip(out.chunks_mut(stride)).take(with.down.points) {
        let mut sums = [1_i32 << (COLUMN_SHIFT - 1); WIDTH];
        for (line, &weight) in between.iter().zip(weights).take(used_down) {
            for (sum, value) in sums.iter_mut().zip(line) {
                *sum = sum.wrapping_add(value.wrapping_mul(weight.into()));
            }
        }
        for (sample, sum) in out.iter_mut().zip(sums).take(with.across.points) {
            *sample = to_sample(sum >> COLUMN_SHIFT);
        }
    }
}

#[inline(always)]
fn weigh_row<const WIDTH: usize>(basis: &Basis, row: &[i16], used: usize) -> [i32; WIDTH] {
    let mut sums = [0_i32; WIDTH];
    for (sum, weights) in sums.iter_mut().zip(&basis.weights) {
        for (&coefficient, &weight) in row.iter().zip(weights).take(used) {
            *sum = sum.wrapping_add(i32::from(coefficient) * i32::from(weight));
        }
    }
    sums
}
