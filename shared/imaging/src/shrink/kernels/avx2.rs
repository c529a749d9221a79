//! The loops for x86-64 CPUs of about 2013 and later.
//!
//! Both directions multiply pairs, so that one instruction multiplies eight of them with their two weights and adds each pair's
//! products up: two rows are interleaved down the columns, and neighbours of eight lines are laid side by side for going across.
#![allow(unsafe_code)]
// To load and store, and to call what is compiled for more than the least CPU.
// The eight lines, and what becomes of them.
#![allow(clippy::many_single_char_names)]
// What is cast is only a pattern of bits.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use std::arch::x86_64::{
    __m256i, _mm_setr_epi8, _mm256_add_epi32, _mm256_broadcastsi128_si256, _mm256_extract_epi64,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_packs_epi32, _mm256_packus_epi16,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srai_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi8, _mm256_unpackhi_epi32,
    _mm256_unpackhi_epi64, _mm256_unpacklo_epi8, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};

use super::{ACROSS_BITS, BLOCK, DOWN_BITS, Kernels, LINES, Lines, portable};
use crate::shrink::ring::Ring;
use crate::shrink::weights::Weights;

/// These loops, if this CPU can run them.
pub(super) fn kernels() -> Option<Kernels> {
    // SAFETY, for each of them: nobody has the pointer who has not asked here whether the CPU knows AVX2.
    std::arch::is_x86_feature_detected!("avx2").then_some(Kernels {
        split: |row, channels, planes, apart| unsafe { split(row, channels, planes, apart) },
        down: |rows, first, weights, line| unsafe { down(rows, first, weights, line) },
        across: |lines, turned, weights, samples| unsafe { across(lines, turned, weights, samples) },
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

/// How many samples of a line are made together.
const TOGETHER: usize = 8;

#[target_feature(enable = "avx2")]
fn across(lines: Lines<'_>, turned: &mut [i16], weights: &Weights, mut samples: [&mut [u8]; LINES]) {
    turn(lines, turned);
    let (pairs, _) = turned.as_chunks();
    let mut weights = weights.iter();
    let mut done = 0;
    while weights.len() > 0 {
        let count = weights.len().min(TOGETHER);
        let sums =
            [(); TOGETHER].map(|()| weights.next().map_or(_mm256_setzero_si256(), |of| sum(pairs, of)));
        for (line, made) in samples.iter_mut().zip(bytes_of_lines(sums)) {
            match line[done..].first_chunk_mut() {
                Some(place) => *place = made,
                None => line[done..].copy_from_slice(&made[..count]),
            }
        }
        done += count;
    }
}

/// Lays pairs of neighbours of the eight lines side by side.
#[target_feature(enable = "avx2")]
fn turn(lines: Lines<'_>, turned: &mut [i16]) {
    let lines = lines.each().map(|line| line.as_chunks::<16>().0);
    for (index, columns) in turned.as_chunks_mut::<16>().0.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = lines.map(|line| load(&line[index]));
        // Pairs of two lines, then of four, then of all.
        let low = |a, b| _mm256_unpacklo_epi32(a, b);
        let high = |a, b| _mm256_unpackhi_epi32(a, b);
        let low_twice = |a, b| _mm256_unpacklo_epi64(a, b);
        let high_twice = |a, b| _mm256_unpackhi_epi64(a, b);
        let (ab, cd, ef, gh) = (low(a, b), low(c, d), low(e, f), low(g, h));
        let (ab_high, cd_high, ef_high, gh_high) = (high(a, b), high(c, d), high(e, f), high(g, h));
        // In each half of 16 bytes by itself: pair 0 and 4, 1 and 5, 2 and 6, 3 and 7, of the first and of the last four lines.
        let halves = [
            (low_twice(ab, cd), low_twice(ef, gh)),
            (high_twice(ab, cd), high_twice(ef, gh)),
            (low_twice(ab_high, cd_high), low_twice(ef_high, gh_high)),
            (high_twice(ab_high, cd_high), high_twice(ef_high, gh_high)),
        ];
        for (index, (first, last)) in halves.into_iter().enumerate() {
            store(&mut columns[index], _mm256_permute2x128_si256::<0x20>(first, last));
            store(&mut columns[index + 4], _mm256_permute2x128_si256::<0x31>(first, last));
        }
    }
}

/// One sample of each of the eight lines.
#[inline]
#[target_feature(enable = "avx2")]
fn sum(pairs: &[[i16; 16]], (start, weights): (usize, &[i16])) -> __m256i {
    let mut sum = _mm256_set1_epi32(1 << (ACROSS_BITS - 1));
    for (pair, &[left, right]) in pairs[start / 2..].iter().zip(weights.as_chunks().0) {
        let both = _mm256_set1_epi32(i32::from(left as u16) | i32::from(right) << 16);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(load(pair), both));
    }
    _mm256_srai_epi32::<{ ACROSS_BITS as i32 }>(sum)
}

/// Eight samples for each of eight lines, of the sums, each of which is one sample of each line.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes_of_lines(sums: [__m256i; TOGETHER]) -> [[u8; TOGETHER]; LINES] {
    let [a, b, c, d, e, f, g, h] = sums;
    let bytes = |a, b, c, d| _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    // Four samples of four lines are a square of bytes, in each half of 16 bytes.
    let turn =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    let first = _mm256_shuffle_epi8(bytes(a, b, c, d), turn);
    let last = _mm256_shuffle_epi8(bytes(e, f, g, h), turn);
    // Lines 0, 1, 4, 5 and lines 2, 3, 6, 7.
    let (even, odd) = (_mm256_unpacklo_epi32(first, last), _mm256_unpackhi_epi32(first, last));
    let [zero, one, four, five] = quarters(even);
    let [two, three, six, seven] = quarters(odd);
    [zero, one, two, three, four, five, six, seven]
}

#[inline]
#[target_feature(enable = "avx2")]
fn quarters(bytes: __m256i) -> [[u8; 8]; 4] {
    [
        _mm256_extract_epi64::<0>(bytes),
        _mm256_extract_epi64::<1>(bytes),
        _mm256_extract_epi64::<2>(bytes),
        _mm256_extract_epi64::<3>(bytes),
    ]
    .map(i64::to_le_bytes)
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
