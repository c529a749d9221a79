//! From samples to coefficients and back, in each lane a block of 4×4.
//!
//! A coefficient is twice that of an orthonormal transform, so the sum of squared errors of samples is a quarter of that of
//! coefficients. What decoders do is defined to the bit (RFC 6386, 14.3 and 14.4); what comes before is the encoder's own.

use crate::arithmetic::Arithmetic;

/// √2 cos(π/8) and √2 sin(π/8) by 2^12: what the forward transform multiplies with.
const COSINE: i16 = 5352;
const SINE: i16 = 2217;

/// √2 cos(π/8) - 1 by 2^16, and √2 sin(π/8) - 1: with these, products stay within 16 bits (RFC 6386, 14.3).
const INVERSE_COSINE: i16 = 20_091;
const INVERSE_SINE: i16 = -30_068;

/// The coefficients of blocks of samples, or of what samples differ from a prediction, row by row.
#[inline(always)]
pub(crate) fn forward<A: Arithmetic>(a: A, samples: &[A::Lanes; 16]) -> [A::Lanes; 16] {
    let mut between = *samples;
    let (cosine, sine) = (a.splat(COSINE * 2), a.splat(SINE * 2));
    for row in 0..4 {
        let at = row * 4;
        let outer = a.add(samples[at], samples[at + 3]);
        let inner = a.add(samples[at + 1], samples[at + 2]);
        let inner_slope = a.shift_left::<5>(a.subtract(samples[at + 1], samples[at + 2]));
        let outer_slope = a.shift_left::<5>(a.subtract(samples[at], samples[at + 3]));
        between[at] = a.shift_left::<3>(a.add(outer, inner));
        between[at + 2] = a.shift_left::<3>(a.subtract(outer, inner));
        between[at + 1] =
            a.add(a.multiply_rounded(outer_slope, cosine), a.multiply_rounded(inner_slope, sine));
        between[at + 3] =
            a.subtract(a.multiply_rounded(outer_slope, sine), a.multiply_rounded(inner_slope, cosine));
    }
    let mut coefficients = between;
    let (cosine, sine, half, one) = (a.splat(COSINE), a.splat(SINE), a.splat(8), a.splat(1));
    for x in 0..4 {
        let outer = a.add(a.add(between[x], between[x + 12]), half);
        let inner = a.add(between[x + 4], between[x + 8]);
        let inner_slope = a.subtract(between[x + 4], between[x + 8]);
        let outer_slope = a.subtract(between[x], between[x + 12]);
        coefficients[x] = a.shift_right::<4>(a.add(outer, inner));
        coefficients[x + 8] = a.shift_right::<4>(a.subtract(outer, inner));
        let slope = a.add(a.multiply_rounded(outer_slope, cosine), a.multiply_rounded(inner_slope, sine));
        let twist =
            a.subtract(a.multiply_rounded(outer_slope, sine), a.multiply_rounded(inner_slope, cosine));
        coefficients[x + 4] = a.shift_right::<1>(a.add(slope, one));
        coefficients[x + 12] = a.shift_right::<1>(a.add(twist, one));
    }
    coefficients
}

/// The inverse transform in one direction.
#[inline(always)]
fn turn<A: Arithmetic>(a: A, c0: A::Lanes, c1: A::Lanes, c2: A::Lanes, c3: A::Lanes) -> [A::Lanes; 4] {
    let (sum, difference) = (a.add(c0, c2), a.subtract(c0, c2));
    let inner = a.subtract(by_sine(a, c1), by_cosine(a, c3));
    let outer = a.add(by_cosine(a, c1), by_sine(a, c3));
    [a.add(sum, outer), a.add(difference, inner), a.subtract(difference, inner), a.subtract(sum, outer)]
}

#[inline(always)]
fn by_cosine<A: Arithmetic>(a: A, lanes: A::Lanes) -> A::Lanes {
    a.add(a.multiply_high(lanes, a.splat(INVERSE_COSINE)), lanes)
}

#[inline(always)]
fn by_sine<A: Arithmetic>(a: A, lanes: A::Lanes) -> A::Lanes {
    a.add(a.multiply_high(lanes, a.splat(INVERSE_SINE)), lanes)
}

/// What a decoder makes of coefficients (RFC 6386, 14.3): what it adds to the prediction.
#[inline(always)]
pub(crate) fn inverse<A: Arithmetic>(a: A, coefficients: &[A::Lanes; 16]) -> [A::Lanes; 16] {
    let mut between = *coefficients;
    for x in 0..4 {
        let column = turn(a, coefficients[x], coefficients[x + 4], coefficients[x + 8], coefficients[x + 12]);
        for (y, lanes) in column.into_iter().enumerate() {
            between[y * 4 + x] = lanes;
        }
    }
    let mut samples = between;
    for row in 0..4 {
        let at = row * 4;
        let start = a.add(between[at], a.splat(4));
        let line = turn(a, start, between[at + 1], between[at + 2], between[at + 3]);
        for (x, lanes) in line.into_iter().enumerate() {
            samples[at + x] = a.shift_right::<3>(lanes);
        }
    }
    samples
}

/// The same for a single block.
#[inline(always)]
pub(crate) fn inverse_block(coefficients: &[i16; 16]) -> [i16; 16] {
    let turn = |c0: i32, c1: i32, c2: i32, c3: i32| {
        let by_cosine = |value: i32| ((value * i32::from(INVERSE_COSINE)) >> 16) + value;
        let by_sine = |value: i32| ((value * i32::from(INVERSE_SINE)) >> 16) + value;
        let (sum, difference) = (c0 + c2, c0 - c2);
        let inner = by_sine(c1) - by_cosine(c3);
        let outer = by_cosine(c1) + by_sine(c3);
        [sum + outer, difference + inner, difference - inner, sum - outer]
    };
    let mut between = [0; 16];
    for x in 0..4 {
        let at = |y: usize| i32::from(coefficients[y * 4 + x]);
        for (y, value) in turn(at(0), at(1), at(2), at(3)).into_iter().enumerate() {
            between[y * 4 + x] = value;
        }
    }
    let mut samples = [0; 16];
    for (line, row) in samples.as_chunks_mut::<4>().0.iter_mut().zip(between.as_chunks::<4>().0) {
        *line = turn(row[0] + 4, row[1], row[2], row[3]).map(|value| (value >> 3) as i16);
    }
    samples
}

/// The coefficients of the DCs of 16 blocks: a Walsh-Hadamard transform.
#[inline(always)]
pub(crate) fn forward_dc(dcs: &[i16; 16]) -> [i16; 16] {
    let turn = |c0: i32, c1: i32, c2: i32, c3: i32| {
        let (even, odd) = (c0 + c2, c1 + c3);
        let (even_slope, odd_slope) = (c0 - c2, c1 - c3);
        [even + odd, even_slope + odd_slope, even_slope - odd_slope, even - odd]
    };
    let mut between = [0; 16];
    for (line, row) in between.as_chunks_mut::<4>().0.iter_mut().zip(dcs.as_chunks::<4>().0) {
        *line = turn(row[0].into(), row[1].into(), row[2].into(), row[3].into());
    }
    let mut coefficients = [0; 16];
    for x in 0..4 {
        let column = turn(between[x], between[x + 4], between[x + 8], between[x + 12]);
        for (y, value) in column.into_iter().enumerate() {
            coefficients[y * 4 + x] = (value >> 1) as i16;
        }
    }
    coefficients
}

/// What a decoder makes of those: the DCs (RFC 6386, 14.3).
#[inline(always)]
pub(crate) fn inverse_dc(coefficients: &[i16; 16]) -> [i16; 16] {
    let turn = |c0: i32, c1: i32, c2: i32, c3: i32| {
        let (outer, inner) = (c0 + c3, c1 + c2);
        let (outer_slope, inner_slope) = (c0 - c3, c1 - c2);
        [outer + inner, outer_slope + inner_slope, outer - inner, outer_slope - inner_slope]
    };
    let mut between = [0; 16];
    for x in 0..4 {
        let at = |y: usize| i32::from(coefficients[y * 4 + x]);
        for (y, value) in turn(at(0), at(1), at(2), at(3)).into_iter().enumerate() {
            between[y * 4 + x] = value;
        }
    }
    let mut dcs = [0; 16];
    for (line, row) in dcs.as_chunks_mut::<4>().0.iter_mut().zip(between.as_chunks::<4>().0) {
        *line = turn(row[0] + 3, row[1], row[2], row[3]).map(|value| (value >> 3) as i16);
    }
    dcs
}

#[cfg(test)]
mod tests;
