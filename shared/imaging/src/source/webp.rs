//! WebP: RIFF chunks around VP8 or VP8L data (RFC 9649).

use super::ifd;
use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::orientation::Orientation;

/// `RIFF`, the file's length and `WEBP`.
const RIFF_BYTES: usize = 12;
/// The part of an ANMF chunk before the frame's own chunks (2.7.1.1).
const FRAME_HEADER_BYTES: usize = 16;

/// The first chunk has the size, whichever of its three kinds it is; EXIF the orientation.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let mut reader = Reader::new(source, RIFF_BYTES, SourceFormat::WebP);
    // The first chunk is looked at, not taken: where it holds the whole picture its head is enough.
    let mut first = reader.clone();
    let name = first.array(CHUNK_HEADER)?;
    first.skip(4, CHUNK_HEADER)?;
    let stored = match &name {
        b"VP8X" => read_canvas(&mut first)?,
        b"VP8 " => read_lossy(&mut first)?,
        b"VP8L" => read_lossless(&mut first)?,
        _ => return Err(first.corrupt("no picture in the first chunk")),
    };
    let mut orientation = None;
    while let Ok(chunk) = next_chunk(&mut reader) {
        if chunk.name == b"EXIF" {
            orientation = ifd::orientation(chunk.content);
        }
    }
    Ok(Header {
        format: SourceFormat::WebP,
        stored,
        orientation: orientation.unwrap_or(Orientation::UPRIGHT),
    })
}

/// RIFF says how long the file is; all of it must be there, in whole chunks, and one of them must hold a picture.
pub(super) fn check_complete(source: &[u8], limits: &Limits) -> Result<(), Error> {
    let mut reader = Reader::new(source, 4, SourceFormat::WebP);
    let length = u32::from_le_bytes(reader.array("the file's length")?);
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(8));
    let Some(within) = end.and_then(|end| source.get(..end)) else {
        return Err(Error::Truncated {
            format: SourceFormat::WebP,
            detail: format!(
                "the file has {} bytes, and its header says {}",
                source.len(),
                u64::from(length) + 8
            ),
        });
    };
    let mut reader = Reader::new(within, RIFF_BYTES, SourceFormat::WebP);
    let mut pictures = 0_u32;
    while !reader.rest().is_empty() {
        let chunk = next_chunk(&mut reader)?;
        match chunk.name {
            b"VP8 " | b"VP8L" => pictures += 1,
            b"ANMF" => {
                check_frame(chunk.content, limits)?;
                pictures += 1;
            }
            _ => {}
        }
    }
    if pictures == 0 {
        return Err(reader.corrupt("no chunk with a picture"));
    }
    Ok(())
}

const CHUNK_HEADER: &str = "a chunk's header";

struct Chunk<'a> {
    name: &'a [u8],
    content: &'a [u8],
}

/// Name, length, content, and a byte of padding after odd lengths (2.3), which the last chunk may lack.
fn next_chunk<'a>(reader: &mut Reader<'a>) -> Result<Chunk<'a>, Error> {
    let name = reader.take(4, CHUNK_HEADER)?;
    let length = u32::from_le_bytes(reader.array(CHUNK_HEADER)?);
    let length = usize::try_from(length).map_err(|_| reader.corrupt("a chunk too long for this machine"))?;
    let content = reader.take(length, "a chunk")?;
    if length % 2 == 1 && !reader.rest().is_empty() {
        reader.skip(1, "a chunk's padding")?;
    }
    Ok(Chunk { name, content })
}

/// VP8X: width and height less one, in 24 bits each (2.7.1.4).
fn read_canvas(reader: &mut Reader<'_>) -> Result<Size, Error> {
    let [_, _, _, _, w0, w1, w2, h0, h1, h2] = reader.array("the canvas header")?;
    Ok(Size::new(u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
}

/// VP8: after frame tag and start code, 14 bits of width and of height, two bits of scale above each (RFC 6386, 9.1).
fn read_lossy(reader: &mut Reader<'_>) -> Result<Size, Error> {
    let [_, _, _, code @ .., w0, w1, h0, h1] = reader.array::<10>("the frame header")?;
    if code != [0x9D, 0x01, 0x2A] {
        return Err(reader.corrupt("no start code of a key frame"));
    }
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Ok(Size::new(side(w0, w1), side(h0, h1)))
}

/// VP8L: a signature, then 14 bits each of width and height less one (RFC 9649, 3.4).
fn read_lossless(reader: &mut Reader<'_>) -> Result<Size, Error> {
    let [signature, bits @ ..] = reader.array::<5>("the image header")?;
    if signature != 0x2F {
        return Err(reader.corrupt("no signature of lossless data"));
    }
    let bits = u32::from_le_bytes(bits);
    Ok(Size::new((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
}

/// A frame of an animation: its size, and at least a chunk inside it.
fn check_frame(content: &[u8], limits: &Limits) -> Result<(), Error> {
    let mut reader = Reader::new(content, 6, SourceFormat::WebP);
    let [w0, w1, w2, h0, h1, h2] = reader.array("a frame's header")?;
    let size = Size::new(u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1);
    super::check_size(SourceFormat::WebP, size, limits)?;
    let mut reader = Reader::new(content, FRAME_HEADER_BYTES, SourceFormat::WebP);
    next_chunk(&mut reader).map(|_| ())
}
