//! Pixels as they come.

use crate::error::Error;

/// The longest side: the format has 14 bits for it (RFC 6386, 9.1).
pub const MAX_SIDE: u32 = 16_383;

/// What a pixel is made of, one byte each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Grey.
    Gray,
    /// Red, green and blue.
    Rgb,
    /// The same, and alpha that they are not multiplied with.
    Rgba,
}

impl Channels {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// A picture, row by row from the top.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) channels: Channels,
    pub(crate) pixels: &'a [u8],
}

impl<'a> Picture<'a> {
    /// A picture of `width` × `height` pixels, without gaps between its rows.
    ///
    /// # Errors
    ///
    /// [`Error::Size`] if a side is 0 or above [`MAX_SIDE`], [`Error::Pixels`] if `pixels` has another length.
    pub fn new(width: u32, height: u32, channels: Channels, pixels: &'a [u8]) -> Result<Self, Error> {
        let (width, height) = check_size(width, height)?;
        check_length(pixels, width * height * channels.count())?;
        Ok(Self { width, height, channels, pixels })
    }

    /// Both sides in pixels, the width first.
    pub fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }
}

pub(crate) fn check_size(width: u32, height: u32) -> Result<(usize, usize), Error> {
    let sides = 1..=MAX_SIDE;
    if sides.contains(&width) && sides.contains(&height) {
        Ok((width as usize, height as usize))
    } else {
        Err(Error::Size { width, height })
    }
}

pub(crate) fn check_length(samples: &[u8], expected: usize) -> Result<(), Error> {
    let actual = samples.len();
    if actual == expected { Ok(()) } else { Err(Error::Pixels { actual, expected }) }
}
