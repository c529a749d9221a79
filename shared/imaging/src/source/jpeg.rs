//! JPEG: a walk along the markers of ITU-T T.81, annex B, up to the first scan, for the size and the orientation.
//!
//! With the tolerance that files in the wild need: cameras leave stray bytes between segments, and EXIF holds a thumbnail
//! with markers of its own. What comes after is the decoder's, which is strict about it.

use super::ifd;
use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;

/// Reads segments up to the first scan: the frame header has the size, APP1 the orientation.
pub(crate) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let mut reader = start(source)?;
    let mut stored = None;
    let mut orientation = None;
    loop {
        let marker = next_marker(&mut reader)?;
        match marker {
            EOI => return Err(reader.corrupt("the picture ends before its first scan")),
            SOI => return Err(reader.corrupt("a second start of image")),
            SOS => break,
            _ if stands_alone(marker) => continue,
            _ => {}
        }
        let content = segment(&mut reader)?;
        if is_frame(marker) {
            stored = Some(read_frame(marker, content, &reader)?);
        } else if marker == APP1 && orientation.is_none() && content.starts_with(ifd::EXIF_PREFIX) {
            orientation = ifd::orientation(content);
        }
    }
    let stored = stored.ok_or_else(|| reader.corrupt("a scan without a frame"))?;
    Ok(Header {
        format: SourceFormat::Jpeg,
        stored,
        orientation: orientation.unwrap_or(Orientation::UPRIGHT),
    })
}

fn start(source: &[u8]) -> Result<Reader<'_>, Error> {
    let mut reader = Reader::new(source, 0, SourceFormat::Jpeg);
    match reader.array("the start of image")? {
        [0xFF, SOI] => Ok(reader),
        _ => Err(reader.corrupt("no start of image")),
    }
}

/// Finds the next marker, over fill bytes (B.1.1.2) and over whatever else lies before it.
fn next_marker(reader: &mut Reader<'_>) -> Result<u8, Error> {
    const WHAT: &str = "front of a marker: its end marker is missing";
    loop {
        while reader.byte(WHAT)? != 0xFF {}
        let mut code = reader.byte(WHAT)?;
        while code == 0xFF {
            code = reader.byte(WHAT)?;
        }
        if code != 0 {
            return Ok(code);
        }
    }
}

/// The content of a segment, after its two bytes of length, which count themselves.
fn segment<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let length = u16::from_be_bytes(reader.array("a segment's length")?);
    let content = length.checked_sub(2).ok_or_else(|| reader.corrupt("a segment shorter than its length"))?;
    reader.take(content.into(), "a segment")
}

/// Markers without a segment: TEM, restarts, start and end of image (table B.1).
fn stands_alone(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xD0..=0xD9)
}

/// Start of frame, in all its kinds (table B.1); DHT, JPG and DAC lie between them.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// The frame header (B.2.2), for the kinds of frame that can be decoded.
fn read_frame(marker: u8, content: &[u8], reader: &Reader<'_>) -> Result<Size, Error> {
    let kind = match marker {
        0xC0..=0xC2 => None,
        0xC3 => Some("lossless JPEG"),
        0xC9..=0xCB => Some("JPEG with arithmetic coding"),
        _ => Some("hierarchical JPEG"),
    };
    if let Some(kind) = kind {
        return Err(Error::Unsupported { found: kind.into() });
    }
    let &[precision, y1, y0, x1, x0, ..] = content else {
        return Err(reader.corrupt("a frame header that is too short"));
    };
    if precision != 8 {
        return Err(Error::Unsupported { found: format!("JPEG with {precision} bits per sample") });
    }
    let size = Size::new(u16::from_be_bytes([x1, x0]).into(), u16::from_be_bytes([y1, y0]).into());
    if size.height == 0 {
        return Err(Error::Unsupported { found: "JPEG that tells its height after the first scan".into() });
    }
    Ok(size)
}
