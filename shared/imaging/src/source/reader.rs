//! A cursor over bytes that cannot be trusted: it can run out, and says of what, but it cannot panic.

use crate::error::Error;
use crate::format::SourceFormat;

/// Reads a source from front to back.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    format: SourceFormat,
}

impl<'a> Reader<'a> {
    /// A reader of `source` that begins at byte `at`.
    pub(super) fn new(source: &'a [u8], at: usize, format: SourceFormat) -> Self {
        Self { source, at, format }
    }

    /// How many bytes have been passed.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// All that is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// The next `count` bytes; `what` they belong to goes into the error if there are fewer.
    pub(super) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], Error> {
        let taken = self.rest().get(..count).ok_or_else(|| self.truncated(what))?;
        self.at += count;
        Ok(taken)
    }

    /// Passes over `count` bytes.
    pub(super) fn skip(&mut self, count: usize, what: &str) -> Result<(), Error> {
        self.take(count, what).map(|_| ())
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Error> {
        let taken = self.rest().first_chunk().copied().ok_or_else(|| self.truncated(what))?;
        self.at += N;
        Ok(taken)
    }

    /// The next byte.
    pub(super) fn byte(&mut self, what: &str) -> Result<u8, Error> {
        self.array(what).map(|[byte]| byte)
    }

    /// That the source ends in the middle of `what`.
    pub(super) fn truncated(&self, what: &str) -> Error {
        Error::Truncated {
            format: self.format,
            detail: format!("the file ends at byte {}, in {what}", self.source.len()),
        }
    }

    /// That a rule of the format is broken here.
    pub(super) fn corrupt(&self, detail: &str) -> Error {
        Error::Corrupt { format: self.format, detail: format!("{detail} at byte {}", self.at) }
    }
}
