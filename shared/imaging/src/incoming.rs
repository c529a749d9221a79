//! A picture that is read while it is decoded: from a file, or from whoever sends it.
//!
//! Its header is known as soon as its front is there, before the most of it has come.

use std::io::Read;

use crate::error::Error;
use crate::header::Header;
use crate::input::{Input, Reading};
use crate::limits::Limits;
use crate::probe::probe;
use crate::render::{cores, render_on};
use crate::rendered::Rendered;
use crate::rendition::Rendition;

/// A picture of which as much has been read as is needed before decoding can begin.
///
/// Of a JPEG with one scan, as almost all that are not progressive have, that is what comes before the scan; of others it is
/// everything.
pub struct Incoming<'a> {
    front: Vec<u8>,
    reading: Reading<'a>,
}

impl<'a> Incoming<'a> {
    /// Reads the front. `length` is how many bytes there are, if that is known.
    ///
    /// # Errors
    /// [`Error::Unreadable`] of what can't be read, [`Error::TooLarge`] of more bytes than the limits allow. What is wrong with
    /// the bytes themselves is told by [`Incoming::probe`] and [`Incoming::render`].
    pub fn new(reader: &'a mut dyn Read, length: Option<u64>, limits: &Limits) -> Result<Self, Error> {
        let mut reading = Reading::new(reader, length, limits)?;
        Ok(Self { front: reading.front()?, reading })
    }

    /// What the picture says about itself: as [`crate::probe`].
    ///
    /// # Errors
    /// As [`crate::probe`].
    pub fn probe(&self, limits: &Limits) -> Result<Header, Error> {
        probe(&self.front, limits)
    }

    /// Makes thumbnails of it: as [`crate::render`], which gives the same. No more of the picture is held than a piece at a time
    /// besides its front.
    ///
    /// # Errors
    /// As [`crate::render`], and those of [`Incoming::new`].
    pub fn render(
        mut self,
        renditions: &[Rendition],
        limits: &Limits,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Rendered, Error> {
        let input = Input { front: &self.front, rest: self.reading.rest() };
        let rendered = render_on(input, renditions, limits, should_stop, cores());
        rendered.map_err(|error| self.reading.explain(error))
    }
}
