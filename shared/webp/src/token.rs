//! Coefficients as the symbols that are coded (RFC 6386, 13.2).

use crate::mode::Step;

/// A kind of magnitude. 5 and more are categories of numbers, told apart by further bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(u8);

/// How many kinds there are, and the number of one more that says that no coefficients follow.
pub(crate) const TOKENS: usize = 12;
pub(crate) const END: usize = 11;

/// The probability of a sign.
pub(crate) const SIGN: u8 = 128;

/// The smallest magnitude of each kind.
const BASES: [u16; 11] = [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67];

/// The probabilities of the further bits, the highest first.
const EXTRA: [&[u8]; 11] = [
    &[],
    &[],
    &[],
    &[],
    &[],
    &[159],
    &[165, 145],
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// The nodes past the one that says that a coefficient is not 0, and what is decided at each.
const PATHS: [&[Step]; 11] = [
    &[],
    &[(2, false)],
    &[(2, true), (3, false), (4, false)],
    &[(2, true), (3, false), (4, true), (5, false)],
    &[(2, true), (3, false), (4, true), (5, true)],
    &[(2, true), (3, true), (6, false), (7, false)],
    &[(2, true), (3, true), (6, false), (7, true)],
    &[(2, true), (3, true), (6, true), (8, false), (9, false)],
    &[(2, true), (3, true), (6, true), (8, false), (9, true)],
    &[(2, true), (3, true), (6, true), (8, true), (10, false)],
    &[(2, true), (3, true), (6, true), (8, true), (10, true)],
];

/// The kind of each magnitude below the last kind's.
const KINDS: [u8; 67] = kinds();

const fn kinds() -> [u8; 67] {
    let mut kinds = [0; 67];
    let mut magnitude = 0;
    while magnitude < 67 {
        let mut kind = 10;
        while BASES[kind] as usize > magnitude {
            kind -= 1;
        }
        kinds[magnitude] = kind as u8;
        magnitude += 1;
    }
    kinds
}

impl Token {
    /// The kind of a magnitude.
    #[inline(always)]
    pub(crate) fn of(magnitude: u16) -> Self {
        Self(KINDS.get(usize::from(magnitude)).copied().unwrap_or(10))
    }

    /// The `index`-th, or the last.
    pub(crate) fn new(index: usize) -> Self {
        Self(index.min(10) as u8)
    }

    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The decisions past the one that it is not 0.
    #[inline(always)]
    pub(crate) fn path(self) -> &'static [Step] {
        PATHS[self.index()]
    }

    /// The smallest magnitude of this kind, and the probabilities of the bits of what there is beyond.
    #[inline(always)]
    pub(crate) fn extra(self) -> (u16, &'static [u8]) {
        (BASES[self.index()], EXTRA[self.index()])
    }
}
