//! How much each pixel of a row, or of a column, counts for each pixel that is made of it.

// Sides are at most 65,535, and every number is clamped before it is cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::lanczos::{LOBES, lanczos};

/// Fraction bits of a weight: 2^14 is all of a pixel.
pub(crate) const WEIGHT_BITS: u32 = 14;

/// The weights of one pixel add up to this.
const ONE: i32 = 1 << WEIGHT_BITS;

/// The most that the weights of one pixel, without their signs, add up to. Those of Lanczos with three lobes stay below 1.56,
/// even at the edge of a picture that is enlarged; this is what the kernels' sums are sure to hold.
const MOST_WEIGHT: i32 = ONE * 8 / 5;

/// What kernels take at once, in one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Taps come in multiples of this.
    pub(crate) taps: usize,
    /// First source pixels are multiples of this, and then the last taps may lie beyond the last pixel. Where it is 1 they
    /// do not, but if there are fewer pixels than taps.
    pub(crate) starts: u32,
}

/// The weights of one direction.
///
/// Each pixel that is made has as many taps as any of them: those that it does not need weigh nothing.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    source: usize,
    taps: usize,
    /// The first source pixel of each; never less than that of the one before.
    starts: Vec<u32>,
    /// `taps` for each.
    values: Vec<i16>,
}

impl Weights {
    /// For making `target` pixels of `length` pixels of `source`, from `from` on.
    pub(crate) fn new(source: u32, from: f64, length: f64, target: u32, grid: Grid) -> Self {
        let scale = length / f64::from(target);
        let stretch = scale.max(1.0);
        let reach = LOBES * stretch;
        let last = f64::from(source.saturating_sub(1));
        let spans = (0..target).map(|index| {
            let center = from + (f64::from(index) + 0.5) * scale;
            let first = (center - reach).floor().clamp(0.0, last);
            let end = (center + reach).ceil().clamp(first + 1.0, last + 1.0);
            (center, first as u32, end as u32)
        });
        let on_grid = |first: u32| first - first % grid.starts;
        let most = spans.clone().map(|(_, first, end)| end - on_grid(first)).max().unwrap_or(1);
        let taps = (most as usize).next_multiple_of(grid.taps);
        let latest = match grid.starts {
            1 => source.saturating_sub(u32::try_from(taps).unwrap_or(u32::MAX)),
            _ => u32::MAX,
        };
        let mut weights = Self {
            source: source as usize,
            taps,
            starts: Vec::new(),
            values: vec![0; taps * target as usize],
        };
        let mut exact = Vec::with_capacity(taps);
        let mut known = vec![Shape::default(); period(source, from, length, target)];
        for ((index, (center, first, end)), values) in
            spans.enumerate().zip(weights.values.chunks_exact_mut(taps))
        {
            let period = known.len();
            let shape = &mut known[index % period];
            let offset = center - f64::from(first);
            if shape.values.len() != (end - first) as usize || (shape.offset - offset).abs() > SAME_PLACE {
                shape.offset = offset;
                exact.clear();
                let place = |pixel| (f64::from(pixel) + 0.5 - center) * (1.0 / stretch);
                exact.extend((first..end).map(|pixel| lanczos(place(pixel))));
                quantise(&exact, &mut shape.values);
            }
            // Earlier than need be rather than beyond the last pixel.
            let start = on_grid(first.min(latest));
            weights.starts.push(start);
            values[(first - start) as usize..][..shape.values.len()].copy_from_slice(&shape.values);
        }
        weights
    }

    /// How many pixels are made.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// How many pixels count for one.
    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// For each that is made its first source pixel, and the weights from there on.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (usize, &[i16])> {
        let starts = self.starts.iter().map(|start| *start as usize);
        starts.zip(self.values.chunks_exact(self.taps))
    }

    /// One more than the last place that any tap stands for, be there a pixel or not.
    pub(crate) fn reach(&self) -> usize {
        self.starts.last().map_or(0, |start| *start as usize + self.taps)
    }

    /// The first source pixel of one, and the weights from there on.
    pub(crate) fn of(&self, index: usize) -> (usize, &[i16]) {
        let first = index * self.taps;
        (self.start(index), &self.values[first..first + self.taps])
    }

    /// The first source pixel of one.
    pub(crate) fn start(&self, index: usize) -> usize {
        self.starts[index] as usize
    }

    /// One more than the last source pixel that counts for it.
    pub(crate) fn end(&self, index: usize) -> usize {
        (self.start(index) + self.taps).min(self.source)
    }

    /// The source pixels that count at all, from and to.
    pub(crate) fn span(&self) -> (usize, usize) {
        match self.len() {
            0 => (0, 0),
            len => (self.start(0), self.end(len - 1)),
        }
    }

    /// The same, for a source that begins at its pixel number `first`.
    pub(crate) fn shifted(mut self, first: usize) -> Self {
        for start in &mut self.starts {
            *start = start.saturating_sub(first as u32);
        }
        self.source = self.source.saturating_sub(first);
        self
    }
}

/// What a pixel that is made is made of, wherever that lies.
#[derive(Clone, Debug, Default)]
struct Shape {
    /// Where its middle is, from the first source pixel on.
    offset: f64,
    values: Vec<i16>,
}

/// Middles that are no further apart, in source pixels, differ by the rounding of fractions.
const SAME_PLACE: f64 = 1e-9;

/// The most shapes that are kept: more are hardly ever seen again.
const MOST_SHAPES: u32 = 256;

/// After how many pixels they lie like the first ones again, but for those at the edges: five, where eight become five. One,
/// where that is never, or too late.
fn period(source: u32, from: f64, length: f64, target: u32) -> usize {
    let is_all = from.abs() < SAME_PLACE && (length - f64::from(source)).abs() < SAME_PLACE;
    if !is_all {
        return 1;
    }
    let (mut divisor, mut rest) = (target, source);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let period = target / divisor.max(1);
    if period <= MOST_SHAPES { period.max(1) as usize } else { 1 }
}

/// Weights that add up to exactly [`ONE`], so that what is flat stays flat. What rounding takes from one of them, the next one
/// gets: of thousands of taps each weighs next to nothing, and yet all of them together what they should.
fn quantise(exact: &[f64], values: &mut Vec<i16>) {
    let sum: f64 = exact.iter().sum();
    let without_signs: f64 = exact.iter().map(|weight| weight.abs()).sum();
    let is_bounded = without_signs <= sum * f64::from(MOST_WEIGHT) / f64::from(ONE);
    // Were little more than the filter's troughs left, only what is positive would count.
    let bounded = |weight: f64| if is_bounded { weight } else { weight.max(0.0) };
    let sum: f64 = exact.iter().copied().map(bounded).sum();
    let (mut so_far, mut given) = (0.0, 0);
    values.clear();
    values.extend(exact.iter().map(|weight| {
        so_far += bounded(*weight) / sum * f64::from(ONE);
        let next = so_far.round() as i32;
        let value = (next - given) as i16;
        given = next;
        value
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_a_pixel_add_up_to_one_and_stay_within_bounds() {
        for (source, from, length, target) in [
            (4000, 0.0, 4000.0, 1280),
            (1, 0.0, 1.0, 7),
            (2, 0.0, 1.5, 2),
            (65_535, 0.0, 65_535.0, 1),
            (100, 98.7, 1.3, 64),
            (100, 99.9, 0.1, 3),
            (640, 0.0, 639.1, 640),
        ] {
            for grid in [Grid { taps: 4, starts: 1 }, Grid { taps: 2, starts: 2 }] {
                let weights = Weights::new(source, from, length, target, grid);
                assert_eq!(weights.iter().len(), target as usize);
                for (index, (start, values)) in weights.iter().enumerate() {
                    assert!(start.is_multiple_of(grid.starts as usize));
                    let sum: i32 = values.iter().copied().map(i32::from).sum();
                    let without_signs: i32 = values.iter().map(|value| i32::from(*value).abs()).sum();
                    assert_eq!(sum, ONE, "{source} -> {target}, {index}");
                    assert!(without_signs <= MOST_WEIGHT);
                    let room = if grid.starts == 1 { source as usize } else { weights.reach() };
                    assert!(start + values.len() <= room.max(values.len()));
                    assert!(index == 0 || weights.start(index - 1) <= start);
                    let beyond = (source as usize).saturating_sub(start).min(values.len());
                    assert!(values[beyond..].iter().all(|value| *value == 0));
                }
            }
        }
    }

    #[test]
    fn a_picture_of_the_same_size_is_the_same_picture() {
        let weights = Weights::new(20, 0.0, 20.0, 20, Grid { taps: 16, starts: 1 });
        for index in 0..20 {
            let (start, values) = weights.of(index);
            let expected = |tap| if start + tap == index { ONE as i16 } else { 0 };
            assert!(values.iter().enumerate().all(|(tap, value)| *value == expected(tap)), "{values:?}");
        }
    }
}
