//! The transform for x86-64 processors with SSE4.1, which are all that have anything at all to offer: since 2008.
#![allow(unsafe_code)] // Vector instructions that not every processor has, and stores through pointers.

use std::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_add_epi32, _mm_blend_epi16, _mm_cvtsi128_si32, _mm_extract_epi32,
    _mm_loadu_si128, _mm_madd_epi16, _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi8, _mm_set1_epi32,
    _mm_setzero_si128, _mm_shuffle_epi32, _mm_slli_epi32, _mm_srai_epi32, _mm_srli_epi32, _mm_storel_epi64,
    _mm_sub_epi32,
};

use super::{Arithmetic, COLUMN_SHIFT, Coefficients, Kind, ROW_SHIFT, Transform};
use crate::layout::MAX_POINTS;
use crate::processor::Work;
use crate::transform::Basis;

const SHIFT_ROWS: i32 = ROW_SHIFT.cast_signed();
const SHIFT_COLUMNS: i32 = COLUMN_SHIFT.cast_signed();

/// Proof that the processor has SSE4.1, and the instruction that counts bits, which came at about the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse41(());

impl Sse41 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all =
            std::arch::is_x86_feature_detected!("sse4.1") && std::arch::is_x86_feature_detected!("popcnt");
        has_all.then_some(Self(()))
    }

    /// Does work that is compiled with all the instructions that were asked for.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Outcome {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { run_with_all(self, work) }
    }
}

#[target_feature(enable = "sse4.1,popcnt")]
fn run_with_all<W: Work>(sse41: Sse41, work: W) -> W::Outcome {
    work.run(sse41)
}

/// The weights of a transform in pairs, as the instruction wants them that multiplies two and adds.
pub(crate) struct Pairs {
    /// For eight points at a time, for each two neighbouring coefficients of a row, what they contribute to each point.
    pub(super) rows: [[[i32; 8]; 4]; 2],
    /// For each point of the upper half, the weights of the rows 0 and 2, 4 and 6, 1 and 3, 5 and 7.
    pub(super) columns: [[i32; 4]; MAX_POINTS / 2],
}

pub(super) fn pair(low: i16, high: i16) -> i32 {
    i32::from(high) << 16 | i32::from(low.cast_unsigned())
}

impl Pairs {
    pub(crate) fn new(across: &Basis, down: &Basis) -> Self {
        let mut pairs = Self { rows: [[[0; 8]; 4]; 2], columns: [[0; 4]; MAX_POINTS / 2] };
        for (x, weights) in across.weights.iter().enumerate() {
            for (index, weights) in weights.chunks_exact(2).enumerate() {
                pairs.rows[x / 8][index][x % 8] = pair(weights[0], weights[1]);
            }
        }
        for (columns, weights) in pairs.columns.iter_mut().zip(&down.weights) {
            let rows = |low: usize, high: usize| pair(weights[low], weights[high]);
            *columns = [rows(0, 2), rows(4, 6), rows(1, 3), rows(5, 7)];
        }
        pairs
    }
}

impl Arithmetic for Sse41 {
    #[inline(always)]
    fn transform(self, with: &Transform, block: &Coefficients, last: usize, out: &mut [u8], stride: usize) {
        assert!(out.len() >= with.reach(stride), "a block ends beyond its plane");
        // SAFETY: `self` proves that the processor has SSE4.1, and `out` reaches as far as the transform writes.
        unsafe {
            match with.kind {
                Kind::Narrow => narrow(with, block, out, stride),
                _ if with.is_low(last) => any_size::<4>(with, block, out, stride),
                _ => any_size::<8>(with, block, out, stride),
            }
        }
    }

    #[inline(always)]
    fn begin_rgb_row(self, rows: [&[u8]; 3], out: &mut [u8]) -> usize {
        // SAFETY: `self` proves that the processor has SSE4.1.
        unsafe { crate::color::sse41::begin_rgb_row(rows, out) }
    }
}

/// A transform to any number of points, of a block whose coefficients are among the low `USED`×`USED`.
///
/// # Safety
///
/// `out` must be as long as [`Transform::reach`] says.
#[target_feature(enable = "sse4.1")]
#[inline]
unsafe fn any_size<const USED: usize>(with: &Transform, block: &Coefficients, out: &mut [u8], stride: usize) {
    let (across, down) = (with.across.points, with.down.points);
    for start in (0..across).step_by(8) {
        let weights = &with.pairs.rows[start / 8];
        let left = weigh_rows::<USED>(block, weights, 0);
        let right = weigh_rows::<USED>(block, weights, 4);
        for y in 0..down.div_ceil(2) {
            let weights = &with.pairs.columns[y];
            let (left_even, left_odd) = weigh_columns::<USED>(&left, weights);
            let (right_even, right_odd) = weigh_columns::<USED>(&right, weights);
            // SAFETY: 8 bytes from `start` on of the rows up to `down` are within what the caller vouches for.
            unsafe {
                // Of one pointer: a second one to all of `out` would end what the first may do.
                let out = out.as_mut_ptr().add(start);
                let (top, bottom) = (out.add(y * stride), out.add((down - 1 - y) * stride));
                store(_mm_add_epi32(left_even, left_odd), _mm_add_epi32(right_even, right_odd), top);
                store(_mm_sub_epi32(left_even, left_odd), _mm_sub_epi32(right_even, right_odd), bottom);
            }
        }
    }
}

/// What the rows of coefficients make at each of four points: rows 0 and 2, 4 and 6, 1 and 3, 5 and 7 in pairs.
#[target_feature(enable = "sse4.1")]
#[inline]
fn weigh_rows<const USED: usize>(block: &Coefficients, weights: &[[i32; 8]; 4], from: usize) -> [__m128i; 4] {
    let (lines, _) = block.as_chunks::<8>();
    let row = |index: usize| {
        let row: &[i16; 8] = &lines[index];
        let mut sum = _mm_set1_epi32(1 << (ROW_SHIFT - 1));
        for (place, weights) in weights.iter().enumerate().take(USED / 2) {
            let coefficients = _mm_set1_epi32(pair(row[place * 2], row[place * 2 + 1]));
            let weights = &weights[from..from + 4];
            // SAFETY: there are four weights.
            let weights = unsafe { _mm_loadu_si128(weights.as_ptr().cast()) };
            sum = _mm_add_epi32(sum, _mm_madd_epi16(coefficients, weights));
        }
        sum
    };
    [
        join(row(0), row(2)),
        if USED > 4 { join(row(4), row(6)) } else { _mm_setzero_si128() },
        join(row(1), row(3)),
        if USED > 4 { join(row(5), row(7)) } else { _mm_setzero_si128() },
    ]
}

/// Two rows without the bits that the columns do not need, in pairs of 16 bits.
#[target_feature(enable = "sse4.1")]
#[inline]
fn join(one: __m128i, other: __m128i) -> __m128i {
    let low = _mm_srli_epi32::<SHIFT_ROWS>(one);
    let high = _mm_slli_epi32::<{ 16 - SHIFT_ROWS }>(other);
    _mm_blend_epi16::<0b1010_1010>(low, high)
}

/// What the even and the odd rows contribute to a point of the upper half. To its counterpart in the lower half, the odd
/// ones contribute the opposite.
#[target_feature(enable = "sse4.1")]
#[inline]
fn weigh_columns<const USED: usize>(between: &[__m128i; 4], weights: &[i32; 4]) -> (__m128i, __m128i) {
    let weigh = |index: usize| _mm_madd_epi16(between[index], _mm_set1_epi32(weights[index]));
    let even = _mm_add_epi32(weigh(0), _mm_set1_epi32(1 << (COLUMN_SHIFT - 1)));
    if USED > 4 {
        (_mm_add_epi32(even, weigh(1)), _mm_add_epi32(weigh(2), weigh(3)))
    } else {
        (even, weigh(2))
    }
}

/// Writes eight samples.
///
/// # Safety
///
/// There must be eight bytes at `out`.
#[target_feature(enable = "sse4.1")]
#[inline]
unsafe fn store(left: __m128i, right: __m128i, out: *mut u8) {
    let words =
        _mm_packs_epi32(_mm_srai_epi32::<SHIFT_COLUMNS>(left), _mm_srai_epi32::<SHIFT_COLUMNS>(right));
    // Saturated to ±128, and then from there to 0 to 255, is what the level shift and a clamp give.
    let bytes = _mm_add_epi8(_mm_packs_epi16(words, words), _mm_set1_epi8(-128));
    // SAFETY: the caller vouches for the bytes.
    unsafe { _mm_storel_epi64(out.cast(), bytes) };
}

/// A transform of the kind [`Kind::Narrow`].
///
/// # Safety
///
/// `out` must be as long as [`Transform::reach`] says.
#[target_feature(enable = "sse4.1")]
#[inline]
pub(super) unsafe fn narrow(with: &Transform, block: &Coefficients, out: &mut [u8], stride: usize) {
    // SAFETY: the caller vouches for `out`.
    unsafe {
        match with.down.points {
            1 => narrow_rows::<1>(with, block, out, stride),
            2 => narrow_rows::<2>(with, block, out, stride),
            3 => narrow_rows::<3>(with, block, out, stride),
            _ => narrow_rows::<4>(with, block, out, stride),
        }
    }
}

/// `DOWN` rows of at most four samples.
///
/// # Safety
///
/// `out` must be as long as [`Transform::reach`] says.
#[target_feature(enable = "sse4.1")]
#[inline]
unsafe fn narrow_rows<const DOWN: usize>(
    with: &Transform,
    block: &Coefficients,
    out: &mut [u8],
    stride: usize,
) {
    let [first, second, ..] = &with.pairs.rows[0];
    // SAFETY: loads are within arrays of eight.
    let load = |values: &[i32; 8]| unsafe { _mm_loadu_si128(values.as_ptr().cast()) };
    let (first, second) = (load(first), load(second));
    let (lines, _) = block.as_chunks::<8>();
    let row = |index: usize| {
        if index >= DOWN {
            return _mm_setzero_si128();
        }
        // SAFETY: the row has eight coefficients.
        let row = unsafe { _mm_loadu_si128(lines[index].as_ptr().cast()) };
        let low = _mm_madd_epi16(_mm_shuffle_epi32::<0b00_00_00_00>(row), first);
        let high = _mm_madd_epi16(_mm_shuffle_epi32::<0b01_01_01_01>(row), second);
        _mm_add_epi32(_mm_add_epi32(low, high), _mm_set1_epi32(1 << (ROW_SHIFT - 1)))
    };
    let (evens, odds) = (join(row(0), row(2)), join(row(1), row(3)));
    let weigh = |y: usize| {
        let [even, _, odd, _] = with.pairs.columns[y];
        let even = _mm_madd_epi16(evens, _mm_set1_epi32(even));
        let even = _mm_add_epi32(even, _mm_set1_epi32(1 << (COLUMN_SHIFT - 1)));
        let odd = _mm_madd_epi16(odds, _mm_set1_epi32(odd));
        let finish = |sum: __m128i| _mm_srai_epi32::<SHIFT_COLUMNS>(sum);
        (finish(_mm_add_epi32(even, odd)), finish(_mm_sub_epi32(even, odd)))
    };
    // From the top: a row in the middle is its own counterpart.
    let (top, bottom) = weigh(0);
    let words = if DOWN > 2 {
        let (below_top, above_bottom) = weigh(1);
        let third = if DOWN > 3 { above_bottom } else { bottom };
        (_mm_packs_epi32(top, below_top), _mm_packs_epi32(third, bottom))
    } else {
        (_mm_packs_epi32(top, bottom), _mm_setzero_si128())
    };
    let bytes = _mm_add_epi8(_mm_packs_epi16(words.0, words.1), _mm_set1_epi8(-128));
    let out = out.as_mut_ptr();
    // SAFETY: four bytes of each of `DOWN` rows are within what the caller vouches for.
    unsafe {
        out.cast::<i32>().write_unaligned(_mm_cvtsi128_si32(bytes));
        if DOWN > 1 {
            out.add(stride).cast::<i32>().write_unaligned(_mm_extract_epi32::<1>(bytes));
        }
        if DOWN > 2 {
            out.add(stride * 2).cast::<i32>().write_unaligned(_mm_extract_epi32::<2>(bytes));
        }
        if DOWN > 3 {
            out.add(stride * 3).cast::<i32>().write_unaligned(_mm_extract_epi32::<3>(bytes));
        }
    }
}
