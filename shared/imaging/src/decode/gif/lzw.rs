//! LZW as GIF has it (`GIF89a` specification, Appendix F): codes of 3 to 12 bits, each of which stands for a string of places
//! in the palette.
//!
//! Photographs as GIFs have two or three pixels to a code, so what a code costs is what counts. Each code's string is kept
//! in pieces of eight bytes, the last piece with the code itself: most strings are one piece, and are written by one store, and
//! longer ones by one for each piece, whatever they consist of.

use std::ops::Range;

/// Codes have at most so many bits; a table that has as many codes grows no more until it is cleared.
const MOST_BITS: u32 = 12;
const CODES: usize = 1 << MOST_BITS;

/// Bytes of a string that are written at once.
const PIECE: usize = 8;

/// Codes are read from so many bytes of the stream at once.
const WINDOW: usize = 8;

/// What the codes stand for. Each field has a list of its own: read together, what has just been written in parts is waited for.
struct Strings {
    /// The last one to eight bytes, in the order of the string from the lowest bits on.
    last: [u64; CODES],
    /// The code whose string is all that comes before these, a multiple of eight bytes. Without meaning if there is nothing.
    before: [u16; CODES],
    /// How many bytes, 1 to 4096 or so.
    length: [u16; CODES],
    /// The first byte.
    first: [u8; CODES],
}

impl Strings {
    /// The code `at` will stand for a string of one byte.
    fn set(&mut self, at: usize, byte: u8) {
        self.last[at] = byte.into();
        self.length[at] = 1;
        self.first[at] = byte;
    }

    /// The code `at` will stand for the string of `code`, and one byte more.
    fn extend(&mut self, at: usize, code: u16, byte: u8) {
        let from = place(code);
        let length = self.length[from];
        let used = usize::from(length) % PIECE;
        (self.last[at], self.before[at]) = match used {
            0 => (byte.into(), code),
            _ => (self.last[from] | u64::from(byte) << (8 * used), self.before[from]),
        };
        self.length[at] = length + 1;
        self.first[at] = self.first[from];
    }

    /// Writes a code's string to the front of `bytes`, and rubbish behind it up to a multiple of eight. Says how long it is.
    fn write(&self, code: u16, bytes: &mut [u8]) -> usize {
        let mut from = place(code);
        let length = usize::from(self.length[from]);
        let (pieces, _) = bytes.as_chunks_mut::<PIECE>();
        for piece in pieces[..length.div_ceil(PIECE)].iter_mut().rev() {
            *piece = self.last[from].to_le_bytes();
            from = place(self.before[from]);
        }
        length
    }
}

/// Where a code is in the table. No code has more bits, but that is for the compiler to see.
fn place(code: u16) -> usize {
    usize::from(code) % CODES
}

/// Why there are no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The codes say that it ends here.
    Said,
    /// There are no more codes.
    OutOfCodes,
    /// A code that stands for nothing yet.
    Unknown {
        /// The code.
        code: u16,
    },
}

/// Decodes a stream that comes in parts.
pub(super) struct Lzw {
    strings: Box<Strings>,
    /// The code that clears the table; the next one ends the stream, and those behind it are the table's.
    clear: u16,
    /// The next code that will stand for something.
    next: u16,
    /// The one that was read last, if it was none that clears.
    previous: Option<u16>,
    code_bits: u32,
    /// What was read and not used, from the lowest bit on, and how many bits that is.
    bits: u64,
    bit_count: u32,
}

impl Lzw {
    /// For bytes of `bits` bits, 1 to 8.
    pub(super) fn new(bits: u8) -> Self {
        let clear = 1 << bits.clamp(1, 8);
        // Some fifty kilobytes, once for a picture.
        #[allow(clippy::large_stack_arrays)]
        let mut strings =
            Box::new(Strings { last: [0; CODES], before: [0; CODES], length: [1; CODES], first: [0; CODES] });
        for (byte, at) in (0..=u8::MAX).zip(0..clear) {
            strings.set(place(at), byte);
        }
        let mut lzw = Self { strings, clear, next: 0, previous: None, code_bits: 0, bits: 0, bit_count: 0 };
        lzw.reset();
        lzw
    }

    fn reset(&mut self) {
        self.next = self.clear + 2;
        self.code_bits = u16::BITS - self.clear.leading_zeros();
        self.previous = None;
    }

    /// Bytes that [`Self::decode`] may write beyond the range that it is given: the longest string, and a piece.
    pub(super) const OVERSHOOT: usize = CODES + PIECE;

    /// Decodes into `bytes` until its `range` is full. Says up to where there are bytes then, which may be up to
    /// [`Self::OVERSHOOT`] more, and must be room for; and why there are no more, if the range is not full.
    ///
    /// `more` gives the next part of the stream; an empty one ends it.
    pub(super) fn decode<'a>(
        &mut self,
        codes: &mut &'a [u8],
        mut more: impl FnMut() -> &'a [u8],
        bytes: &mut [u8],
        range: Range<usize>,
    ) -> (usize, Option<End>) {
        let mut at = range.start;
        while at < range.end {
            if self.bit_count < self.code_bits && !self.refill(codes, &mut more) {
                return (at, Some(End::OutOfCodes));
            }
            let mask = (1_u64 << self.code_bits) - 1;
            // At most 12 bits.
            #[allow(clippy::cast_possible_truncation)]
            let code = (self.bits & mask) as u16;
            self.bits >>= self.code_bits;
            self.bit_count -= self.code_bits;
            if code == self.clear {
                self.reset();
                continue;
            }
            if code == self.clear + 1 {
                return (at, Some(End::Said));
            }
            match self.previous {
                Some(previous) if code <= self.next && usize::from(self.next) < CODES => {
                    self.grow(previous, code);
                }
                _ if code >= self.next => return (at, Some(End::Unknown { code })),
                _ => {}
            }
            if self.next >> self.code_bits != 0 && self.code_bits < MOST_BITS {
                self.code_bits += 1;
            }
            self.previous = Some(code);
            at += self.strings.write(code, &mut bytes[at..]);
        }
        (at, None)
    }

    /// The next code will stand for the string before this one, and the first byte of this one. Which may be the very code.
    fn grow(&mut self, previous: u16, code: u16) {
        let whose = if code == self.next { previous } else { code };
        let byte = self.strings.first[place(whose)];
        self.strings.extend(place(self.next), previous, byte);
        self.next += 1;
    }

    /// Reads on. False if there is nothing more.
    fn refill<'a>(&mut self, codes: &mut &'a [u8], more: &mut impl FnMut() -> &'a [u8]) -> bool {
        if let Some((window, _)) = codes.split_first_chunk::<WINDOW>() {
            let bytes = (u64::BITS - 1 - self.bit_count) / 8;
            self.bits |= u64::from_le_bytes(*window) << self.bit_count;
            self.bit_count += bytes * 8;
            self.bits &= (1 << self.bit_count) - 1;
            *codes = &codes[bytes as usize..];
            return true;
        }
        while self.bit_count < self.code_bits {
            match codes.split_first() {
                Some((byte, rest)) => {
                    self.bits |= u64::from(*byte) << self.bit_count;
                    self.bit_count += 8;
                    *codes = rest;
                }
                None => match more() {
                    [] => return false,
                    part => *codes = part,
                },
            }
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // Of numbers that are small.
mod tests {
    use weezl::BitOrder;
    use weezl::encode::Encoder;

    use super::*;

    /// Noise with runs in it, so that strings become long and codes are used before they are known.
    fn bytes(bits: u8, count: usize, seed: u64) -> Vec<u8> {
        let mut state = seed | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 16
        };
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let byte = (next() % (1 << bits)) as u8;
            let run = if next().is_multiple_of(16) { next() % 5000 } else { next() % 3 };
            bytes.extend(std::iter::repeat_n(byte, run as usize));
        }
        bytes.truncate(count);
        bytes
    }

    /// What comes of a stream in parts of `part` bytes, for ranges of `step` bytes.
    fn decode(bits: u8, stream: &[u8], part: usize, step: usize) -> (Vec<u8>, Option<End>) {
        let mut lzw = Lzw::new(bits);
        let (mut codes, mut parts) = (&[][..], stream.chunks(part));
        let mut buffer = vec![0; step + Lzw::OVERSHOOT];
        let (mut all, mut come) = (Vec::new(), 0);
        loop {
            let more = || parts.next().unwrap_or_default();
            let (end, reason) = lzw.decode(&mut codes, more, &mut buffer, come..step);
            let whole = if reason.is_some() { end } else { step };
            all.extend_from_slice(&buffer[..whole]);
            if reason.is_some() {
                return (all, reason);
            }
            buffer.copy_within(step..end, 0);
            come = end - step;
        }
    }

    #[test]
    fn what_another_encoder_writes_is_read_whatever_the_parts() {
        for bits in 2..=8 {
            for (count, seed) in [(0, 1), (1, 2), (300, 3), (5000, 4), (200_000, 5)] {
                let expected = bytes(bits, count, seed);
                let stream = Encoder::new(BitOrder::Lsb, bits).encode(&expected).unwrap();
                for (part, step) in [(255, 1 << 14), (1, 100), (9, 7), (100_000, 5000)] {
                    let (decoded, end) = decode(bits, &stream, part, step);
                    assert_eq!(end, Some(End::Said), "{bits} bits, {count} bytes");
                    assert!(decoded == expected, "{bits} bits, {count} bytes in parts of {part}");
                }
            }
        }
    }

    #[test]
    fn of_a_stream_that_breaks_off_all_that_came_is_there() {
        let expected = bytes(8, 3000, 6);
        let stream = Encoder::new(BitOrder::Lsb, 8).encode(&expected).unwrap();
        for cut in 0..stream.len() - 2 {
            let (decoded, end) = decode(8, &stream[..cut], 255, 512);
            assert_eq!(end, Some(End::OutOfCodes));
            assert!(expected.starts_with(&decoded));
        }
    }

    #[test]
    fn a_code_that_stands_for_nothing_is_said() {
        // Codes of three bits: clear (4), 0, and 7, where 6 would be the next.
        let stream = [0b11_000_100, 0b1];
        assert_eq!(decode(2, &stream, 255, 10), (vec![0], Some(End::Unknown { code: 7 })));
        // The first code of a table can be none that is to come.
        assert_eq!(decode(2, &[0b110_100], 255, 10), (vec![], Some(End::Unknown { code: 6 })));
    }

    #[test]
    fn whatever_comes_is_read_as_another_decoder_reads_it() {
        for seed in 0..300 {
            // Bytes of one bit are against the specification, and no two programs agree on them.
            let bits = 2 + (seed % 7) as u8;
            let stream = bytes(8, 400, seed + 1);
            let mut theirs = Vec::new();
            let mut decoder = weezl::decode::Decoder::new(BitOrder::Lsb, bits);
            let result = decoder.into_vec(&mut theirs).decode_all(&stream);
            let (ours, end) = decode(bits, &stream, 255, 1 << 14);
            assert!(ours == theirs, "{bits} bits, seed {seed}: {} and {} bytes", ours.len(), theirs.len());
            // Theirs also says so of streams that merely end.
            assert!(result.status.is_err() || !matches!(end, Some(End::Unknown { .. })), "seed {seed}");
        }
    }
}
