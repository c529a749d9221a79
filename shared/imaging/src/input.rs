//! Where the bytes of a picture come from: they are all at hand, or they are read as they are needed.
//!
//! A JPEG of 24 megapixels takes 3 MB to be decoded by rows, and has 6 MB itself. So what is read of it is let go of as soon as
//! it is decoded. Of the other formats, and of progressive JPEGs, all is read first.

use std::io::{self, Read};

use thumbline_jpeg::Decoder;

use crate::error::Error;
use crate::format::SourceFormat;
use crate::limits::Limits;
use crate::sniff::sniff;
use crate::source::read_header;

/// How much is read before it is known what it is. Telephones' JPEGs have a thumbnail of some ten kilobytes before their own data.
const FRONT_BYTES: usize = 64 << 10;

/// The bytes of a picture.
pub(crate) struct Input<'a> {
    /// Those at hand: all of them if there is no `rest`, or as much as comes before the data of a JPEG's only scan.
    pub(crate) front: &'a [u8],
    /// Those that follow.
    pub(crate) rest: Option<&'a mut dyn Read>,
}

impl<'a> Input<'a> {
    /// All of them.
    pub(crate) fn whole(source: &'a [u8]) -> Self {
        Self { front: source, rest: None }
    }
}

/// A reader of no more than the limits allow, that remembers why it ended.
pub(crate) struct Reading<'a> {
    reader: &'a mut dyn Read,
    /// How many bytes there are, if that is known.
    length: Option<u64>,
    limit: u64,
    read: u64,
    is_at_end: bool,
    failure: Option<Error>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(reader: &'a mut dyn Read, length: Option<u64>, limits: &Limits) -> Result<Self, Error> {
        let limit = limits.max_source_bytes;
        if let Some(actual) = length.filter(|length| *length > limit) {
            return Err(too_long(actual, limit));
        }
        Ok(Self { reader, length, limit, read: 0, is_at_end: false, failure: None })
    }

    /// As much as is needed before decoding can begin: the front of what can be read on from there, or everything.
    pub(crate) fn front(&mut self) -> Result<Vec<u8>, Error> {
        let mut front = Vec::new();
        loop {
            let wanted = FRONT_BYTES.max(front.len());
            self.append(&mut front, wanted)?;
            match if self.is_at_end { Front::Enough } else { judge(&front) } {
                Front::Enough => return Ok(front),
                Front::TooShort => {}
                Front::All => {
                    let length = self.length.unwrap_or_default().min(self.limit);
                    front.reserve_exact(
                        usize::try_from(length).unwrap_or_default().saturating_sub(front.len()),
                    );
                    self.append(&mut front, usize::MAX)?;
                }
            }
        }
    }

    /// Reads so many bytes, or as many as there are.
    fn append(&mut self, front: &mut Vec<u8>, count: usize) -> Result<(), Error> {
        let read = self.take(count as u64).read_to_end(front);
        read.map(|_| ()).map_err(|error| self.explain(unreadable(&error)))
    }

    /// The bytes that were not read yet.
    pub(crate) fn rest(&mut self) -> Option<&mut dyn Read> {
        if self.is_at_end { None } else { Some(self) }
    }

    /// What is the matter where `error` was met: maybe that there are too many bytes.
    pub(crate) fn explain(&mut self, error: Error) -> Error {
        self.failure.take().unwrap_or(error)
    }
}

impl Read for Reading<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.read += count as u64;
        self.is_at_end |= count == 0 && !into.is_empty();
        if self.read > self.limit {
            let error = too_long(self.read, self.limit);
            let told = error.to_string();
            self.failure = Some(error);
            return Err(io::Error::other(told));
        }
        Ok(count)
    }
}

fn too_long(actual: u64, limit: u64) -> Error {
    Error::TooLarge { what: "bytes", actual, limit }
}

fn unreadable(error: &io::Error) -> Error {
    Error::Unreadable { detail: error.to_string() }
}

/// How much of a source is needed before decoding can begin.
enum Front {
    /// What is there.
    Enough,
    /// More, before that can be told.
    TooShort,
    All,
}

fn judge(front: &[u8]) -> Front {
    if sniff(front) != Ok(SourceFormat::Jpeg) {
        return Front::All;
    }
    match (read_header(front, SourceFormat::Jpeg), Decoder::new(front)) {
        (Err(Error::Truncated { .. }), _) => Front::TooShort,
        (_, Err(error)) if error.is_truncated() => Front::TooShort,
        (Ok(_), Ok(decoder)) if decoder.decodes_in_pieces() => Front::Enough,
        _ => Front::All,
    }
}
