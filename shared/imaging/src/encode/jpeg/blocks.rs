//! Eight by eight quantised coefficients, and what is derived from one of them.

/// A block after quantisation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub(super) struct Block {
    /// Row by row: the first is the block's mean, the last the finest pattern.
    pub(super) coefficients: [i16; 64],
    /// Which of them are not 0: a bit for each, the lowest for the first. Most of a block is zeros, and this is how
    /// the coders skip them.
    pub(super) nonzero: u64,
}

impl Block {
    pub(super) const EMPTY: Self = Self { coefficients: [0; 64], nonzero: 0 };
}

/// How a number is coded (T.81, F.1.2.1): how many bits it takes, which is part of a symbol, and these bits. Negative
/// numbers are 1 less, so that their first bit is 0.
#[inline]
pub(super) fn magnitude(value: i16) -> (u32, u16) {
    let size = u16::BITS - value.unsigned_abs().leading_zeros();
    let bits = value.wrapping_add(value >> 15) as u16;
    (size, bits & ((1_u16 << size) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_coded_as_in_table_f_1() {
        for (value, expected) in [
            (0, (0, 0)),
            (1, (1, 1)),
            (-1, (1, 0)),
            (2, (2, 0b10)),
            (-2, (2, 0b01)),
            (-3, (2, 0b00)),
            (7, (3, 0b111)),
            (-7, (3, 0b000)),
            (1023, (10, 1023)),
            (-1024, (11, 1023)),
            (2040, (11, 2040)),
        ] {
            assert_eq!(magnitude(value), expected, "{value}");
        }
    }
}
