//! What a picture says about itself before a single pixel is decoded.

use std::fmt;

use crate::format::SourceFormat;
use crate::orientation::Orientation;

/// Width and height, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size of `width` times `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The number of pixels in a picture of this size.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Half as much in both directions, rounded up.
    pub(crate) const fn halved(self) -> Self {
        Self { width: self.width.div_ceil(2), height: self.height.div_ceil(2) }
    }

    /// The same size lying on its other side.
    pub(crate) const fn swapped(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

impl fmt::Display for Size {
    /// As in `640x427`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A picture's header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The format, told from the bytes.
    pub format: SourceFormat,
    /// The size as stored, before the orientation is applied.
    pub stored: Size,
    /// How the stored pixels must be turned to be upright.
    pub orientation: Orientation,
}

impl Header {
    /// The size as seen: after the orientation is applied.
    pub fn size(&self) -> Size {
        if self.orientation.swaps_sides() { self.stored.swapped() } else { self.stored }
    }
}
