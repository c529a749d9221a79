//! Reads a picture's header and holds it against the limits, before anything is decoded.

use crate::error::Error;
use crate::header::Header;
use crate::limits::Limits;
use crate::sniff::sniff;
use crate::source;

/// Reads the header of `source` and refuses what `limits` do not allow.
///
/// Allocates next to nothing, whatever the header says. That all of the picture is there is not checked here:
/// [`render`](crate::render()) does that.
pub fn probe(source: &[u8], limits: &Limits) -> Result<Header, Error> {
    let bytes = source.len() as u64;
    if bytes > limits.max_source_bytes {
        return Err(Error::TooLarge { what: "bytes", actual: bytes, limit: limits.max_source_bytes });
    }
    let header = source::read_header(source, sniff(source)?)?;
    source::check_size(header.format, header.stored, limits)?;
    Ok(header)
}
