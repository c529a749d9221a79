//! The typical Huffman tables of T.81 section K.3.3, for pictures that come without any.
//!
//! The rarest symbols all have codes of 16 bits, in ascending order: they are what is left of the 162, and not listed.

use crate::tables::HuffmanSpec;

/// The tables for one kind of component.
pub(crate) struct Typical {
    dc_counts: [u8; 16],
    ac_counts: [u8; 16],
    /// The AC symbols that are not in ascending order, shortest code first.
    frequent: &'static [u8],
}

/// T.81 tables K.3 and K.5.
pub(crate) const LUMINANCE: Typical = Typical {
    dc_counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    ac_counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
    frequent: &[
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
        0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33,
        0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A,
    ],
};

/// T.81 tables K.4 and K.6.
pub(crate) const CHROMINANCE: Typical = Typical {
    dc_counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
    ac_counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    frequent: &[
        0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13,
        0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62,
        0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A,
    ],
};

impl Typical {
    /// For DC coefficients: all sizes are in ascending order.
    pub(crate) fn dc(&self) -> HuffmanSpec {
        HuffmanSpec { counts: self.dc_counts, values: (0..12).collect() }
    }

    /// For AC coefficients: of all runs of up to 15 zeros before a coefficient of up to 10 bits, the end of a block, and 16
    /// zeros.
    pub(crate) fn ac(&self) -> HuffmanSpec {
        let runs = (0..=15).flat_map(|run| (1..=10).map(move |size| run << 4 | size));
        let rare = runs.filter(|symbol| !self.frequent.contains(symbol));
        HuffmanSpec { counts: self.ac_counts, values: self.frequent.iter().copied().chain(rare).collect() }
    }
}
