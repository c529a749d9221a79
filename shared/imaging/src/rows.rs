//! What flows from a decoder to the resizer: rows of pixels, so that memory follows the thumbnail and not the picture.
//!
//! A decoder that had to give a whole picture would need a hundred megabytes for a telephone's photograph. One that gives
//! rows needs a few of them; whoever resizes keeps no more than its filter reaches over.

use crate::error::Error;
use crate::header::Size;
use crate::raster::Channels;

/// What a pixel is made of, between decoding and conversion to sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Samples {
    /// One: grey.
    Gray,
    /// Three: red, green, blue.
    Rgb,
    /// Four: red, green, blue, alpha.
    Rgba,
    /// Four inks: cyan, magenta, yellow, black. The largest value is full ink.
    Cmyk,
}

impl Samples {
    /// Samples of a pixel.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

impl From<Channels> for Samples {
    fn from(channels: Channels) -> Self {
        match channels {
            Channels::Gray => Self::Gray,
            Channels::Rgb => Self::Rgb,
            Channels::Rgba => Self::Rgba,
        }
    }
}

/// How finely a sample is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// A byte each.
    Eight,
    /// Two bytes each, in the machine's order.
    Sixteen,
}

impl Depth {
    /// Bytes of a sample.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Sixteen => 2,
        }
    }
}

/// What the rows that follow are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// The pixels that are delivered: `height` rows of `width`, as stored, not turned.
    pub(crate) size: Size,
    /// How much of `size` the picture covers, in pixels of `size`. A decoder that shrinks rounds its last column and row
    /// up to whole ones, although less than a pixel may be left for them.
    pub(crate) extent: (f64, f64),
    /// What a pixel is made of.
    pub(crate) samples: Samples,
    /// How finely its samples are told.
    pub(crate) depth: Depth,
    /// The ICC profile that says what the colours mean.
    pub(crate) profile: Option<Vec<u8>>,
}

impl Frame {
    /// A picture that is delivered in its own size, with 8 bits a sample and without a profile.
    pub(crate) fn whole(size: Size, samples: Samples) -> Self {
        let extent = (f64::from(size.width), f64::from(size.height));
        Self { size, extent, samples, depth: Depth::Eight, profile: None }
    }

    /// Bytes of a pixel.
    pub(crate) fn pixel_bytes(&self) -> usize {
        self.samples.count() * self.depth.bytes()
    }

    /// Bytes of a row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.size.width as usize * self.pixel_bytes()
    }
}

/// Who takes rows as they are decoded.
pub(crate) trait Sink {
    /// What comes now. Once, before the first row.
    fn begin(&mut self, frame: Frame) -> Result<(), Error>;

    /// The next row, or several whole ones, from top to bottom. Colours are not multiplied by alpha.
    fn push(&mut self, rows: &[u8]) -> Result<(), Error>;
}
