//! From luma and chroma to red, green and blue (ITU-T H.273, 8.3), in whole numbers.

use super::lines::LINE_BITS;
use crate::error::Error;
use crate::source::avif::{Coding, UNSPECIFIED};

/// How finely factors are told: 20 bits for a result of 8 bits, 12 for one of 16.
const FACTOR_BITS_EIGHT: u32 = 20;
const FACTOR_BITS_SIXTEEN: u32 = 12;

/// The conversion of one picture's samples, all of them on the scale of [`LINE_BITS`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    black: i32,
    middle: i32,
    luma: i32,
    /// Of U and V, for red, green and blue.
    chroma: [(i32, i32); 3],
    kind: Kind,
    bits: u32,
    most: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Red takes nothing of U, blue nothing of V.
    Difference,
    /// Anything goes.
    Full,
    /// The planes are green, blue and red.
    Identity,
}

impl Matrix {
    /// The conversion that `coding` asks for, of samples of `bits`, to results of 8 bits or of 16.
    pub(super) fn new(coding: Coding, bits: u8, sixteen: bool) -> Result<Self, Error> {
        let shift = LINE_BITS.saturating_sub(bits);
        // Black, white and the range of chroma for 8 bits; more bits are more of the same (H.273, equations 20 to 31).
        let scale = f64::from(1_u32 << bits.saturating_sub(8)) * f64::from(1_u32 << shift);
        let most = f64::from(((1_u32 << bits) - 1) << shift);
        let (black, luma_range, chroma_range) =
            if coding.full_range { (0.0, most, most) } else { (16.0 * scale, 219.0 * scale, 224.0 * scale) };
        let (result, factor_bits) =
            if sixteen { (f64::from(u16::MAX), FACTOR_BITS_SIXTEEN) } else { (255.0, FACTOR_BITS_EIGHT) };
        let factor =
            |value: f64, range: f64| rounded(value * result / range * f64::from(1_u32 << factor_bits));
        let (kind, weights) = match coding.matrix {
            0 => (Kind::Identity, [(0.0, 0.0); 3]),
            // YCgCo.
            8 => (Kind::Full, [(-1.0, 1.0), (1.0, 0.0), (-1.0, -1.0)]),
            matrix => {
                let (red, blue) = luma_weights(matrix)?;
                let green = 1.0 - red - blue;
                let (of_u, of_v) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
                (Kind::Difference, [(0.0, of_v), (-of_u * blue / green, -of_v * red / green), (of_u, 0.0)])
            }
        };
        Ok(Self {
            black: rounded(black),
            middle: rounded(128.0 * scale),
            luma: factor(1.0, luma_range),
            chroma: weights.map(|(of_u, of_v)| (factor(of_u, chroma_range), factor(of_v, chroma_range))),
            kind,
            bits: factor_bits,
            most: rounded(result),
        })
    }

    /// Whether the planes are colours already.
    pub(super) fn is_identity(&self) -> bool {
        self.kind == Kind::Identity
    }

    /// Grey, or alpha.
    pub(super) fn gray(&self, y: u16) -> i32 {
        self.clamp((i32::from(y) - self.black) * self.luma)
    }

    /// Red, green and blue.
    #[inline]
    pub(super) fn color(&self, y: u16, u: u16, v: u16) -> [i32; 3] {
        match self.kind {
            Kind::Identity => [self.gray(v), self.gray(y), self.gray(u)],
            Kind::Difference => self.difference(y, u, v),
            Kind::Full => {
                let luma = (i32::from(y) - self.black) * self.luma;
                let (u, v) = (i32::from(u) - self.middle, i32::from(v) - self.middle);
                self.chroma.map(|(of_u, of_v)| self.clamp(luma + u * of_u + v * of_v))
            }
        }
    }

    /// A line of pixels of the usual kind, 8 bits each, several at a time as the compiler sees fit.
    pub(super) fn colors(&self, y: &[u16], u: &[u16], v: &[u16], pixels: &mut [u8]) {
        let (pixels, _) = pixels.as_chunks_mut::<3>();
        let samples = y.iter().zip(u).zip(v);
        for (pixel, ((y, u), v)) in pixels.iter_mut().zip(samples) {
            *pixel = self.color(*y, *u, *v).map(byte);
        }
    }

    #[inline]
    fn difference(&self, y: u16, u: u16, v: u16) -> [i32; 3] {
        let luma = (i32::from(y) - self.black) * self.luma;
        let (u, v) = (i32::from(u) - self.middle, i32::from(v) - self.middle);
        let [(_, red), (green_u, green_v), (blue, _)] = self.chroma;
        [
            self.clamp(luma + v * red),
            self.clamp(luma + u * green_u + v * green_v),
            self.clamp(luma + u * blue),
        ]
    }

    /// Products of 14 bits and a factor below 2.3 times 2 to the 14th, three at most: they fit into 31 bits.
    #[inline]
    fn clamp(&self, product: i32) -> i32 {
        ((product + (1 << (self.bits - 1))) >> self.bits).clamp(0, self.most)
    }
}

/// What has been clamped to 8 bits.
#[inline]
pub(super) fn byte(value: i32) -> u8 {
    value.to_le_bytes()[0]
}

#[allow(clippy::cast_possible_truncation, reason = "factors and samples, all far below 2 to the 31st")]
fn rounded(value: f64) -> i32 {
    value.round() as i32
}

/// The shares of red and blue in luma (H.273, table 4).
fn luma_weights(matrix: u16) -> Result<(f64, f64), Error> {
    match matrix {
        1 => Ok((0.2126, 0.0722)),
        4 => Ok((0.30, 0.11)),
        // What says nothing is taken for BT.601, as everywhere.
        UNSPECIFIED | 5 | 6 => Ok((0.299, 0.114)),
        7 => Ok((0.212, 0.087)),
        9 => Ok((0.2627, 0.0593)),
        other => Err(Error::Unsupported { found: format!("AVIF with matrix coefficients {other}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding(matrix: u16, full_range: bool) -> Coding {
        Coding { primaries: 1, transfer: 13, matrix, full_range }
    }

    /// The samples that H.273 gives for a colour, unrounded.
    fn samples(rgb: [f64; 3], (red, blue): (f64, f64), bits: u8, full_range: bool) -> [u16; 3] {
        let luma = red * rgb[0] + (1.0 - red - blue) * rgb[1] + blue * rgb[2];
        let (u, v) = ((rgb[2] - luma) / (2.0 * (1.0 - blue)), (rgb[0] - luma) / (2.0 * (1.0 - red)));
        let unit = f64::from(1_u32 << (bits - 8));
        let most = f64::from((1_u32 << bits) - 1);
        let stored = if full_range {
            [luma * most, u * most + 128.0 * unit, v * most + 128.0 * unit]
        } else {
            [(219.0 * luma + 16.0) * unit, (224.0 * u + 128.0) * unit, (224.0 * v + 128.0) * unit]
        };
        stored.map(|sample| u16::try_from(rounded(sample) << (LINE_BITS - bits)).unwrap())
    }

    #[test]
    fn colors_come_back_from_every_matrix_range_and_depth() {
        let colors = [
            [0.0, 0.0, 0.0],
            [1.0, 1.0, 1.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.2, 0.5, 0.7],
        ];
        for (number, weights) in
            [(1, (0.2126, 0.0722)), (2, (0.299, 0.114)), (6, (0.299, 0.114)), (9, (0.2627, 0.0593))]
        {
            for (bits, full_range) in [(8, true), (8, false), (10, true), (10, false), (12, false)] {
                for color in colors {
                    let [y, u, v] = samples(color, weights, bits, full_range);
                    for sixteen in [false, true] {
                        let matrix = Matrix::new(coding(number, full_range), bits, sixteen).unwrap();
                        let most = if sixteen { 65_535.0 } else { 255.0 };
                        let apart = if bits == 8 { most * 0.006 } else { most * 0.003 };
                        for (got, wanted) in matrix.color(y, u, v).into_iter().zip(color) {
                            let off = (f64::from(got) - wanted * most).abs();
                            assert!(off <= apart, "{number} {bits} {full_range} {color:?}: {got}, {off} off");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn no_sample_overflows() {
        for (matrix, bits, full_range, sixteen) in
            [(9, 8, false, false), (9, 12, false, true), (8, 10, false, true), (0, 12, true, false)]
        {
            let matrix = Matrix::new(coding(matrix, full_range), bits, sixteen).unwrap();
            let ends = [0, (1 << LINE_BITS) - 1];
            for y in ends {
                for u in ends {
                    for v in ends {
                        assert!(matrix.color(y, u, v).iter().all(|value| (0..=matrix.most).contains(value)));
                    }
                }
            }
        }
    }

    #[test]
    fn planes_of_colors_pass_as_they_are() {
        let matrix = Matrix::new(coding(0, true), 8, false).unwrap();
        assert_eq!(matrix.color(10 << 6, 20 << 6, 30 << 6), [30, 10, 20]);
    }

    #[test]
    fn what_cannot_be_converted_is_named() {
        let error = Matrix::new(coding(14, true), 10, false).unwrap_err();
        assert_eq!(error.code(), "unsupported");
    }
}
