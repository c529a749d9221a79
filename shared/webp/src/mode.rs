//! The ways in which a macroblock, or a block of it, is predicted from the samples above it and to its left (RFC 6386, 11.2).

/// A way for 16×16 samples of luma, or 8×8 of chroma.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The mean of the samples around.
    #[default]
    Mean,
    /// Each column is the sample above.
    Vertical,
    /// Each row is the sample to the left.
    Horizontal,
    /// The sample to the left, and what the sample above is more than the one in the corner.
    TrueMotion,
}

impl Mode {
    /// In the order in which they are tried.
    pub(crate) const ALL: [Self; 4] = [Self::Mean, Self::TrueMotion, Self::Vertical, Self::Horizontal];

    /// What blocks of 4×4 nearby take it for (RFC 6386, 11.3).
    pub(crate) fn as_mode4(self) -> Mode4 {
        match self {
            Self::Mean => Mode4::MEAN,
            Self::Vertical => Mode4::VERTICAL,
            Self::Horizontal => Mode4::HORIZONTAL,
            Self::TrueMotion => Mode4::TRUE_MOTION,
        }
    }
}

/// A way for 4×4 samples of luma: its number in RFC 6386, 11.2, below [`Mode4::COUNT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode4(u8);

impl Mode4 {
    pub(crate) const COUNT: usize = 10;
    pub(crate) const MEAN: Self = Self(0);
    pub(crate) const TRUE_MOTION: Self = Self(1);
    pub(crate) const VERTICAL: Self = Self(2);
    pub(crate) const HORIZONTAL: Self = Self(3);

    /// The `index`-th, or [`Self::MEAN`] if there are not so many.
    pub(crate) fn new(index: usize) -> Self {
        if index < Self::COUNT { Self(index as u8) } else { Self::MEAN }
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A step through a tree of choices: the node, which has a probability, and what it decides.
pub(crate) type Step = (usize, bool);

/// How each way for 4×4 samples is coded (RFC 6386, 11.2).
pub(crate) const PATHS4: [&[Step]; Mode4::COUNT] = [
    &[(0, false)],
    &[(0, true), (1, false)],
    &[(0, true), (1, true), (2, false)],
    &[(0, true), (1, true), (2, true), (3, false), (4, false)],
    &[(0, true), (1, true), (2, true), (3, true), (6, false)],
    &[(0, true), (1, true), (2, true), (3, false), (4, true), (5, false)],
    &[(0, true), (1, true), (2, true), (3, false), (4, true), (5, true)],
    &[(0, true), (1, true), (2, true), (3, true), (6, true), (7, false)],
    &[(0, true), (1, true), (2, true), (3, true), (6, true), (7, true), (8, false)],
    &[(0, true), (1, true), (2, true), (3, true), (6, true), (7, true), (8, true)],
];

/// The probability that luma is predicted in blocks of 4×4 (RFC 6386, 11.2).
pub(crate) const BY_BLOCKS: u8 = 145;

/// How each way for all of luma is coded, past that: probabilities and what is decided.
pub(crate) fn luma_path(mode: Mode) -> [(u8, bool); 2] {
    match mode {
        Mode::Mean => [(156, false), (163, false)],
        Mode::Vertical => [(156, false), (163, true)],
        Mode::Horizontal => [(156, true), (128, false)],
        Mode::TrueMotion => [(156, true), (128, true)],
    }
}

/// How each way for chroma is coded.
pub(crate) fn chroma_path(mode: Mode) -> &'static [(u8, bool)] {
    match mode {
        Mode::Mean => &[(142, false)],
        Mode::Vertical => &[(142, true), (114, false)],
        Mode::Horizontal => &[(142, true), (114, true), (183, false)],
        Mode::TrueMotion => &[(142, true), (114, true), (183, true)],
    }
}
