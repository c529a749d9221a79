//! Why there are no pixels, in terms that a caller can act on: what is wrong, and at which byte.

/// What went wrong. Positions are offsets in bytes from the start of the source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not begin as a JPEG does.
    #[error("not a JPEG: it does not begin with the marker SOI (FF D8)")]
    NotJpeg,

    /// The bytes end before the picture does.
    #[error("truncated JPEG: it ends at byte {position}, within {within}")]
    Truncated {
        /// Where the bytes end.
        position: usize,
        /// What they should have gone on with.
        within: &'static str,
    },

    /// The bytes could not be read as far as they are needed.
    #[error("JPEG that can't be read on from byte {position}: {reason}")]
    Unreadable {
        /// How far they could be read.
        position: usize,
        /// What the reader said.
        reason: String,
    },

    /// The bytes break a rule of ITU-T T.81.
    #[error("corrupt JPEG: {rule}, at byte {position}")]
    Corrupt {
        /// Where: the start of the segment for a segment, about there for entropy-coded data.
        position: usize,
        /// Which rule is broken.
        rule: &'static str,
    },

    /// A JPEG, but of a kind that is not decoded here.
    #[error("unsupported JPEG: {feature}, at byte {position}")]
    Unsupported {
        /// Where the picture says so.
        position: usize,
        /// What it is.
        feature: &'static str,
    },

    /// More than [`Options`](crate::Options) allow.
    #[error("JPEG beyond the limit: {actual} {what}, and at most {limit} are allowed")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much of it there is.
        actual: u64,
        /// How much is allowed.
        limit: u64,
    },
}

impl Error {
    /// Whether the bytes simply end too early: more of them might help.
    pub fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }

    /// Whether another decoder might do what this one does not.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported { .. })
    }

    /// At which byte, where there is one to tell.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Truncated { position, .. }
            | Self::Unreadable { position, .. }
            | Self::Corrupt { position, .. }
            | Self::Unsupported { position, .. } => Some(*position),
            Self::NotJpeg | Self::TooLarge { .. } => None,
        }
    }
}
