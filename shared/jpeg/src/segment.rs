//! A JPEG is a sequence of marker segments (T.81 B.1.1): finds them, and reads their parameters without running over.

use crate::error::Error;
use crate::feed::Feed;

/// The codes that follow 0xFF (T.81 table B.1).
pub(crate) mod marker {
    pub(crate) const TEM: u8 = 0x01;
    pub(crate) const SOF0: u8 = 0xC0;
    pub(crate) const DHT: u8 = 0xC4;
    pub(crate) const JPG: u8 = 0xC8;
    pub(crate) const DAC: u8 = 0xCC;
    pub(crate) const SOF15: u8 = 0xCF;
    pub(crate) const RST0: u8 = 0xD0;
    pub(crate) const RST7: u8 = 0xD7;
    pub(crate) const SOI: u8 = 0xD8;
    pub(crate) const EOI: u8 = 0xD9;
    pub(crate) const SOS: u8 = 0xDA;
    pub(crate) const DQT: u8 = 0xDB;
    pub(crate) const DNL: u8 = 0xDC;
    pub(crate) const DRI: u8 = 0xDD;
    pub(crate) const APP0: u8 = 0xE0;
    pub(crate) const APP2: u8 = 0xE2;
    pub(crate) const APP14: u8 = 0xEE;
}

/// A marker, and the parameters that follow it where it has any.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// The byte after 0xFF.
    pub(crate) code: u8,
    /// Where the marker's 0xFF is.
    pub(crate) position: usize,
    /// The parameters, without their length.
    pub(crate) body: &'a [u8],
    /// Where the segment ends.
    pub(crate) end: usize,
}

impl<'a> Segment<'a> {
    /// The first segment at or after `from`. Stray bytes before it harm nobody, nor do fill bytes (T.81 B.1.1.2) and
    /// restart markers that are left over from a scan.
    pub(crate) fn after(source: &'a [u8], from: usize) -> Result<Self, Error> {
        let Span { code, position, end } = Span::after(&mut Feed::of(source), from)?;
        // After the marker and the length, if there is any.
        let body = source.get(position + 4..end).unwrap_or_default();
        Ok(Self { code, position, body, end })
    }

    /// Reads the parameters from their start.
    pub(crate) fn parameters(&self) -> Parameters<'a> {
        Parameters { bytes: self.body, position: self.position }
    }

    /// What to say when the segment breaks a rule.
    pub(crate) fn corrupt(&self, rule: &'static str) -> Error {
        Error::Corrupt { position: self.position, rule }
    }
}

/// Where a segment is, for whom that is enough.
pub(crate) struct Span {
    /// The byte after 0xFF.
    pub(crate) code: u8,
    /// Where the marker's 0xFF is.
    pub(crate) position: usize,
    /// Where the segment ends.
    pub(crate) end: usize,
}

impl Span {
    /// The first segment at or after `from`, by the rules of [`Segment::after`].
    pub(crate) fn after(feed: &mut Feed<'_>, from: usize) -> Result<Self, Error> {
        let mut at = from;
        loop {
            let Some((code, position)) = feed.next_marker(at) else {
                return Err(feed.cut("the sequence of segments"));
            };
            let start = position + 2;
            match code {
                marker::TEM | marker::RST0..=marker::RST7 => at = start,
                marker::SOI | marker::EOI => return Ok(Self { code, position, end: start }),
                _ => {
                    let length = [start, start + 1].map(|at| feed.byte(at, position));
                    let [Some(high), Some(low)] = length else { return Err(feed.cut("a segment")) };
                    let length = usize::from(u16::from_be_bytes([high, low]));
                    let span = Self { code, position, end: start + length };
                    return match length {
                        0 | 1 => Err(span.corrupt("a segment's length counts its own two bytes")),
                        _ if feed.byte(span.end - 1, position).is_none() => Err(feed.cut("a segment")),
                        _ => Ok(span),
                    };
                }
            }
        }
    }

    /// What to say when the segment breaks a rule.
    pub(crate) fn corrupt(&self, rule: &'static str) -> Error {
        Error::Corrupt { position: self.position, rule }
    }
}

/// The code of the first marker at or after `from`, and where its last 0xFF is. 0xFF 0x00 is data, not a marker.
pub(crate) fn next_marker(source: &[u8], from: usize) -> Option<(u8, usize)> {
    let mut at = from;
    loop {
        at += memchr::memchr(0xFF, source.get(at..)?)?;
        // To search for each of a million fill bytes anew would take a hundred times as long.
        at += source.get(at + 1..)?.iter().take_while(|byte| **byte == 0xFF).count();
        match *source.get(at + 1)? {
            0x00 => at += 2,
            code => return Some((code, at)),
        }
    }
}

/// Where the entropy-coded data that begins at `from` end: at a marker that is not `RSTn`, or with the source.
pub(crate) fn end_of_scan(source: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        match next_marker(source, at) {
            Some((marker::RST0..=marker::RST7, position)) => at = position + 2,
            Some((_, position)) => return position,
            None => return source.len(),
        }
    }
}

/// The parameters of a segment, read one after the other.
pub(crate) struct Parameters<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Parameters<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let rule = "a segment is shorter than what it says it holds";
        let Some((taken, rest)) = self.bytes.split_at_checked(count) else {
            return Err(Error::Corrupt { position: self.position, rule });
        };
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    /// Two parameters of four bits each: the high ones first.
    pub(crate) fn nibbles(&mut self) -> Result<(u8, u8), Error> {
        let byte = self.byte()?;
        Ok((byte >> 4, byte & 15))
    }

    pub(crate) fn word(&mut self) -> Result<u16, Error> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}
