//! The loops for x86-64 CPUs of about 2013 and later.
//!
//! Both directions multiply pairs: two rows are interleaved, and two neighbours lie side by side anyway, so that one instruction
//! multiplies eight pairs with their two weights and adds each pair's products up.
#![allow(unsafe_code)]
// To load and store, and to call what is compiled for more than the least CPU.
// What is cast is only a pattern of bits.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use std::arch::x86_64::{
    __m256i, _mm_packs_epi32, _mm_packus_epi16, _mm_storeu_si64, _mm256_add_epi32, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm256_hadd_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_packs_epi32,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_srai_epi32,
    _mm256_storeu_si256, _mm256_unpackhi_epi8, _mm256_unpacklo_epi8,
};

use super::{ACROSS_BITS, BLOCK, DOWN_BITS, Kernels, TAPS_ACROSS, portable};
use crate::shrink::ring::Ring;
use crate::shrink::weights::Weights;

/// These loops, if this CPU can run them.
pub(super) fn kernels() -> Option<Kernels> {
    // SAFETY, for each of them: nobody has the pointer who has not asked here whether the CPU knows AVX2.
    std::arch::is_x86_feature_detected!("avx2").then_some(Kernels {
        split: |row, channels, planes, apart| unsafe { split(row, channels, planes, apart) },
        down: |rows, first, weights, line| unsafe { down(rows, first, weights, line) },
        across: |plane, weights, samples| unsafe { across(plane, weights, samples) },
        join: |planes, apart, channels, row| unsafe { join(planes, apart, channels, row) },
    })
}

/// The portable one: what the compiler makes of it with these instructions is good.
#[target_feature(enable = "avx2")]
fn split(row: &[u8], channels: usize, planes: &mut [u8], apart: usize) {
    portable::split(row, channels, planes, apart);
}

/// The portable one, likewise.
#[target_feature(enable = "avx2")]
fn join(planes: &[u8], apart: usize, channels: usize, row: &mut [u8]) {
    portable::join(planes, apart, channels, row);
}

#[target_feature(enable = "avx2")]
fn down(rows: &Ring, first: usize, weights: &[i16], line: &mut [i16]) {
    let zero = _mm256_setzero_si256();
    for (block, line) in line.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let mut sums = [_mm256_set1_epi32(1 << (DOWN_BITS - 1)); 4];
        let mut rows = rows.rows(first, block * BLOCK);
        for &[upper, lower] in weights.as_chunks::<2>().0 {
            let mut next = || rows.next().and_then(<[u8]>::first_chunk).map_or(zero, |row| load_bytes(row));
            let (above, below) = (next(), next());
            let both = _mm256_set1_epi32(i32::from(upper as u16) | i32::from(lower) << 16);
            // Each half of 16 bytes is by itself: columns 0 to 7 and 16 to 23, and 8 to 15 and 24 to 31.
            let (left, right) = (_mm256_unpacklo_epi8(above, below), _mm256_unpackhi_epi8(above, below));
            let samples = [
                _mm256_unpacklo_epi8(left, zero),
                _mm256_unpackhi_epi8(left, zero),
                _mm256_unpacklo_epi8(right, zero),
                _mm256_unpackhi_epi8(right, zero),
            ];
            for (sum, samples) in sums.iter_mut().zip(samples) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(samples, both));
            }
        }
        let [a, b, c, d] = sums.map(|sum| _mm256_srai_epi32::<{ DOWN_BITS as i32 }>(sum));
        let (left, right) = (_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let (halves, _) = line.as_chunks_mut::<16>();
        let made =
            [_mm256_permute2x128_si256::<0x20>(left, right), _mm256_permute2x128_si256::<0x31>(left, right)];
        for (half, made) in halves.iter_mut().zip(made) {
            store(half, made);
        }
    }
}

#[target_feature(enable = "avx2")]
fn across(plane: &[i16], weights: &Weights, samples: &mut [u8]) {
    match weights.taps() / TAPS_ACROSS {
        1 => across_of::<1>(plane, weights, samples),
        2 => across_of::<2>(plane, weights, samples),
        3 => across_of::<3>(plane, weights, samples),
        // Only of pictures that are resized to an eighth at once, which are rare.
        _ => portable::across_from(plane, weights, 0, samples),
    }
}

/// Samples of so many times 16 taps, eight of them together.
#[target_feature(enable = "avx2")]
fn across_of<const TIMES: usize>(plane: &[i16], weights: &Weights, samples: &mut [u8]) {
    const TOGETHER: usize = 8;
    let (eights, rest) = samples.as_chunks_mut::<TOGETHER>();
    let done = eights.len() * TOGETHER;
    let (starts, _) = weights.starts().as_chunks::<TOGETHER>();
    let (values, _) =
        weights.values().as_chunks::<TAPS_ACROSS>().0.as_chunks::<TIMES>().0.as_chunks::<TOGETHER>();
    for ((made, starts), values) in eights.iter_mut().zip(starts).zip(values) {
        let products = |index: usize| products(plane, starts[index], &values[index]);
        // Each addition of neighbours halves what a sum consists of, in each half of 16 bytes by itself.
        let pair = |index: usize| _mm256_hadd_epi32(products(index), products(index + 1));
        let (near, far) = (_mm256_hadd_epi32(pair(0), pair(2)), _mm256_hadd_epi32(pair(4), pair(6)));
        let sums = _mm256_add_epi32(
            _mm256_permute2x128_si256::<0x20>(near, far),
            _mm256_permute2x128_si256::<0x31>(near, far),
        );
        let sums = _mm256_add_epi32(sums, _mm256_set1_epi32(1 << (ACROSS_BITS - 1)));
        let sums = _mm256_srai_epi32::<{ ACROSS_BITS as i32 }>(sums);
        let words = _mm_packs_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        // SAFETY: eight bytes are stored, which is what there are, of any alignment.
        unsafe { _mm_storeu_si64(made.as_mut_ptr(), _mm_packus_epi16(words, words)) };
    }
    portable::across_from(plane, weights, done, rest);
}

/// The products of one sample's taps and weights: what they add up to is the sum of these eight.
#[inline]
#[target_feature(enable = "avx2")]
fn products<const TIMES: usize>(plane: &[i16], start: u32, weights: &[[i16; TAPS_ACROSS]; TIMES]) -> __m256i {
    let mut sums = _mm256_setzero_si256();
    if let Some(taps) = plane[start as usize..].as_chunks().0.first_chunk::<TIMES>() {
        for (taps, weights) in taps.iter().zip(weights) {
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(load(taps), load(weights)));
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8; BLOCK]) -> __m256i {
    // SAFETY: as many bytes as are loaded, of any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(samples: &[i16; 16]) -> __m256i {
    // SAFETY: as many bytes as are loaded, of any alignment.
    unsafe { _mm256_loadu_si256(samples.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(samples: &mut [i16; 16], sixteen: __m256i) {
    // SAFETY: as many bytes as are stored, of any alignment.
    unsafe { _mm256_storeu_si256(samples.as_mut_ptr().cast(), sixteen) }
}
