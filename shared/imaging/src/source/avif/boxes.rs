//! The boxes of ISO base media files (ISO/IEC 14496-12, 4.2): a length, a name, content, and boxes inside boxes.
//!
//! On the outside a length is held against the file, and what is missing is a truncation. Inside, all bytes are there,
//! and a length that does not fit is a broken rule.

use crate::error::Error;
use crate::format::SourceFormat;

/// The name of a box: four characters.
pub(super) type Name = [u8; 4];

/// That a rule is broken.
pub(super) fn corrupt(detail: impl Into<String>) -> Error {
    Error::Corrupt { format: SourceFormat::Avif, detail: detail.into() }
}

/// That bytes are missing at the end of the file.
pub(super) fn truncated(detail: impl Into<String>) -> Error {
    Error::Truncated { format: SourceFormat::Avif, detail: detail.into() }
}

/// A picture that is described well, and that this engine cannot show.
pub(super) fn unsupported(what: &str) -> Error {
    Error::Unsupported { found: format!("AVIF with {what}") }
}

/// A box on the outside of the file.
#[derive(Clone, Copy)]
pub(super) struct Outer<'a> {
    pub(super) name: Name,
    /// What there is of its content.
    pub(super) content: &'a [u8],
    /// How many bytes of its content the file lacks.
    pub(super) missing: u64,
    /// Where the next box begins, if there is one.
    next: usize,
}

impl<'a> Outer<'a> {
    /// The box that begins at byte `at`; `None` where the rest is too short for one.
    fn read(source: &'a [u8], at: usize) -> Result<Option<Self>, Error> {
        let rest = source.get(at..).unwrap_or_default();
        let Some(head) = Head::read(rest) else { return Ok(None) };
        let length = head.content_length(rest.len()).ok_or_else(|| {
            corrupt(format!("the box {} at byte {at} is shorter than its header", shown(head.name)))
        })?;
        let present = rest.get(head.bytes..).unwrap_or_default();
        let content = usize::try_from(length).ok().and_then(|length| present.get(..length));
        let missing = length.saturating_sub(present.len() as u64);
        let content = content.unwrap_or(present);
        Ok(Some(Self { name: head.name, content, missing, next: at + head.bytes + content.len() }))
    }

    /// The content, all of which is needed.
    pub(super) fn complete(self) -> Result<Content<'a>, Error> {
        if self.missing > 0 {
            return Err(self.truncated());
        }
        Ok(Content { name: self.name, bytes: self.content })
    }

    /// That the file ends inside this box.
    pub(super) fn truncated(self) -> Error {
        truncated(format!("the file ends {} bytes before its box {} does", self.missing, shown(self.name)))
    }
}

/// All boxes on the outside, from front to back. The walk ends after an error.
pub(super) fn outer_boxes(source: &[u8]) -> impl Iterator<Item = Result<Outer<'_>, Error>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let read = Outer::read(source, at).transpose()?;
        at = read.as_ref().map_or(source.len(), |outer| outer.next);
        Some(read)
    })
}

/// The front of a box.
struct Head {
    name: Name,
    /// The length of the whole box; 0 means all that is left.
    length: u64,
    /// The length of this head.
    bytes: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (name, rest) = rest.split_first_chunk()?;
        match u32::from_be_bytes(*length) {
            1 => {
                let length = u64::from_be_bytes(*rest.first_chunk()?);
                // A length of 0 has its meaning in 32 bits alone.
                Some(Self { name: *name, length: length.max(1), bytes: 16 })
            }
            length => Some(Self { name: *name, length: length.into(), bytes: 8 }),
        }
    }

    /// The length of the content where `available` bytes are left, this head among them.
    fn content_length(&self, available: usize) -> Option<u64> {
        let length = if self.length == 0 { available as u64 } else { self.length };
        length.checked_sub(self.bytes as u64)
    }
}

/// A name as it is shown in messages.
pub(super) fn shown(name: Name) -> String {
    format!("'{}'", name.escape_ascii())
}

/// A cursor over the content of a box, all of which is there.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    name: Name,
    bytes: &'a [u8],
}

impl<'a> Content<'a> {
    /// A cursor over `bytes`, which messages call `name`.
    pub(super) fn new(name: Name, bytes: &'a [u8]) -> Self {
        Self { name, bytes }
    }

    pub(super) fn name(&self) -> Name {
        self.name
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    fn too_short(&self) -> Error {
        corrupt(format!("the box {} is too short for what it says", shown(self.name)))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| self.too_short())?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(|| self.too_short())?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of `bytes` bytes, 0 to 8; one of no bytes is 0.
    pub(super) fn uint(&mut self, bytes: u8) -> Result<u64, Error> {
        if bytes > 8 {
            return Err(corrupt(format!("the box {} has numbers of {bytes} bytes", shown(self.name))));
        }
        Ok(self.take(bytes.into())?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Two bytes, or four where `wide`: how the numbers of items are written.
    pub(super) fn item(&mut self, wide: bool) -> Result<u32, Error> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// Version and flags, with which most boxes begin (4.2.2).
    pub(super) fn version_and_flags(&mut self) -> Result<(u8, u32), Error> {
        let [version, flags @ ..] = self.array::<4>()?;
        let [high, middle, low] = flags;
        Ok((version, u32::from_be_bytes([0, high, middle, low])))
    }

    /// The next box inside this one; `None` at the end.
    pub(super) fn next_box(&mut self) -> Result<Option<Content<'a>>, Error> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let head = Head::read(self.bytes).ok_or_else(|| self.too_short())?;
        let length = head.content_length(self.bytes.len()).ok_or_else(|| self.too_short())?;
        self.take(head.bytes)?;
        let length = usize::try_from(length).map_err(|_| self.too_short())?;
        Ok(Some(Content { name: head.name, bytes: self.take(length)? }))
    }

    /// The first box of that name inside this one.
    pub(super) fn find(mut self, name: Name) -> Result<Option<Content<'a>>, Error> {
        while let Some(inner) = self.next_box()? {
            if inner.name == name {
                return Ok(Some(inner));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_kind_are_followed() {
        let mut file = b"\0\0\0\x0Cfreeabcd".to_vec();
        file.extend(b"\0\0\0\x01wide\0\0\0\0\0\0\0\x12xy");
        file.extend(b"\0\0\0\0mdatrest");
        let boxes: Vec<_> = outer_boxes(&file).collect::<Result<_, _>>().unwrap();
        let contents: Vec<_> =
            boxes.iter().map(|outer| (&outer.name, outer.content, outer.missing)).collect();
        assert_eq!(contents, [(b"free", &b"abcd"[..], 0), (b"wide", b"xy", 0), (b"mdat", b"rest", 0)]);
    }

    #[test]
    fn a_box_beyond_the_end_is_truncated_outside_and_corrupt_inside() {
        let cut = b"\0\0\0\x10metaabcd";
        let outer = outer_boxes(cut).next().unwrap().unwrap();
        assert_eq!(outer.missing, 4);
        assert_eq!(outer.complete().err().unwrap().code(), "truncated");
        let mut inside = Content::new(*b"meta", cut);
        assert_eq!(inside.next_box().err().unwrap().code(), "corrupt");
    }

    #[test]
    fn impossible_lengths_are_corrupt_and_end_the_walk() {
        for file in [&b"\0\0\0\x07free...."[..], b"\0\0\0\x01free\0\0\0\0\0\0\0\x0F...."] {
            let walked: Vec<_> = outer_boxes(file).collect();
            assert_eq!(walked.len(), 1);
            assert_eq!(walked[0].as_ref().err().unwrap().code(), "corrupt");
        }
        let endless = b"\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFxy";
        let outer = outer_boxes(endless).next().unwrap().unwrap();
        assert_eq!((outer.content, outer.missing), (&b"xy"[..], u64::MAX - 18));
    }
}
