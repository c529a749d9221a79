//! What comes of a picture.

use std::time::Duration;

use crate::format::OutputFormat;
use crate::header::Header;

/// One finished thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thumbnail {
    /// The encoded file.
    pub bytes: Vec<u8>,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// The format of `bytes`.
    pub format: OutputFormat,
}

/// Where the time went. These are the only part of a [`Rendered`] that differs from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Sniffing and reading the header.
    pub probe: Duration,
    /// Decoding, once per picture.
    pub decode: Duration,
    /// Resizing, all renditions together.
    pub resize: Duration,
    /// Encoding, all renditions together: the time of every thread that took part.
    pub encode: Duration,
}

/// All that came of one picture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// What the source says about itself.
    pub header: Header,
    /// One thumbnail for each rendition, in the order in which they were asked for.
    pub thumbnails: Vec<Thumbnail>,
    /// A ThumbHash of the whole picture, upright: about 25 bytes that a front end can show before any thumbnail has come.
    /// <https://evanw.github.io/thumbhash/>
    pub thumbhash: Vec<u8>,
    /// Where the time went.
    pub timings: Timings,
}
