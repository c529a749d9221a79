//! Chooses how both planes of chroma are predicted, and codes them.

use std::array;

use crate::arithmetic::{Arithmetic, LANES, Row};
use crate::blocks::FLAT_PENALTY;
use crate::candidate::Candidate;
use crate::macroblock::{Outcome, Source};
use crate::mode::{Mode, chroma_path};
use crate::quantizer::Matrix;
use crate::residuals::CHROMA;
use crate::surroundings::Surroundings;
use crate::tables::cost;
use crate::transform;
use crate::whole::Site;

/// Chroma with at most so many coefficients after the first of each block is flat.
const FLAT: i16 = 2;

/// What the blocks along an edge have lost of their DCs, in halves, for each plane.
pub(crate) type Lost = [[i8; 2]; 2];

fn mode_cost(mode: Mode) -> i32 {
    chroma_path(mode).iter().map(|&(zero, bit)| cost(bit, zero)).sum::<u32>() as i32
}

/// For each block the context of its first coefficient. Two ways have eight lanes each: four of both planes.
#[inline(always)]
fn contexts(presence: &Row, site: &Site<'_>) -> Row {
    array::from_fn(|lane| {
        let (plane, x, y) = (lane / 4 % 2, lane % 2, lane % 4 / 2);
        let above = if y == 0 { i16::from(site.above[4 + plane * 2 + x]) } else { presence[lane - 2] };
        let left = if x == 0 { i16::from(site.left[4 + plane * 2 + y]) } else { presence[lane - 1] };
        above + left
    })
}

/// The lanes of the second way.
const SECOND: Row = [0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1];

/// Two predictions, with eight lanes each.
#[inline(always)]
pub(crate) fn predict_two<A: Arithmetic>(
    a: A,
    surroundings: &Surroundings,
    modes: [Mode; 2],
) -> [A::Lanes; 16] {
    let second = a.load(&SECOND);
    let mut predicted = surroundings.predict(a, modes[0]);
    for (one, other) in predicted.iter_mut().zip(surroundings.predict(a, modes[1])) {
        *one = a.select(second, other, *one);
    }
    predicted
}

/// What a prediction, in whichever eight lanes, leaves to code.
#[inline(always)]
fn difference<A: Arithmetic>(a: A, source: &Source, predicted: &[A::Lanes; 16]) -> [A::Lanes; 16] {
    let mut difference = *predicted;
    for (sample, row) in difference.iter_mut().zip(&source.chroma) {
        *sample = a.subtract(a.load(row), *sample);
    }
    transform::forward(a, &difference)
}

/// Tries all ways, and codes chroma in the best. Errors of DCs are handed on to the next blocks, so that slow gradients do
/// not turn into steps: `above` and `left` have what came before, and then what is handed on.
#[inline(always)]
pub(crate) fn code<A: Arithmetic>(
    a: A,
    source: &Source,
    surroundings: &Surroundings,
    site: &Site<'_>,
    lost: [&mut Lost; 2],
    result: &mut Outcome,
) -> Mode {
    let matrix = &site.segment.chroma;
    let mut kept = [[[0; LANES]; 16]; 2];
    let (mut best, mut least) = (0, i64::MAX);
    for (pair, kept) in kept.iter_mut().enumerate() {
        let modes = [Mode::ALL[pair * 2], Mode::ALL[pair * 2 + 1]];
        let predicted = predict_two(a, surroundings, modes);
        let coefficients = difference(a, source, &predicted);
        a.store_all(&coefficients, kept);
        let mut rows = [[0; LANES]; 16];
        let mut candidate = Candidate::new(a);
        candidate.quantize(a, &coefficients, &coefficients, matrix, None, &mut rows);
        let contexts = contexts(&candidate.presence(a), site);
        let rates = candidate.rates(a, &site.rates[CHROMA], 0, &contexts);
        let (errors, busy) = (candidate.errors(a), candidate.busy(a));
        for (way, mode) in modes.into_iter().enumerate() {
            let lanes = way * 8..way * 8 + 8;
            if pair + way > 0 && mode_cost(mode) as u32 > site.mode_bits {
                continue;
            }
            let is_flat = busy[lanes.clone()].iter().sum::<i16>() <= FLAT;
            let penalty = if is_flat && pair + way > 0 { FLAT_PENALTY * 8 } else { 0 };
            let rate: i32 = rates[lanes.clone()].iter().map(|&rate| i32::from(rate)).sum();
            let error: i32 = errors[lanes].iter().sum();
            let bits = rate * 16 + penalty + mode_cost(mode);
            let score = i64::from(bits) * i64::from(site.segment.lambda_chroma) + 256 * i64::from(error);
            if score < least {
                (best, least) = (pair * 2 + way, score);
            }
        }
    }
    finish(a, &mut kept[best / 2], best, matrix, surroundings, lost, result);
    Mode::ALL[best]
}

/// Codes the coefficients in those eight lanes that are of the way that is best.
#[inline(always)]
fn finish<A: Arithmetic>(
    a: A,
    coefficients: &mut [Row; 16],
    best: usize,
    matrix: &Matrix,
    surroundings: &Surroundings,
    lost: [&mut Lost; 2],
    result: &mut Outcome,
) {
    let start = best % 2 * 8;
    let [above, left] = lost;
    for plane in 0..2 {
        let dcs = &mut coefficients[0][start + plane * 4..start + plane * 4 + 4];
        hand_on(dcs, matrix, &mut above[plane], &mut left[plane]);
    }
    let mut rows = [[0; LANES]; 16];
    let lanes = a.load_all(coefficients);
    Candidate::new(a).quantize(a, &lanes, &lanes, matrix, None, &mut rows);
    let mut samples = a.load_all(&rows);
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample = a.multiply(*sample, a.splat(matrix.steps[index]));
    }
    samples = transform::inverse(a, &samples);
    for (sample, predicted) in samples.iter_mut().zip(surroundings.predict(a, Mode::ALL[best])) {
        *sample = a.to_sample(a.add(*sample, predicted));
    }
    let mut decoded_rows = [[0; LANES]; 16];
    a.store_all(&samples, &mut decoded_rows);
    for (block, levels) in result.levels.chroma.iter_mut().enumerate() {
        *levels = crate::macroblock::column(&rows, start + block);
    }
    if start > 0 {
        for row in &mut decoded_rows {
            row.copy_within(8.., 0);
        }
    }
    result.decoded.set_chroma(&decoded_rows);
}

/// Adds to the DCs of a plane's four blocks what those before have lost, 7/16 of it from above and 8/16 from the left. What
/// they lose in turn is kept for the next macroblocks.
#[inline(always)]
fn hand_on(dcs: &mut [i16], matrix: &Matrix, above: &mut [i8; 2], left: &mut [i8; 2]) {
    let mut add = |block: usize, above: i16, left: i16| {
        dcs[block] += (7 * above + 8 * left) >> 3;
        let level = matrix.quantize(0, dcs[block]);
        (dcs[block] - level * matrix.steps[0]) >> 1
    };
    let first = add(0, above[0].into(), left[0].into());
    let second = add(1, above[1].into(), first);
    let third = add(2, first, left[1].into());
    let fourth = add(3, second, third);
    // Half a step is 66 at most.
    let byte = |value: i16| value.clamp(-128, 127) as i8;
    let most = (3 * fourth) >> 2;
    *left = [byte(second), byte(most)];
    *above = [byte(third), byte(fourth - most)];
}
