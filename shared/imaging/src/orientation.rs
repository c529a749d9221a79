//! The eight ways in which a camera may have been held.

/// EXIF orientation: how stored pixels must be turned to be seen upright.
///
/// The values are those of the tag 0x0112 (EXIF 2.32, 4.6.4), which TIFF shares: where the stored row 0 and column 0
/// belong in the picture as seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orientation(u8);

impl Orientation {
    /// Stored as seen: value 1, and what is assumed where nothing, or nonsense, is said.
    pub const UPRIGHT: Self = Self(1);

    /// The orientation for an EXIF value; `None` outside 1 to 8.
    pub fn from_exif(value: u16) -> Option<Self> {
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value)).map(Self)
    }

    /// The EXIF value, 1 to 8.
    pub fn exif(self) -> u8 {
        self.0
    }

    /// The same, then a quarter turn against the clock.
    pub(crate) fn turned_left(self) -> Self {
        self.mapped([8, 5, 6, 7, 4, 1, 2, 3])
    }

    /// The same, then left and right exchanged.
    pub(crate) fn mirrored(self) -> Self {
        self.mapped([2, 1, 4, 3, 6, 5, 8, 7])
    }

    /// The same, then top and bottom exchanged.
    pub(crate) fn upside_down(self) -> Self {
        self.mapped([4, 3, 2, 1, 8, 7, 6, 5])
    }

    /// The value that a table has for this one.
    fn mapped(self, to: [u8; 8]) -> Self {
        Self(to.get(usize::from(self.0) - 1).copied().unwrap_or(1))
    }

    /// Whether width and height change places: values 5 to 8.
    pub fn swaps_sides(self) -> bool {
        self.0 >= 5
    }
}

impl Default for Orientation {
    fn default() -> Self {
        Self::UPRIGHT
    }
}
