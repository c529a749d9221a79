//! Why there is no file, in terms that a caller can act on.

/// What went wrong. Trying again with the same picture never helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A side is 0, or beyond what the format has bits for.
    #[error("a WebP picture of {width}×{height} pixels cannot be: sides are 1 to {}", crate::MAX_SIDE)]
    Size {
        /// The width, in pixels.
        width: u32,
        /// The height, in pixels.
        height: u32,
    },

    /// The pixels are more or fewer than the size says.
    #[error("{actual} bytes of pixels, where the size and channels need {expected}")]
    Pixels {
        /// How many bytes there are.
        actual: usize,
        /// How many there should be.
        expected: usize,
    },

    /// The quality is not one of 1 to 100.
    #[error("quality {quality} is not within 1 to 100")]
    Quality {
        /// The quality.
        quality: u8,
    },

    /// The first part of a picture, which says how each macroblock is predicted, can have at most 2^19 - 1 bytes.
    #[error(
        "the modes of this picture take {bytes} bytes, and the format has room for 524287: make it smaller"
    )]
    TooManyModes {
        /// How many bytes it would have.
        bytes: usize,
    },

    /// The file would be beyond 4 GB, which is all that RIFF can say.
    #[error("the file would have {bytes} bytes, and RIFF has room for less than 4 GB")]
    TooLong {
        /// How many bytes it would have.
        bytes: u64,
    },
}
