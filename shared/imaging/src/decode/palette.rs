//! TIFF pictures whose samples are places in a palette, which the `tiff` crate refuses to decode.
//!
//! It decodes grey ones, though, and the two differ in one number of the directory. So the picture is decoded as grey,
//! and its greys are looked up in the palette.

use std::io::{Cursor, ErrorKind};

use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits as DecoderLimits};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Size;
use crate::limits::Limits;
use crate::rows::{Frame, Samples, Sink};
use crate::source::tiff::Palette;

/// Decodes a picture in full, by its palette.
pub(super) fn decode(palette: Palette, limits: &Limits, sink: &mut dyn Sink) -> Result<(), Error> {
    let mut decoder = Decoder::new(Cursor::new(palette.as_gray)).map_err(explain)?;
    let mut decoder_limits = DecoderLimits::default();
    decoder_limits.decoding_buffer_size = usize::try_from(limits.max_pixels).unwrap_or(usize::MAX);
    decoder = decoder.with_limits(decoder_limits);
    let (width, height) = decoder.dimensions().map_err(explain)?;
    let DecodingResult::U8(samples) = decoder.read_image().map_err(explain)? else {
        return Err(Error::Unsupported { found: "TIFF with a palette of more than 256 colours".into() });
    };
    let row_bytes = (width as usize * usize::from(palette.bits)).div_ceil(8);
    let pixels = samples
        .chunks_exact(row_bytes.max(1))
        .take(height as usize)
        .flat_map(|row| places(row, palette.bits).take(width as usize))
        .flat_map(|place| palette.colors.get(place).copied().unwrap_or_default())
        .collect::<Vec<_>>();
    let size = Size::new(width, height);
    if pixels.len() as u64 != size.pixels() * 3 {
        let detail = format!("{} bytes of samples for {size} pixels", samples.len());
        return Err(Error::Corrupt { format: SourceFormat::Tiff, detail });
    }
    sink.begin(Frame::whole(size, Samples::Rgb))?;
    sink.push(&pixels)
}

/// The places that a row names: the first in the highest bits of the first byte.
fn places(row: &[u8], bits: u8) -> impl Iterator<Item = usize> {
    let in_byte = 8 / bits;
    let mask = u8::MAX >> (8 - bits);
    row.iter().flat_map(move |byte| {
        (0..in_byte).map(move |place| usize::from((byte >> (8 - bits * (place + 1))) & mask))
    })
}

fn explain(error: TiffError) -> Error {
    let format = SourceFormat::Tiff;
    match error {
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Error::Truncated { format, detail: "the file ends in the pixels".into() }
        }
        TiffError::UnsupportedError(error) => {
            Error::Unsupported { found: format!("{format} of this kind ({error})") }
        }
        error => Error::Corrupt { format, detail: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_the_highest_bits_on() {
        let read = |bits| places(&[0b1101_0010], bits).collect::<Vec<_>>();
        assert_eq!(read(8), [0xD2]);
        assert_eq!(read(4), [0xD, 0x2]);
        assert_eq!(read(2), [3, 1, 0, 2]);
        assert_eq!(read(1), [1, 1, 0, 1, 0, 0, 1, 0]);
    }
}
