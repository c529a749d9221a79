//! BMP by rows, straight from the source, whichever of them comes first in the file.
//!
//! Only pictures that are stored as runs have to be unpacked in full, since nothing says where their uppermost row begins:
//! as places in the palette, a byte a pixel.

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::rows::{Frame, Samples, Sink};
use crate::source::bmp::{Compression, Layout, read_layout};

/// Palette, profile and the like.
const TABLES_BYTES: u64 = 64 * 1024;

/// Bytes that decoding holds at most: a row, or all places of a picture that is stored as runs.
pub(super) fn working_bytes(source: &[u8], header: &Header) -> u64 {
    let row = u64::from(header.stored.width) * 4;
    let Ok(layout) = read_layout(source) else { return row + TABLES_BYTES };
    let places = if layout.compression == Compression::Runs { header.stored.pixels() } else { 0 };
    let profile = layout.profile.map_or(0, |profile| profile.len() as u64);
    places + row + profile + TABLES_BYTES
}

/// Decodes the picture.
pub(super) fn decode(source: &[u8], limits: &Limits, sink: &mut dyn Sink) -> Result<(), Error> {
    let layout = read_layout(source)?;
    crate::source::check_size(SourceFormat::Bmp, layout.size, limits)?;
    let stored = source.get(layout.pixels_at..).unwrap_or_default();
    let unpacked;
    let rows = if layout.compression == Compression::Runs {
        unpacked = unpack_runs(stored, layout.size, layout.bits_per_pixel == 4)?;
        Rows { bytes: &unpacked, row_bytes: layout.size.width as usize, bits: 8, size: layout.size }
    } else {
        let row_bytes = layout.row_bytes();
        Rows { bytes: stored, row_bytes, bits: layout.bits_per_pixel, size: layout.size }
    };
    let pixels = Pixels::new(&layout, rows);
    let samples =
        if matches!(pixels, Pixels::Masked { alpha: Some(_), .. }) { Samples::Rgba } else { Samples::Rgb };
    let profile = layout.profile.map(<[u8]>::to_vec);
    sink.begin(Frame { profile, ..Frame::whole(layout.size, samples) })?;
    let mut shown = Vec::with_capacity(layout.size.width as usize * samples.count());
    for number in 0..layout.size.height {
        let number = if layout.is_top_down { number } else { layout.size.height - 1 - number };
        let row = rows.get(number).ok_or_else(|| truncated(format!("it ends before row {number}")))?;
        shown.clear();
        pixels.show(row, layout.size.width as usize, &mut shown);
        sink.push(&shown)?;
    }
    Ok(())
}

/// The rows as they are stored.
#[derive(Clone, Copy)]
struct Rows<'a> {
    bytes: &'a [u8],
    row_bytes: usize,
    bits: u16,
    size: Size,
}

impl<'a> Rows<'a> {
    /// A row without its padding.
    fn get(&self, number: u32) -> Option<&'a [u8]> {
        let at = self.row_bytes.checked_mul(number as usize)?;
        let bytes = (self.size.width as usize * usize::from(self.bits)).div_ceil(8);
        self.bytes.get(at..at.checked_add(bytes)?)
    }
}

/// How the bits of a row become colours.
enum Pixels<'a> {
    /// Places in a palette, of 1, 2, 4 or 8 bits.
    Places { palette: &'a [[u8; 3]], bits: u16 },
    /// A byte each of blue, green, red, and then whatever.
    Bytes { pixel_bytes: usize },
    /// Bits of a number of two or four bytes.
    Masked { pixel_bytes: usize, colors: [Field; 3], alpha: Option<Field> },
}

impl<'a> Pixels<'a> {
    fn new(layout: &'a Layout<'_>, rows: Rows<'_>) -> Self {
        const FIVE_BITS_EACH: [u32; 4] = [0x7C00, 0x03E0, 0x001F, 0];
        let bits = rows.bits;
        let pixel_bytes = usize::from(bits / 8);
        let masks = match (layout.compression, bits) {
            (Compression::Masks(masks), _) => masks,
            (_, 16) => FIVE_BITS_EACH,
            (_, 24 | 32) => return Self::Bytes { pixel_bytes },
            _ => return Self::Places { palette: &layout.palette, bits },
        };
        let [red, green, blue, alpha] = masks.map(Field::new);
        // Programs write a mask for alpha and then leave alpha 0 everywhere: such a picture is not meant to be invisible.
        let shows = |alpha: Field| {
            let mut numbers = (0..rows.size.height).filter_map(|row| rows.get(row));
            numbers.any(|row| row.chunks_exact(pixel_bytes).any(|pixel| alpha.of(number(pixel)) > 0))
        };
        let alpha = (alpha.mask != 0 && shows(alpha)).then_some(alpha);
        Self::Masked { pixel_bytes, colors: [red, green, blue], alpha }
    }

    fn show(&self, row: &[u8], width: usize, shown: &mut Vec<u8>) {
        match self {
            Self::Places { palette, bits } => {
                let color = |place: u8| palette.get(usize::from(place)).copied().unwrap_or_default();
                let in_byte = 8 / bits;
                let mask = u8::MAX >> (8 - bits);
                let places = row.iter().flat_map(|byte| {
                    (0..in_byte).map(move |place| (byte >> (8 - bits * (place + 1))) & mask)
                });
                shown.extend(places.take(width).flat_map(color));
            }
            Self::Bytes { pixel_bytes } => {
                shown.extend(row.chunks_exact(*pixel_bytes).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]));
            }
            Self::Masked { pixel_bytes, colors, alpha } => {
                for pixel in row.chunks_exact(*pixel_bytes) {
                    let number = number(pixel);
                    shown.extend(colors.iter().chain(alpha).map(|field| field.of(number)));
                }
            }
        }
    }
}

/// The number that two or four bytes are.
fn number(pixel: &[u8]) -> u32 {
    pixel.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Some of the bits of a pixel.
#[derive(Clone, Copy)]
struct Field {
    mask: u32,
    shift: u32,
    most: u32,
}

impl Field {
    fn new(mask: u32) -> Self {
        let shift = mask.trailing_zeros().min(31);
        Self { mask, shift, most: (mask >> shift).max(1) }
    }

    /// What a pixel has there, with 255 for the most that there can be.
    fn of(self, pixel: u32) -> u8 {
        let value = u64::from((pixel & self.mask) >> self.shift);
        let most = u64::from(self.most);
        u8::try_from((value * 255 + most / 2) / most).unwrap_or(u8::MAX)
    }
}

/// Unpacks RLE8, or RLE4 if `halves`, to a byte a pixel; the lowest row comes first, as in other pictures.
///
/// Pairs of bytes: a count and what to repeat, or 0 and an escape: 0 ends a row, 1 the picture, 2 moves right and up by the
/// two bytes that follow, more is a count of pixels that follow as they are, padded to pairs (`BITMAPINFOHEADER`, RLE).
fn unpack_runs(stored: &[u8], size: Size, halves: bool) -> Result<Vec<u8>, Error> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut places = vec![0; width * height];
    let (mut x, mut y) = (0, 0);
    let mut bytes = stored;
    let mut take = |count: usize| {
        let (taken, rest) = bytes.split_at_checked(count)?;
        bytes = rest;
        Some(taken)
    };
    let mut lay = |x: &mut usize, y: usize, place: u8| {
        if let Some(pixel) =
            places.get_mut(y * width..).and_then(|row| row.get_mut(*x)).filter(|_| *x < width)
        {
            *pixel = place;
        }
        *x = x.saturating_add(1);
    };
    let half = |byte: u8, index: usize| if index.is_multiple_of(2) { byte >> 4 } else { byte & 0x0F };
    while y < height {
        // Some programs leave out the mark at the end.
        let Some(&[count, value]) = take(2) else {
            if y + 1 == height && x >= width {
                break;
            }
            return Err(truncated(format!("its runs end in row {y} of {height}")));
        };
        match (usize::from(count), value) {
            (0, 0) => (x, y) = (0, y + 1),
            (0, 1) => break,
            (0, 2) => {
                let Some(&[right, up]) = take(2) else {
                    return Err(truncated("its runs end in a move".into()));
                };
                (x, y) = (x.saturating_add(right.into()), y + usize::from(up));
            }
            (0, count) => {
                let count = usize::from(count);
                let bytes = if halves { count.div_ceil(2) } else { count };
                let Some(values) = take(bytes.next_multiple_of(2)) else {
                    return Err(truncated("its runs end in pixels".into()));
                };
                for index in 0..count {
                    let place = if halves { half(values[index / 2], index) } else { values[index] };
                    lay(&mut x, y, place);
                }
            }
            (count, value) => {
                for index in 0..count {
                    lay(&mut x, y, if halves { half(value, index) } else { value });
                }
            }
        }
    }
    Ok(places)
}

fn truncated(detail: String) -> Error {
    Error::Truncated { format: SourceFormat::Bmp, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_moves_and_pixels_are_unpacked() {
        // Three of 7, end of row; a move of one to the right; three as they are, padded; the end.
        let stored = [3, 7, 0, 0, 0, 2, 1, 0, 0, 3, 1, 2, 3, 0, 0, 1];
        let places = unpack_runs(&stored, Size::new(4, 2), false).unwrap();
        assert_eq!(places, [7, 7, 7, 0, 0, 1, 2, 3]);
        let halves = unpack_runs(&[3, 0x12, 0, 1], Size::new(3, 1), true).unwrap();
        assert_eq!(halves, [1, 2, 1]);
    }

    #[test]
    fn runs_that_end_early_are_truncated_and_those_too_long_stay_inside() {
        assert_eq!(unpack_runs(&[3, 7], Size::new(4, 2), false).unwrap_err().code(), "truncated");
        assert_eq!(unpack_runs(&[255, 7, 0, 1], Size::new(2, 2), false).unwrap(), [7, 7, 0, 0]);
        assert_eq!(unpack_runs(&[0, 2, 255, 255, 9, 9], Size::new(2, 2), false).unwrap(), [0; 4]);
    }

    #[test]
    fn fields_of_any_width_become_bytes() {
        assert_eq!(Field::new(0x7C00).of(0x7C00), 255);
        assert_eq!(Field::new(0x03E0).of(16 << 5), 132);
        assert_eq!(Field::new(0xFFFF_FFFF).of(u32::MAX), 255);
        assert_eq!(Field::new(0x8000_0000).of(u32::MAX), 255);
        assert_eq!(Field::new(0).of(u32::MAX), 0);
    }
}
