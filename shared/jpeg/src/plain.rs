//! Copies entropy-coded data up to where a byte may be stuffed: every byte of a file goes through here, and one of a hundred
//! or two is 0xFF. To find that first, and copy then, takes twice the time.
#![allow(unsafe_code)] // To call what is compiled for a processor that is always there.

/// How many bytes are copied at a time, and looked at.
const BLOCK: usize = 32;

/// Copies bytes until there are `enough`, or a little more, or the next one is 0xFF, or there are no more: how many it did.
/// Beyond those, `to` may have been written to.
pub(crate) fn copy_plain(from: &[u8], to: &mut [u8], enough: usize) -> usize {
    let mut done = 0;
    while done < enough {
        let (Some(block), Some(room)) =
            (from[done..].first_chunk::<BLOCK>(), to[done..].first_chunk_mut::<BLOCK>())
        else {
            let pairs = from[done..].iter().zip(&mut to[done..]);
            let pairs = pairs.take_while(|(byte, _)| **byte != 0xFF);
            return done + pairs.map(|(byte, room)| *room = *byte).count();
        };
        *room = *block;
        // Without waiting for where it is, mostly there is none, the next block begins.
        let full = full_bytes(block);
        if full != 0 {
            return done + full.trailing_zeros() as usize;
        }
        done += BLOCK;
    }
    done
}

/// Which bytes are 0xFF, the lowest bit for the first one; after that one, others may seem so.
#[inline(always)]
fn full_bytes(block: &[u8; BLOCK]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has SSE2: it is a part of the architecture (AMD64 Architecture Programmer's
    // Manual, volume 1).
    let full = unsafe { by_vectors(block) };
    #[cfg(not(target_arch = "x86_64"))]
    let full = by_words(block);
    full
}

/// Half a block in a register: a fiftieth of all decoding is won.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn by_vectors(block: &[u8; BLOCK]) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    let (words, _) = block.as_chunks::<8>();
    words.chunks_exact(2).rev().fold(0, |full, pair| {
        let [low, high] = [pair[0], pair[1]].map(i64::from_le_bytes);
        let is_full = _mm_cmpeq_epi8(_mm_set_epi64x(high, low), _mm_set1_epi8(-1));
        full << 16 | _mm_movemask_epi8(is_full).cast_unsigned()
    })
}

/// Eight bytes in a number.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
fn by_words(block: &[u8; BLOCK]) -> u32 {
    const LOW_BITS: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = LOW_BITS << 7;
    // Compilers make a few vector instructions of this.
    if block.iter().fold(0, |any, byte| any | u8::from(*byte == 0xFF)) == 0 {
        return 0;
    }
    // Of a byte that is 0xFF the highest bit, and maybe of bytes after it: what is subtracted from is 0 there, and borrows.
    // Then a bit for each byte, by a product that brings these bits together at its top.
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |full, word| {
        let word = u64::from_le_bytes(*word);
        let highest = (!word).wrapping_sub(LOW_BITS) & word & HIGH_BITS;
        full << 8 | ((highest >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_full_byte_is_found_wherever_it_is() {
        for before in 0..=BLOCK {
            // What comes after it, and what is nearly full, changes nothing.
            for (less, after) in [(0, 0), (0xFE, 0xFF), (0x80, 0x00), (0x7F, 0xFE)] {
                let block = std::array::from_fn(|index| match index {
                    index if index < before => less,
                    index if index == before => 0xFF,
                    _ => after,
                });
                assert_eq!(full_bytes(&block).trailing_zeros() as usize, before);
                assert_eq!(by_words(&block).trailing_zeros() as usize, before);
            }
        }
    }

    #[test]
    fn what_is_plain_is_copied_up_to_the_end_of_either_side() {
        let from: Vec<u8> = (0..200).collect();
        for (length, room, enough) in [(0, 9, 9), (200, 0, 0), (200, 100, 100), (70, 90, 90), (200, 150, 40)]
        {
            let mut to = vec![0; room];
            let done = copy_plain(&from[..length], &mut to, enough);
            assert!(done >= enough.min(length) && done < enough + BLOCK, "{done}");
            assert_eq!(to[..done], from[..done]);
        }
        let mut full = from.clone();
        for at in [0, 31, 32, 150, 199] {
            full[at] = 0xFF;
            let mut to = [0; 200];
            assert_eq!(copy_plain(&full, &mut to, 200), at);
            assert_eq!(to[..at], from[..at]);
            full[at] = from[at];
        }
    }
}
