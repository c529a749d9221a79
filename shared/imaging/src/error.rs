//! Why there is no thumbnail, in terms that a caller can act on.
//!
//! The line that matters runs between what is wrong with the picture, where no retry can help, and everything else:
//! [`Error::is_about_the_picture`].

use crate::format::SourceFormat;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source has no bytes at all.
    #[error("the source is empty: 0 bytes")]
    Empty,

    /// The bytes are not those of a picture in any format known here.
    #[error("not an image: {found}")]
    NotAnImage {
        /// What the bytes look like.
        found: &'static str,
    },

    /// A picture, or a document, in a format that is known but not read.
    #[error("{found} is not supported; JPEG, PNG, GIF, WebP, AVIF, BMP and TIFF are")]
    Unsupported {
        /// What it is, as in `HEIC`.
        found: String,
    },

    /// The bytes break the rules of their format.
    #[error("corrupt {format}: {detail}")]
    Corrupt {
        /// The format that the bytes claim to be.
        format: SourceFormat,
        /// Which rule, and where.
        detail: String,
    },

    /// The bytes end before the picture does.
    #[error("truncated {format}: {detail}")]
    Truncated {
        /// The format that the bytes claim to be.
        format: SourceFormat,
        /// Where they end, and in the middle of what.
        detail: String,
    },

    /// More than [`Limits`](crate::Limits) allow.
    #[error("too large: {actual} {what}, and at most {limit} are allowed")]
    TooLarge {
        /// What there is too much of, as in `pixels`.
        what: &'static str,
        /// How much of it the source has.
        actual: u64,
        /// How much is allowed.
        limit: u64,
    },

    /// The source could not be read to its end.
    #[error("the source can't be read: {detail}")]
    Unreadable {
        /// What the reader said.
        detail: String,
    },

    /// The caller asked to stop.
    #[error("interrupted before {before}")]
    Interrupted {
        /// The step that was not begun.
        before: &'static str,
    },

    /// A rendition that cannot be made of any picture, or no rendition at all.
    #[error("invalid rendition: {detail}")]
    InvalidRendition {
        /// What is wrong with it, and what would be right.
        detail: String,
    },

    /// A thumbnail could not be resized or encoded, which no source should be able to cause.
    #[error("internal error while {step}: {detail}")]
    Internal {
        /// What was being done.
        step: &'static str,
        /// What the library said.
        detail: String,
    },
}

impl Error {
    /// A short, stable name for logs, metrics and manifests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnImage { .. } => "not_an_image",
            Self::Unsupported { .. } => "unsupported",
            Self::Corrupt { .. } => "corrupt",
            Self::Truncated { .. } => "truncated",
            Self::TooLarge { .. } => "too_large",
            Self::Unreadable { .. } => "unreadable",
            Self::Interrupted { .. } => "interrupted",
            Self::InvalidRendition { .. } => "invalid_rendition",
            Self::Internal { .. } => "internal",
        }
    }

    /// Whether the picture itself is at fault, so that the same bytes can never succeed.
    ///
    /// False for a source that could not be read, for an interruption, for a mistake in what was asked for, and for
    /// our own failures.
    pub fn is_about_the_picture(&self) -> bool {
        match self {
            Self::Empty
            | Self::NotAnImage { .. }
            | Self::Unsupported { .. }
            | Self::Corrupt { .. }
            | Self::Truncated { .. }
            | Self::TooLarge { .. } => true,
            Self::Unreadable { .. }
            | Self::Interrupted { .. }
            | Self::InvalidRendition { .. }
            | Self::Internal { .. } => false,
        }
    }
}
