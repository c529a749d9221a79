//! From bytes to rows of pixels: one door for every format.
//!
//! A decoder is told what it is needed for, in the picture's stored orientation, and may give any size from the smallest one
//! that is of use up to the full one: whatever costs it least. It pushes rows into a sink as they come.

mod avif;
mod bmp;
mod gif;
mod jpeg;
mod numbers;
mod png;
mod png_colors;
mod tiff;
pub(crate) mod webp;

use std::panic::{self, AssertUnwindSafe};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::input::Input;
use crate::limits::Limits;
use crate::rows::{Frame, Sink};
use crate::source;

/// What a decoder is needed for, in the stored orientation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// The smallest size that is of use.
    pub(crate) at_least: Size,
    /// The largest size that is made of what is decoded.
    pub(crate) largest: Size,
    /// How fine the detail is that makes a difference to that, in hundredths of the finest that it can show.
    pub(crate) detail: u64,
}

/// Decodes a source whose header has been probed. It is all there: a source that ends early is an error.
pub(crate) fn decode(
    source: Input<'_>,
    header: &Header,
    need: Need,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let at_least = need.at_least;
    source::check_complete(source.front, header.format, limits)?;
    let least = match header.format {
        SourceFormat::Jpeg => jpeg::least(at_least),
        _ => at_least,
    };
    let sink = &mut Checked { header, least, sink };
    let front = source.front;
    contained(header.format, || match header.format {
        SourceFormat::Jpeg => jpeg::decode(source, header, need, limits, sink),
        SourceFormat::Png => png::decode(front, limits, sink),
        SourceFormat::Avif => avif::decode(front, header, at_least, sink),
        SourceFormat::WebP => webp::decode(front, at_least, sink),
        SourceFormat::Gif => gif::decode(front, header, limits, sink),
        SourceFormat::Bmp => bmp::decode(front, limits, sink),
        SourceFormat::Tiff => tiff::decode(front, limits, sink),
    })
}

/// The sizes in which Y, Cb and Cr are stored, and the ICC profile, if these planes are all that the picture is made of, and
/// its format is one that is decoded to them.
pub(crate) fn stored_planes(source: &[u8], format: SourceFormat) -> Option<([Size; 3], Option<Vec<u8>>)> {
    match format {
        SourceFormat::Jpeg => jpeg::stored_planes(source),
        SourceFormat::WebP => webp::stored_planes(source),
        _ => None,
    }
}

/// Decodes a source that has [`stored_planes`] to these, of each as much as is of use, for a sink of each. Their samples are
/// of the full range of a byte (ITU-T T.871).
pub(crate) fn decode_planes(
    source: Input<'_>,
    header: &Header,
    needs: [Need; 3],
    limits: &Limits,
    sinks: [&mut dyn Sink; 3],
) -> Result<(), Error> {
    source::check_complete(source.front, header.format, limits)?;
    contained(header.format, || match header.format {
        SourceFormat::WebP => webp::decode_planes(source.front, header, needs, sinks),
        _ => jpeg::decode_planes(source, header, needs, limits, sinks),
    })
}

/// Bytes that this holds at most, besides the source, told from the header alone.
pub(crate) fn working_bytes_of_planes(source: &[u8], header: &Header, needs: [Need; 3]) -> u64 {
    match header.format {
        SourceFormat::WebP => webp::working_bytes_of_planes(source),
        _ => jpeg::working_bytes_of_planes(source, needs),
    }
}

/// Bytes that decoding this holds at most, besides the source, told from the header alone.
pub(crate) fn working_bytes(source: &[u8], header: &Header, need: Need) -> u64 {
    let at_least = need.at_least;
    match header.format {
        SourceFormat::Jpeg => jpeg::working_bytes(source, need),
        SourceFormat::Png => png::working_bytes(source, header),
        SourceFormat::WebP => webp::working_bytes(source, header, at_least),
        SourceFormat::Avif => avif::working_bytes(source, at_least),
        SourceFormat::Gif => gif::working_bytes(source, header),
        SourceFormat::Bmp => bmp::working_bytes(source, header),
        SourceFormat::Tiff => tiff::working_bytes(source, header),
    }
}

/// Holds what a decoder says against what was probed: limits were held against that.
struct Checked<'a> {
    header: &'a Header,
    least: Size,
    sink: &'a mut dyn Sink,
}

impl Sink for Checked<'_> {
    fn begin(&mut self, frame: Frame) -> Result<(), Error> {
        let (stored, least) = (self.header.stored, self.least);
        if !(least.width..=stored.width).contains(&frame.size.width)
            || !(least.height..=stored.height).contains(&frame.size.height)
        {
            let detail = format!("the header says {stored} and the data {}", frame.size);
            return Err(Error::Corrupt { format: self.header.format, detail });
        }
        self.sink.begin(frame)
    }

    fn push(&mut self, rows: &[u8]) -> Result<(), Error> {
        self.sink.push(rows)
    }
}

/// Runs somebody else's decoder so that a panic inside it, which only a picture can have caused, becomes an error about
/// that picture.
pub(crate) fn contained<T>(
    format: SourceFormat,
    decode: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    // What the closure leaves half done is the sink, and after an error nobody looks at that again.
    panic::catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        let reason = panic.downcast_ref::<String>().map(String::as_str);
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(Error::Corrupt { format, detail: format!("the decoder panicked: {reason}") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_a_decoder_is_an_error_about_the_picture() {
        let error = contained::<()>(SourceFormat::WebP, || panic!("index {} out of bounds", 7)).unwrap_err();
        assert!(error.is_about_the_picture());
        assert_eq!(error.to_string(), "corrupt webp: the decoder panicked: index 7 out of bounds");
    }
}
