//! EXIF blocks whose directories lead nowhere, or back.

use super::bytes::{le16, le32};

/// An entry of a TIFF directory.
pub(crate) fn entry(tag: usize, kind: usize, count: usize, value: usize) -> Vec<u8> {
    [le16(tag).as_slice(), &le16(kind), &le32(count), &le32(value)].concat()
}

/// A directory that names itself as the next, as its own EXIF and GPS directories and as its thumbnail, with values that would
/// lie beyond the end, or fill four gibibytes.
pub(crate) fn in_circles() -> Vec<u8> {
    let entries = [
        entry(0x010F, 2, 0xFFFF_FFFF, 0xFFFF_FFF0),
        entry(0x0112, 3, 0x8000_0000, 8),
        entry(0x0201, 4, 1, 8),
        entry(0x0202, 4, 1, 0xFFFF_FFFF),
        entry(0x8769, 4, 1, 8),
        entry(0x8825, 4, 1, 8),
        entry(0xA005, 4, 1, 8),
    ];
    [b"II*\0\x08\0\0\0".as_slice(), &le16(entries.len()), &entries.concat(), &le32(8)].concat()
}
