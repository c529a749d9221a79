//! What it would take to code blocks in some way: levels, errors and bits, in each lane a block.
//!
//! Errors are taken of coefficients and not of samples, so that nothing has to be transformed back for those ways that are
//! not taken in the end.

use crate::arithmetic::{Arithmetic, LANES, Row};
use crate::quantizer::{MAX_LEVEL, Matrix};
use crate::rate::BlockRates;
use crate::tables::ZIGZAG;

/// How much texture of each frequency is missed, row by row. Low ones more.
const TEXTURE: [i16; 16] = [38, 32, 20, 9, 32, 28, 17, 7, 20, 17, 10, 4, 9, 7, 4, 2];

/// Blocks whose coefficients are rounded.
pub(crate) struct Candidate<A: Arithmetic> {
    /// The magnitudes of levels, row by row.
    magnitudes: [A::Lanes; 16],
    /// How many of them after the first are 0, negated.
    zeros: A::Lanes,
    error: A::Sums,
    texture: A::Sums,
}

impl<A: Arithmetic> Candidate<A> {
    /// Without any coefficients.
    #[inline(always)]
    pub(crate) fn new(a: A) -> Self {
        let zero = a.splat(0);
        Self { magnitudes: [zero; 16], zeros: zero, error: a.no_sums(), texture: a.no_sums() }
    }

    /// Rounds `coefficients`, and writes the `levels`. The picture's own coefficients are `source`. Where the first
    /// coefficient is coded elsewhere, `dc_error` is what becomes of it there.
    #[inline(always)]
    pub(crate) fn quantize(
        &mut self,
        a: A,
        coefficients: &[A::Lanes; 16],
        source: &[A::Lanes; 16],
        matrix: &Matrix,
        dc_error: Option<A::Lanes>,
        levels: &mut [Row; 16],
    ) {
        let (mut error, mut texture) = (a.no_sums(), a.no_sums());
        for pair in 0..8 {
            let (even, odd) = (pair * 2, pair * 2 + 1);
            let one = match dc_error {
                Some(error) if even == 0 => {
                    levels[0] = [0; LANES];
                    error
                }
                _ => self.round(a, coefficients[even], matrix, even, &mut levels[even]),
            };
            let other = self.round(a, coefficients[odd], matrix, odd, &mut levels[odd]);
            error = a.add_products(error, one, one, other, other);
            let (lost, other_lost) = (loss(a, source[even], one), loss(a, source[odd], other));
            texture =
                a.add_products(texture, lost, a.splat(TEXTURE[even]), other_lost, a.splat(TEXTURE[odd]));
        }
        (self.error, self.texture) = (error, texture);
        self.zeros = a.splat(0);
        for magnitude in &self.magnitudes[1..] {
            self.zeros = a.add(self.zeros, a.is_greater(a.splat(1), *magnitude));
        }
    }

    /// Rounds the coefficients of one place, and says how much is lost of them.
    #[inline(always)]
    fn round(
        &mut self,
        a: A,
        coefficient: A::Lanes,
        matrix: &Matrix,
        index: usize,
        levels: &mut Row,
    ) -> A::Lanes {
        let magnitude = a.absolute(coefficient);
        let raised = a.add(magnitude, a.splat(matrix.roundings[index]));
        let reciprocal = a.splat(matrix.reciprocals[index]);
        let level = a.shift_right::<1>(a.multiply_high_unsigned(raised, reciprocal));
        let level = a.smaller(level, a.splat(MAX_LEVEL));
        let error = a.subtract(magnitude, a.multiply(level, a.splat(matrix.steps[index])));
        self.magnitudes[index] = level;
        a.store(a.with_sign(level, coefficient), levels);
        a.with_sign(error, coefficient)
    }

    /// How many coefficients of each block are not 0, but for the first.
    #[inline(always)]
    pub(crate) fn busy(&self, a: A) -> Row {
        let mut row = [0; LANES];
        a.store(a.add(a.splat(15), self.zeros), &mut row);
        row
    }

    /// Whether any is not 0, 1 or 0 for each block.
    #[inline(always)]
    pub(crate) fn presence(&self, a: A) -> Row {
        let mut row = [0; LANES];
        let any = a.add(a.add(a.splat(15), self.zeros), self.magnitudes[0]);
        a.store(a.smaller(any, a.splat(1)), &mut row);
        row
    }

    /// The sum of squared errors of each block's samples.
    #[inline(always)]
    pub(crate) fn errors(&self, a: A) -> [i32; LANES] {
        let mut row = [0; LANES];
        a.store_sums(self.error, &mut row);
        row.map(|sum| (sum + 2) >> 2)
    }

    /// How much each block's texture is stronger or weaker than it was.
    #[inline(always)]
    pub(crate) fn texture_changes(&self, a: A) -> [i32; LANES] {
        let mut row = [0; LANES];
        a.store_sums(self.texture, &mut row);
        row.map(|sum| sum.abs() >> 4)
    }

    /// About what the levels cost, in 1/16 bits. The context of the first coefficient is 0 to 2.
    #[inline(always)]
    pub(crate) fn rates(&self, a: A, rates: &BlockRates, first: usize, contexts: &Row) -> Row {
        let (zero, three) = (a.splat(0), a.splat(3));
        let contexts = a.load(contexts);
        let mut total = a.look_up(&rates.start, contexts);
        let mut sum = a.look_up(&rates.start, a.add(contexts, a.splat(4)));
        let mut state = a.shift_left::<2>(contexts);
        for (index, &place) in ZIGZAG.iter().enumerate().skip(first) {
            let level = self.magnitudes[place];
            let kind = a.smaller(level, three);
            let position = &rates.positions[index];
            sum = a.add(sum, a.look_up(&position.kinds, a.add(state, kind)));
            let is_large = a.is_greater(level, three);
            if a.is_any(is_large) {
                let over = a.smaller(a.subtract(level, three), a.splat(15));
                let eighths = a.smaller(a.shift_right::<3>(level), a.splat(15));
                let more = a.select(
                    a.is_greater(level, a.splat(18)),
                    a.look_up(&position.larger, eighths),
                    a.look_up(&position.large, over),
                );
                sum = a.add(sum, a.select(is_large, more, zero));
            }
            let end = a.look_up(&position.kinds, a.add(kind, a.splat(12)));
            total = a.select(a.is_greater(level, zero), a.add(sum, end), total);
            state = a.shift_left::<2>(a.smaller(kind, a.splat(2)));
        }
        let mut row = [0; LANES];
        a.store(total, &mut row);
        row
    }
}

/// How much weaker a coefficient of the source becomes by an error.
#[inline(always)]
fn loss<A: Arithmetic>(a: A, source: A::Lanes, error: A::Lanes) -> A::Lanes {
    a.subtract(a.absolute(source), a.absolute(a.subtract(source, error)))
}
