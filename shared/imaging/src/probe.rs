//! Reads a picture's header and holds it against the limits, before anything is decoded.

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Header;
use crate::limits::Limits;

/// Tells the format of `source` from its first bytes; names and media types are never asked.
pub fn sniff(source: &[u8]) -> Result<SourceFormat, Error> {
    if source.is_empty() { Err(Error::Empty) } else { Err(Error::NotAnImage { found: "unknown bytes" }) }
}

/// Reads the header of `source` and refuses what `limits` do not allow. Costs microseconds, whatever the picture.
pub fn probe(source: &[u8], limits: &Limits) -> Result<Header, Error> {
    let _ = (sniff(source)?, limits);
    Err(Error::Internal { step: "starting", detail: "the engine is being built".into() })
}
