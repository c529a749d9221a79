//! Every format but JPEG, through the `image` crate, in full.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::{ColorType, ImageDecoder};

use super::Decoded;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Size;
use crate::limits::Limits;
use crate::raster::{Channels, Raster};

/// What decoders may hold besides pixels: palettes, profiles, a row or two.
const TABLES_BYTES: u64 = 64 * 1024 * 1024;

/// Decodes the picture, or the first frame or page of several.
pub(super) fn decode(source: &[u8], format: SourceFormat, limits: &Limits) -> Result<Decoded, Error> {
    let explain = |error| explain(error, format, source.len());
    let cursor = Cursor::new(source);
    let mut decoder: Box<dyn ImageDecoder + '_> = match format {
        SourceFormat::Png => {
            // Here the limit is for what is not pixels: a colour profile can be a bomb, too.
            let mut table_limits = decoder_limits(limits);
            table_limits.max_alloc = Some(TABLES_BYTES);
            Box::new(PngDecoder::with_limits(cursor, table_limits).map_err(explain)?)
        }
        SourceFormat::Gif => Box::new(GifDecoder::new(cursor).map_err(explain)?),
        SourceFormat::WebP => Box::new(WebPDecoder::new(cursor).map_err(explain)?),
        SourceFormat::Bmp => Box::new(BmpDecoder::new(cursor).map_err(explain)?),
        SourceFormat::Tiff => Box::new(TiffDecoder::new(cursor).map_err(explain)?),
        SourceFormat::Jpeg => {
            return Err(Error::Internal { step: "decoding", detail: "JPEG has a decoder of its own".into() });
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
    Ok(Decoded { raster: into_raster(pixels, size, colors, format)?, profile })
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

fn into_raster(
    mut pixels: Vec<u8>,
    size: Size,
    colors: ColorType,
    format: SourceFormat,
) -> Result<Raster, Error> {
    if matches!(colors, ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16) {
        narrow(&mut pixels);
    }
    let (channels, pixels) = match colors {
        ColorType::L8 | ColorType::L16 => (Channels::Gray, pixels),
        ColorType::La8 | ColorType::La16 => (Channels::Rgba, spread_gray(&pixels)),
        ColorType::Rgb8 | ColorType::Rgb16 => (Channels::Rgb, pixels),
        ColorType::Rgba8 | ColorType::Rgba16 => (Channels::Rgba, pixels),
        other => {
            return Err(Error::Unsupported { found: format!("{format} with pixels of the kind {other:?}") });
        }
    };
    Ok(Raster { size, channels, pixels })
}

/// From 16 bits to 8, rounded, in place: 65,535 is 255 times 257.
fn narrow(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 2;
    for index in 0..count {
        let value = u16::from_ne_bytes([pixels[index * 2], pixels[index * 2 + 1]]);
        pixels[index] = u8::try_from((u32::from(value) + 128) / 257).unwrap_or(u8::MAX);
    }
    pixels.truncate(count);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        for (wide, narrowed) in
            [(0, 0), (128, 0), (129, 1), (257, 1), (65_406, 254), (65_407, 255), (65_535, 255)]
        {
            let mut pixels = u16::to_ne_bytes(wide).to_vec();
            narrow(&mut pixels);
            assert_eq!(pixels, [narrowed], "{wide}");
        }
    }
}
