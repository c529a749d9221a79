//! Which part of a picture is kept where not all of it fits.

/// Where a picture lies in a box that it does not fill, or fills more than: for [`Fit::Cover`](crate::Fit::Cover) what is
/// kept of it, for [`Fit::Contain`](crate::Fit::Contain) where it lies on its canvas.
///
/// The words are those of a compass with the north at the top, as in sharp's `gravity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// The middle.
    #[default]
    Centre,
    /// The middle of the upper edge.
    North,
    /// The upper right corner.
    NorthEast,
    /// The middle of the right edge.
    East,
    /// The lower right corner.
    SouthEast,
    /// The middle of the lower edge.
    South,
    /// The lower left corner.
    SouthWest,
    /// The middle of the left edge.
    West,
    /// The upper left corner.
    NorthWest,
    /// As near to the middle of what is kept as the picture's edges allow. A canvas has the picture in its middle.
    Focus(Focus),
    /// What a person would look at first, by the measure that `docs/imaging.md` describes. A canvas has the picture in its
    /// middle.
    Attention,
}

impl Position {
    /// The nine that are fixed.
    pub const GRAVITIES: &'static [Self] = &[
        Self::Centre,
        Self::North,
        Self::NorthEast,
        Self::East,
        Self::SouthEast,
        Self::South,
        Self::SouthWest,
        Self::West,
        Self::NorthWest,
    ];

    /// The word used in presets: lower case, stable. A focal point's coordinates are told by [`Focus`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::North => "north",
            Self::NorthEast => "north-east",
            Self::East => "east",
            Self::SouthEast => "south-east",
            Self::South => "south",
            Self::SouthWest => "south-west",
            Self::West => "west",
            Self::NorthWest => "north-west",
            Self::Focus(_) => "focus",
            Self::Attention => "attention",
        }
    }

    /// The share of what is left over, across and down, that comes before what is placed: halves, none or all.
    pub(crate) fn lead(self) -> (Lead, Lead) {
        use Lead::{All, Half, None};
        match self {
            Self::NorthWest => (None, None),
            Self::North => (Half, None),
            Self::NorthEast => (All, None),
            Self::West => (None, Half),
            Self::Centre | Self::Focus(_) | Self::Attention => (Half, Half),
            Self::East => (All, Half),
            Self::SouthWest => (None, All),
            Self::South => (Half, All),
            Self::SouthEast => (All, All),
        }
    }
}

/// How much of what is left over comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    None,
    Half,
    All,
}

impl Lead {
    /// The share as a number.
    pub(crate) fn share(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Half => 0.5,
            Self::All => 1.0,
        }
    }

    /// Whole pixels of `left_over`; an odd one of two halves comes last.
    pub(crate) fn pixels(self, left_over: u32) -> u32 {
        match self {
            Self::None => 0,
            Self::Half => left_over / 2,
            Self::All => left_over,
        }
    }
}

/// A point in a picture as seen, in thousandths of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Focus {
    x: u16,
    y: u16,
}

impl Focus {
    /// The point `x` thousandths of the width from the left, and `y` of the height from the top; `None` where that lies
    /// outside of the picture.
    pub fn per_mille(x: u16, y: u16) -> Option<Self> {
        (x <= 1000 && y <= 1000).then_some(Self { x, y })
    }

    /// Thousandths of the width from the left, 0 to 1000.
    pub fn x_per_mille(self) -> u16 {
        self.x
    }

    /// Thousandths of the height from the top, 0 to 1000.
    pub fn y_per_mille(self) -> u16 {
        self.y
    }
}
