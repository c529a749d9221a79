//! The arithmetic coder of bits (RFC 6386, 7).

/// So many bits are collected before they are written.
const WRITE_AT: u32 = 40;

/// Writes bits of which it is known how probable they are.
pub(crate) struct BooleanEncoder {
    bytes: Vec<u8>,
    /// The lower end of the interval: the bits that are not written yet, those of the range, and a carry above them.
    low: u64,
    /// The interval's length, 128 to 255.
    range: u32,
    /// How many bits of `low` are above those of the range.
    pending: u32,
}

impl BooleanEncoder {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), low: 0, range: 255, pending: 0 }
    }

    /// Writes a bit that is 0 with the probability `zero` of 256.
    #[inline(always)]
    pub(crate) fn put(&mut self, bit: bool, zero: u8) {
        let split = 1 + (((self.range - 1) * u32::from(zero)) >> 8);
        self.low += if bit { u64::from(split) } else { 0 };
        self.range = if bit { self.range - split } else { split };
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.low <<= shift;
        self.pending += shift;
        if self.pending >= WRITE_AT {
            self.write();
        }
    }

    /// Writes a number of so many bits, each as probably 0 as 1 (RFC 6386, 8).
    pub(crate) fn put_number(&mut self, number: u32, bits: u32) {
        for bit in (0..bits).rev() {
            self.put(number >> bit & 1 == 1, 128);
        }
    }

    /// Writes whether a number is not 0, and if so, its magnitude and its sign.
    pub(crate) fn put_signed(&mut self, number: i32, bits: u32) {
        self.put(number != 0, 128);
        if number != 0 {
            self.put_number(number.unsigned_abs(), bits);
            self.put(number < 0, 128);
        }
    }

    fn write(&mut self) {
        let rest = self.pending - WRITE_AT + 8;
        let top = self.low >> rest;
        self.low &= (1 << rest) - 1;
        self.pending -= WRITE_AT;
        if top >> WRITE_AT != 0 {
            self.carry();
        }
        let [_, _, _, bytes @ ..] = top.to_be_bytes();
        self.bytes.extend_from_slice(&bytes);
    }

    /// Adds 1 to what is written. That is never all ones, for the interval ends at 1.
    #[cold]
    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// How many bytes it would be so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + (self.pending as usize + 8).div_ceil(8)
    }

    /// What was written, to the last bit that a decoder looks at.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let bits = self.pending + 8;
        let bytes = bits.div_ceil(8);
        self.low <<= bytes * 8 - bits;
        if self.low >> (bytes * 8) != 0 {
            self.carry();
        }
        let all = self.low.to_be_bytes();
        self.bytes.extend_from_slice(&all[all.len() - bytes as usize..]);
        self.bytes
    }
}

#[cfg(test)]
mod tests;
