//! The transform for x86-64 processors with AVX2.
#![allow(unsafe_code)] // Vector instructions that not every processor has, and stores through pointers.

use std::arch::x86_64::{
    __m256i, _mm_add_epi8, _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi8, _mm_storel_epi64,
    _mm256_add_epi32, _mm256_blend_epi16, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_slli_epi32,
    _mm256_srai_epi32, _mm256_srli_epi32, _mm256_sub_epi32, _pdep_u64,
};

use super::sse41::{self, pair};
use super::{Arithmetic, COLUMN_SHIFT, Coefficients, Kind, ROW_SHIFT, Transform};
use crate::processor::Work;

/// Proof that the processor has AVX2, and the instructions on bits that came with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all = std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("bmi2")
            && std::arch::is_x86_feature_detected!("lzcnt")
            && std::arch::is_x86_feature_detected!("popcnt");
        has_all.then_some(Self(()))
    }

    /// Does work that is compiled with all the instructions that were asked for.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Outcome {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { run_with_all(self, work) }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_with_all<W: Work>(avx2: Avx2, work: W) -> W::Outcome {
    work.run(avx2)
}

impl Arithmetic for Avx2 {
    #[inline(always)]
    fn transform(self, with: &Transform, block: &Coefficients, last: usize, out: &mut [u8], stride: usize) {
        assert!(out.len() >= with.reach(stride), "a block ends beyond its plane");
        // SAFETY: `self` proves that the processor has AVX2, and `out` reaches as far as the transform writes.
        unsafe {
            match with.kind {
                Kind::Narrow => sse41::narrow(with, block, out, stride),
                _ if with.is_low(last) => any_size::<4>(with, block, out, stride),
                _ => any_size::<8>(with, block, out, stride),
            }
        }
    }

    #[inline(always)]
    fn begin_rgb_row(self, rows: [&[u8]; 3], out: &mut [u8]) -> usize {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { crate::color::avx2::begin_rgb_row(rows, out) }
    }

    #[inline(always)]
    fn spread(self, bits: u64, over: u64) -> u64 {
        // SAFETY: `self` proves that the processor has BMI2.
        unsafe { _pdep_u64(bits, over) }
    }
}

/// A transform to any number of points, of a block whose coefficients are among the low `USED`×`USED`.
///
/// # Safety
///
/// `out` must be as long as [`Transform::reach`] says.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn any_size<const USED: usize>(with: &Transform, block: &Coefficients, out: &mut [u8], stride: usize) {
    let (across, down) = (with.across.points, with.down.points);
    for half in 0..across.div_ceil(8) {
        let (start, rows) = (half * 8, &with.pairs.rows[half]);
        // SAFETY: loads are of whole arrays of their size.
        let load = |values: &[i32; 8]| unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        let weights = [load(&rows[0]), load(&rows[1]), load(&rows[2]), load(&rows[3])];
        let (lines, _) = block.as_chunks::<8>();
        let row = |index: usize| weigh_row::<USED>(&lines[index], &weights);
        let between = [
            join(row(0), row(2)),
            if USED > 4 { join(row(4), row(6)) } else { _mm256_setzero_si256() },
            join(row(1), row(3)),
            if USED > 4 { join(row(5), row(7)) } else { _mm256_setzero_si256() },
        ];
        for y in 0..down.div_ceil(2) {
            let (even, odd) = weigh_columns::<USED>(&between, &with.pairs.columns[y]);
            // SAFETY: 8 bytes from `start` on of the rows up to `down` are within what the caller vouches for.
            unsafe {
                // Of one pointer: a second one to all of `out` would end what the first may do.
                let out = out.as_mut_ptr().add(start);
                let (top, bottom) = (out.add(y * stride), out.add((down - 1 - y) * stride));
                store(_mm256_add_epi32(even, odd), top);
                store(_mm256_sub_epi32(even, odd), bottom);
            }
        }
    }
}

/// What a row of coefficients makes at each of eight points, with all bits of fraction.
#[target_feature(enable = "avx2")]
#[inline]
fn weigh_row<const USED: usize>(row: &[i16; 8], weights: &[__m256i; 4]) -> __m256i {
    let mut sum = _mm256_set1_epi32(1 << (ROW_SHIFT - 1));
    for index in 0..USED / 2 {
        let coefficients = _mm256_set1_epi32(pair(row[index * 2], row[index * 2 + 1]));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(coefficients, weights[index]));
    }
    sum
}

/// Two rows without the bits that the columns do not need, in pairs of 16 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn join(one: __m256i, other: __m256i) -> __m256i {
    const SHIFT: i32 = ROW_SHIFT.cast_signed();
    let low = _mm256_srli_epi32::<SHIFT>(one);
    let high = _mm256_slli_epi32::<{ 16 - SHIFT }>(other);
    _mm256_blend_epi16::<0b1010_1010>(low, high)
}

/// What the even and the odd rows contribute to a point of the upper half. To its counterpart in the lower half, the odd
/// ones contribute the opposite.
#[target_feature(enable = "avx2")]
#[inline]
fn weigh_columns<const USED: usize>(between: &[__m256i; 4], weights: &[i32; 4]) -> (__m256i, __m256i) {
    let weigh = |index: usize| _mm256_madd_epi16(between[index], _mm256_set1_epi32(weights[index]));
    let even = _mm256_add_epi32(weigh(0), _mm256_set1_epi32(1 << (COLUMN_SHIFT - 1)));
    if USED > 4 {
        (_mm256_add_epi32(even, weigh(1)), _mm256_add_epi32(weigh(2), weigh(3)))
    } else {
        (even, weigh(2))
    }
}

/// Writes eight samples.
///
/// # Safety
///
/// There must be eight bytes at `out`.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn store(sums: __m256i, out: *mut u8) {
    let values = _mm256_srai_epi32::<{ COLUMN_SHIFT.cast_signed() }>(sums);
    let words = _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
    // Saturated to ±128, and then from there to 0 to 255, is what the level shift and a clamp give.
    let bytes = _mm_add_epi8(_mm_packs_epi16(words, words), _mm_set1_epi8(-128));
    // SAFETY: the caller vouches for the bytes.
    unsafe { _mm_storel_epi64(out.cast(), bytes) };
}
