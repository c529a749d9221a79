//! BMP: a file header, one of several picture headers, and rows (Microsoft's `BITMAPINFOHEADER` and its kin).

use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

/// Where the file header says that the pixels begin.
const PIXELS_OFFSET_AT: usize = 10;
/// The oldest picture header, with 16-bit sides.
const CORE_HEADER_BYTES: u32 = 12;
/// `BI_RGB`, `BI_BITFIELDS` and `BI_ALPHABITFIELDS`: rows as they are.
const UNCOMPRESSED: [u32; 3] = [0, 3, 6];

/// The picture header has the size.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let stored = read_layout(source)?.size;
    Ok(Header { format: SourceFormat::Bmp, stored, orientation: Orientation::UPRIGHT })
}

/// All rows must be there where their length is known; the decoder finds the end of run-length coded ones.
pub(super) fn check_complete(source: &[u8]) -> Result<(), Error> {
    let layout = read_layout(source)?;
    if !UNCOMPRESSED.contains(&layout.compression) {
        return Ok(());
    }
    // Rows are padded to four bytes.
    let row_bytes = (u64::from(layout.size.width) * u64::from(layout.bits_per_pixel)).div_ceil(32) * 4;
    let expected = u64::from(layout.pixels_offset) + row_bytes * u64::from(layout.size.height);
    // The padding of the last row may be missing: no pixel depends on it.
    if (source.len() as u64) + 3 < expected {
        return Err(Error::Truncated {
            format: SourceFormat::Bmp,
            detail: format!("the file has {} bytes, and its rows need {expected}", source.len()),
        });
    }
    Ok(())
}

struct Layout {
    size: Size,
    bits_per_pixel: u16,
    compression: u32,
    pixels_offset: u32,
}

fn read_layout(source: &[u8]) -> Result<Layout, Error> {
    const WHAT: &str = "the header";
    let mut reader = Reader::new(source, PIXELS_OFFSET_AT, SourceFormat::Bmp);
    let pixels_offset = u32::from_le_bytes(reader.array(WHAT)?);
    let header_bytes = u32::from_le_bytes(reader.array(WHAT)?);
    let size = if header_bytes == CORE_HEADER_BYTES {
        let width = u16::from_le_bytes(reader.array(WHAT)?);
        Size::new(width.into(), u16::from_le_bytes(reader.array(WHAT)?).into())
    } else {
        let width = i32::from_le_bytes(reader.array(WHAT)?);
        // A negative height says that the first row is the uppermost one.
        let height = i32::from_le_bytes(reader.array(WHAT)?).unsigned_abs();
        let width = u32::try_from(width).map_err(|_| reader.corrupt("a negative width"))?;
        Size::new(width, height)
    };
    reader.skip(2, WHAT)?;
    let bits_per_pixel = u16::from_le_bytes(reader.array(WHAT)?);
    let compression =
        if header_bytes == CORE_HEADER_BYTES { 0 } else { u32::from_le_bytes(reader.array(WHAT)?) };
    Ok(Layout { size, bits_per_pixel, compression, pixels_offset })
}
