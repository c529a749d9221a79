//! The same colours, 16 pixels at a time, for x86-64 processors with AVX2.
#![allow(unsafe_code)] // Loads and stores through pointers.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi16, _mm256_add_epi32, _mm256_castsi256_si128,
    _mm256_cvtepu8_epi16, _mm256_madd_epi16, _mm256_mulhrs_epi16, _mm256_packs_epi32, _mm256_packus_epi16,
    _mm256_permute4x64_epi64, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_srai_epi32, _mm256_sub_epi16,
    _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
};

use super::sse41::store;
use super::{BITS, BLUE_CB, GREEN_CB, GREEN_CR, RED_CR};

/// Pixels that are done at once.
const LANES: usize = 16;

/// Does as many pixels as there are whole vectors of: how many.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn begin_rgb_row([y, cb, cr]: [&[u8]; 3], out: &mut [u8]) -> usize {
    let width = y.len().min(cb.len()).min(cr.len()).min(out.len() / 3);
    let whole = width - width % LANES;
    let mut x = 0;
    while x < whole {
        // SAFETY: `x + LANES` is within each row, and so are three times as many bytes within `out`.
        unsafe {
            let load = |row: &[u8]| _mm256_cvtepu8_epi16(_mm_loadu_si128(row.as_ptr().add(x).cast()));
            let [red, green, blue] = rgb(load(y), load(cb), load(cr));
            store(red, green, blue, out.as_mut_ptr().add(x * 3));
        }
        x += LANES;
    }
    whole
}

/// What `rgb_of` does, in words. Its rounded products are what `mulhrs` gives.
#[target_feature(enable = "avx2")]
#[inline]
fn rgb(y: __m256i, cb: __m256i, cr: __m256i) -> [__m128i; 3] {
    let middle = _mm256_set1_epi16(128);
    let (cb, cr) = (_mm256_sub_epi16(cb, middle), _mm256_sub_epi16(cr, middle));
    let red_cr = _mm256_mulhrs_epi16(cr, _mm256_set1_epi16(RED_CR as i16));
    let red = _mm256_add_epi16(_mm256_add_epi16(y, cr), red_cr);
    let blue_cb = _mm256_mulhrs_epi16(cb, _mm256_set1_epi16(BLUE_CB as i16));
    let blue = _mm256_add_epi16(_mm256_add_epi16(y, _mm256_add_epi16(cb, cb)), blue_cb);
    let weights = _mm256_set1_epi32(GREEN_CR << 16 | GREEN_CB & 0xFFFF);
    let low = green_part(_mm256_unpacklo_epi16(cb, cr), weights);
    let high = green_part(_mm256_unpackhi_epi16(cb, cr), weights);
    let green = _mm256_add_epi16(y, _mm256_packs_epi32(low, high));
    [to_bytes(red), to_bytes(green), to_bytes(blue)]
}

#[target_feature(enable = "avx2")]
#[inline]
fn green_part(chrominances: __m256i, weights: __m256i) -> __m256i {
    let sums = _mm256_madd_epi16(chrominances, weights);
    _mm256_srai_epi32::<{ BITS.cast_signed() }>(_mm256_add_epi32(sums, _mm256_set1_epi32(1 << (BITS - 1))))
}

#[target_feature(enable = "avx2")]
#[inline]
fn to_bytes(words: __m256i) -> __m128i {
    let bytes = _mm256_packus_epi16(words, words);
    _mm256_castsi256_si128(_mm256_permute4x64_epi64::<0b00_00_10_00>(bytes))
}
