//! What coefficients cost in bits.

use crate::tables::coefficients::{BANDS, CONTEXTS, Coefficients, NODES, TYPES};
use crate::tables::{BAND, cost};
use crate::token::{self, Token};

/// The probabilities of tokens' nodes that the picture is coded with.
pub(crate) type Probabilities = Coefficients<u8>;

/// What blocks of one type cost, in 1/16 bits: approximately, and laid out so that vectors can look it up.
#[derive(Clone, Debug)]
pub(crate) struct BlockRates {
    /// By the context of the block: that nothing follows, and, four further on, that something does, where that is not part
    /// of the first coefficient's cost.
    pub(crate) start: [u8; 16],
    pub(crate) positions: [PositionRates; 16],
}

/// What the coefficient at some place costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PositionRates {
    /// For each context, magnitudes of 0, 1, 2, and 3; then, for these, that nothing follows.
    pub(crate) kinds: [u8; 16],
    /// What 3 to 18 cost more than 3, and how much more the middle of each eight numbers does.
    pub(crate) large: [u8; 16],
    pub(crate) larger: [u8; 16],
}

/// What all types of blocks cost.
pub(crate) type Rates = [BlockRates; TYPES];

/// The costs with these probabilities.
pub(crate) fn tabulate(probabilities: &Probabilities) -> Rates {
    std::array::from_fn(|kind| {
        let bands: [PositionRates; BANDS] =
            std::array::from_fn(|band| tabulate_band(&probabilities[kind][band]));
        let first = usize::from(kind == 0);
        let mut start = [0; 16];
        for context in 0..CONTEXTS {
            let node = probabilities[kind][BAND[first]][context][0];
            start[context] = sixteenths(cost(false, node));
            // Others have it in their cost already.
            start[context + 4] = if context == 0 { sixteenths(cost(true, node)) } else { 0 };
        }
        let mut positions: [PositionRates; 16] = std::array::from_fn(|index| bands[BAND[index]]);
        for (index, position) in positions.iter_mut().enumerate().take(15) {
            for level in 1..4_usize {
                let node = probabilities[kind][BAND[index + 1]][level.min(2)][0];
                position.kinds[12 + level] = sixteenths(cost(false, node));
            }
        }
        BlockRates { start, positions }
    })
}

fn tabulate_band(contexts: &[[u8; NODES]; CONTEXTS]) -> PositionRates {
    let mut rates = PositionRates::default();
    for (context, nodes) in contexts.iter().enumerate() {
        // After a 0, something must follow.
        let start = if context == 0 { 0 } else { cost(true, nodes[0]) };
        rates.kinds[context * 4] = sixteenths(start + cost(false, nodes[1]));
        for level in 1..4 {
            rates.kinds[context * 4 + level] =
                sixteenths(start + cost(true, nodes[1]) + level_cost(level, nodes));
        }
    }
    let nodes = &contexts[1];
    let least = level_cost(3, nodes);
    for index in 0..16 {
        rates.large[index] = sixteenths(level_cost(index + 3, nodes).saturating_sub(least));
        rates.larger[index] = sixteenths(level_cost(index * 8 + 4, nodes).saturating_sub(least));
    }
    rates
}

/// What a magnitude above 0 costs past the node that says that it is, in 1/256 bits.
fn level_cost(level: usize, nodes: &[u8; NODES]) -> u32 {
    let token = Token::of(level as u16);
    let path: u32 = token.path().iter().map(|&(node, bit)| cost(bit, nodes[node])).sum();
    let (base, extra) = token.extra();
    let rest = level as u16 - base;
    let bits = extra.iter().rev().enumerate().map(|(bit, &zero)| cost(rest >> bit & 1 == 1, zero));
    path + bits.sum::<u32>() + cost(true, token::SIGN)
}

fn sixteenths(cost: u32) -> u8 {
    u8::try_from((cost + 8) / 16).unwrap_or(u8::MAX)
}
