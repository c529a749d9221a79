//! How strong the loop filter is to be in each segment: on some rows of macroblocks several strengths are tried, and the one
//! that comes nearest to the picture is taken, by SSIM (Z. Wang et al., "Image Quality Assessment: From Error Visibility to
//! Structural Similarity", 2004).
//!
//! What quantizers alone suggest leaves steps in skies; and libwebp raises that to what the steepest step of all needs, which
//! blurs everything else in a segment that has one.

use crate::loop_filter::filter_luma;
use crate::macroblock::{Choice, Decoded};
use crate::planes::{Plane, Planes};
use crate::segmentation::{SEGMENTS, STRONGEST_FILTER};

/// How much stronger than the quantizers suggest is tried.
const STRONGER: [u8; 4] = [0, 6, 13, 21];

/// Of so many rows of macroblocks two are tried; in small pictures, all.
const PERIOD: usize = 10;
const MOST_ROWS_OF_SMALL: usize = 12;

/// The side of the squares that are compared.
const SIDE: usize = 8;

/// A picture's trials.
pub(crate) struct Trials {
    across: usize,
    period: usize,
    /// The luma of two rows of macroblocks, as it is before the filter, and after one.
    decoded: Plane,
    filtered: Plane,
    /// For each segment and candidate, how much of the picture's structure there is.
    similarity: [[f64; STRONGER.len()]; SEGMENTS],
}

impl Trials {
    pub(crate) fn new(across: usize, down: usize) -> Self {
        let rows = Plane::new(across * 16, if down < 2 { 16 } else { 32 });
        Self {
            across,
            period: if down <= MOST_ROWS_OF_SMALL { 2 } else { PERIOD },
            decoded: rows.clone(),
            filtered: rows,
            similarity: [[0.0; STRONGER.len()]; SEGMENTS],
        }
    }

    /// Takes a macroblock as it will be decoded.
    #[inline(always)]
    pub(crate) fn take(&mut self, decoded: &Decoded, across: usize, down: usize) {
        let row = down % self.period;
        if row > 1 {
            return;
        }
        for (y, samples) in decoded.luma.iter().enumerate() {
            let start = (row * 16 + y) * self.decoded.stride + across * 16;
            if let Some(room) = self.decoded.samples.get_mut(start..start + 16) {
                room.copy_from_slice(samples);
            }
        }
    }

    /// At the end of a row, tries what can be tried. There are choices for all macroblocks up to there.
    #[inline(always)]
    pub(crate) fn try_row(&mut self, source: &Planes, choices: &[Choice], down: usize, filters: &[u8]) {
        let is_only = source.down < 2;
        if down % self.period != 1 && !is_only {
            return;
        }
        let count = if is_only { 1 } else { 2 };
        let choices = &choices[choices.len().saturating_sub(count * self.across)..];
        for (candidate, stronger) in STRONGER.into_iter().enumerate() {
            let filters = strengthened(filters, [stronger; SEGMENTS]);
            self.filtered.samples.copy_from_slice(&self.decoded.samples);
            filter_luma(&mut self.filtered, self.across, choices, &filters);
            for (index, choice) in choices.iter().enumerate() {
                let (x, y) = (index % self.across * 16, index / self.across * 16);
                let above = (down + 1 - count) * 16;
                let mut similarity = 0.0;
                for (left, top) in [(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)] {
                    let rows = |plane: &Plane, above: usize| {
                        std::array::from_fn(|row| *plane.row::<SIDE>(x + left, above + y + top + row))
                    };
                    similarity += ssim(&rows(&source.luma, above), &rows(&self.filtered, 0));
                }
                self.similarity[usize::from(choice.segment) % SEGMENTS][candidate] += similarity;
            }
        }
    }

    /// The strengths, given those that quantizers suggest.
    pub(crate) fn strengths(&self, filters: &[u8]) -> [u8; SEGMENTS] {
        let best = |similarity: &[f64; STRONGER.len()]| {
            let mut best = 0;
            for candidate in 1..STRONGER.len() {
                if similarity[candidate] > similarity[best] {
                    best = candidate;
                }
            }
            STRONGER[best]
        };
        strengthened(filters, self.similarity.each_ref().map(best))
    }
}

/// For each segment the strength that is suggested, and so much more.
fn strengthened(filters: &[u8], stronger: [u8; SEGMENTS]) -> [u8; SEGMENTS] {
    std::array::from_fn(|segment| {
        let suggested = filters.get(segment).copied().unwrap_or(0);
        (suggested + stronger[segment]).min(STRONGEST_FILTER)
    })
}

/// How alike two squares are, at most 1.
#[inline(always)]
fn ssim(one: &[[u8; SIDE]; SIDE], other: &[[u8; SIDE]; SIDE]) -> f64 {
    // (0.01 · 255)² and (0.03 · 255)², of sums of all samples.
    const COUNT: u32 = (SIDE * SIDE) as u32;
    const C1: f64 = 6.5025 * (COUNT * COUNT) as f64;
    const C2: f64 = 58.5225 * (COUNT * COUNT) as f64;
    let (mut sum, mut other_sum, mut square, mut other_square, mut product) = (0, 0, 0, 0, 0);
    for (one, other) in one.iter().flatten().zip(other.iter().flatten()) {
        let (one, other) = (u32::from(*one), u32::from(*other));
        sum += one;
        other_sum += other;
        square += one * one;
        other_square += other * other;
        product += one * other;
    }
    let variance = |square: u32, sum: u32| f64::from(square * COUNT) - f64::from(sum).powi(2);
    let (mean, other_mean) = (f64::from(sum), f64::from(other_sum));
    let both = f64::from(product * COUNT) - mean * other_mean;
    let variances = variance(square, sum) + variance(other_square, other_sum);
    (2.0 * mean * other_mean + C1) * (2.0 * both + C2)
        / ((mean * mean + other_mean * other_mean + C1) * (variances + C2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macroblock::Luma;
    use crate::mode::Mode;

    const SUGGESTED: [u8; 2] = [11, 4];

    /// The strengths for a picture, given what becomes of a sample at some place. Its left half is of the second segment.
    fn strengths(source: impl Fn(usize, usize) -> u8, decode: impl Fn(usize, usize) -> u8) -> [u8; SEGMENTS] {
        let mut planes = Planes::new(6, 5);
        let stride = planes.luma.stride;
        for (index, sample) in planes.luma.samples.iter_mut().enumerate() {
            *sample = source(index % stride, index / stride);
        }
        let mut trials = Trials::new(planes.across, planes.down);
        let mut choices = Vec::new();
        for down in 0..planes.down {
            for across in 0..planes.across {
                let mut decoded = Decoded::NONE;
                for (y, row) in decoded.luma.iter_mut().enumerate() {
                    for (x, sample) in row.iter_mut().enumerate() {
                        *sample = decode(across * 16 + x, down * 16 + y);
                    }
                }
                trials.take(&decoded, across, down);
                let segment = u8::from(across < 3);
                choices.push(Choice {
                    luma: Luma::Whole(Mode::Mean),
                    chroma: Mode::Mean,
                    segment,
                    is_empty: true,
                });
            }
            trials.try_row(&planes, &choices, down, &SUGGESTED);
        }
        trials.strengths(&SUGGESTED)
    }

    fn sky(x: usize, y: usize) -> u8 {
        (60 + x + y / 2) as u8
    }

    fn grain(x: usize, y: usize) -> u8 {
        (x * 7 + y * 13 + x * y * 5) as u8 % 64 + 96
    }

    #[test]
    fn steps_in_a_sky_are_filtered_more_than_quantizers_suggest() {
        let [first, second, ..] = strengths(sky, |x, y| sky(x / 16 * 16 + 8, y / 16 * 16 + 8));
        assert!(first > SUGGESTED[0] && second > SUGGESTED[1], "{first}, {second}");
    }

    #[test]
    fn what_came_out_right_is_filtered_no_more() {
        assert_eq!(strengths(grain, grain), [11, 4, 0, 0]);
    }

    #[test]
    fn each_segment_has_a_strength_of_its_own() {
        let steps = |x: usize, y: usize| {
            if x < 48 { sky(x / 16 * 16 + 8, y / 16 * 16 + 8) } else { grain(x, y) }
        };
        let [first, second, ..] = strengths(|x, y| if x < 48 { sky(x, y) } else { grain(x, y) }, steps);
        assert!(first == SUGGESTED[0] && second > SUGGESTED[1], "{first}, {second}");
    }

    #[test]
    fn likeness_is_that_of_the_definition() {
        let one: [[u8; SIDE]; SIDE] = std::array::from_fn(|y| std::array::from_fn(|x| grain(x, y)));
        let other = one.map(|row| row.map(|sample| sample / 2 + 20));
        assert!((ssim(&one, &one) - 1.0).abs() < 1e-12);
        let values = |square: &[[u8; SIDE]; SIDE]| -> Vec<f64> {
            square.iter().flatten().map(|&value| value.into()).collect()
        };
        let (a, b) = (values(&one), values(&other));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / 64.0;
        let both = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).map(|(x, y)| (x - mean(a)) * (y - mean(b))).sum::<f64>() / 64.0
        };
        let (c1, c2) = (6.5025, 58.5225);
        let expected = (2.0 * mean(&a) * mean(&b) + c1) * (2.0 * both(&a, &b) + c2)
            / ((mean(&a).powi(2) + mean(&b).powi(2) + c1) * (both(&a, &a) + both(&b, &b) + c2));
        assert!((ssim(&one, &other) - expected).abs() < 1e-12, "{} for {expected}", ssim(&one, &other));
    }
}
