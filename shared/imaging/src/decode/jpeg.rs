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

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Header;
use crate::rows::{Frame, Samples, Sink};
use crate::source::jpeg::{Picture, extract};

/// Bytes that decoding holds at most: the source without what lies between its segments, a picture of four samples and as
/// many coefficients of two bytes.
pub(super) fn working_bytes(source: &[u8], header: &Header) -> u64 {
    source.len() as u64 + header.stored.pixels() * 12
}

/// A picture in full.
struct Whole {
    samples: Samples,
    pixels: Vec<u8>,
    profile: Option<Vec<u8>>,
}

/// Decodes in full: grey stays grey, inks stay inks, all else becomes RGB.
pub(super) fn decode(source: &[u8], header: &Header, sink: &mut dyn Sink) -> Result<(), Error> {
    let picture = extract(source)?;
    let is_plain = picture.is_progressive || picture.is_interleaved;
    let whole =
        if is_plain && picture.components <= 3 { decode_common(&picture)? } else { decode_rare(&picture)? };
    let frame = Frame { profile: whole.profile, ..Frame::whole(header.stored, whole.samples) };
    let expected = frame.row_bytes() * frame.size.height as usize;
    if whole.pixels.len() != expected {
        return Err(corrupt(format!("{} bytes of pixels where {expected} belong", whole.pixels.len())));
    }
    sink.begin(frame)?;
    sink.push(&whole.pixels)
}

fn decode_common(picture: &Picture) -> Result<Whole, Error> {
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
    let (colors, samples) =
        if is_gray { (ColorSpace::Luma, Samples::Gray) } else { (ColorSpace::RGB, Samples::Rgb) };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colors));
    let pixels = decoder.decode().map_err(explain)?;
    Ok(Whole { samples, pixels, profile: decoder.icc_profile() })
}

fn decode_rare(picture: &Picture) -> Result<Whole, Error> {
    let mut decoder = jpeg_decoder::Decoder::new(picture.bytes.as_slice());
    let pixels = decoder.decode().map_err(|error| match error {
        jpeg_decoder::Error::Unsupported(feature) => {
            Error::Unsupported { found: format!("JPEG of the kind {feature:?}") }
        }
        jpeg_decoder::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(),
        error => corrupt(error.to_string()),
    })?;
    let kind = decoder.info().map(|info| info.pixel_format);
    let (samples, pixels) = match kind {
        Some(jpeg_decoder::PixelFormat::L8) => (Samples::Gray, pixels),
        Some(jpeg_decoder::PixelFormat::RGB24) => (Samples::Rgb, pixels),
        Some(jpeg_decoder::PixelFormat::CMYK32) => (Samples::Cmyk, inks(pixels, picture.is_adobe)),
        other => return Err(Error::Unsupported { found: format!("JPEG with pixels of the kind {other:?}") }),
    };
    Ok(Whole { samples, pixels, profile: decoder.icc_profile() })
}

/// The decoder takes it that inks are stored inverted, as Adobe's programs do. Without Adobe's segment they are not, and
/// have to be inverted back.
fn inks(mut pixels: Vec<u8>, is_adobe: bool) -> Vec<u8> {
    if !is_adobe {
        for ink in &mut pixels {
            *ink = u8::MAX - *ink;
        }
    }
    pixels
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Jpeg, detail }
}

fn truncated() -> Error {
    Error::Truncated { format: SourceFormat::Jpeg, detail: "the scans end before the picture does".into() }
}
