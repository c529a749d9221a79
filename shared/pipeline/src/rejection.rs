//! What is said of a source that can't become thumbnails: in its outcome, and in its manifest for as long as it stays.

use thumbline_imaging::Limits;

/// Why a source can never become thumbnails as it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rejection {
    /// For machines: the code of a [`thumbline_imaging::Error`], such as `truncated`. In JSON it is `reason`, as
    /// everywhere that an outcome is told.
    #[serde(rename = "reason")]
    pub code: String,
    /// For people: what is wrong with the picture, and where.
    pub message: String,
}

impl From<&thumbline_imaging::Error> for Rejection {
    fn from(error: &thumbline_imaging::Error) -> Self {
        Rejection { code: error.code().to_owned(), message: error.to_string() }
    }
}

impl Rejection {
    /// Whether other limits could admit the source.
    pub fn is_for_a_limit(&self) -> bool {
        self.code == TOO_LARGE
    }
}

/// The code of [`thumbline_imaging::Error::TooLarge`].
const TOO_LARGE: &str = "too_large";

/// The limits that a source was held against, as its manifest remembers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// The longest source, in bytes.
    pub max_source_bytes: u64,
    /// The most pixels.
    pub max_pixels: u64,
    /// The longest side, in pixels.
    pub max_side_pixels: u32,
    /// The most memory that rendering may be expected to need, in bytes.
    pub max_memory_bytes: u64,
    /// The most pixels of all frames of an animation together.
    pub max_animation_pixels: u64,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Bounds {
            max_source_bytes: limits.max_source_bytes,
            max_pixels: limits.max_pixels,
            max_side_pixels: limits.max_side_pixels,
            max_memory_bytes: limits.max_memory_bytes,
            max_animation_pixels: limits.max_animation_pixels,
        }
    }
}

impl Bounds {
    /// Whether any of these limits is higher than that of `other`.
    pub fn admit_more_than(&self, other: &Bounds) -> bool {
        self.max_source_bytes > other.max_source_bytes
            || self.max_pixels > other.max_pixels
            || self.max_side_pixels > other.max_side_pixels
            || self.max_memory_bytes > other.max_memory_bytes
            || self.max_animation_pixels > other.max_animation_pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_engine_s() {
        let too_large = thumbline_imaging::Error::TooLarge { what: "pixels", actual: 2, limit: 1 };
        assert!(Rejection::from(&too_large).is_for_a_limit());
        assert!(!Rejection::from(&thumbline_imaging::Error::Empty).is_for_a_limit());
    }

    #[test]
    fn one_higher_limit_admits_more_whatever_the_others_are() {
        let bounds = Bounds::from(&Limits::default());
        assert!(!bounds.admit_more_than(&bounds));
        let higher = Bounds { max_memory_bytes: bounds.max_memory_bytes + 1, max_pixels: 1, ..bounds };
        assert!(higher.admit_more_than(&bounds) && bounds.admit_more_than(&higher));
        let lower = Bounds { max_side_pixels: 1, ..bounds };
        assert!(!lower.admit_more_than(&bounds));
    }
}
