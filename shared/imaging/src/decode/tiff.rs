//! TIFF by strips or by rows of tiles, so that memory follows these and not the picture.
//!
//! The `tiff` crate unpacks strips and tiles (LZW, Deflate, `PackBits`, fax, JPEG, predictors). What their numbers mean it
//! knows of some pictures only: palettes and several others it refuses. So it is shown a file that says "greys", which
//! makes it give all numbers as they are, and the rest is done here.

use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};

use tiff::TiffError;
use tiff::decoder::{Decoder, Limits as DecoderLimits};

use super::numbers::{Numbers, Shown};
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Header;
use crate::limits::Limits;
use crate::rows::{Frame, Sink};
use crate::source::tiff::{Layout, read_layout};

/// Tables of few strips, a palette and the like.
const TABLES_BYTES: u64 = 4 * 1024 * 1024;
/// What the `tiff` crate holds for a number of a table (0.11.3): its bytes, itself in a list of anything, and alone.
const NUMBER_BYTES: u64 = 64;

/// Bytes that decoding holds at most: a strip or a row of tiles, unpacked, and one of them on its way.
///
/// A file of one compressed strip, which is how some programs write, is held in full.
pub(super) fn working_bytes(source: &[u8], header: &Header) -> u64 {
    let Ok(layout) = read_layout(source) else { return TABLES_BYTES };
    let pixel_bytes = (layout.samples * layout.bits).div_ceil(8) as u64;
    let width = u64::from(header.stored.width);
    let shown = width * 8;
    let profile = layout.profile.map_or(0, |profile| profile.len() as u64);
    let parts = if layout.plain_strips.is_some() {
        width * pixel_bytes
    } else {
        let rows = u64::from(layout.part.height.min(header.stored.height));
        let part = layout.part.pixels().saturating_mul(pixel_bytes);
        // JPEG is unpacked beside its data, with as many coefficients of two bytes.
        let unpacking = if layout.is_jpeg { part.saturating_mul(5) } else { part };
        let tables = layout.most_numbers().saturating_mul(NUMBER_BYTES);
        (width * rows * pixel_bytes).saturating_add(unpacking).saturating_add(tables)
    };
    parts.saturating_add(shown * 2 + profile + TABLES_BYTES)
}

/// Decodes the picture of the first directory.
pub(super) fn decode(source: &[u8], limits: &Limits, sink: &mut dyn Sink) -> Result<(), Error> {
    let layout = read_layout(source)?;
    crate::source::check_size(SourceFormat::Tiff, layout.size, limits)?;
    let numbers = Numbers::new(&layout);
    let (samples, depth) = numbers.shown();
    let profile = layout.profile.map(<[u8]>::to_vec);
    sink.begin(Frame { depth, profile, ..Frame::whole(layout.size, samples) })?;
    let mut shown = Shown::new(numbers, sink);
    match &layout.plain_strips {
        Some(strips) => read_plain(&layout, strips, &mut shown),
        None => read_parts(source, &layout, limits, &mut shown),
    }
}

/// Rows that stand in the file as they are.
fn read_plain(layout: &Layout<'_>, strips: &[&[u8]], shown: &mut Shown<'_>) -> Result<(), Error> {
    let row_bytes = (layout.size.width as usize * layout.samples * layout.bits).div_ceil(8);
    let mut row = vec![0; row_bytes];
    for number in 0..layout.size.height {
        let strip = strips.get((number / layout.part.height) as usize);
        let at = row_bytes.checked_mul((number % layout.part.height) as usize);
        let stored = strip.zip(at).and_then(|(strip, at)| strip.get(at..at.checked_add(row_bytes)?));
        row.copy_from_slice(stored.ok_or_else(|| truncated(format!("its strip ends before row {number}")))?);
        if layout.is_big_endian != cfg!(target_endian = "big") && layout.bits > 8 {
            row.chunks_exact_mut(layout.bits / 8).for_each(<[u8]>::reverse);
        }
        shown.push(&[&row])?;
    }
    Ok(())
}

/// Strips and tiles that have to be unpacked.
fn read_parts(
    source: &[u8],
    layout: &Layout<'_>,
    limits: &Limits,
    shown: &mut Shown<'_>,
) -> Result<(), Error> {
    crate::source::check_size(SourceFormat::Tiff, layout.part, limits)?;
    let mut decoder_limits = DecoderLimits::default();
    decoder_limits.intermediate_buffer_size = source.len();
    let overlaid = Overlaid { source: Cursor::new(source), overlays: &layout.overlays };
    let mut decoder = Decoder::new(overlaid).map_err(explain)?.with_limits(decoder_limits);

    let (width, height) = (layout.size.width, layout.size.height);
    let planes = if layout.is_planar { layout.samples } else { 1 };
    let pixel_bits = layout.bits * layout.samples / planes;
    let row_bytes = (width as usize * pixel_bits).div_ceil(8);
    let (across, down) = (width.div_ceil(layout.part.width), height.div_ceil(layout.part.height));
    let band_bytes = row_bytes * layout.part.height.min(height) as usize;
    let mut bands = vec![vec![0; band_bytes]; planes];
    let mut part = Vec::new();
    for band in 0..down {
        let rows = layout.part.height.min(height - band * layout.part.height) as usize;
        for (plane, rows_of_plane) in (0..).zip(&mut bands) {
            for column in 0..across {
                let number = (plane * down + band) * across + column;
                let place = decoder.image_chunk_buffer_layout(number).map_err(explain)?;
                let part_bytes = place.row_stride.map_or(row_bytes, std::num::NonZeroUsize::get);
                // A strip that is the whole width goes where it belongs; tiles are put side by side.
                if across == 1 && place.len <= rows_of_plane.len() && part_bytes == row_bytes {
                    let rows_of_plane = &mut rows_of_plane[..place.len];
                    decoder.read_chunk_bytes(number, rows_of_plane).map_err(explain)?;
                    continue;
                }
                part.resize(place.len, 0);
                decoder.read_chunk_bytes(number, &mut part).map_err(explain)?;
                let at = (column as usize * layout.part.width as usize * pixel_bits) / 8;
                for (row, part) in
                    rows_of_plane.chunks_exact_mut(row_bytes).zip(part.chunks_exact(part_bytes))
                {
                    let room = row.get_mut(at..).unwrap_or_default();
                    let bytes = room.len().min(part.len());
                    room[..bytes].copy_from_slice(&part[..bytes]);
                }
            }
        }
        for row in 0..rows {
            let row = row * row_bytes..(row + 1) * row_bytes;
            let planes: Vec<&[u8]> = bands.iter().map(|rows| &rows[row.clone()]).collect();
            shown.push(&planes)?;
        }
    }
    Ok(())
}

/// A source of which some bytes are other ones.
struct Overlaid<'a> {
    source: Cursor<&'a [u8]>,
    /// Where they stand, and what they are.
    overlays: &'a [(usize, Vec<u8>)],
}

impl Read for Overlaid<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begin = usize::try_from(self.source.position()).unwrap_or(usize::MAX);
        let count = self.source.read(buffer)?;
        for (place, byte) in self.overlays.iter().flat_map(|(place, bytes)| (*place..).zip(bytes)) {
            if let Some(overlaid) = place.checked_sub(begin).and_then(|at| buffer[..count].get_mut(at)) {
                *overlaid = *byte;
            }
        }
        Ok(count)
    }
}

impl Seek for Overlaid<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

fn explain(error: TiffError) -> Error {
    match error {
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            truncated("a strip or tile ends before its pixels do".into())
        }
        TiffError::UnsupportedError(error) => {
            Error::Unsupported { found: format!("TIFF of this kind ({error})") }
        }
        error => Error::Corrupt { format: SourceFormat::Tiff, detail: error.to_string() },
    }
}

fn truncated(detail: String) -> Error {
    Error::Truncated { format: SourceFormat::Tiff, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_bytes_are_other_ones_however_they_are_read() {
        let overlays = [(2, b"XY".to_vec()), (5, b"Z".to_vec())];
        for step in 1..7 {
            let mut overlaid = Overlaid { source: Cursor::new(b"abcdef"), overlays: &overlays };
            let mut read = Vec::new();
            let mut buffer = vec![0; step];
            while let count @ 1.. = overlaid.read(&mut buffer).unwrap() {
                read.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(read, b"abXYeZ");
        }
    }
}
