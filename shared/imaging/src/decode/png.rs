//! PNG, row by row, so that a picture of any height costs a few rows of memory.
//!
//! Interlaced pictures come in seven passes over the whole of it (PNG specification, 8.2) and have to be put together in
//! full.

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, DecodingError, Transformations};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::rows::{Depth, Frame, Samples, Sink};

/// What the decoder may hold besides rows: a colour profile can be a bomb, too.
const TABLES_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that decoding holds at most: rows, or the whole of an interlaced picture.
pub(super) fn working_bytes(source: &[u8], header: &Header) -> u64 {
    // Of the image header (11.2.1): bit depth, colour type, and the interlace method two bytes further on.
    let (depth, is_interlaced) = match source.get(24..29) {
        Some(&[depth, _, _, _, interlace]) => (depth, interlace != 0),
        _ => (16, true),
    };
    let pixel_bytes = if depth == 16 { 8 } else { 4 };
    let rows = if is_interlaced { u64::from(header.stored.height) } else { 4 };
    u64::from(header.stored.width) * pixel_bytes * (rows + 4) + TABLES_BYTES as u64
}

/// Decodes the picture; of an animated one, its default image.
pub(super) fn decode(source: &[u8], limits: &Limits, sink: &mut dyn Sink) -> Result<(), Error> {
    let explain = |error| explain(error, source.len());
    let mut decoder = png::Decoder::new(Cursor::new(source));
    decoder.set_ignore_text_chunk(true);
    // Palettes become colours, 1, 2 and 4 bits become 8, a transparent colour becomes alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let size = decoder.read_header_info().map_err(explain)?.size();
    let size = Size::new(size.0, size.1);
    crate::source::check_size(SourceFormat::Png, size, limits)?;
    // A row and the one above it, at eight bytes a pixel, and what they are unfiltered into.
    decoder.set_limits(png::Limits { bytes: size.width as usize * 32 + TABLES_BYTES });
    let mut reader = decoder.read_info().map_err(explain)?;

    let (color, depth) = reader.output_color_type();
    let spreads_gray = color == ColorType::GrayscaleAlpha;
    let samples = match color {
        ColorType::Grayscale => Samples::Gray,
        ColorType::Rgb => Samples::Rgb,
        ColorType::GrayscaleAlpha | ColorType::Rgba => Samples::Rgba,
        ColorType::Indexed => return Err(corrupt("its palette is missing".into())),
    };
    let depth = if depth == BitDepth::Sixteen { Depth::Sixteen } else { Depth::Eight };
    let profile = super::png_colors::profile(reader.info());
    sink.begin(Frame { depth, profile, ..Frame::whole(size, samples) })?;

    let mut spread = Vec::new();
    let mut hand_on = |row: &mut [u8]| {
        if depth == Depth::Sixteen {
            in_machine_order(row);
        }
        if spreads_gray {
            spread_gray(row, depth, &mut spread);
            sink.push(&spread)
        } else {
            sink.push(row)
        }
    };
    let row_bytes =
        reader.output_line_size(size.width).ok_or_else(|| corrupt("its rows are too long".into()))?;
    if reader.info().interlaced {
        let mut pixels = vec![0; row_bytes * size.height as usize];
        reader.next_frame(&mut pixels).map_err(explain)?;
        pixels.chunks_exact_mut(row_bytes).try_for_each(hand_on)?;
    } else {
        let mut row = vec![0; row_bytes];
        for number in 0..size.height {
            if reader.read_row(&mut row).map_err(explain)?.is_none() {
                return Err(truncated(format!("the pixels end after {number} of {} rows", size.height)));
            }
            hand_on(&mut row)?;
        }
        // There are no more rows, but the last checksum has not been looked at yet.
        reader.read_row(&mut row).map_err(explain)?;
    }
    Ok(())
}

/// From network order, which PNG has (7.1), to the machine's.
fn in_machine_order(row: &mut [u8]) {
    for sample in row.as_chunks_mut::<2>().0 {
        *sample = u16::from_be_bytes(*sample).to_ne_bytes();
    }
}

fn spread_gray(row: &[u8], depth: Depth, spread: &mut Vec<u8>) {
    spread.clear();
    match depth {
        Depth::Eight => {
            spread.extend(row.as_chunks::<2>().0.iter().flat_map(|&[gray, alpha]| [gray, gray, gray, alpha]));
        }
        Depth::Sixteen => {
            let pixels = row.as_chunks::<4>().0;
            spread.extend(pixels.iter().flat_map(|&[a, b, c, d]| [a, b, a, b, a, b, c, d]));
        }
    }
}

fn explain(error: DecodingError, source_bytes: usize) -> Error {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            truncated(format!("the file ends at byte {source_bytes}, in the pixels"))
        }
        DecodingError::LimitsExceeded => {
            let limit = TABLES_BYTES >> 20;
            corrupt(format!("a colour profile or an EXIF block takes more than {limit} MiB"))
        }
        // The size was checked before: what remains is data that asks for more than such a picture can need.
        error => corrupt(error.to_string()),
    }
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Png, detail }
}

fn truncated(detail: String) -> Error {
    Error::Truncated { format: SourceFormat::Png, detail }
}
