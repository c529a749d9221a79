//! For x86-64 processors with SSE4.1: sixteen lanes are two registers.
#![allow(unsafe_code)] // Vector instructions that not every processor has, and loads and stores through pointers.

use std::arch::x86_64::{
    __m128i, _mm_abs_epi16, _mm_add_epi16, _mm_add_epi32, _mm_blendv_epi8, _mm_cmpgt_epi16,
    _mm_cvtepu8_epi16, _mm_loadu_si128, _mm_madd_epi16, _mm_max_epi16, _mm_min_epi16, _mm_mulhi_epi16,
    _mm_mulhi_epu16, _mm_mulhrs_epi16, _mm_mullo_epi16, _mm_or_si128, _mm_set1_epi16, _mm_setzero_si128,
    _mm_shuffle_epi8, _mm_sign_epi16, _mm_slli_epi16, _mm_srai_epi16, _mm_storeu_si128, _mm_sub_epi16,
    _mm_testz_si128, _mm_unpackhi_epi8, _mm_unpackhi_epi16, _mm_unpacklo_epi16,
};

use super::{Arithmetic, LANES, Row, Work};

/// Proof that the processor has SSE4.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse41(());

impl Sse41 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all =
            std::arch::is_x86_feature_detected!("sse4.1") && std::arch::is_x86_feature_detected!("ssse3");
        has_all.then_some(Self(()))
    }

    /// Does work that is compiled with all the instructions that were asked for.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Outcome {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { run_with_all(self, work) }
    }
}

#[target_feature(enable = "sse4.1,ssse3")]
fn run_with_all<W: Work>(sse41: Sse41, work: W) -> W::Outcome {
    work.run(sse41)
}

/// The bytes of a table at some places, or 0 where they have the highest bit.
#[target_feature(enable = "sse4.1,ssse3")]
#[inline]
fn look_up(table: &[u8; 16], places: &[u8; LANES]) -> __m128i {
    // SAFETY: both have 16 bytes.
    unsafe {
        _mm_shuffle_epi8(_mm_loadu_si128(table.as_ptr().cast()), _mm_loadu_si128(places.as_ptr().cast()))
    }
}

/// An operation that is one instruction for each half.
macro_rules! instruction {
    ($name:ident, $instruction:ident, $($operand:ident),+) => {
        #[inline(always)]
        fn $name(self, $($operand: [__m128i; 2]),+) -> [__m128i; 2] {
            // SAFETY: `self` proves that the processor has SSE4.1.
            unsafe { [$instruction($($operand[0]),+), $instruction($($operand[1]),+)] }
        }
    };
}

impl Arithmetic for Sse41 {
    type Lanes = [__m128i; 2];
    type Sums = [__m128i; 4];

    instruction!(add, _mm_add_epi16, one, other);
    instruction!(subtract, _mm_sub_epi16, one, other);
    instruction!(multiply, _mm_mullo_epi16, one, other);
    instruction!(multiply_high, _mm_mulhi_epi16, one, other);
    instruction!(multiply_high_unsigned, _mm_mulhi_epu16, one, other);
    instruction!(multiply_rounded, _mm_mulhrs_epi16, one, other);
    instruction!(absolute, _mm_abs_epi16, lanes);
    instruction!(smaller, _mm_min_epi16, one, other);
    instruction!(larger, _mm_max_epi16, one, other);
    instruction!(with_sign, _mm_sign_epi16, lanes, of);
    instruction!(is_greater, _mm_cmpgt_epi16, one, other);

    #[inline(always)]
    fn load(self, row: &Row) -> [__m128i; 2] {
        // SAFETY: `self` proves that the processor has SSE4.1, here and below; a row has 32 bytes.
        unsafe { [_mm_loadu_si128(row.as_ptr().cast()), _mm_loadu_si128(row.as_ptr().add(8).cast())] }
    }

    #[inline(always)]
    fn store(self, lanes: [__m128i; 2], row: &mut Row) {
        // SAFETY: see `load`.
        unsafe {
            _mm_storeu_si128(row.as_mut_ptr().cast(), lanes[0]);
            _mm_storeu_si128(row.as_mut_ptr().add(8).cast(), lanes[1]);
        }
    }

    #[inline(always)]
    fn splat(self, value: i16) -> [__m128i; 2] {
        // SAFETY: see `load`.
        unsafe { [_mm_set1_epi16(value); 2] }
    }

    #[inline(always)]
    fn select(self, mask: [__m128i; 2], one: [__m128i; 2], other: [__m128i; 2]) -> [__m128i; 2] {
        // SAFETY: see `load`.
        unsafe { [_mm_blendv_epi8(other[0], one[0], mask[0]), _mm_blendv_epi8(other[1], one[1], mask[1])] }
    }

    #[inline(always)]
    fn is_any(self, mask: [__m128i; 2]) -> bool {
        // SAFETY: see `load`.
        unsafe {
            let any = _mm_or_si128(mask[0], mask[1]);
            _mm_testz_si128(any, any) == 0
        }
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(self, lanes: [__m128i; 2]) -> [__m128i; 2] {
        // SAFETY: see `load`.
        unsafe { [_mm_slli_epi16::<BITS>(lanes[0]), _mm_slli_epi16::<BITS>(lanes[1])] }
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self, lanes: [__m128i; 2]) -> [__m128i; 2] {
        // SAFETY: see `load`.
        unsafe { [_mm_srai_epi16::<BITS>(lanes[0]), _mm_srai_epi16::<BITS>(lanes[1])] }
    }

    #[inline(always)]
    fn look_up(self, table: &[u8; 16], places: [__m128i; 2]) -> [__m128i; 2] {
        // SAFETY: see `load`; a table has 16 bytes. The upper byte of each lane becomes 0, for its place has the highest bit.
        unsafe {
            let table = _mm_loadu_si128(table.as_ptr().cast());
            let high = _mm_set1_epi16(i16::MIN);
            [
                _mm_shuffle_epi8(table, _mm_or_si128(places[0], high)),
                _mm_shuffle_epi8(table, _mm_or_si128(places[1], high)),
            ]
        }
    }

    #[inline(always)]
    fn look_up_one_of(self, tables: &[[u8; 16]; 3], places: &[[u8; LANES]; 3]) -> [__m128i; 2] {
        // SAFETY: see `load`; a table has 16 bytes, and so have the places in it.
        unsafe {
            let bytes = _mm_or_si128(
                _mm_or_si128(look_up(&tables[0], &places[0]), look_up(&tables[1], &places[1])),
                look_up(&tables[2], &places[2]),
            );
            [_mm_cvtepu8_epi16(bytes), _mm_unpackhi_epi8(bytes, _mm_setzero_si128())]
        }
    }

    #[inline(always)]
    fn no_sums(self) -> [__m128i; 4] {
        // SAFETY: see `load`.
        unsafe { [_mm_setzero_si128(); 4] }
    }

    #[inline(always)]
    fn add_products(
        self,
        mut sums: [__m128i; 4],
        one: [__m128i; 2],
        factor: [__m128i; 2],
        other: [__m128i; 2],
        other_factor: [__m128i; 2],
    ) -> [__m128i; 4] {
        for half in 0..2 {
            // SAFETY: see `load`.
            unsafe {
                let low = _mm_madd_epi16(
                    _mm_unpacklo_epi16(one[half], other[half]),
                    _mm_unpacklo_epi16(factor[half], other_factor[half]),
                );
                let high = _mm_madd_epi16(
                    _mm_unpackhi_epi16(one[half], other[half]),
                    _mm_unpackhi_epi16(factor[half], other_factor[half]),
                );
                sums[half * 2] = _mm_add_epi32(sums[half * 2], low);
                sums[half * 2 + 1] = _mm_add_epi32(sums[half * 2 + 1], high);
            }
        }
        sums
    }

    #[inline(always)]
    fn store_sums(self, sums: [__m128i; 4], row: &mut [i32; LANES]) {
        for (four, sums) in row.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
            // SAFETY: see `load`; four numbers have 16 bytes.
            unsafe { _mm_storeu_si128(four.as_mut_ptr().cast(), sums) };
        }
    }
}
