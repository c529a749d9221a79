//! Formats without a decoder of their own here, through the `image` crate, in full.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::tiff::TiffDecoder;
use image::error::ImageError;
use image::{ColorType, ImageDecoder};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::rows::{Depth, Frame, Samples, Sink};

/// What decoders may hold besides pixels: palettes, profiles, a row or two.
const TABLES_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes that decoding holds at most: the picture with 16 bits a sample, or with 8 and once more while it is put together.
pub(super) fn working_bytes(header: &Header) -> u64 {
    header.stored.pixels() * 8 + TABLES_BYTES
}

/// Decodes the picture, or the first frame or page of several.
pub(super) fn decode(
    source: &[u8],
    format: SourceFormat,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let explain = |error| explain(error, format, source.len());
    let cursor = Cursor::new(source);
    let mut decoder: Box<dyn ImageDecoder + '_> = match format {
        SourceFormat::Gif => Box::new(GifDecoder::new(cursor).map_err(explain)?),
        SourceFormat::Bmp => Box::new(BmpDecoder::new(cursor).map_err(explain)?),
        SourceFormat::Tiff => Box::new(TiffDecoder::new(cursor).map_err(explain)?),
        SourceFormat::Jpeg | SourceFormat::Png | SourceFormat::WebP | SourceFormat::Avif => {
            let detail = format!("{format} has a decoder of its own");
            return Err(Error::Internal { step: "decoding", detail });
        }
    };
    decoder.set_limits(decoder_limits(limits)).map_err(explain)?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
    // The header was probed; that the decoder agrees must be known before the buffer is made.
    crate::source::check_size(format, size, limits)?;
    let colors = decoder.color_type();
    let bytes = usize::try_from(decoder.total_bytes()).map_err(|_| Error::TooLarge {
        what: "bytes of pixels",
        actual: decoder.total_bytes(),
        limit: usize::MAX as u64,
    })?;
    // Like all metadata, a profile that cannot be read is done without.
    let profile = decoder.icc_profile().ok().flatten();
    let mut pixels = vec![0; bytes];
    decoder.read_image_boxed(&mut pixels).map_err(explain)?;
    let (samples, depth, pixels) = match colors {
        ColorType::L8 => (Samples::Gray, Depth::Eight, pixels),
        ColorType::L16 => (Samples::Gray, Depth::Sixteen, pixels),
        ColorType::La8 => (Samples::Rgba, Depth::Eight, spread_gray(&pixels)),
        ColorType::Rgb8 => (Samples::Rgb, Depth::Eight, pixels),
        ColorType::Rgb16 => (Samples::Rgb, Depth::Sixteen, pixels),
        ColorType::Rgba8 => (Samples::Rgba, Depth::Eight, pixels),
        ColorType::Rgba16 => (Samples::Rgba, Depth::Sixteen, pixels),
        other => {
            return Err(Error::Unsupported { found: format!("{format} with pixels of the kind {other:?}") });
        }
    };
    sink.begin(Frame { depth, profile, ..Frame::whole(size, samples) })?;
    sink.push(&pixels)
}

/// What a decoder may allocate: the largest picture at its widest, 16-bit RGBA, once more for its own work, and room
/// for tables.
fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_image_width = Some(limits.max_side_pixels);
    decoder_limits.max_image_height = Some(limits.max_side_pixels);
    decoder_limits.max_alloc = Some(limits.max_pixels.saturating_mul(16).saturating_add(TABLES_BYTES));
    decoder_limits
}

fn spread_gray(pixels: &[u8]) -> Vec<u8> {
    let (pixels, _) = pixels.as_chunks::<2>();
    pixels.iter().flat_map(|&[gray, alpha]| [gray, gray, gray, alpha]).collect()
}

fn explain(error: ImageError, format: SourceFormat, source_bytes: usize) -> Error {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Error::Truncated {
            format,
            detail: format!("the file ends at byte {source_bytes}, in the pixels"),
        },
        ImageError::Unsupported(error) => {
            Error::Unsupported { found: format!("{format} of this kind ({error})") }
        }
        // The size was checked before: what remains is data that asks for more than such a picture can need.
        ImageError::Limits(error) => Error::Corrupt { format, detail: error.to_string() },
        error => Error::Corrupt { format, detail: error.to_string() },
    }
}
