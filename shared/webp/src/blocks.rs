//! Chooses how each block of 4×4 samples of luma is predicted, where that is how it is done. Each is decided before the next,
//! which is predicted from it.

use std::array;
use std::sync::LazyLock;

use crate::arithmetic::{Arithmetic, LANES, Row};
use crate::block4::{self, Edge};
use crate::candidate::Candidate;
use crate::macroblock::{Outcome, Source, column};
use crate::mode::{BY_BLOCKS, Mode4, PATHS4};
use crate::residuals::{LUMA, Presence};
use crate::surroundings::Edges;
use crate::tables::cost;
use crate::tables::modes::MODES;
use crate::transform;
use crate::whole::Site;

/// A block with at most so many coefficients after the first is flat, and a way other than the mean is then charged so many
/// 1/256 bits more: it would have to be right for what cannot be seen.
const FLAT: i16 = 3;
pub(crate) const FLAT_PENALTY: i32 = 140;
const PENALTIES: [i32; LANES] = {
    let mut penalties = [FLAT_PENALTY; LANES];
    penalties[0] = 0;
    penalties
};

/// Samples to the left of the macroblock and above it, and all of its own that are decided.
const LEFT: usize = 7;
const CANVAS_WIDTH: usize = LEFT + 1 + 16 + 4 + 4;
type Canvas = [[u8; CANVAS_WIDTH]; 17];

/// What each way costs, in 1/256 bits, by the ways of the blocks above and to the left.
static COSTS: LazyLock<[[Row; Mode4::COUNT]; Mode4::COUNT]> = LazyLock::new(|| {
    array::from_fn(|above| {
        array::from_fn(|left| {
            let price = |mode: usize| {
                let steps = PATHS4[mode].iter();
                steps.map(|&(node, bit)| cost(bit, MODES[above][left][node])).sum::<u32>() as i16
            };
            array::from_fn(|lane| if lane < Mode4::COUNT { price(lane) } else { i16::MAX })
        })
    })
});

/// The ways of the blocks along the edges, and what luma is beyond the corner above and to the right.
pub(crate) struct Neighbours<'a> {
    pub(crate) edges: &'a Edges<16>,
    pub(crate) above_right: [u8; 4],
    pub(crate) modes_above: [Mode4; 4],
    pub(crate) modes_left: [Mode4; 4],
}

impl Neighbours<'_> {
    fn canvas(&self) -> Canvas {
        let mut canvas = [[0; CANVAS_WIDTH]; 17];
        canvas[0][LEFT] = self.edges.corner;
        canvas[0][LEFT + 1..LEFT + 17].copy_from_slice(&self.edges.above);
        for (row, left) in canvas[1..].iter_mut().zip(self.edges.left) {
            row[LEFT] = left;
        }
        // All blocks at the right edge look at the same samples, those above the macroblock (RFC 6386, 12.3).
        for row in [0, 4, 8, 12] {
            canvas[row][LEFT + 17..LEFT + 21].copy_from_slice(&self.above_right);
        }
        canvas
    }
}

#[inline(always)]
fn edge_of(canvas: &Canvas, x: usize, y: usize) -> Edge {
    let mut edge = [0; 13];
    for (index, sample) in edge[..4].iter_mut().enumerate() {
        *sample = canvas[y + 4 - index][x + LEFT];
    }
    edge[4..].copy_from_slice(&canvas[y][x + LEFT..x + LEFT + 9]);
    edge
}

/// What each way comes to: bits, and errors with lost texture.
struct Prices {
    bits: [i32; LANES],
    errors: [i32; LANES],
}

impl Prices {
    #[inline(always)]
    fn new<A: Arithmetic>(
        a: A,
        candidate: &Candidate<A>,
        context: i16,
        mode_costs: &Row,
        site: &Site<'_>,
    ) -> Self {
        let rates = candidate.rates(a, &site.rates[LUMA], 0, &[context; LANES]);
        let (mut errors, textures) = (candidate.errors(a), candidate.texture_changes(a));
        let busy = candidate.busy(a);
        let mut bits = [0; LANES];
        for lane in 0..LANES {
            let penalty = if busy[lane] <= FLAT { PENALTIES[lane] } else { 0 };
            bits[lane] = i32::from(rates[lane]) * 16 + penalty + i32::from(mode_costs[lane]);
            errors[lane] += (site.segment.lambda_texture * textures[lane] + 128) >> 8;
        }
        Self { bits, errors }
    }

    #[inline(always)]
    fn score(&self, lane: usize, lambda: i32) -> i32 {
        self.bits[lane] * lambda + 256 * self.errors[lane]
    }

    /// The best way, the first of those that are as good.
    #[inline(always)]
    fn best(&self, lambda: i32) -> usize {
        let mut scores = [0; LANES];
        for (lane, score) in scores.iter_mut().enumerate() {
            *score = self.score(lane, lambda);
        }
        let mut best = 0;
        for lane in 1..Mode4::COUNT {
            if scores[lane] < scores[best] {
                best = lane;
            }
        }
        best
    }
}

/// Chooses, unless it comes out worse than `limit`. Writes levels and decoded samples as it goes.
#[inline(always)]
pub(crate) fn choose<A: Arithmetic>(
    a: A,
    source: &Source,
    spectrum: &[Row; 16],
    neighbours: &Neighbours<'_>,
    site: &Site<'_>,
    limit: i64,
    result: &mut Outcome,
) -> Option<[Mode4; 16]> {
    let costs = &*COSTS;
    let segment = site.segment;
    let mut canvas = neighbours.canvas();
    let (mut modes_above, mut modes_left) = (neighbours.modes_above, neighbours.modes_left);
    let (mut above, mut left): (Presence, Presence) = (*site.above, *site.left);
    let mut modes = [Mode4::MEAN; 16];
    let mut bits = cost(false, BY_BLOCKS);
    let mut score = i64::from(bits) * i64::from(segment.lambda_mode);
    for block in 0..16 {
        let (x, y) = (block % 4, block / 4);
        let mode_costs = &costs[modes_above[x].index()][modes_left[y].index()];
        let context = i16::from(above[x]) + i16::from(left[y]);
        let predicted = block4::predict(a, &edge_of(&canvas, x * 4, y * 4));
        let mut difference = [a.splat(0); 16];
        let mut source_coefficients = [a.splat(0); 16];
        for index in 0..16 {
            difference[index] = a.subtract(a.splat(source.luma[index][block]), predicted[index]);
            source_coefficients[index] = a.splat(spectrum[index][block]);
        }
        let coefficients = transform::forward(a, &difference);
        let mut rows = [[0; LANES]; 16];
        let mut candidate = Candidate::new(a);
        candidate.quantize(a, &coefficients, &source_coefficients, &segment.luma, None, &mut rows);
        let prices = Prices::new(a, &candidate, context, mode_costs, site);
        let best = prices.best(segment.lambda_blocks);
        score += i64::from(prices.score(best, segment.lambda_mode));
        bits += mode_costs[best] as u32;
        if score >= limit || bits > site.mode_bits {
            return None;
        }
        let mode = Mode4::new(best);
        (modes[block], modes_above[x], modes_left[y]) = (mode, mode, mode);
        let mut samples = [[0; LANES]; 16];
        a.store_all(&predicted, &mut samples);
        let predicted = column(&samples, best);
        let kept = &mut result.levels.luma[block];
        *kept = column(&rows, best);
        let is_there = kept.iter().any(|&level| level != 0);
        (above[x], left[y]) = (is_there, is_there);
        let coefficients = array::from_fn(|index| kept[index].wrapping_mul(segment.luma.steps[index]));
        let difference = if is_there { transform::inverse_block(&coefficients) } else { [0; 16] };
        for (line, row) in canvas[y * 4 + 1..y * 4 + 5].iter_mut().enumerate() {
            for column in 0..4 {
                let index = line * 4 + column;
                row[LEFT + 1 + x * 4 + column] = (predicted[index] + difference[index]).clamp(0, 255) as u8;
            }
        }
    }
    for (row, decoded) in canvas[1..].iter().zip(&mut result.decoded.luma) {
        decoded.copy_from_slice(&row[LEFT + 1..LEFT + 17]);
    }
    Some(modes)
}
