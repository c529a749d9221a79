//! Where data come from: bytes that are at hand, and a reader of those that follow them.
//!
//! The file of a photograph can be larger than all that it takes to decode it. Where it is read as it is decoded, no more of it
//! is held than a piece.

use std::borrow::Cow;
use std::io::Read;
use std::mem;

use crate::error::Error;
use crate::segment::next_marker;

/// How much is read at a time, at least: a system call for each costs nothing to speak of.
const PIECE: usize = 64 << 10;

/// A part of a source, and what comes after it.
pub(crate) struct Feed<'a> {
    held: Cow<'a, [u8]>,
    /// Where in the source `held` begins.
    start: usize,
    rest: Option<&'a mut (dyn Read + 'a)>,
    failure: Option<Error>,
}

impl<'a> Feed<'a> {
    /// A source that is all at hand.
    pub(crate) fn of(source: &'a [u8]) -> Self {
        Self { held: Cow::Borrowed(source), start: 0, rest: None, failure: None }
    }

    /// A source of which this is the front.
    pub(crate) fn with_rest(front: &'a [u8], rest: &'a mut (dyn Read + 'a)) -> Self {
        Self { rest: Some(rest), ..Self::of(front) }
    }

    /// What is at hand from `position` on.
    #[inline(always)]
    pub(crate) fn from(&self, position: usize) -> &[u8] {
        position.checked_sub(self.start).and_then(|at| self.held.get(at..)).unwrap_or_default()
    }

    /// Where what is at hand ends: where the source does, once there is no more.
    pub(crate) fn end(&self) -> usize {
        self.start + self.held.len()
    }

    /// Why the source could not be read on, if it could not: to whoever looks for more, it seems to end there.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// What to say when it ends within something: that it does, or why it could not be read on.
    pub(crate) fn cut(&self, within: &'static str) -> Error {
        self.failure.clone().unwrap_or(Error::Truncated { position: self.end(), within })
    }

    /// The byte at `position`, if there is one. What is before `kept` is needed no longer.
    #[inline(always)]
    pub(crate) fn byte(&mut self, position: usize, kept: usize) -> Option<u8> {
        loop {
            let byte = self.from(position).first().copied();
            if byte.is_some() || !self.read_on(kept) {
                return byte;
            }
        }
    }

    /// Reads more, and lets go of what is before `kept`. False if there is no more.
    #[inline(never)]
    fn read_on(&mut self, kept: usize) -> bool {
        let Some(rest) = &mut self.rest else { return false };
        let past = kept.saturating_sub(self.start).min(self.held.len());
        let mut held = match mem::take(&mut self.held) {
            Cow::Borrowed(held) => {
                let mut copy = Vec::with_capacity(held.len() - past + PIECE);
                copy.extend_from_slice(&held[past..]);
                copy
            }
            Cow::Owned(mut held) => {
                held.drain(..past);
                held
            }
        };
        // As much again as has to be kept: whoever looks through all of it for what is not there comes back seldom.
        let wanted = held.len().max(PIECE);
        held.reserve(wanted);
        let read = rest.take(wanted as u64).read_to_end(&mut held);
        self.start += past;
        self.held = Cow::Owned(held);
        match read {
            Ok(1..) => return true,
            Ok(0) => {}
            Err(error) => {
                self.failure = Some(Error::Unreadable { position: self.end(), reason: error.to_string() });
            }
        }
        self.rest = None;
        false
    }

    /// The code of the first marker at or after `from`, and where its last 0xFF is. What is before it is let go.
    pub(crate) fn next_marker(&mut self, from: usize) -> Option<(u8, usize)> {
        let mut from = from;
        loop {
            let at_hand = self.from(from);
            if let Some((code, at)) = next_marker(at_hand, 0) {
                return Some((code, from + at));
            }
            // A 0xFF at the end may be the first byte of one.
            let is_begun = at_hand.last() == Some(&0xFF);
            from += at_hand.len() - usize::from(is_begun);
            if !self.read_on(from) {
                return None;
            }
        }
    }
}
