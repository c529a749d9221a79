//! Bits into bytes, as an entropy-coded segment wants them (ITU-T T.81, F.1.2.3).

/// Writes bits, most significant first, and a zero after each byte that would look like a marker.
#[derive(Debug)]
pub(super) struct BitWriter<'a> {
    file: &'a mut Vec<u8>,
    /// The bits that wait, at the low end.
    waiting: u64,
    /// How many more `waiting` can hold.
    free: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(file: &'a mut Vec<u8>) -> Self {
        Self { file, waiting: 0, free: u64::BITS }
    }

    /// Writes the lowest `count` bits of `bits`, at most 32. The others have to be 0.
    #[inline]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        debug_assert!(count <= 32 && u64::from(bits) >> count == 0);
        if count < self.free {
            self.waiting = self.waiting << count | u64::from(bits);
            self.free -= count;
        } else {
            // `free` is 1 to 32 here, as at most 32 bits come.
            let left_over = count - self.free;
            let full = self.waiting << self.free | u64::from(bits) >> left_over;
            self.write(full);
            // Above the bits left over are some that have been written. They are shifted out before they matter.
            self.waiting = u64::from(bits);
            self.free = u64::BITS - left_over;
        }
    }

    /// Fills the last byte with ones, as the standard asks for, and ends.
    pub(super) fn finish(mut self) {
        let count = u64::BITS - self.free;
        let bytes = count.div_ceil(8);
        let padding = bytes * 8 - count;
        let padded = self.waiting << padding | ((1 << padding) - 1);
        for index in (0..bytes).rev() {
            self.write_byte((padded >> (8 * index)) as u8);
        }
    }

    #[inline]
    fn write(&mut self, bytes: u64) {
        // Adding 1 to each byte clears the highest bit of 0xFF, and of no other: a carry comes only out of 0xFF itself.
        let markers = bytes & 0x8080_8080_8080_8080 & !bytes.wrapping_add(0x0101_0101_0101_0101);
        if markers == 0 {
            self.file.extend_from_slice(&bytes.to_be_bytes());
        } else {
            for byte in bytes.to_be_bytes() {
                self.write_byte(byte);
            }
        }
    }

    fn write_byte(&mut self, byte: u8) {
        self.file.push(byte);
        if byte == 0xFF {
            self.file.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[(u32, u32)]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut bits = BitWriter::new(&mut file);
        for (value, count) in pieces {
            bits.put(*value, *count);
        }
        bits.finish();
        file
    }

    #[test]
    fn the_last_byte_is_filled_with_ones() {
        assert_eq!(written(&[(0b101, 3)]), [0b1011_1111]);
        assert_eq!(written(&[(0xAB, 8)]), [0xAB]);
        assert_eq!(written(&[]), []);
    }

    #[test]
    fn a_zero_follows_each_byte_that_looks_like_a_marker() {
        assert_eq!(written(&[(0xFFFF, 16), (0x1F, 5)]), [0xFF, 0, 0xFF, 0, 0xFF, 0]);
        assert_eq!(written(&[(0x1234_FF56, 32), (0x789A_BCFF, 32)]).len(), 10);
    }

    #[test]
    fn pieces_of_all_lengths_come_out_as_they_went_in() {
        let pieces: Vec<(u32, u32)> = (0..4000_u32)
            .map(|index| index.wrapping_mul(2_654_435_761))
            .map(|n| (n >> (32 - (n % 27 + 1)), n % 27 + 1))
            .collect();
        let expected: Vec<bool> = pieces
            .iter()
            .flat_map(|(value, count)| (0..*count).rev().map(move |bit| value >> bit & 1 == 1))
            .collect();
        let mut file = written(&pieces).into_iter();
        let mut read = Vec::new();
        while let Some(byte) = file.next() {
            read.extend((0..8).rev().map(|bit| byte >> bit & 1 == 1));
            assert!(byte != 0xFF || file.next() == Some(0));
        }
        assert_eq!(read[..expected.len()], expected);
        assert!(read.len() - expected.len() < 8 && read[expected.len()..].iter().all(|bit| *bit));
    }
}
