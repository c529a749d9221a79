//! Image file directories: the tables that TIFF files are made of, and EXIF blocks too (TIFF 6.0, section 2).

use crate::orientation::Orientation;

/// Tag numbers that are asked for here (TIFF 6.0, sections 8 to 21; ICC.1, annex B.4; DNG 1.7 for the last).
pub(super) mod tag {
    pub(in crate::source) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(in crate::source) const IMAGE_WIDTH: u16 = 256;
    pub(in crate::source) const IMAGE_LENGTH: u16 = 257;
    pub(in crate::source) const BITS_PER_SAMPLE: u16 = 258;
    pub(in crate::source) const COMPRESSION: u16 = 259;
    pub(in crate::source) const PHOTOMETRIC_INTERPRETATION: u16 = 262;
    pub(in crate::source) const MAKE: u16 = 271;
    pub(in crate::source) const STRIP_OFFSETS: u16 = 273;
    pub(in crate::source) const ORIENTATION: u16 = 274;
    pub(in crate::source) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in crate::source) const ROWS_PER_STRIP: u16 = 278;
    pub(in crate::source) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in crate::source) const PLANAR_CONFIGURATION: u16 = 284;
    pub(in crate::source) const PREDICTOR: u16 = 317;
    pub(in crate::source) const COLOR_MAP: u16 = 320;
    pub(in crate::source) const TILE_WIDTH: u16 = 322;
    pub(in crate::source) const TILE_LENGTH: u16 = 323;
    pub(in crate::source) const TILE_OFFSETS: u16 = 324;
    pub(in crate::source) const TILE_BYTE_COUNTS: u16 = 325;
    pub(in crate::source) const SUB_IFDS: u16 = 330;
    pub(in crate::source) const INK_SET: u16 = 332;
    pub(in crate::source) const EXTRA_SAMPLES: u16 = 338;
    pub(in crate::source) const SAMPLE_FORMAT: u16 = 339;
    pub(in crate::source) const JPEG_TABLES: u16 = 347;
    pub(in crate::source) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(in crate::source) const ICC_PROFILE: u16 = 34675;
    pub(in crate::source) const DNG_VERSION: u16 = 50706;
}

/// What leads an EXIF block in a JPEG. Elsewhere it does not belong, and is often copied along.
pub(super) const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// The orientation in an EXIF block, `None` where there is none or the block is broken: a picture is worth showing
/// whatever its metadata is worth.
pub(super) fn orientation(exif: &[u8]) -> Option<Orientation> {
    let exif = exif.strip_prefix(EXIF_PREFIX).unwrap_or(exif);
    Directory::read_first(exif).ok()?.orientation()
}

/// Why a directory could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectoryError {
    /// The bytes are not a TIFF structure.
    Malformed,
    /// The directory lies, wholly or partly, behind the end.
    Beyond,
}

/// The first directory of a TIFF structure.
pub(super) struct Directory<'a> {
    layout: Layout,
    source: &'a [u8],
    entries_at: usize,
    /// Entries of 12 bytes (20 in `BigTIFF`), as they are.
    entries: &'a [u8],
}

/// Byte order and widths: classic TIFF counts in 4 bytes, `BigTIFF` in 8.
#[derive(Clone, Copy)]
struct Layout {
    big_endian: bool,
    big_tiff: bool,
}

impl<'a> Directory<'a> {
    /// Reads the header of a TIFF structure and finds its first directory.
    pub(super) fn read_first(source: &'a [u8]) -> Result<Self, DirectoryError> {
        let layout = match source.first_chunk() {
            Some(b"II*\0") => Layout { big_endian: false, big_tiff: false },
            Some(b"MM\0*") => Layout { big_endian: true, big_tiff: false },
            Some(b"II+\0") => Layout { big_endian: false, big_tiff: true },
            Some(b"MM\0+") => Layout { big_endian: true, big_tiff: true },
            Some(_) => return Err(DirectoryError::Malformed),
            None => return Err(DirectoryError::Beyond),
        };
        let (offset_at, count_bytes) = if layout.big_tiff { (8, 8) } else { (4, 2) };
        let offset = layout.number(source, offset_at, layout.offset_bytes()).ok_or(DirectoryError::Beyond)?;
        let offset = usize::try_from(offset).map_err(|_| DirectoryError::Beyond)?;
        let count = layout.number(source, offset, count_bytes).ok_or(DirectoryError::Beyond)?;
        let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(layout.entry_bytes()));
        let begin = offset.checked_add(count_bytes);
        let end = begin.zip(bytes).and_then(|(begin, bytes)| begin.checked_add(bytes));
        let (begin, end) = begin.zip(end).ok_or(DirectoryError::Beyond)?;
        let entries = source.get(begin..end).ok_or(DirectoryError::Beyond)?;
        Ok(Self { layout, source, entries_at: begin, entries })
    }

    /// The orientation tag.
    pub(super) fn orientation(&self) -> Option<Orientation> {
        let value = self.values(tag::ORIENTATION)?.next()?;
        Orientation::from_exif(u16::try_from(value).ok()?)
    }

    /// Whether there is such a tag.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    /// The values of a tag that holds whole numbers: BYTE, SHORT, LONG, LONG8. `None` without such a tag.
    ///
    /// Values that lie behind the end are left out, so that fewer may come than the entry announces.
    pub(super) fn values(&self, tag: u16) -> Option<impl Iterator<Item = u64> + use<'a>> {
        let entry = self.entry(tag)?;
        let layout = self.layout;
        let value_bytes = match layout.number(entry, 2, 2)? {
            1 => 1,
            3 => 2,
            4 => 4,
            16 => 8,
            _ => return None,
        };
        let count = usize::try_from(layout.number(entry, 4, layout.offset_bytes())?).ok()?;
        let value_at = 4 + layout.offset_bytes();
        let total = count.checked_mul(value_bytes)?;
        // Values that fit into the place of their offset stand there.
        let begin: &[u8] = if total <= layout.offset_bytes() {
            entry.get(value_at..)?
        } else {
            let offset = layout.number(entry, value_at, layout.offset_bytes())?;
            self.source.get(usize::try_from(offset).ok()?..)?
        };
        let values = begin.get(..total).unwrap_or(begin);
        Some(values.chunks_exact(value_bytes).map(move |value| layout.join(value)))
    }

    /// Every entry's tag, and how many values it announces, whether they are there or not.
    pub(super) fn counts(&self) -> impl Iterator<Item = (u16, u64)> + use<'a> {
        let layout = self.layout;
        self.entries.chunks_exact(layout.entry_bytes()).filter_map(move |entry| {
            let tag = u16::try_from(layout.number(entry, 0, 2)?).ok()?;
            Some((tag, layout.number(entry, 4, layout.offset_bytes())?))
        })
    }

    /// The first value of a tag that holds whole numbers.
    pub(super) fn first(&self, tag: u16) -> Option<u64> {
        self.values(tag)?.next()
    }

    /// The bytes of a tag that holds BYTEs or UNDEFINED ones. `None` without such a tag, or if they are not all there.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(tag)?;
        let layout = self.layout;
        let count = usize::try_from(layout.number(entry, 4, layout.offset_bytes())?).ok()?;
        let value_at = 4 + layout.offset_bytes();
        if !matches!(layout.number(entry, 2, 2)?, 1 | 7) {
            return None;
        }
        if count <= layout.offset_bytes() {
            return entry.get(value_at..)?.get(..count);
        }
        let offset = usize::try_from(layout.number(entry, value_at, layout.offset_bytes())?).ok()?;
        self.source.get(offset..)?.get(..count)
    }

    /// Whether the directory is there up to its end, where it says where the next one is.
    pub(super) fn is_whole(&self) -> bool {
        let end = self.entries_at + self.entries.len();
        self.layout.number(self.source, end, self.layout.offset_bytes()).is_some()
    }

    /// Whether numbers have their highest byte first.
    pub(super) fn is_big_endian(&self) -> bool {
        self.layout.big_endian
    }

    /// Where the first value of a tag of SHORTs or LONGs stands, and the bytes that another number has there. `None` without
    /// such a tag, and where the number does not fit.
    pub(super) fn value_as(&self, tag: u16, number: u32) -> Option<(usize, Vec<u8>)> {
        let layout = self.layout;
        let mut entries = self.entries.chunks_exact(layout.entry_bytes());
        let place = entries.position(|entry| layout.number(entry, 0, 2) == Some(tag.into()))?;
        let at = self.entries_at + place * layout.entry_bytes();
        let short = || u16::try_from(number).ok();
        let bytes = match (layout.number(self.source, at + 2, 2)?, layout.big_endian) {
            (3, true) => short()?.to_be_bytes().to_vec(),
            (3, false) => short()?.to_le_bytes().to_vec(),
            (4, true) => number.to_be_bytes().to_vec(),
            (4, false) => number.to_le_bytes().to_vec(),
            _ => return None,
        };
        Some((at + 4 + layout.offset_bytes(), bytes))
    }

    fn entry(&self, tag: u16) -> Option<&'a [u8]> {
        let layout = self.layout;
        self.entries
            .chunks_exact(layout.entry_bytes())
            .find(|entry| layout.number(entry, 0, 2) == Some(tag.into()))
    }
}

impl Layout {
    fn offset_bytes(self) -> usize {
        if self.big_tiff { 8 } else { 4 }
    }

    fn entry_bytes(self) -> usize {
        if self.big_tiff { 20 } else { 12 }
    }

    fn number(self, source: &[u8], at: usize, bytes: usize) -> Option<u64> {
        source.get(at..at.checked_add(bytes)?).map(|bytes| self.join(bytes))
    }

    fn join(self, bytes: &[u8]) -> u64 {
        let push = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EXIF block with one entry.
    fn block(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
        let mut block = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        block.extend(tag.to_be_bytes());
        block.extend(kind.to_be_bytes());
        block.extend(count.to_be_bytes());
        block.extend(value);
        block.extend([0; 4]);
        block
    }

    #[test]
    fn an_orientation_is_read_from_a_short() {
        assert_eq!(orientation(&block(274, 3, 1, [0, 6, 0, 0])).unwrap().exif(), 6);
    }

    #[test]
    fn nonsense_is_no_orientation() {
        assert_eq!(orientation(b""), None);
        assert_eq!(orientation(b"MM\0*\xFF\xFF\xFF\xFF"), None);
        assert_eq!(orientation(&block(274, 3, 1, [0, 9, 0, 0])), None);
        assert_eq!(orientation(&block(274, 3, 0, [0, 6, 0, 0])), None);
        assert_eq!(orientation(&block(274, 12, 1, [0, 6, 0, 0])), None);
        assert_eq!(orientation(&block(274, 3, u32::MAX, [0xFF; 4])), None);
    }

    #[test]
    fn a_block_cut_anywhere_is_ignored() {
        let whole = block(274, 3, 1, [0, 6, 0, 0]);
        for length in 0..22 {
            assert_eq!(orientation(&whole[..length]), None, "{length} bytes");
        }
    }
}
