//! The whole way of one picture: probe, decode once, resize and encode each rendition.

use std::time::Duration;

use crate::error::Error;
use crate::format::OutputFormat;
use crate::header::Header;
use crate::limits::Limits;
use crate::rendition::Rendition;

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
    /// Encoding, all renditions together.
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
    /// Where the time went.
    pub timings: Timings,
}

/// Makes one thumbnail of `source` for each of `renditions`: all of them, or an error and none.
///
/// The source is decoded once. The same source and renditions give the same bytes, for one [`crate::ENGINE_VERSION`].
/// `should_stop` is asked before each step; `true` ends the work with [`Error::Interrupted`].
pub fn render(
    source: &[u8],
    renditions: &[Rendition],
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
) -> Result<Rendered, Error> {
    let _ = (source, renditions, limits, should_stop);
    Err(Error::Internal { step: "starting", detail: "the engine is being built".into() })
}
