//! What the caller asks for: how much of the picture, how strictly, and how large at most.

/// How large the decoded picture is, in eighths of the stored one: 1 to 8.
///
/// A block of 8×8 samples becomes one of N×N, so the width of the result is ceil(width × N / 8), and so is its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scale(u8);

impl Scale {
    /// As stored.
    pub const FULL: Self = Self(8);

    /// A number of eighths, if it is one from 1 to 8.
    pub const fn eighths(eighths: u8) -> Option<Self> {
        match eighths {
            1..=8 => Some(Self(eighths)),
            _ => None,
        }
    }

    /// The smallest scale at which a picture of this size is at least `wanted` on both sides, or full size. A last pixel of
    /// which the picture fills only a part does not count: at 5/8, what is 2 pixels high is 1.25, rounded up to 2.
    pub fn covering(stored: (u32, u32), wanted: (u32, u32)) -> Self {
        let covers = |scale: Self, stored: u32, wanted: u32| {
            u64::from(stored) * u64::from(scale.0) >= u64::from(wanted) * 8
        };
        (1..8)
            .map(Self)
            .find(|scale| covers(*scale, stored.0, wanted.0) && covers(*scale, stored.1, wanted.1))
            .unwrap_or(Self::FULL)
    }

    /// How many eighths.
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// A side of the picture at this scale, in pixels, rounded up.
    pub fn of(self, side: u32) -> u32 {
        let scaled = (u64::from(side) * u64::from(self.0)).div_ceil(8);
        u32::try_from(scaled).unwrap_or(side)
    }
}

/// How to read a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to keep what there is of a picture with damaged or missing data: where its samples are unknown it is grey,
    /// and [`Decoded`](crate::Decoded) says how much is. Otherwise that is an error.
    pub lenient: bool,
    /// How many pixels the stored picture may have.
    pub max_pixels: u64,
    /// How many scans a progressive picture may have. Encoders write about ten; each can cost a pass over the picture.
    pub max_scans: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { lenient: false, max_pixels: 400_000_000, max_scans: 200 }
    }
}
