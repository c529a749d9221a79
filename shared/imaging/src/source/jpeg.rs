//! JPEG: a walk along the markers of ITU-T T.81, annex B, with the tolerance that files in the wild need.
//!
//! Cameras leave stray bytes between segments, telephones append a second picture or a film after the end of the first,
//! and EXIF holds a thumbnail with an end marker of its own. All of that is harmless. A file that ends before its end
//! marker is not: it is an upload that broke off, and decoders show it half grey without a word.

use std::ops::Range;

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
const APP14: u8 = 0xEE;
const PROGRESSIVE_FRAME: u8 = 0xC2;
/// In a frame header: after precision, height and width (B.2.2).
const FRAME_COMPONENTS_AT: usize = 5;

/// Reads segments up to the first scan: the frame header has the size, APP1 the orientation.
pub(crate) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let mut reader = start(source)?;
    let mut stored = None;
    let mut orientation = None;
    loop {
        let marker = next_marker(&mut reader)?.code;
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

/// A JPEG's picture alone, made ready for a decoder, and what decides which one.
pub(crate) struct Picture {
    /// From the start marker to the end marker, without stray bytes between segments, and with a [`DAM`] behind scans.
    pub(crate) bytes: Vec<u8>,
    /// Components of a pixel: 1 is grey, 3 a colour, 4 inks.
    pub(crate) components: u8,
    /// Whether each scan refines what earlier ones have begun.
    pub(crate) is_progressive: bool,
    /// Whether the first scan holds all components.
    pub(crate) is_interleaved: bool,
    /// Whether Adobe's segment is there, which means that inks are stored inverted.
    pub(crate) is_adobe: bool,
}

/// What makes a scan that is too short fail. Decoders read zeros behind its end and show grey or smeared colours; but no
/// Huffman code may consist of ones alone (T.81, C.2), so that none can read past these. A scan that is complete ends
/// before them, padded with ones itself (F.1.2.3).
const DAM: [u8; 64] = {
    let mut dam = [0xFF; 64];
    let mut at = 1;
    while at < dam.len() {
        // A stuffed zero, so that the byte before it is not taken for a marker.
        dam[at] = 0;
        at += 2;
    }
    dam
};

/// Follows the whole picture. Fails with [`Error::Truncated`] if its end marker is missing.
pub(crate) fn extract(source: &[u8]) -> Result<Picture, Error> {
    let mut reader = start(source)?;
    let mut bytes = Vec::with_capacity(source.len() + DAM.len());
    let part = |range: Range<usize>| source.get(range).unwrap_or_default();
    let (mut frame, mut first_scan, mut scans, mut is_adobe) = (None, None, 0_u32, false);
    bytes.extend_from_slice(part(0..reader.at()));
    loop {
        let marker = next_marker(&mut reader)?;
        match marker.code {
            SOI => return Err(reader.corrupt("a second start of image")),
            code if stands_alone(code) => {}
            SOS => {
                let components = segment(&mut reader)?.first().copied();
                first_scan = first_scan.or(components);
                scans += 1;
                skip_scan(&mut reader)?;
            }
            APP14 => is_adobe |= segment(&mut reader)?.starts_with(b"Adobe"),
            code if is_frame(code) => {
                let components = segment(&mut reader)?.get(FRAME_COMPONENTS_AT).copied();
                frame = components.map(|components| (components, code == PROGRESSIVE_FRAME));
            }
            _ => {
                segment(&mut reader)?;
            }
        }
        bytes.extend_from_slice(part(marker.at..reader.at()));
        match (marker.code, frame) {
            (EOI, Some((_, true))) if scans < 2 => return Err(reader.truncated("the first of several scans")),
            (EOI, Some((components, is_progressive))) => {
                let is_interleaved = first_scan == Some(components);
                return Ok(Picture { bytes, components, is_progressive, is_interleaved, is_adobe });
            }
            (EOI, None) => return Err(reader.corrupt("the picture ends before its frame")),
            // zune-jpeg wants a marker right behind the first scan of a progressive picture.
            (SOS, Some((_, is_progressive))) if !is_progressive || scans > 1 => bytes.extend(DAM),
            _ => {}
        }
    }
}

/// A marker, and where its 0xFF is.
struct Marker {
    code: u8,
    at: usize,
}

fn start(source: &[u8]) -> Result<Reader<'_>, Error> {
    let mut reader = Reader::new(source, 0, SourceFormat::Jpeg);
    match reader.array("the start of image")? {
        [0xFF, SOI] => Ok(reader),
        _ => Err(reader.corrupt("no start of image")),
    }
}

/// Finds the next marker, over fill bytes (B.1.1.2) and over whatever else lies before it.
fn next_marker(reader: &mut Reader<'_>) -> Result<Marker, Error> {
    const WHAT: &str = "front of a marker: its end marker is missing";
    loop {
        while reader.byte(WHAT)? != 0xFF {}
        let mut code = reader.byte(WHAT)?;
        while code == 0xFF {
            code = reader.byte(WHAT)?;
        }
        if code != 0 {
            return Ok(Marker { code, at: reader.at() - 2 });
        }
    }
}

/// The content of a segment, after its two bytes of length, which count themselves.
fn segment<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let length = u16::from_be_bytes(reader.array("a segment's length")?);
    let content = length.checked_sub(2).ok_or_else(|| reader.corrupt("a segment shorter than its length"))?;
    reader.take(content.into(), "a segment")
}

/// Passes over entropy-coded data, up to the marker that ends it. Stuffed zeros and restarts belong to it (B.1.1.5).
fn skip_scan(reader: &mut Reader<'_>) -> Result<(), Error> {
    const WHAT: &str = "the middle of a scan";
    loop {
        let next = memchr::memchr(0xFF, reader.rest()).ok_or_else(|| reader.truncated(WHAT))?;
        reader.skip(next, WHAT)?;
        match reader.rest() {
            [0xFF, 0x00 | 0xD0..=0xD7, ..] => reader.skip(2, WHAT)?,
            [0xFF, 0xFF, ..] => reader.skip(1, WHAT)?,
            [0xFF, _, ..] => return Ok(()),
            _ => return Err(reader.truncated(WHAT)),
        }
    }
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
