//! Counts tokens, and chooses the probabilities that they are best coded with.

use crate::rate::Probabilities;
use crate::tables::coefficients::{BANDS, CONTEXTS, DEFAULT, NODES, TYPES, UPDATE};
use crate::tables::cost;
use crate::token::{END, TOKENS, Token};

/// How often each token came in each place.
#[derive(Clone)]
pub(crate) struct Statistics {
    pub(crate) counts: [[[[u32; TOKENS]; CONTEXTS]; BANDS]; TYPES],
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self { counts: [[[[0; TOKENS]; CONTEXTS]; BANDS]; TYPES] }
    }

    /// The probabilities that cost least, what it costs to tell them included (RFC 6386, 13.4).
    pub(crate) fn choose(&self) -> Probabilities {
        let mut probabilities = DEFAULT;
        for kind in 0..TYPES {
            for band in 0..BANDS {
                for context in 0..CONTEXTS {
                    let branches = branches(&self.counts[kind][band][context], starts(kind, band, context));
                    for (node, [zeros, ones]) in branches.into_iter().enumerate() {
                        let probability = &mut probabilities[kind][band][context][node];
                        let update = UPDATE[kind][band][context][node];
                        *probability = better(*probability, update, zeros, ones);
                    }
                }
            }
        }
        probabilities
    }
}

/// Whether blocks may end here: not after a 0.
fn starts(kind: usize, band: usize, context: usize) -> bool {
    context > 0 || band == usize::from(kind == 0)
}

/// How often each node's decision was 0 and 1.
fn branches(counts: &[u32; TOKENS], may_end: bool) -> [[u64; 2]; NODES] {
    let mut branches = [[0; 2]; NODES];
    let all: u64 = counts[..END].iter().map(|&count| u64::from(count)).sum();
    if may_end {
        branches[0] = [counts[END].into(), all];
    }
    branches[1] = [counts[0].into(), all - u64::from(counts[0])];
    for (index, &count) in counts[..END].iter().enumerate() {
        for &(node, bit) in Token::new(index).path() {
            branches[node][usize::from(bit)] += u64::from(count);
        }
    }
    branches
}

/// The probability that is best for so many zeros and ones, or the default, if it costs too much to tell.
fn better(default: u8, update: u8, zeros: u64, ones: u64) -> u8 {
    let Some(share) = (255 * ones).checked_div(zeros + ones) else { return default };
    let best = (255 - share).max(1) as u8;
    let price =
        |probability| zeros * u64::from(cost(false, probability)) + ones * u64::from(cost(true, probability));
    let told = price(best) + u64::from(cost(true, update)) + 8 * 256;
    if price(default) + u64::from(cost(false, update)) > told { best } else { default }
}
