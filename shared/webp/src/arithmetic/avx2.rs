//! For x86-64 processors with AVX2: sixteen lanes are one register.
#![allow(unsafe_code)] // Vector instructions that not every processor has, and loads and stores through pointers.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm_or_si128, _mm_shuffle_epi8, _mm256_abs_epi16, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_blendv_epi8, _mm256_broadcastsi128_si256, _mm256_cmpgt_epi16,
    _mm256_cvtepu8_epi16, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_max_epi16, _mm256_min_epi16,
    _mm256_mulhi_epi16, _mm256_mulhi_epu16, _mm256_mulhrs_epi16, _mm256_mullo_epi16, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_sign_epi16, _mm256_slli_epi16, _mm256_srai_epi16, _mm256_storeu_si256, _mm256_sub_epi16,
    _mm256_testz_si256, _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
};

use super::{Arithmetic, LANES, Row, Work};

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

/// The bytes of a table at some places, or 0 where they have the highest bit.
#[target_feature(enable = "avx2")]
#[inline]
fn look_up(table: &[u8; 16], places: &[u8; LANES]) -> __m128i {
    // SAFETY: both have 16 bytes.
    unsafe {
        _mm_shuffle_epi8(_mm_loadu_si128(table.as_ptr().cast()), _mm_loadu_si128(places.as_ptr().cast()))
    }
}

/// An operation that is one instruction.
macro_rules! instruction {
    ($name:ident, $instruction:ident, $($operand:ident),+) => {
        #[inline(always)]
        fn $name(self, $($operand: __m256i),+) -> __m256i {
            // SAFETY: `self` proves that the processor has AVX2.
            unsafe { $instruction($($operand),+) }
        }
    };
}

impl Arithmetic for Avx2 {
    type Lanes = __m256i;
    /// Lanes 0 to 3 and 8 to 11, then the others.
    type Sums = [__m256i; 2];

    instruction!(add, _mm256_add_epi16, one, other);
    instruction!(subtract, _mm256_sub_epi16, one, other);
    instruction!(multiply, _mm256_mullo_epi16, one, other);
    instruction!(multiply_high, _mm256_mulhi_epi16, one, other);
    instruction!(multiply_high_unsigned, _mm256_mulhi_epu16, one, other);
    instruction!(multiply_rounded, _mm256_mulhrs_epi16, one, other);
    instruction!(absolute, _mm256_abs_epi16, lanes);
    instruction!(smaller, _mm256_min_epi16, one, other);
    instruction!(larger, _mm256_max_epi16, one, other);
    instruction!(with_sign, _mm256_sign_epi16, lanes, of);
    instruction!(is_greater, _mm256_cmpgt_epi16, one, other);

    #[inline(always)]
    fn load(self, row: &Row) -> __m256i {
        // SAFETY: `self` proves that the processor has AVX2; a row has 32 bytes.
        unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, lanes: __m256i, row: &mut Row) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), lanes) };
    }

    #[inline(always)]
    fn splat(self, value: i16) -> __m256i {
        // SAFETY: `self` proves that the processor has AVX2, here and below.
        unsafe { _mm256_set1_epi16(value) }
    }

    #[inline(always)]
    fn select(self, mask: __m256i, one: __m256i, other: __m256i) -> __m256i {
        // SAFETY: see `splat`.
        unsafe { _mm256_blendv_epi8(other, one, mask) }
    }

    #[inline(always)]
    fn is_any(self, mask: __m256i) -> bool {
        // SAFETY: see `splat`.
        unsafe { _mm256_testz_si256(mask, mask) == 0 }
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(self, lanes: __m256i) -> __m256i {
        // SAFETY: see `splat`.
        unsafe { _mm256_slli_epi16::<BITS>(lanes) }
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self, lanes: __m256i) -> __m256i {
        // SAFETY: see `splat`.
        unsafe { _mm256_srai_epi16::<BITS>(lanes) }
    }

    #[inline(always)]
    fn look_up(self, table: &[u8; 16], places: __m256i) -> __m256i {
        // SAFETY: see `splat`; a table has 16 bytes. The upper byte of each lane becomes 0, for its place has the highest bit.
        unsafe {
            let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast()));
            _mm256_shuffle_epi8(table, _mm256_or_si256(places, _mm256_set1_epi16(i16::MIN)))
        }
    }

    #[inline(always)]
    fn look_up_one_of(self, tables: &[[u8; 16]; 3], places: &[[u8; LANES]; 3]) -> __m256i {
        // SAFETY: see `splat`; a table has 16 bytes, and so have the places in it.
        unsafe {
            _mm256_cvtepu8_epi16(_mm_or_si128(
                _mm_or_si128(look_up(&tables[0], &places[0]), look_up(&tables[1], &places[1])),
                look_up(&tables[2], &places[2]),
            ))
        }
    }

    #[inline(always)]
    fn no_sums(self) -> [__m256i; 2] {
        // SAFETY: see `splat`.
        unsafe { [_mm256_setzero_si256(); 2] }
    }

    #[inline(always)]
    fn add_products(
        self,
        sums: [__m256i; 2],
        one: __m256i,
        factor: __m256i,
        other: __m256i,
        other_factor: __m256i,
    ) -> [__m256i; 2] {
        // SAFETY: see `splat`.
        unsafe {
            let low = _mm256_madd_epi16(
                _mm256_unpacklo_epi16(one, other),
                _mm256_unpacklo_epi16(factor, other_factor),
            );
            let high = _mm256_madd_epi16(
                _mm256_unpackhi_epi16(one, other),
                _mm256_unpackhi_epi16(factor, other_factor),
            );
            [_mm256_add_epi32(sums[0], low), _mm256_add_epi32(sums[1], high)]
        }
    }

    #[inline(always)]
    fn store_sums(self, sums: [__m256i; 2], row: &mut [i32; LANES]) {
        let (low, high) = row.split_at_mut(8);
        // SAFETY: see `splat`; eight numbers have 32 bytes.
        unsafe {
            let first = _mm256_permute2x128_si256::<0x20>(sums[0], sums[1]);
            let second = _mm256_permute2x128_si256::<0x31>(sums[0], sums[1]);
            _mm256_storeu_si256(low.as_mut_ptr().cast(), first);
            _mm256_storeu_si256(high.as_mut_ptr().cast(), second);
        }
    }
}
