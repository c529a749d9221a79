//! BMP: a file header, one of several picture headers, and rows (Microsoft's `BITMAPINFOHEADER` and its kin).

use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

const FILE_HEADER_BYTES: usize = 14;
/// Where the file header says that the pixels begin.
const PIXELS_OFFSET_AT: usize = 10;
/// The oldest picture header, with 16-bit sides and palette entries of three bytes.
const CORE_HEADER_BYTES: u32 = 12;
/// The shortest picture header that says how rows are compressed.
const INFO_HEADER_BYTES: u32 = 40;
/// That of OS/2, whose compressions beyond 2 are others.
const OS2_HEADER_BYTES: u32 = 64;
/// The header that names profiles (`BITMAPV5HEADER`).
const V5_HEADER_BYTES: u32 = 124;
const WHAT: &str = "the header";

/// The picture header has the size.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let (stored, _) = read_size(&mut Reader::new(source, FILE_HEADER_BYTES, SourceFormat::Bmp))?;
    Ok(Header { format: SourceFormat::Bmp, stored, orientation: Orientation::UPRIGHT })
}

/// All rows must be there where their length is known; the decoder finds the end of run-length coded ones.
pub(super) fn check_complete(source: &[u8]) -> Result<(), Error> {
    let layout = read_layout(source)?;
    if layout.compression == Compression::Runs {
        return Ok(());
    }
    let expected = layout.pixels_at as u64 + layout.row_bytes() as u64 * u64::from(layout.size.height);
    // The padding of the last row may be missing: no pixel depends on it.
    if (source.len() as u64) + 3 < expected {
        return Err(Error::Truncated {
            format: SourceFormat::Bmp,
            detail: format!("the file has {} bytes, and its rows need {expected}", source.len()),
        });
    }
    Ok(())
}

/// How rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// As they are.
    None,
    /// As they are; of a pixel's bits, the masks say which belong to red, green, blue and alpha.
    Masks([u32; 4]),
    /// As runs of equal pixels: RLE4 or RLE8.
    Runs,
}

/// What the headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout<'a> {
    pub(crate) size: Size,
    /// Whether the first row is the uppermost one. Usually it is the lowest one.
    pub(crate) is_top_down: bool,
    pub(crate) bits_per_pixel: u16,
    pub(crate) compression: Compression,
    /// Where the rows begin.
    pub(crate) pixels_at: usize,
    /// The colours that pixels of up to 8 bits name.
    pub(crate) palette: Vec<[u8; 3]>,
    /// The ICC profile.
    pub(crate) profile: Option<&'a [u8]>,
}

impl Layout<'_> {
    /// Bytes of a row, which is padded to four of them.
    pub(crate) fn row_bytes(&self) -> usize {
        (self.size.width as usize * usize::from(self.bits_per_pixel)).div_ceil(32) * 4
    }
}

/// Reads the headers and the palette.
pub(crate) fn read_layout(source: &[u8]) -> Result<Layout<'_>, Error> {
    let mut reader = Reader::new(source, PIXELS_OFFSET_AT, SourceFormat::Bmp);
    let number = |reader: &mut Reader<'_>| reader.array(WHAT).map(u32::from_le_bytes);
    let pixels_at = number(&mut reader)? as usize;
    let header_bytes = number(&mut reader.clone())?;
    let (size, is_top_down) = read_size(&mut reader)?;
    reader.skip(2, WHAT)?;
    let bits_per_pixel = u16::from_le_bytes(reader.array(WHAT)?);
    let (mut code, mut colors_used) = (0, 0);
    if header_bytes >= INFO_HEADER_BYTES {
        code = number(&mut reader)?;
        reader.skip(12, WHAT)?;
        colors_used = number(&mut reader)?;
    }
    let compression = match (code, bits_per_pixel) {
        (0, 1 | 2 | 4 | 8 | 16 | 24 | 32) => Compression::None,
        (1, 8) | (2, 4) => Compression::Runs,
        (3 | 6, 16 | 32) if header_bytes != OS2_HEADER_BYTES => Compression::Masks(masks(source, code)?),
        _ => {
            let found = format!("BMP with {bits_per_pixel} bits per pixel and compression {code}");
            return Err(Error::Unsupported { found });
        }
    };
    // Masks lie in later headers, and behind the first that could have them.
    let masks_bytes = match (header_bytes, code) {
        (INFO_HEADER_BYTES, 3) => 12,
        (INFO_HEADER_BYTES, 6) => 16,
        _ => 0,
    };
    let palette = if bits_per_pixel <= 8 {
        let at = FILE_HEADER_BYTES + header_bytes as usize + masks_bytes;
        let most = 1 << bits_per_pixel;
        let count = if colors_used == 0 { most } else { most.min(colors_used as usize) };
        let entries = source.get(at..pixels_at.min(source.len())).unwrap_or_default();
        let entry_bytes = if header_bytes == CORE_HEADER_BYTES { 3 } else { 4 };
        let entries = entries.chunks_exact(entry_bytes).take(count);
        entries.map(|entry| [entry[2], entry[1], entry[0]]).collect()
    } else {
        Vec::new()
    };
    let profile = if header_bytes == V5_HEADER_BYTES { embedded_profile(source) } else { None };
    Ok(Layout { size, is_top_down, bits_per_pixel, compression, pixels_at, palette, profile })
}

/// The size, from the beginning of the picture header on, and whether the first row is the uppermost one.
fn read_size(reader: &mut Reader<'_>) -> Result<(Size, bool), Error> {
    if u32::from_le_bytes(reader.array(WHAT)?) == CORE_HEADER_BYTES {
        let [width, height] = [reader.array(WHAT)?, reader.array(WHAT)?].map(u16::from_le_bytes);
        return Ok((Size::new(width.into(), height.into()), false));
    }
    let [width, height] = [reader.array(WHAT)?, reader.array(WHAT)?].map(i32::from_le_bytes);
    let width = u32::try_from(width).map_err(|_| reader.corrupt("a negative width"))?;
    // A negative height says that the first row is the uppermost one.
    Ok((Size::new(width, height.unsigned_abs()), height < 0))
}

/// Which bits of a pixel are red, green, blue and alpha. They stand at the same place whether they belong to the header
/// or follow it.
fn masks(source: &[u8], code: u32) -> Result<[u32; 4], Error> {
    let mut reader = Reader::new(source, FILE_HEADER_BYTES + INFO_HEADER_BYTES as usize, SourceFormat::Bmp);
    let mut masks = [0; 4];
    let header_bytes = source.get(FILE_HEADER_BYTES..).and_then(<[u8]>::first_chunk).copied();
    let has_alpha = code == 6 || header_bytes.map(u32::from_le_bytes) >= Some(56);
    for mask in masks.iter_mut().take(if has_alpha { 4 } else { 3 }) {
        *mask = u32::from_le_bytes(reader.array(WHAT)?);
    }
    Ok(masks)
}

/// The profile that a `BITMAPV5HEADER` says is in the file, at a distance from the header's beginning.
fn embedded_profile(source: &[u8]) -> Option<&[u8]> {
    let header = source.get(FILE_HEADER_BYTES..)?;
    let number = |at: usize| header.get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
    // The letters MBED, as a number.
    if number(56)? != 0x4D42_4544 {
        return None;
    }
    let (at, bytes) = (number(112)? as usize, number(116)? as usize);
    header.get(at..at.checked_add(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file header and a `BITMAPINFOHEADER` of one pixel.
    fn file(bits: u16, compression: u32, colors: u32) -> Vec<u8> {
        let mut file = b"BM\0\0\0\0\0\0\0\0\x3E\0\0\0\x28\0\0\0\x01\0\0\0".to_vec();
        file.extend((-1_i32).to_le_bytes());
        file.extend([1, 0]);
        file.extend(bits.to_le_bytes());
        file.extend(compression.to_le_bytes());
        file.extend([0; 12]);
        file.extend(colors.to_le_bytes());
        file.extend([0; 4]);
        file.extend([1, 2, 3, 0, 4, 5, 6, 0]);
        file
    }

    #[test]
    fn headers_say_what_the_rows_are() {
        let file = file(1, 0, 0);
        let layout = read_layout(&file).unwrap();
        assert!(layout.is_top_down);
        assert_eq!(layout.palette, [[3, 2, 1], [6, 5, 4]]);
        assert_eq!((layout.pixels_at, layout.row_bytes()), (62, 4));
    }

    #[test]
    fn what_no_bmp_has_is_named() {
        for (bits, compression) in [(3, 0), (24, 1), (8, 4), (24, 3)] {
            let error = read_layout(&file(bits, compression, 0)).unwrap_err();
            assert_eq!(error.code(), "unsupported", "{bits} bits, {compression}: {error}");
        }
    }
}
