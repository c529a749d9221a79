//! The same colours for x86-64 processors with SSE4.1, 16 pixels at a time in two halves.
#![allow(unsafe_code)] // Loads and stores through pointers.

use std::arch::x86_64::{
    __m128i, _mm_add_epi16, _mm_add_epi32, _mm_cvtepu8_epi16, _mm_loadl_epi64, _mm_madd_epi16,
    _mm_mulhrs_epi16, _mm_or_si128, _mm_packs_epi32, _mm_packus_epi16, _mm_set1_epi16, _mm_set1_epi32,
    _mm_setr_epi8, _mm_shuffle_epi8, _mm_srai_epi32, _mm_storeu_si128, _mm_sub_epi16, _mm_unpackhi_epi16,
    _mm_unpacklo_epi16,
};

use super::{BITS, BLUE_CB, GREEN_CB, GREEN_CR, RED_CR};

/// Pixels that are done at once.
const LANES: usize = 16;

/// Does as many pixels as there are whole vectors of: how many.
#[target_feature(enable = "sse4.1")]
#[inline]
pub(crate) fn begin_rgb_row([y, cb, cr]: [&[u8]; 3], out: &mut [u8]) -> usize {
    let width = y.len().min(cb.len()).min(cr.len()).min(out.len() / 3);
    let whole = width - width % LANES;
    let mut x = 0;
    while x < whole {
        // SAFETY: `x + LANES` is within each row, and so are three times as many bytes within `out`.
        unsafe {
            let load =
                |row: &[u8], at: usize| _mm_cvtepu8_epi16(_mm_loadl_epi64(row.as_ptr().add(at).cast()));
            let half = |at: usize| rgb(load(y, at), load(cb, at), load(cr, at));
            let (left, right) = (half(x), half(x + LANES / 2));
            let [red, green, blue] = std::array::from_fn(|color| _mm_packus_epi16(left[color], right[color]));
            store(red, green, blue, out.as_mut_ptr().add(x * 3));
        }
        x += LANES;
    }
    whole
}

/// What `rgb_of` does, in words. Its rounded products are what `mulhrs` gives.
#[target_feature(enable = "sse4.1")]
#[inline]
fn rgb(y: __m128i, cb: __m128i, cr: __m128i) -> [__m128i; 3] {
    let middle = _mm_set1_epi16(128);
    let (cb, cr) = (_mm_sub_epi16(cb, middle), _mm_sub_epi16(cr, middle));
    let red_cr = _mm_mulhrs_epi16(cr, _mm_set1_epi16(RED_CR as i16));
    let red = _mm_add_epi16(_mm_add_epi16(y, cr), red_cr);
    let blue_cb = _mm_mulhrs_epi16(cb, _mm_set1_epi16(BLUE_CB as i16));
    let blue = _mm_add_epi16(_mm_add_epi16(y, _mm_add_epi16(cb, cb)), blue_cb);
    let weights = _mm_set1_epi32(GREEN_CR << 16 | GREEN_CB & 0xFFFF);
    let low = green_part(_mm_unpacklo_epi16(cb, cr), weights);
    let high = green_part(_mm_unpackhi_epi16(cb, cr), weights);
    let green = _mm_add_epi16(y, _mm_packs_epi32(low, high));
    [red, green, blue]
}

#[target_feature(enable = "sse4.1")]
#[inline]
fn green_part(chrominances: __m128i, weights: __m128i) -> __m128i {
    let sums = _mm_madd_epi16(chrominances, weights);
    _mm_srai_epi32::<{ BITS.cast_signed() }>(_mm_add_epi32(sums, _mm_set1_epi32(1 << (BITS - 1))))
}

/// Writes 16 pixels.
///
/// # Safety
///
/// There must be 48 bytes at `out`.
#[target_feature(enable = "sse4.1")]
#[inline]
pub(super) unsafe fn store(red: __m128i, green: __m128i, blue: __m128i, out: *mut u8) {
    // Where each byte of the 48 comes from in its colour: -1 where it is of another one.
    let reds = [
        _mm_setr_epi8(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5),
        _mm_setr_epi8(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1),
        _mm_setr_epi8(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1),
    ];
    let greens = [
        _mm_setr_epi8(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1),
        _mm_setr_epi8(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10),
        _mm_setr_epi8(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1),
    ];
    let blues = [
        _mm_setr_epi8(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1),
        _mm_setr_epi8(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1),
        _mm_setr_epi8(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15),
    ];
    for third in 0..3 {
        let bytes = _mm_or_si128(
            _mm_or_si128(_mm_shuffle_epi8(red, reds[third]), _mm_shuffle_epi8(green, greens[third])),
            _mm_shuffle_epi8(blue, blues[third]),
        );
        // SAFETY: the caller vouches for three times 16 bytes.
        unsafe { _mm_storeu_si128(out.add(third * 16).cast(), bytes) };
    }
}
