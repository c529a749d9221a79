//! JPEG, by whichever of two decoders does right by it.
//!
//! zune-jpeg is the faster one, and is used in its strict mode: lenient, it fills what it cannot decode with grey and
//! calls that success. Strict, it also refuses stray bytes between segments, which harm nobody: [`extract`] takes those
//! away first. What it gets wrong (0.5.15) are sequential files with a scan for
//! each component, which it shows in stripes, and some with four components, where it panics. jpeg-decoder reads those.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;

use super::Decoded;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::raster::{Channels, Raster};
use crate::source::jpeg::{Picture, extract};

/// Decodes in full: grey stays grey, all else becomes RGB.
pub(super) fn decode(source: &[u8], header: &Header) -> Result<Decoded, Error> {
    let picture = extract(source)?;
    let is_plain = picture.is_progressive || picture.is_interleaved;
    let decoded = if is_plain && picture.components <= 3 {
        decode_common(&picture, header.stored)?
    } else {
        decode_rare(&picture, header.stored)?
    };
    let raster = &decoded.raster;
    let expected = raster.size.pixels() * raster.channels.count() as u64;
    if raster.pixels.len() as u64 != expected {
        return Err(corrupt(format!("{} bytes of pixels where {expected} belong", raster.pixels.len())));
    }
    Ok(decoded)
}

fn decode_common(picture: &Picture, size: Size) -> Result<Decoded, Error> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder =
        zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(picture.bytes.as_slice()), options);
    let explain = |error| match error {
        DecodeErrors::Unsupported(scheme) => {
            Error::Unsupported { found: format!("JPEG of the kind {scheme:?}") }
        }
        DecodeErrors::ExhaustedData => truncated(),
        error => corrupt(error.to_string()),
    };
    decoder.decode_headers().map_err(explain)?;
    let is_gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (colors, channels) =
        if is_gray { (ColorSpace::Luma, Channels::Gray) } else { (ColorSpace::RGB, Channels::Rgb) };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colors));
    let pixels = decoder.decode().map_err(explain)?;
    Ok(Decoded { raster: Raster { size, channels, pixels }, profile: decoder.icc_profile() })
}

fn decode_rare(picture: &Picture, size: Size) -> Result<Decoded, Error> {
    let mut decoder = jpeg_decoder::Decoder::new(picture.bytes.as_slice());
    let pixels = decoder.decode().map_err(|error| match error {
        jpeg_decoder::Error::Unsupported(feature) => {
            Error::Unsupported { found: format!("JPEG of the kind {feature:?}") }
        }
        jpeg_decoder::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(),
        error => corrupt(error.to_string()),
    })?;
    let kind = decoder.info().map(|info| info.pixel_format);
    let (channels, pixels) = match kind {
        Some(jpeg_decoder::PixelFormat::L8) => (Channels::Gray, pixels),
        Some(jpeg_decoder::PixelFormat::RGB24) => (Channels::Rgb, pixels),
        Some(jpeg_decoder::PixelFormat::CMYK32) => (Channels::Rgb, light_of_inks(pixels, picture.is_adobe)),
        other => return Err(Error::Unsupported { found: format!("JPEG with pixels of the kind {other:?}") }),
    };
    Ok(Decoded { raster: Raster { size, channels, pixels }, profile: decoder.icc_profile() })
}

/// What four inks on white paper leave of red, green and blue, in place.
///
/// The decoder takes it that inks are stored inverted, as Adobe's programs do. Without Adobe's segment they are not, and
/// have to be inverted back. Only an ICC profile could say what colours these inks have; as everywhere without one, each
/// takes away its own third of the light, and black all of it.
fn light_of_inks(mut pixels: Vec<u8>, is_adobe: bool) -> Vec<u8> {
    let light = |ink: u8| if is_adobe { u8::MAX - ink } else { ink };
    let count = pixels.len() / 4;
    for index in 0..count {
        let black = u16::from(light(pixels[index * 4 + 3]));
        for channel in 0..3 {
            let left = u16::from(light(pixels[index * 4 + channel])) * black;
            pixels[index * 3 + channel] = u8::try_from((left + 127) / 255).unwrap_or(u8::MAX);
        }
    }
    pixels.truncate(count * 3);
    pixels
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Jpeg, detail }
}

fn truncated() -> Error {
    Error::Truncated { format: SourceFormat::Jpeg, detail: "the scans end before the picture does".into() }
}
