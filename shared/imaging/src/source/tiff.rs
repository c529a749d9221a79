//! TIFF: a directory that may lie anywhere, and strips or tiles that may lie anywhere else (TIFF 6.0).

use super::ifd::{Directory, DirectoryError, tag};
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

/// The first directory has the size and the orientation.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let directory = first_directory(source)?;
    if let Some(kind) = camera_raw(&directory) {
        return Err(Error::Unsupported { found: kind.into() });
    }
    let side = |tag, name: &str| {
        let value = directory.values(tag).and_then(|mut values| values.next());
        value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| corrupt(&format!("no {name}")))
    };
    let stored = Size::new(side(tag::IMAGE_WIDTH, "width")?, side(tag::IMAGE_LENGTH, "height")?);
    let orientation = directory.orientation().unwrap_or(Orientation::UPRIGHT);
    Ok(Header { format: SourceFormat::Tiff, stored, orientation })
}

/// Every strip or tile must lie within the file.
pub(super) fn check_complete(source: &[u8]) -> Result<(), Error> {
    let directory = first_directory(source)?;
    let (offsets, byte_counts) = if directory.has(tag::TILE_OFFSETS) {
        (directory.values(tag::TILE_OFFSETS), directory.values(tag::TILE_BYTE_COUNTS))
    } else {
        (directory.values(tag::STRIP_OFFSETS), directory.values(tag::STRIP_BYTE_COUNTS))
    };
    let offsets = offsets.ok_or_else(|| corrupt("neither strips nor tiles"))?;
    // Byte counts may be missing in old files of one uncompressed strip: the decoder knows what it needs.
    let Some(byte_counts) = byte_counts else { return Ok(()) };
    for (part, (offset, bytes)) in offsets.zip(byte_counts).enumerate() {
        if offset.saturating_add(bytes) > source.len() as u64 {
            let place = format!("in strip or tile {part}, which begins at {offset} and has {bytes}");
            return Err(truncated(source, &place));
        }
    }
    Ok(())
}

/// A picture that names its colours, made ready for a decoder that knows only greys.
pub(crate) struct Palette {
    /// The file, changed to say that its samples are greys.
    pub(crate) as_gray: Vec<u8>,
    /// Bits of a sample: 1, 2, 4 or 8.
    pub(crate) bits: u8,
    /// The colour for each sample.
    pub(crate) colors: Vec<[u8; 3]>,
}

/// The palette of a picture that has one (TIFF 6.0, section 5): all reds, then all greens, then all blues, in 16 bits.
pub(crate) fn palette(source: &[u8]) -> Result<Option<Palette>, Error> {
    const BLACK_IS_ZERO: u16 = 1;
    const PALETTE: u64 = 3;
    let directory = first_directory(source)?;
    let first = |tag| directory.values(tag).and_then(|mut values| values.next());
    if first(tag::PHOTOMETRIC_INTERPRETATION) != Some(PALETTE) {
        return Ok(None);
    }
    let bits = first(tag::BITS_PER_SAMPLE).unwrap_or(1);
    let Some(bits) = u8::try_from(bits).ok().filter(|bits| matches!(bits, 1 | 2 | 4 | 8)) else {
        return Err(Error::Unsupported { found: format!("TIFF with a palette and {bits} bits per sample") });
    };
    let narrow = |value: u64| u8::try_from(value >> 8).unwrap_or(u8::MAX);
    let map = directory.values(tag::COLOR_MAP).ok_or_else(|| corrupt("no palette"))?;
    let levels: Vec<u8> = map.take(3 << bits).map(narrow).collect();
    let [reds, greens, blues] = levels.chunks_exact(1 << bits).collect::<Vec<_>>()[..] else {
        return Err(truncated(source, "in its palette"));
    };
    let colors = reds.iter().zip(greens).zip(blues).map(|((r, g), b)| [*r, *g, *b]).collect();
    let mut as_gray = source.to_vec();
    if let Some((place, number)) = directory.short_as(tag::PHOTOMETRIC_INTERPRETATION, BLACK_IS_ZERO)
        && let Some(place) = as_gray.get_mut(place)
    {
        place.copy_from_slice(&number);
    }
    Ok(Some(Palette { as_gray, bits, colors }))
}

fn first_directory(source: &[u8]) -> Result<Directory<'_>, Error> {
    Directory::read_first(source).map_err(|error| match error {
        DirectoryError::Malformed => corrupt("no TIFF header"),
        DirectoryError::Beyond => truncated(source, "before its first directory does"),
    })
}

/// Cameras' raw files are TIFF with a preview in front, which is not the picture.
fn camera_raw(directory: &Directory<'_>) -> Option<&'static str> {
    let is_preview =
        || directory.values(tag::NEW_SUBFILE_TYPE).and_then(|mut values| values.next()) == Some(1);
    if directory.has(tag::DNG_VERSION) {
        Some("DNG (camera raw)")
    } else if directory.has(tag::MAKE) && directory.has(tag::SUB_IFDS) && is_preview() {
        Some("camera raw")
    } else {
        None
    }
}

fn corrupt(detail: &str) -> Error {
    Error::Corrupt { format: SourceFormat::Tiff, detail: format!("{detail} in the first directory") }
}

fn truncated(source: &[u8], place: &str) -> Error {
    let detail = format!("the file ends at byte {}, {place}", source.len());
    Error::Truncated { format: SourceFormat::Tiff, detail }
}
