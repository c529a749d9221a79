//! Numbers as files have them, and bytes that are many once they are unpacked.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

pub(crate) const MEBIBYTE: usize = 1 << 20;

/// Zeros, packed by zlib: a thousandth of their length.
pub(crate) fn packed_zeros(count: usize) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; MEBIBYTE.min(count.max(1))];
    let mut left = count;
    while left > 0 {
        let now = left.min(zeros.len());
        encoder.write_all(zeros.get(..now).unwrap_or_default())?;
        left -= now;
    }
    encoder.finish()
}

/// A length in the bytes that a format has for it; what does not fit is cut off, as a liar would.
pub(crate) fn be32(number: usize) -> [u8; 4] {
    (number as u64 & 0xFFFF_FFFF).try_into().map_or([0xFF; 4], u32::to_be_bytes)
}

pub(crate) fn le32(number: usize) -> [u8; 4] {
    let [a, b, c, d] = be32(number);
    [d, c, b, a]
}

pub(crate) fn be16(number: usize) -> [u8; 2] {
    let [_, _, high, low] = be32(number);
    [high, low]
}

pub(crate) fn le16(number: usize) -> [u8; 2] {
    let [high, low] = be16(number);
    [low, high]
}
