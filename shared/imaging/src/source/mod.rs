//! The containers: what each format's file says about itself, and whether all of it is there.
//!
//! Decoders are made to show as much of a damaged file as they can, and some of them read far ahead before they say how
//! large a picture is. Neither serves here: a header must cost next to nothing, and half a picture must not pass for a
//! whole one. So each format has a small reader of its own here that knows its structure and nothing of its pixels.

pub(crate) mod avif;
pub(crate) mod bmp;
pub(crate) mod gif;
mod ifd;
mod jpeg;
mod png;
mod reader;
pub(crate) mod tiff;
pub(crate) mod webp;

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;

/// Reads the header of a source that has been sniffed. Nothing of the picture's size is allocated.
pub(crate) fn read_header(source: &[u8], format: SourceFormat) -> Result<Header, Error> {
    match format {
        SourceFormat::Jpeg => jpeg::read_header(source),
        SourceFormat::Png => png::read_header(source),
        SourceFormat::Gif => gif::read_header(source),
        SourceFormat::WebP => webp::read_header(source),
        SourceFormat::Avif => avif::read_header(source),
        SourceFormat::Bmp => bmp::read_header(source),
        SourceFormat::Tiff => tiff::read_header(source),
    }
}

/// Follows the structure of the whole file: an error if it ends before the picture does, or if a part of it is larger
/// than `limits` allow.
pub(crate) fn check_complete(source: &[u8], format: SourceFormat, limits: &Limits) -> Result<(), Error> {
    match format {
        // Its decoder is strict: it walks to the end itself.
        SourceFormat::Jpeg => Ok(()),
        SourceFormat::Png => png::check_complete(source),
        SourceFormat::Gif => gif::check_complete(source, limits),
        SourceFormat::WebP => webp::check_complete(source, limits),
        SourceFormat::Avif => avif::check_complete(source, limits),
        SourceFormat::Bmp => bmp::check_complete(source),
        SourceFormat::Tiff => tiff::check_complete(source),
    }
}

/// How many frames there are: one, but for animated GIF and WebP.
pub(crate) fn count_frames(source: &[u8], format: SourceFormat) -> Result<u64, Error> {
    match format {
        SourceFormat::Gif => gif::count_frames(source),
        SourceFormat::WebP => webp::read_contents(source).map(|contents| contents.frames.len() as u64),
        _ => Ok(1),
    }
}

/// Holds a size against the limits; a side of nothing is against every format's rules.
pub(crate) fn check_size(format: SourceFormat, size: Size, limits: &Limits) -> Result<(), Error> {
    if size.width == 0 || size.height == 0 {
        return Err(Error::Corrupt { format, detail: format!("the header says {size} pixels") });
    }
    let longer = size.width.max(size.height);
    if longer > limits.max_side_pixels {
        return Err(Error::TooLarge {
            what: "pixels on the longer side",
            actual: longer.into(),
            limit: limits.max_side_pixels.into(),
        });
    }
    if size.pixels() > limits.max_pixels {
        return Err(Error::TooLarge { what: "pixels", actual: size.pixels(), limit: limits.max_pixels });
    }
    Ok(())
}
