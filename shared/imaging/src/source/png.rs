//! PNG: a chain of chunks from IHDR to IEND (PNG specification, third edition, clause 5).

use super::ifd;
use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

const SIGNATURE_BYTES: usize = 8;

/// IHDR has the size; eXIf, wherever it is, the orientation.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let mut reader = Reader::new(source, SIGNATURE_BYTES, SourceFormat::Png);
    let first = next_chunk(&mut reader)?;
    let stored = match (first.name, first.content) {
        (b"IHDR", &[w3, w2, w1, w0, h3, h2, h1, h0, ..]) => {
            Size::new(u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]))
        }
        (b"CgBI", _) => return Err(Error::Unsupported { found: "PNG in Apple's CgBI variant".into() }),
        _ => return Err(reader.corrupt("no image header")),
    };
    let mut orientation = None;
    while let Ok(chunk) = next_chunk(&mut reader) {
        match chunk.name {
            b"IEND" => break,
            b"eXIf" => orientation = ifd::orientation(chunk.content),
            _ => {}
        }
    }
    Ok(Header { format: SourceFormat::Png, stored, orientation: orientation.unwrap_or(Orientation::UPRIGHT) })
}

/// Every chunk must be there whole, up to IEND. What follows IEND is not PNG's business.
pub(super) fn check_complete(source: &[u8]) -> Result<(), Error> {
    let mut reader = Reader::new(source, SIGNATURE_BYTES, SourceFormat::Png);
    while next_chunk(&mut reader)?.name != b"IEND" {}
    Ok(())
}

struct Chunk<'a> {
    name: &'a [u8],
    content: &'a [u8],
}

/// Length, name, content, checksum (5.3). Checksums are the decoder's to check.
fn next_chunk<'a>(reader: &mut Reader<'a>) -> Result<Chunk<'a>, Error> {
    let length = u32::from_be_bytes(reader.array("front of a chunk: its IEND is missing")?);
    let name = reader.take(4, "a chunk's name")?;
    if !name.iter().all(u8::is_ascii_alphabetic) {
        return Err(reader.corrupt("a chunk's name that is not four letters"));
    }
    let length = usize::try_from(length).map_err(|_| reader.corrupt("a chunk too long for this machine"))?;
    let content = reader.take(length, "a chunk")?;
    reader.skip(4, "a chunk's checksum")?;
    Ok(Chunk { name, content })
}
