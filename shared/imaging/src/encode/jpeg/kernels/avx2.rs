//! The loops for x86-64 CPUs of about 2013 and later: 32 bytes at a time.
//!
//! Most AVX2 instructions work on two halves of 16 bytes that know nothing of each other. The transform gives one block
//! to each half, so that nothing ever has to cross.
#![allow(unsafe_code)] // To load and store, and to call what is compiled for more than the least CPU.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm_storeu_si128, _mm256_abs_epi16, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_broadcastsi128_si256, _mm256_castsi256_si128, _mm256_cmpeq_epi8,
    _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_mulhi_epu16, _mm256_packs_epi16, _mm256_packs_epi32,
    _mm256_packus_epi16, _mm256_permute4x64_epi64, _mm256_set_m128i, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sign_epi16, _mm256_slli_epi16,
    _mm256_slli_epi32, _mm256_srai_epi16, _mm256_srai_epi32, _mm256_srli_epi16, _mm256_storeu_si256,
    _mm256_sub_epi16, _mm256_unpackhi_epi16, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi16, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};

use super::super::blocks::Block;
use super::super::quantisation::Quantiser;
use super::{Kernels, color, cosines, portable};

/// These loops, if this CPU can run them.
pub(super) fn kernels() -> Option<Kernels> {
    // SAFETY, for each of the three: nobody has the pointer who has not asked here whether the CPU knows AVX2.
    std::arch::is_x86_feature_detected!("avx2").then_some(Kernels {
        convert: |pixels, luma, blue, red| unsafe { convert(pixels, luma, blue, red) },
        halve: |upper, lower, halved| unsafe { halve(upper, lower, halved) },
        transform: |samples, stride, quantiser, blocks| unsafe {
            transform(samples, stride, quantiser, blocks);
        },
    })
}

/// Pixels of one turn of [`convert`].
const PIXELS: usize = 32;

#[target_feature(enable = "avx2")]
fn convert(pixels: &[u8], luma: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    let (lumas, _) = luma.as_chunks_mut::<PIXELS>();
    let (blues, _) = blue.as_chunks_mut::<PIXELS>();
    let (reds, _) = red.as_chunks_mut::<PIXELS>();
    let mut done = 0;
    for ((luma, blue), red) in lumas.iter_mut().zip(blues).zip(reds) {
        // Each load takes 4 bytes more than it needs: the last pixels of a row are left to the portable loop.
        let Some(pixels) = pixels.get(done * 3..).and_then(<[u8]>::first_chunk::<{ PIXELS * 3 + 4 }>) else {
            break;
        };
        convert_32(pixels, luma, blue, red);
        done += PIXELS;
    }
    portable::convert(&pixels[done * 3..], &mut luma[done..], &mut blue[done..], &mut red[done..]);
}

/// Shuffles that make of four pixels, in 12 of 16 bytes, four pairs of 16 bits: red and green, blue and green, blue and
/// nothing, red and nothing.
const SPREADS: [[u8; 16]; 4] = [spread([0, 1]), spread([2, 1]), spread([2, NOTHING]), spread([0, NOTHING])];

/// A byte that a shuffle takes from nowhere: 0.
const NOTHING: u8 = 0x80;

const fn spread(pair: [u8; 2]) -> [u8; 16] {
    let mut shuffle = [NOTHING; 16];
    let mut index = 0;
    while index < 8 {
        let from = pair[index % 2];
        shuffle[index * 2] = if from == NOTHING { NOTHING } else { (index / 2 * 3) as u8 + from };
        index += 1;
    }
    shuffle
}

#[target_feature(enable = "avx2")]
fn convert_32(
    pixels: &[u8; PIXELS * 3 + 4],
    luma: &mut [u8; PIXELS],
    blue: &mut [u8; PIXELS],
    red: &mut [u8; PIXELS],
) {
    let [red_green, blue_green, only_blue, only_red] = SPREADS.map(|bytes| both(load_half(&bytes)));

    // Green's part of Y does not fit in 16 signed bits. It is divided between the two pairs.
    let quarter = 1 << 14;
    let luma_red_green = pairs(color::Y_FROM_RED, color::Y_FROM_GREEN - quarter);
    let luma_blue_green = pairs(color::Y_FROM_BLUE, quarter);
    let blue_red_green = pairs(color::CB_FROM_RED, color::CB_FROM_GREEN);
    let red_blue_green = pairs(color::CR_FROM_BLUE, color::CR_FROM_GREEN);
    let luma_offset = _mm256_set1_epi32(color::LUMA_OFFSET);
    let chroma_offset = _mm256_set1_epi32(color::CHROMA_OFFSET);

    let mut wide = [[_mm256_setzero_si256(); 4]; 3];
    for (group, first) in [0, 4, 8, 12].into_iter().enumerate() {
        // The lower half takes from the first 16 pixels, the upper from the others: packing then leaves them in order.
        let four = |first: usize| load_half(pixels[first * 3..].first_chunk().unwrap_or(&[0; 16]));
        let eight = _mm256_set_m128i(four(16 + first), four(first));
        let (rg, bg) = (_mm256_shuffle_epi8(eight, red_green), _mm256_shuffle_epi8(eight, blue_green));
        let sum =
            _mm256_add_epi32(_mm256_madd_epi16(rg, luma_red_green), _mm256_madd_epi16(bg, luma_blue_green));
        wide[0][group] = _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, luma_offset));
        // The factor of a half, 2^15, does not fit either. It is a shift.
        let half = _mm256_slli_epi32::<15>(_mm256_shuffle_epi8(eight, only_blue));
        let sum = _mm256_add_epi32(_mm256_madd_epi16(rg, blue_red_green), half);
        wide[1][group] = _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, chroma_offset));
        let half = _mm256_slli_epi32::<15>(_mm256_shuffle_epi8(eight, only_red));
        let sum = _mm256_add_epi32(_mm256_madd_epi16(bg, red_blue_green), half);
        wide[2][group] = _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, chroma_offset));
    }
    for (row, wide) in [luma, blue, red].into_iter().zip(wide) {
        let low = _mm256_packs_epi32(wide[0], wide[1]);
        let high = _mm256_packs_epi32(wide[2], wide[3]);
        store(row, _mm256_packus_epi16(low, high));
    }
}

#[target_feature(enable = "avx2")]
fn halve(upper: &[u8], lower: &[u8], halved: &mut [u8]) {
    let (uppers, upper_rest) = upper.as_chunks::<64>();
    let (lowers, lower_rest) = lower.as_chunks::<64>();
    let (halves, halved_rest) = halved.as_chunks_mut::<32>();
    let ones = _mm256_set1_epi8(1);
    let rounding = pairs(1, 2);
    for ((upper, lower), halved) in uppers.iter().zip(lowers).zip(halves) {
        let ((upper, _), (lower, _)) = (upper.as_chunks::<32>(), lower.as_chunks::<32>());
        let quarter = |index: usize| {
            let upper = _mm256_maddubs_epi16(load(&upper[index]), ones);
            let lower = _mm256_maddubs_epi16(load(&lower[index]), ones);
            _mm256_srli_epi16::<2>(_mm256_add_epi16(_mm256_add_epi16(upper, lower), rounding))
        };
        let packed = _mm256_packus_epi16(quarter(0), quarter(1));
        store(halved, _mm256_permute4x64_epi64::<0b11_01_10_00>(packed));
    }
    // An even number has been done, so that the rounding goes on in turn.
    portable::halve(upper_rest, lower_rest, halved_rest);
}

#[target_feature(enable = "avx2")]
fn transform(samples: &[u8], stride: usize, quantiser: &Quantiser, blocks: &mut [Block]) {
    for (index, pair) in blocks.chunks_mut(2).enumerate() {
        let mut rows = [_mm256_setzero_si256(); 8];
        for (row, line) in rows.iter_mut().zip(samples.chunks_exact(stride)) {
            let (lines, _) = line.as_chunks::<16>();
            let wide = _mm256_cvtepu8_epi16(load_half(&lines[index]));
            *row = _mm256_sub_epi16(wide, _mm256_set1_epi16(128));
        }
        let rows = transposed(transformed::<true>(transposed(rows)));
        let coefficients = transformed::<false>(rows);
        quantise(coefficients, quantiser, pair);
    }
}

/// Two matrices of 16 bits, one in each half.
#[target_feature(enable = "avx2")]
fn transposed(r: [__m256i; 8]) -> [__m256i; 8] {
    let pairs = |low: usize, high: usize| {
        (_mm256_unpacklo_epi16(r[low], r[high]), _mm256_unpackhi_epi16(r[low], r[high]))
    };
    let ((a0, a1), (b0, b1), (c0, c1), (d0, d1)) = (pairs(0, 1), pairs(2, 3), pairs(4, 5), pairs(6, 7));
    let fours = |low, high| (_mm256_unpacklo_epi32(low, high), _mm256_unpackhi_epi32(low, high));
    let ((e0, e1), (e2, e3)) = (fours(a0, b0), fours(a1, b1));
    let ((f0, f1), (f2, f3)) = (fours(c0, d0), fours(c1, d1));
    let eights = |low, high| [_mm256_unpacklo_epi64(low, high), _mm256_unpackhi_epi64(low, high)];
    let ([c0, c1], [c2, c3], [c4, c5], [c6, c7]) =
        (eights(e0, f0), eights(e1, f1), eights(e2, f2), eights(e3, f3));
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

/// The same as [`portable`]'s. 16 bits are enough for all that is folded: with samples from -128 to 127 the largest sum
/// of the second pass is -32,768.
#[target_feature(enable = "avx2")]
fn transformed<const ROWS: bool>(v: [__m256i; 8]) -> [__m256i; 8] {
    let sum = |index: usize| _mm256_add_epi16(v[index], v[7 - index]);
    let difference = |index: usize| _mm256_sub_epi16(v[index], v[7 - index]);
    let scaled = |total| {
        if ROWS {
            _mm256_slli_epi16::<{ cosines::KEPT_BITS as i32 }>(total)
        } else {
            let half = _mm256_set1_epi16(1 << (cosines::KEPT_BITS - 1));
            _mm256_srai_epi16::<{ cosines::KEPT_BITS as i32 }>(_mm256_add_epi16(total, half))
        }
    };
    let (outer, inner) = (_mm256_add_epi16(sum(0), sum(3)), _mm256_add_epi16(sum(1), sum(2)));
    let (c0, c4) = (scaled(_mm256_add_epi16(outer, inner)), scaled(_mm256_sub_epi16(outer, inner)));

    let (outer, inner) = (_mm256_sub_epi16(sum(0), sum(3)), _mm256_sub_epi16(sum(1), sum(2)));
    let (low, high) = interleaved(outer, inner);
    let even = |factors: [i32; 2]| {
        let factors = pairs(factors[0], factors[1]);
        narrowed::<ROWS>(_mm256_madd_epi16(low, factors), _mm256_madd_epi16(high, factors))
    };
    let (c2, c6) = (even(cosines::EVEN[0]), even(cosines::EVEN[1]));

    let (low_outer, high_outer) = interleaved(difference(0), difference(1));
    let (low_inner, high_inner) = interleaved(difference(2), difference(3));
    let odd = |factors: [i32; 4]| {
        let (outer, inner) = (pairs(factors[0], factors[1]), pairs(factors[2], factors[3]));
        let low = _mm256_add_epi32(_mm256_madd_epi16(low_outer, outer), _mm256_madd_epi16(low_inner, inner));
        let high =
            _mm256_add_epi32(_mm256_madd_epi16(high_outer, outer), _mm256_madd_epi16(high_inner, inner));
        narrowed::<ROWS>(low, high)
    };
    let [c1, c3, c5, c7] =
        [odd(cosines::ODD[0]), odd(cosines::ODD[1]), odd(cosines::ODD[2]), odd(cosines::ODD[3])];
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

#[target_feature(enable = "avx2")]
fn interleaved(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
    (_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b))
}

/// Drops the factors' fraction bits, rounding, and goes back to 16 bits.
#[target_feature(enable = "avx2")]
fn narrowed<const ROWS: bool>(low: __m256i, high: __m256i) -> __m256i {
    const ROW_BITS: i32 = (cosines::BITS - cosines::KEPT_BITS) as i32;
    const COLUMN_BITS: i32 = (cosines::BITS + cosines::KEPT_BITS) as i32;
    let drop = |number| {
        if ROWS {
            _mm256_srai_epi32::<ROW_BITS>(_mm256_add_epi32(number, _mm256_set1_epi32(1 << (ROW_BITS - 1))))
        } else {
            _mm256_srai_epi32::<COLUMN_BITS>(_mm256_add_epi32(
                number,
                _mm256_set1_epi32(1 << (COLUMN_BITS - 1)),
            ))
        }
    };
    _mm256_packs_epi32(drop(low), drop(high))
}

/// Writes the lower half's block into the first of `pair`, and the upper half's into the second if there is one.
#[target_feature(enable = "avx2")]
fn quantise(coefficients: [__m256i; 8], quantiser: &Quantiser, pair: &mut [Block]) {
    let (halves, reciprocals, scales) = (
        quantiser.halves.as_chunks::<8>().0,
        quantiser.reciprocals.as_chunks::<8>().0,
        quantiser.scales.as_chunks::<8>().0,
    );
    let mut quantised = coefficients;
    for (row, coefficient) in quantised.iter_mut().enumerate() {
        let size = _mm256_add_epi16(_mm256_abs_epi16(*coefficient), both(load_words(&halves[row])));
        let size = _mm256_mulhi_epu16(size, both(load_words(&reciprocals[row])));
        let size = _mm256_mulhi_epu16(size, both(load_words(&scales[row])));
        *coefficient = _mm256_sign_epi16(size, *coefficient);
    }
    // A bit for each coefficient that is 0: 16 at a time, two rows of both blocks.
    let (mut first, mut second) = (0_u64, 0_u64);
    for (index, rows) in quantised.as_chunks::<2>().0.iter().enumerate() {
        let bytes = _mm256_packs_epi16(rows[0], rows[1]);
        let zeros = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256())).cast_unsigned();
        first |= u64::from(zeros & 0xFFFF) << (16 * index);
        second |= u64::from(zeros >> 16) << (16 * index);
    }
    let mut pair = pair.iter_mut();
    if let Some(block) = pair.next() {
        for (row, line) in quantised.iter().zip(block.coefficients.as_chunks_mut::<8>().0) {
            store_words(line, _mm256_castsi256_si128(*row));
        }
        block.nonzero = !first;
    }
    if let Some(block) = pair.next() {
        for (row, line) in quantised.iter().zip(block.coefficients.as_chunks_mut::<8>().0) {
            store_words(line, _mm256_extracti128_si256::<1>(*row));
        }
        block.nonzero = !second;
    }
}

/// The same two factors in all pairs. They fit in 16 bits.
#[target_feature(enable = "avx2")]
fn pairs(first: i32, second: i32) -> __m256i {
    _mm256_set1_epi32(second << 16 | first & 0xFFFF)
}

#[target_feature(enable = "avx2")]
fn both(half: __m128i) -> __m256i {
    _mm256_broadcastsi128_si256(half)
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes are readable behind the reference; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load_half(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: 16 bytes are readable behind the reference; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load_words(words: &[u16; 8]) -> __m128i {
    // SAFETY: as in `load_half`: eight words are 16 bytes.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn store(bytes: &mut [u8; 32], value: __m256i) {
    // SAFETY: 32 bytes are writable behind the reference; the store needs no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "avx2")]
fn store_words(words: &mut [i16; 8], value: __m128i) {
    // SAFETY: eight words are 16 bytes, writable behind the reference; the store needs no alignment.
    unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), value) }
}
