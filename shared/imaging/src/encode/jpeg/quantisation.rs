//! How coarsely each frequency is kept, and the division that does it.
//!
//! The tables are the examples of ITU-T T.81, K.1, scaled by libjpeg's rule, so that a quality means here what it means
//! everywhere else. Dividing is the one slow thing that a CPU has to do for each coefficient: it is done by multiplying
//! with a reciprocal, which is exact for every number that can occur.

/// Table K.1, row by row.
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// Table K.2, row by row.
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, //
    18, 21, 26, 66, 99, 99, 99, 99, //
    24, 26, 56, 99, 99, 99, 99, 99, //
    47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// The transform leaves coefficients at this multiple of their value.
const TRANSFORM_SCALE: u16 = 8;

/// A quantisation table with what is needed to divide by it. All are in row order.
///
/// With `n` the size of a coefficient as the transform leaves it, the quantised one is
/// `((n + half) × reciprocal >> 16) × scale >> 16`: the nearest multiple of the step, halves away from zero.
#[derive(Clone, Debug)]
#[repr(C, align(32))]
pub(super) struct Quantiser {
    pub(super) halves: [u16; 64],
    pub(super) reciprocals: [u16; 64],
    pub(super) scales: [u16; 64],
    /// As the file tells them, 1 to 255.
    pub(super) steps: [u8; 64],
}

impl Quantiser {
    /// For brightness, and for grey pictures.
    pub(super) fn luma(quality: u8) -> Self {
        Self::new(&LUMA, quality)
    }

    /// For colours.
    pub(super) fn chroma(quality: u8) -> Self {
        Self::new(&CHROMA, quality)
    }

    fn new(table: &[u16; 64], quality: u8) -> Self {
        let steps = table.map(|step| scaled(step, quality));
        let divisors = steps.map(|step| u16::from(step) * TRANSFORM_SCALE);
        let reciprocals = divisors.map(reciprocal);
        Self {
            halves: divisors.map(|divisor| divisor / 2),
            reciprocals: reciprocals.map(|(reciprocal, _)| reciprocal),
            scales: reciprocals.map(|(_, scale)| scale),
            steps,
        }
    }

    /// One coefficient, at a place in row order.
    pub(super) fn quantise(&self, place: usize, coefficient: i16) -> i16 {
        let size = u32::from(coefficient.unsigned_abs()) + u32::from(self.halves[place]);
        let size = (size * u32::from(self.reciprocals[place])) >> 16;
        let size = ((size * u32::from(self.scales[place])) >> 16) as i16;
        if coefficient < 0 { -size } else { size }
    }
}

/// libjpeg's rule: quality 50 keeps the table, 100 makes all steps 1, and 1 is fifty times as coarse.
fn scaled(step: u16, quality: u8) -> u8 {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8
}

/// The reciprocal of a divisor from 8 to 2,040, as the two factors of [`Quantiser`].
///
/// With `2^s < divisor <= 2^(s+1)`, the first is `2^(16+s) / divisor` rounded up, which uses all of its 16 bits, and the
/// second `2^(16-s)`. What rounding up adds is less than 1 / divisor for all numbers below 2^15, so nothing is carried
/// over the next multiple.
fn reciprocal(divisor: u16) -> (u16, u16) {
    let shift = (divisor - 1).ilog2();
    let reciprocal = (1_u32 << (16 + shift)).div_ceil(u32::from(divisor));
    (reciprocal as u16, 1 << (16 - shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_are_libjpegs() {
        assert_eq!(Quantiser::luma(50).steps.map(u16::from), LUMA);
        assert_eq!(Quantiser::chroma(100).steps, [1; 64]);
        assert_eq!(Quantiser::luma(80).steps[..8], [6, 4, 4, 6, 10, 16, 20, 24]);
        assert_eq!(Quantiser::luma(1).steps[..8], [255; 8]);
        assert_eq!(Quantiser::luma(10).steps[..4], [80, 55, 50, 80]);
    }

    #[test]
    fn multiplying_by_the_reciprocal_is_dividing() {
        for step in 1..=255 {
            let quantiser = Quantiser::new(&[step; 64], 50);
            let divisor = step * TRANSFORM_SCALE;
            for size in 0..=(1 << 14) {
                let exact = ((size + divisor / 2) / divisor) as i16;
                assert_eq!(quantiser.quantise(0, size as i16), exact, "{size} / {divisor}");
                assert_eq!(quantiser.quantise(63, -(size as i16)), -exact, "-{size} / {divisor}");
            }
        }
    }
}
