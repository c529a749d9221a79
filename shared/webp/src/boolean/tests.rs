//! What is written is what a decoder reads.

use super::BooleanEncoder;

/// The decoder of RFC 6386, 7.3. It may not need more than there is.
struct Decoder<'a> {
    bytes: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    shifted: u32,
}

impl<'a> Decoder<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut bytes = bytes.iter();
        let value = u32::from(*bytes.next().unwrap()) << 8;
        let mut this = Self { bytes, value, range: 255, shifted: 0 };
        this.value |= this.next();
        this
    }

    /// Zeros follow what there is; the first byte is read ahead.
    fn next(&mut self) -> u32 {
        self.bytes.next().copied().map_or(0, u32::from)
    }

    fn read(&mut self, zero: u8) -> bool {
        let split = 1 + (((self.range - 1) * u32::from(zero)) >> 8);
        let bit = self.value >= split << 8;
        if bit {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.range <<= 1;
            self.value <<= 1;
            self.shifted += 1;
            if self.shifted == 8 {
                self.shifted = 0;
                self.value |= self.next();
            }
        }
        bit
    }
}

fn check(bits: &[(bool, u8)]) {
    let mut encoder = BooleanEncoder::new();
    for &(bit, zero) in bits {
        encoder.put(bit, zero);
    }
    let bytes = encoder.finish();
    let mut decoder = Decoder::new(&bytes);
    for (index, &(bit, zero)) in bits.iter().enumerate() {
        assert_eq!(decoder.read(zero), bit, "bit {index} of {}", bits.len());
    }
}

#[test]
fn bits_of_every_probability_come_back() {
    for length in 0..300 {
        let bit = |index: u32| {
            let mixed = (index + length * 1_000).wrapping_mul(2_654_435_761);
            let zero = (mixed >> 8) as u8;
            ((mixed >> 16) as u8 >= zero, zero)
        };
        check(&(0..length * 7).map(bit).collect::<Vec<_>>());
    }
}

#[test]
fn improbable_bits_come_back() {
    for zero in [0, 1, 2, 127, 128, 254, 255] {
        for start in [true, false] {
            check(&vec![(start, zero); 2_000]);
            check(
                &(0..2_000).map(|index: u32| (index.is_multiple_of(17) == start, zero)).collect::<Vec<_>>(),
            );
        }
    }
}

#[test]
fn a_carry_runs_through_all_that_is_written() {
    // Ones with the probability of a half leave the interval at the top: the smallest step further carries all the way.
    for length in 1..400 {
        let mut bits = vec![(true, 128); length];
        bits.extend([(true, 1), (true, 1), (true, 255), (true, 255)]);
        check(&bits);
    }
}

#[test]
fn nothing_is_a_file_too() {
    assert_eq!(BooleanEncoder::new().finish().len(), 1);
}
