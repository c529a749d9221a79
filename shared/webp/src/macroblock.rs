//! 16×16 samples of luma and 8×8 of each chroma, laid out for the lanes: what is to be coded, and what was chosen for it.

use crate::arithmetic::{LANES, Row};
use crate::mode::{Mode, Mode4};
use crate::planes::{Plane, Planes};

/// The samples of a macroblock.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// For each sample of a block of 4×4, row by row, those of the 16 blocks.
    pub(crate) luma: [Row; 16],
    /// The same for four blocks of each plane of chroma, and all of that once more.
    pub(crate) chroma: [Row; 16],
}

impl Source {
    #[inline(always)]
    pub(crate) fn of(planes: &Planes, across: usize, down: usize) -> Self {
        let mut this = Self { luma: [[0; LANES]; 16], chroma: [[0; LANES]; 16] };
        for y in 0..16 {
            let row: &[u8; 16] = planes.luma.row(across * 16, down * 16 + y);
            for (x, &sample) in row.iter().enumerate() {
                this.luma[y % 4 * 4 + x % 4][y / 4 * 4 + x / 4] = sample.into();
            }
        }
        for (plane, samples) in planes.chroma.iter().enumerate() {
            for y in 0..8 {
                let row: &[u8; 8] = samples.row(across * 8, down * 8 + y);
                for (x, &sample) in row.iter().enumerate() {
                    let (place, lane) = (y % 4 * 4 + x % 4, plane * 4 + y / 4 * 2 + x / 4);
                    this.chroma[place][lane] = sample.into();
                    this.chroma[place][lane + 8] = sample.into();
                }
            }
        }
        this
    }

    /// Whether all of luma is one sample.
    pub(crate) fn is_flat(&self) -> bool {
        let first = self.luma[0][0];
        self.luma.iter().all(|row| row.iter().all(|&sample| sample == first))
    }
}

/// The samples that a decoder will have, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) luma: [[u8; 16]; 16],
    pub(crate) chroma: [[[u8; 8]; 8]; 2],
}

impl Decoded {
    pub(crate) const NONE: Self = Self { luma: [[0; 16]; 16], chroma: [[[0; 8]; 8]; 2] };

    /// Takes over luma that lies as that of [`Source`].
    #[inline(always)]
    pub(crate) fn set_luma(&mut self, samples: &[Row; 16]) {
        for (y, row) in self.luma.iter_mut().enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = samples[y % 4 * 4 + x % 4][y / 4 * 4 + x / 4] as u8;
            }
        }
    }

    /// Takes over chroma of the first eight lanes.
    #[inline(always)]
    pub(crate) fn set_chroma(&mut self, samples: &[Row; 16]) {
        for (plane, rows) in self.chroma.iter_mut().enumerate() {
            for (y, row) in rows.iter_mut().enumerate() {
                for (x, sample) in row.iter_mut().enumerate() {
                    *sample = samples[y % 4 * 4 + x % 4][plane * 4 + y / 4 * 2 + x / 4] as u8;
                }
            }
        }
    }

    /// Copies it to where it belongs.
    pub(crate) fn put(&self, planes: &mut Planes, across: usize, down: usize) {
        let put = |plane: &mut Plane, x: usize, y: usize, row: &[u8]| {
            let start = y * plane.stride + x;
            plane.samples[start..start + row.len()].copy_from_slice(row);
        };
        for (y, row) in self.luma.iter().enumerate() {
            put(&mut planes.luma, across * 16, down * 16 + y, row);
        }
        for (plane, rows) in planes.chroma.iter_mut().zip(&self.chroma) {
            for (y, row) in rows.iter().enumerate() {
                put(plane, across * 8, down * 8 + y, row);
            }
        }
    }
}

/// How luma is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Luma {
    /// All of it in one way.
    Whole(Mode),
    /// Each block in its own.
    Blocks([Mode4; 16]),
}

/// What was chosen for a macroblock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) luma: Luma,
    pub(crate) chroma: Mode,
    pub(crate) segment: u8,
    /// Whether it has no coefficients.
    pub(crate) is_empty: bool,
}

/// The levels of a macroblock, those of each block row by row.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    pub(crate) luma_dc: [i16; 16],
    pub(crate) luma: [[i16; 16]; 16],
    pub(crate) chroma: [[i16; 16]; 8],
}

impl Levels {
    pub(crate) const NONE: Self = Self { luma_dc: [0; 16], luma: [[0; 16]; 16], chroma: [[0; 16]; 8] };

    /// Whether all are 0. DCs of luma count only where they are a block of their own.
    #[inline(always)]
    pub(crate) fn is_empty(&self, has_dc_block: bool) -> bool {
        let any = |blocks: &[[i16; 16]]| blocks.iter().flatten().fold(0, |any, &level| any | level);
        let dc = if has_dc_block { any(&[self.luma_dc]) } else { 0 };
        any(&self.luma) | any(&self.chroma) | dc == 0
    }
}

/// What becomes of a macroblock.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) levels: Levels,
    pub(crate) decoded: Decoded,
}

/// What one lane of some rows has.
#[inline(always)]
pub(crate) fn column(rows: &[Row; 16], lane: usize) -> [i16; 16] {
    let mut column = [0; 16];
    for (value, row) in column.iter_mut().zip(rows) {
        *value = row[lane];
    }
    column
}
