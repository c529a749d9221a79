//! Chooses how all of a macroblock's luma is predicted at once, where that is how it is done. Its 16 DCs are then transformed
//! once more, and coded as a block of their own (RFC 6386, 14.2).

use std::array;

use crate::arithmetic::{Arithmetic, LANES, Row};
use crate::candidate::Candidate;
use crate::macroblock::{Outcome, Source, column};
use crate::mode::{BY_BLOCKS, Mode, luma_path};
use crate::quantizer::Segment;
use crate::rate::Rates;
use crate::residuals::{LUMA_DC, Presence, luma_type};
use crate::surroundings::Surroundings;
use crate::tables::cost;
use crate::transform;

/// What is known where a macroblock is coded.
pub(crate) struct Site<'a> {
    pub(crate) segment: &'a Segment,
    pub(crate) rates: &'a Rates,
    pub(crate) above: &'a Presence,
    pub(crate) left: &'a Presence,
    /// What the choice of modes may cost, in 1/256 bits: less than it usually would in pictures of very many macroblocks.
    pub(crate) mode_bits: u32,
}

/// The best way.
pub(crate) struct Whole {
    pub(crate) mode: Mode,
    /// Errors and bits, to be compared with those of other ways.
    pub(crate) score: i64,
    dc_levels: [i16; 16],
    /// The DCs that a decoder will have.
    dcs: Row,
    levels: [Row; 16],
}

/// What it costs to say which way, in 1/256 bits.
fn mode_cost(mode: Mode) -> u32 {
    luma_path(mode).iter().map(|&(zero, bit)| cost(bit, zero)).sum::<u32>() + cost(true, BY_BLOCKS)
}

/// For each block the context of its first coefficient, if the blocks have coefficients as `presence` says.
#[inline(always)]
fn contexts(presence: &Row, site: &Site<'_>) -> Row {
    array::from_fn(|lane| {
        let above = if lane < 4 { i16::from(site.above[lane]) } else { presence[lane - 4] };
        let left = if lane % 4 == 0 { i16::from(site.left[lane / 4]) } else { presence[lane - 1] };
        above + left
    })
}

impl Whole {
    /// Tries all ways. `spectrum` has the coefficients of the source itself.
    #[inline(always)]
    pub(crate) fn choose<A: Arithmetic>(
        a: A,
        source: &Source,
        spectrum: &[Row; 16],
        surroundings: &Surroundings,
        site: &Site<'_>,
    ) -> Self {
        let segment = site.segment;
        let mut coefficients = [[[0; LANES]; 16]; 4];
        // The coefficients of DCs, of each way in a lane.
        let mut of_dcs = [[0; LANES]; 16];
        for (index, mode) in Mode::ALL.into_iter().enumerate() {
            let mut difference = surroundings.predict(a, mode);
            for (sample, row) in difference.iter_mut().zip(&source.luma) {
                *sample = a.subtract(a.load(row), *sample);
            }
            a.store_all(&transform::forward(a, &difference), &mut coefficients[index]);
            let transformed = transform::forward_dc(&coefficients[index][0]);
            for (row, value) in of_dcs.iter_mut().zip(transformed) {
                row[index] = value;
            }
        }
        let mut dc_levels = [[0; LANES]; 16];
        let of_dcs = a.load_all(&of_dcs);
        let mut candidate = Candidate::new(a);
        candidate.quantize(a, &of_dcs, &of_dcs, &segment.luma_dc, None, &mut dc_levels);
        let dc_context = i16::from(site.above[8]) + i16::from(site.left[8]);
        let dc_rates = candidate.rates(a, &site.rates[LUMA_DC], 0, &[dc_context; LANES]);

        let spectrum = a.load_all(spectrum);
        let mut is_flat = source.is_flat();
        let mut best: Option<Self> = None;
        let mut least = i64::MAX;
        for (index, mode) in Mode::ALL.into_iter().enumerate() {
            if index > 0 && mode_cost(mode) > site.mode_bits {
                continue;
            }
            let coefficients = a.load_all(&coefficients[index]);
            let dc_levels = column(&dc_levels, index);
            let decoded = array::from_fn(|at| dc_levels[at].wrapping_mul(segment.luma_dc.steps[at]));
            let dcs = transform::inverse_dc(&decoded);
            let dc_error = a.subtract(coefficients[0], a.load(&dcs));
            let mut levels = [[0; LANES]; 16];
            let mut candidate = Candidate::new(a);
            candidate.quantize(a, &coefficients, &spectrum, &segment.luma, Some(dc_error), &mut levels);
            let presence = candidate.presence(a);
            let (kind, first) = luma_type(true);
            let rates = candidate.rates(a, &site.rates[kind], first, &contexts(&presence, site));
            let rate: i32 = rates.iter().map(|&rate| i32::from(rate)).sum();
            let mut error: i32 = candidate.errors(a).iter().sum();
            let mut texture: i32 = candidate.texture_changes(a).iter().sum();
            texture = (segment.lambda_texture * texture + 128) >> 8;
            // What is all one colour has to come out as that.
            is_flat = is_flat && presence.iter().all(|&any| any == 0);
            if is_flat {
                (error, texture) = (error * 2, texture * 2);
            }
            let bits = (rate + i32::from(dc_rates[index])) * 16 + mode_cost(mode) as i32;
            let score = |lambda: i32| i64::from(bits) * i64::from(lambda) + 256 * i64::from(error + texture);
            if score(segment.lambda_whole) < least {
                least = score(segment.lambda_whole);
                let score = score(segment.lambda_mode);
                best = Some(Self { mode, score, dc_levels, dcs, levels });
            }
        }
        best.unwrap_or(Self {
            mode: Mode::Mean,
            score: i64::MAX,
            dc_levels: [0; 16],
            dcs: [0; LANES],
            levels: [[0; LANES]; 16],
        })
    }

    /// Hands over its levels, and what a decoder makes of them.
    #[inline(always)]
    pub(crate) fn finish<A: Arithmetic>(
        &self,
        a: A,
        surroundings: &Surroundings,
        segment: &Segment,
        result: &mut Outcome,
    ) {
        result.levels.luma_dc = self.dc_levels;
        for (lane, block) in result.levels.luma.iter_mut().enumerate() {
            *block = column(&self.levels, lane);
        }
        let mut coefficients = [a.load(&self.dcs); 16];
        for (index, lanes) in coefficients.iter_mut().enumerate().skip(1) {
            *lanes = a.multiply(a.load(&self.levels[index]), a.splat(segment.luma.steps[index]));
        }
        let mut samples = transform::inverse(a, &coefficients);
        for (sample, predicted) in samples.iter_mut().zip(surroundings.predict(a, self.mode)) {
            *sample = a.to_sample(a.add(*sample, predicted));
        }
        let mut rows = [[0; LANES]; 16];
        a.store_all(&samples, &mut rows);
        result.decoded.set_luma(&rows);
    }
}
