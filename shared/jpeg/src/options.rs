//! What the caller asks for: how much of the picture, how strictly, and how large at most.

use crate::tables::ZIGZAG;

/// How large the decoded picture is, in eighths of the stored one: 1 to 8.
///
/// A block of 8×8 samples becomes one of N×N, so the width of the result is ceil(width × N / 8), and so is its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scale {
    eighths: u8,
    detail: u8,
}

impl Scale {
    /// As stored.
    pub const FULL: Self = Self { eighths: 8, detail: Self::ALL_DETAIL };

    /// More than the frequency √2 of the finest checkerboard.
    const ALL_DETAIL: u8 = u8::MAX;

    /// A number of eighths, if it is one from 1 to 8.
    pub const fn eighths(eighths: u8) -> Option<Self> {
        match eighths {
            1..=8 => Some(Self { eighths, detail: Self::ALL_DETAIL }),
            _ => None,
        }
    }

    /// Leaves out what is finer than so many hundredths of what the scaled picture can show: than its Nyquist frequency, in
    /// whatever direction.
    ///
    /// For who goes on to shrink the picture by a good filter, which has no use for that: of each block only those coefficients
    /// (T.81 A.3.3) are decoded, in zigzag order, up to the last one of a lower frequency. At 3/8, and 70 hundredths, these are
    /// the first 6 of 64, instead of the first 13.
    #[must_use]
    pub const fn with_detail(self, hundredths: u8) -> Self {
        Self { detail: hundredths, ..self }
    }

    /// The smallest scale at which a picture of this size is at least `wanted` on both sides, or full size. A last pixel of
    /// which the picture fills only a part does not count: at 5/8, what is 2 pixels high is 1.25, rounded up to 2.
    pub fn covering(stored: (u32, u32), wanted: (u32, u32)) -> Self {
        let covers = |scale: Self, stored: u32, wanted: u32| {
            u64::from(stored) * u64::from(scale.eighths) >= u64::from(wanted) * 8
        };
        (1..8)
            .filter_map(Self::eighths)
            .find(|scale| covers(*scale, stored.0, wanted.0) && covers(*scale, stored.1, wanted.1))
            .unwrap_or(Self::FULL)
    }

    /// The last coefficient in zigzag order that is needed of a block, which becomes so many samples wide and high. What it covers
    /// of the scaled picture, across and down, comes in pixels of so many blocks.
    pub(crate) fn last_needed(self, samples: (usize, usize), pixels: [(usize, usize); 2]) -> usize {
        let [(width, blocks_wide), (height, blocks_high)] = pixels;
        let is_needed = |&index: &usize| {
            // A coefficient of number u has u half waves in a block, and a Nyquist frequency is one for each pixel. In whole
            // numbers, which are the same on every machine.
            let (u, v) = (usize::from(ZIGZAG[index] % 8), usize::from(ZIGZAG[index] / 8));
            let across = 100 * u * blocks_wide * height;
            let down = 100 * v * blocks_high * width;
            let finest = usize::from(self.detail) * width * height;
            let is_shown = self.detail == Self::ALL_DETAIL || across.pow(2) + down.pow(2) <= finest.pow(2);
            u < samples.0 && v < samples.1 && is_shown
        };
        (0..64).rev().find(is_needed).unwrap_or(0)
    }

    /// How many eighths.
    pub const fn get(self) -> usize {
        self.eighths as usize
    }

    /// A side of the picture at this scale, in pixels, rounded up.
    pub fn of(self, side: u32) -> u32 {
        let scaled = (u64::from(side) * u64::from(self.eighths)).div_ceil(8);
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
