//! What must hold for any bytes at all.
//!
//! The fuzzer (`fuzz/`, on a nightly toolchain) looks for bytes for which it does not, and the corpus that it leaves is
//! replayed by an ordinary test: both run what is here, so that what one finds the other keeps found. Each [`Target`] is one way
//! into the engine, always through its public interface; the encoder of lossy WebP is one of its own. For each input:
//!
//! - there is an error about the picture, or as many thumbnails as were asked for: none larger than its box, each a file
//!   that somebody else's decoder reads and finds as large as promised;
//! - no code of ours panics, not even where that is caught ([`panics`]);
//! - never is more memory held than was predicted from the header, plus [`SLACK_BYTES`] ([`memory`]);
//! - some are done twice, and give the same bytes.
//!
//! The last byte of an input is no part of the picture: it says what is to be made of it.
#![allow(clippy::panic, reason = "a broken promise ends the run, and that is how it is found")]

mod carriers;
mod lossy;
pub mod memory;
mod mending;
mod metadata;
pub mod panics;
mod promises;
mod rasters;
mod stills;
#[path = "../../../shared/imaging/tests/pictures/tiff.rs"]
#[allow(clippy::pedantic, clippy::unwrap_used, reason = "it is written for tests")]
mod tiff;
mod wishes;

pub use promises::SLACK_BYTES;

use thumbline_imaging::SourceFormat;

/// A way into the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// WebP of every kind, its first frame.
    WebP,
    /// The first frame of a GIF.
    Gif,
    /// PNG, with its checksums as they are or put right.
    Png,
    /// TIFF and `BigTIFF`.
    Tiff,
    /// BMP.
    Bmp,
    /// AVIF: the boxes, and the AV1 data in them.
    Avif,
    /// EXIF blocks and ICC profiles in sound pictures: whatever they say, the picture is shown.
    Metadata,
    /// Moving GIF and WebP that stay moving.
    Animation,
    /// Pixels of any kind through every encoder, and back.
    Encode,
    /// JPEG, whole and cut.
    Jpeg,
    /// Pixels of any kind as lossy WebP, which decodes to what was foretold.
    Lossy,
}

impl Target {
    /// All of them, those first in which a mistake is likeliest.
    pub const ALL: &'static [Self] = &[
        Self::WebP,
        Self::Gif,
        Self::Png,
        Self::Tiff,
        Self::Bmp,
        Self::Avif,
        Self::Metadata,
        Self::Animation,
        Self::Encode,
        Self::Jpeg,
        Self::Lossy,
    ];

    /// The name of its executable, and of its folder in the corpus.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Png => "png",
            Self::Tiff => "tiff",
            Self::Bmp => "bmp",
            Self::Avif => "avif",
            Self::Metadata => "metadata",
            Self::Animation => "animation",
            Self::Encode => "encode",
            Self::Jpeg => "jpeg",
            Self::Lossy => "lossy",
        }
    }

    /// Tries an input. Panics if a promise is broken; `false` says that the input is none of this target's.
    pub fn try_on(self, input: &[u8]) -> bool {
        panics::watch();
        match self {
            Self::WebP => stills::try_on(SourceFormat::WebP, input),
            Self::Gif => stills::try_on(SourceFormat::Gif, input),
            Self::Png => stills::try_on(SourceFormat::Png, input),
            Self::Tiff => stills::try_on(SourceFormat::Tiff, input),
            Self::Bmp => stills::try_on(SourceFormat::Bmp, input),
            Self::Avif => stills::try_on(SourceFormat::Avif, input),
            Self::Jpeg => stills::try_on(SourceFormat::Jpeg, input),
            Self::Animation => stills::try_moving(input),
            Self::Metadata => metadata::try_on(input),
            Self::Encode => rasters::try_on(input),
            Self::Lossy => lossy::try_on(input),
        }
    }
}
