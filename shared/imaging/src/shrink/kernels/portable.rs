//! The loops for any CPU, and for samples of 16 bits, which are rare.

// What is cast is clamped first.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// So that callers that are compiled for more than the least CPU have them compiled for it too.
#![allow(clippy::inline_always)]

use super::{ACROSS_BITS, BLOCK, DOWN_BITS, LINES, Lines};
use crate::shrink::ring::Ring;
use crate::shrink::weights::{WEIGHT_BITS, Weights};

#[inline(always)]
pub(super) fn split(row: &[u8], channels: usize, planes: &mut [u8], apart: usize) {
    match channels {
        1 => planes[..row.len()].copy_from_slice(row),
        3 => {
            let (red, rest) = planes.split_at_mut(apart);
            let (green, blue) = rest.split_at_mut(apart);
            let pixels = row.as_chunks::<3>().0;
            for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
                [*red, *green, *blue] = *pixel;
            }
        }
        _ => {
            let (red, rest) = planes.split_at_mut(apart);
            let (green, rest) = rest.split_at_mut(apart);
            let (blue, alpha) = rest.split_at_mut(apart);
            let pixels = row.as_chunks::<4>().0;
            for ((((pixel, red), green), blue), alpha) in
                pixels.iter().zip(red).zip(green).zip(blue).zip(alpha)
            {
                [*red, *green, *blue, *alpha] = *pixel;
            }
        }
    }
}

#[inline(always)]
pub(super) fn join(planes: &[u8], apart: usize, channels: usize, row: &mut [u8]) {
    match channels {
        1 => row.copy_from_slice(&planes[..row.len()]),
        3 => {
            let (green, blue) = (&planes[apart..], &planes[2 * apart..]);
            let pixels = row.as_chunks_mut::<3>().0.iter_mut();
            for (((pixel, red), green), blue) in pixels.zip(planes).zip(green).zip(blue) {
                *pixel = [*red, *green, *blue];
            }
        }
        _ => {
            let (green, blue, alpha) = (&planes[apart..], &planes[2 * apart..], &planes[3 * apart..]);
            let pixels = row.as_chunks_mut::<4>().0.iter_mut();
            for ((((pixel, red), green), blue), alpha) in pixels.zip(planes).zip(green).zip(blue).zip(alpha) {
                *pixel = [*red, *green, *blue, *alpha];
            }
        }
    }
}

pub(super) fn down(rows: &Ring, first: usize, weights: &[i16], line: &mut [i16]) {
    for (block, line) in line.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let mut sums = [1_i32 << (DOWN_BITS - 1); BLOCK];
        for (row, weight) in rows.rows(first, block * BLOCK).zip(weights) {
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(*sample) * i32::from(*weight);
            }
        }
        for (made, sum) in line.iter_mut().zip(sums) {
            *made = (sum >> DOWN_BITS) as i16;
        }
    }
}

pub(super) fn across(
    lines: Lines<'_>,
    turned: &mut [i16],
    weights: &Weights,
    mut samples: [&mut [u8]; LINES],
) {
    let (columns, _) = turned.as_chunks_mut::<LINES>();
    for (index, line) in lines.each().into_iter().enumerate() {
        for (column, sample) in columns.iter_mut().zip(line) {
            column[index] = *sample;
        }
    }
    for (index, (start, weights)) in weights.iter().enumerate() {
        let mut sums = [1_i32 << (ACROSS_BITS - 1); LINES];
        for (column, weight) in columns[start..].iter().zip(weights) {
            for (sum, sample) in sums.iter_mut().zip(column) {
                *sum += i32::from(*sample) * i32::from(*weight);
            }
        }
        for (made, sum) in samples.iter_mut().zip(sums) {
            made[index] = (sum >> ACROSS_BITS).clamp(0, 255) as u8;
        }
    }
}

/// The first loop for samples of 16 bits, in the machine's order, not split. The line has half of each sample: with all of it,
/// the second loop's sums would not fit.
pub(in crate::shrink) fn down_sixteen(rows: &Ring, first: usize, weights: &[i16], line: &mut [i32]) {
    line.fill(1 << WEIGHT_BITS);
    for (row, weight) in rows.rows(first, 0).zip(weights) {
        for (sum, sample) in line.iter_mut().zip(row.as_chunks::<2>().0) {
            *sum += i32::from(u16::from_ne_bytes(*sample)) * i32::from(*weight);
        }
    }
    for sum in line {
        *sum >>= WEIGHT_BITS + 1;
    }
}

/// The second loop for samples of 16 bits.
pub(in crate::shrink) fn across_sixteen(line: &[i32], weights: &Weights, channels: usize, pixels: &mut [u8]) {
    for ((start, weights), pixel) in weights.iter().zip(pixels.chunks_exact_mut(channels * 2)) {
        for (channel, made) in pixel.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let samples = line[start * channels + channel..].iter().step_by(channels);
            let products = samples.zip(weights).map(|(sample, weight)| sample * i32::from(*weight));
            let sum = products.sum::<i32>() + (1 << (WEIGHT_BITS - 2));
            *made = ((sum >> (WEIGHT_BITS - 1)).clamp(0, u16::MAX.into()) as u16).to_ne_bytes();
        }
    }
}
