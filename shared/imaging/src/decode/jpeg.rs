//! JPEG through zune-jpeg, in strict mode.
//!
//! Lenient, it fills what it cannot decode with grey and calls that success. Strict, it also refuses stray bytes between
//! segments, which harm nobody: [`source::jpeg::extract`] takes those away first.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::raster::{Channels, Raster};
use crate::source;

/// Decodes in full: grey stays grey, all else becomes RGB.
pub(super) fn decode(source: &[u8], header: &Header) -> Result<Raster, Error> {
    let picture = source::jpeg::extract(source)?;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(picture.as_ref()), options);
    decoder.decode_headers().map_err(explain)?;
    let is_gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (colors, channels) =
        if is_gray { (ColorSpace::Luma, Channels::Gray) } else { (ColorSpace::RGB, Channels::Rgb) };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colors));
    let pixels = decoder.decode().map_err(explain)?;
    let size = Size::new(header.stored.width, header.stored.height);
    if pixels.len() as u64 != size.pixels() * channels.count() as u64 {
        let detail = format!("{} bytes of pixels for {size}", pixels.len());
        return Err(Error::Corrupt { format: SourceFormat::Jpeg, detail });
    }
    Ok(Raster { size, channels, pixels })
}

fn explain(error: DecodeErrors) -> Error {
    let format = SourceFormat::Jpeg;
    match error {
        DecodeErrors::Unsupported(scheme) => {
            Error::Unsupported { found: format!("JPEG of the kind {scheme:?}") }
        }
        DecodeErrors::ExhaustedData => {
            Error::Truncated { format, detail: "the scans end before the picture does".into() }
        }
        error => Error::Corrupt { format, detail: error.to_string() },
    }
}
