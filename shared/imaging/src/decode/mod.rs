//! From bytes to pixels: one door for every format.
//!
//! A decoder is told the smallest size that is of use, in the picture's stored orientation, and may give any size from
//! there up to the full one. Today's decoders all give the full one; one that shrinks while decoding takes its place
//! behind this door, and nothing else changes.

mod full;
mod jpeg;
mod palette;

use std::panic::{self, AssertUnwindSafe};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::raster::Raster;
use crate::source;

/// What a decoder makes of a source.
pub(crate) struct Decoded {
    /// The pixels as stored, not yet turned.
    pub(crate) raster: Raster,
    /// The ICC profile that says what the colours mean.
    pub(crate) profile: Option<Vec<u8>>,
}

/// Decodes a source whose header has been probed. It is all there: a source that ends early is an error.
pub(crate) fn decode(
    source: &[u8],
    header: &Header,
    at_least: Size,
    limits: &Limits,
) -> Result<Decoded, Error> {
    debug_assert!(at_least.width <= header.stored.width && at_least.height <= header.stored.height);
    source::check_complete(source, header.format, limits)?;
    let decoded = contained(header.format, || match header.format {
        SourceFormat::Jpeg => jpeg::decode(source, header),
        SourceFormat::Tiff => match source::tiff::palette(source)? {
            Some(palette) => palette::decode(palette, limits),
            None => full::decode(source, header.format, limits),
        },
        format => full::decode(source, format, limits),
    })?;
    if decoded.raster.size != header.stored {
        let detail = format!("the header says {} and the data {}", header.stored, decoded.raster.size);
        return Err(Error::Corrupt { format: header.format, detail });
    }
    Ok(Decoded { raster: decoded.raster.without_idle_alpha(), ..decoded })
}

/// Runs somebody else's decoder so that a panic inside it, which only a picture can have caused, becomes an error about
/// that picture.
fn contained(
    format: SourceFormat,
    decode: impl FnOnce() -> Result<Decoded, Error>,
) -> Result<Decoded, Error> {
    // Nothing that the closure can leave half done is seen again: it owns all that it changes.
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
        let error = contained(SourceFormat::WebP, || panic!("index {} out of bounds", 7)).err().unwrap();
        assert!(error.is_about_the_picture());
        assert_eq!(error.to_string(), "corrupt webp: the decoder panicked: index 7 out of bounds");
    }
}
