//! How coefficients are rounded to levels, and what a bit is worth against an error, for each segment of a picture.

use crate::tables::{AC_STEPS, DC_STEPS};

/// Above this, levels cannot be coded (RFC 6386, 13.2).
pub(crate) const MAX_LEVEL: i16 = 2047;

/// The high bits of coefficients of luma are raised by so much of their step, by 2^11: what is there shall not be lost.
const SHARPENING: [i32; 16] = [0, 30, 60, 90, 30, 60, 90, 90, 60, 90, 90, 90, 90, 90, 90, 90];

/// From which fraction of a step on, by 2^8, it is rounded down: less than half would be best for errors, but costs bits.
struct Roundings {
    dc: i32,
    ac: i32,
    sharpening: [i32; 16],
}

/// How the coefficients of one kind of block are rounded, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) steps: [i16; 16],
    /// 2^17 by the step, rounded up so that what is a whole step is not rounded down; 16 bits without a sign.
    pub(crate) reciprocals: [i16; 16],
    /// What is added to the magnitude before it is divided.
    pub(crate) roundings: [i16; 16],
    /// The mean step.
    pub(crate) mean: i32,
}

impl Matrix {
    fn new(dc: i16, ac: i16, roundings: &Roundings) -> Self {
        let mut this = Self { steps: [ac; 16], reciprocals: [0; 16], roundings: [0; 16], mean: 0 };
        this.steps[0] = dc;
        for index in 0..16 {
            let step = i32::from(this.steps[index]);
            let rounding = if index == 0 { roundings.dc } else { roundings.ac };
            // Steps are 4 at least.
            this.reciprocals[index] = (((1 << 17) + step - 1) / step) as u16 as i16;
            this.roundings[index] =
                (((rounding * step) >> 8) + ((roundings.sharpening[index] * step) >> 11)) as i16;
        }
        this.mean = (i32::from(dc) + 15 * i32::from(ac) + 8) >> 4;
        this
    }

    /// The level of a single coefficient.
    pub(crate) fn quantize(&self, index: usize, coefficient: i16) -> i16 {
        let magnitude = u32::from(coefficient.unsigned_abs()) + u32::from(self.roundings[index] as u16);
        let level = (magnitude * u32::from(self.reciprocals[index] as u16)) >> 17;
        let level = level.min(u32::from(MAX_LEVEL as u16)) as i16;
        if coefficient < 0 { -level } else { level }
    }
}

/// What is the same for all macroblocks of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// The index of the quantizer, 0 to 127 (RFC 6386, 9.6).
    pub(crate) index: u8,
    pub(crate) luma: Matrix,
    /// For the DCs of luma, where they are a block of their own.
    pub(crate) luma_dc: Matrix,
    pub(crate) chroma: Matrix,
    /// What 1/256 bits are worth in squared errors by 2^-8: where modes of 4×4 are compared, modes of 16×16, modes of chroma,
    /// and the best of 4×4 with the best of 16×16.
    pub(crate) lambda_blocks: i32,
    pub(crate) lambda_whole: i32,
    pub(crate) lambda_chroma: i32,
    pub(crate) lambda_mode: i32,
    /// What lost texture is worth in squared errors, by 2^-8.
    pub(crate) lambda_texture: i32,
}

/// How chroma's quantizers differ from luma's (RFC 6386, 9.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChromaDelta {
    pub(crate) dc: i8,
    pub(crate) ac: i8,
}

/// How much is done for what people see rather than for small errors, in percent.
pub(crate) const SHAPING: i32 = 50;

impl Segment {
    pub(crate) fn new(index: u8, delta: ChromaDelta) -> Self {
        let at = |delta: i8, most: i32| (i32::from(index) + i32::from(delta)).clamp(0, most) as usize;
        let luma = Matrix::new(
            DC_STEPS[at(0, 127)],
            AC_STEPS[at(0, 127)],
            &Roundings { dc: 96, ac: 110, sharpening: SHARPENING },
        );
        // 155/100 of the step, and 8 at least; DCs have twice the step (RFC 6386, 9.6 and 14.1).
        let luma_dc = Matrix::new(
            DC_STEPS[at(0, 127)] * 2,
            ((i32::from(AC_STEPS[at(0, 127)]) * 155 / 100).max(8)) as i16,
            &Roundings { dc: 96, ac: 108, sharpening: [0; 16] },
        );
        let chroma = Matrix::new(
            // At most 132 (RFC 6386, 9.6).
            DC_STEPS[at(delta.dc, 117)],
            AC_STEPS[at(delta.ac, 127)],
            &Roundings { dc: 110, ac: 115, sharpening: [0; 16] },
        );
        let (q4, q16, q8) = (luma.mean, luma_dc.mean, chroma.mean);
        Self {
            index,
            lambda_blocks: ((3 * q4 * q4) >> 7).max(1),
            lambda_whole: (3 * q16 * q16).max(1),
            lambda_chroma: ((3 * q8 * q8) >> 6).max(1),
            lambda_mode: ((q4 * q4) >> 7).max(1),
            lambda_texture: ((SHAPING * q4) >> 5).max(1),
            luma,
            luma_dc,
            chroma,
        }
    }
}
