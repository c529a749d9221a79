//! What a decoder does to the edges of blocks before it shows them (RFC 6386, 15). An encoder of single frames does not need
//! it but to find out how strong it is to be, and to foretell what a file decodes to.

use crate::macroblock::{Choice, Luma};
use crate::planes::{Plane, Planes};

/// What one segment's edges are filtered by (RFC 6386, 15.2 to 15.4), without sharpness.
#[derive(Clone, Copy)]
struct Limits {
    /// Of the difference across an edge of macroblocks, and across one of blocks.
    macroblock_edge: i16,
    block_edge: i16,
    /// Of the differences between neighbours.
    interior: i16,
    /// From what such difference on there is an edge in the picture itself.
    high: i16,
}

impl Limits {
    fn new(strength: u8) -> Self {
        let strength = i16::from(strength);
        let interior = strength.max(1);
        Self {
            macroblock_edge: (strength + 2) * 2 + interior,
            block_edge: strength * 2 + interior,
            interior,
            high: if strength >= 40 { 2 } else { i16::from(strength >= 15) },
        }
    }
}

/// Filters all macroblocks, in order.
pub(crate) fn filter(planes: &mut Planes, choices: &[Choice], filters: &[u8]) {
    let across = planes.across;
    filter_luma(&mut planes.luma, across, choices, filters);
    for plane in &mut planes.chroma {
        filter_plane::<8>(plane, across, choices, filters);
    }
}

/// Filters the luma of rows of macroblocks, as if there were none above.
#[inline(always)]
pub(crate) fn filter_luma(luma: &mut Plane, across: usize, choices: &[Choice], filters: &[u8]) {
    filter_plane::<16>(luma, across, choices, filters);
}

/// Filters a plane of which a macroblock has so many samples in each direction. Planes know nothing of each other.
#[inline(always)]
fn filter_plane<const SIDE: usize>(plane: &mut Plane, across: usize, choices: &[Choice], filters: &[u8]) {
    for (index, choice) in choices.iter().enumerate() {
        let strength = filters.get(usize::from(choice.segment)).copied().unwrap_or(0);
        if strength == 0 {
            continue;
        }
        let limits = Limits::new(strength);
        let (column, row) = (index % across, index / across);
        let has_inner_edges = matches!(choice.luma, Luma::Blocks(_)) || !choice.is_empty;
        let start = row * SIDE * plane.stride + column * SIDE;
        let edges = |is_there: bool| {
            (0..SIDE).step_by(4).skip(usize::from(!is_there)).take(if has_inner_edges {
                SIDE
            } else {
                usize::from(is_there)
            })
        };
        for edge in edges(column > 0) {
            filter_upright_edge::<SIDE>(plane, start + edge, &limits, edge == 0);
        }
        for edge in edges(row > 0) {
            filter_level_edge::<SIDE>(plane, start + edge * plane.stride, &limits, edge == 0);
        }
    }
}

/// Samples across an edge, four on each side of it, at each place along it.
type Across<const LENGTH: usize> = [[i16; LENGTH]; 8];

/// Filters the edge to the left of a sample and of those below it.
#[inline(always)]
fn filter_upright_edge<const LENGTH: usize>(
    plane: &mut Plane,
    start: usize,
    limits: &Limits,
    is_macroblock_edge: bool,
) {
    let mut across: Across<LENGTH> = [[0; LENGTH]; 8];
    let stride = plane.stride;
    for place in 0..LENGTH {
        let Some(samples) = plane.samples[start + place * stride - 4..].first_chunk::<8>() else { return };
        for (across, &sample) in across.iter_mut().zip(samples) {
            across[place] = i16::from(sample) - 128;
        }
    }
    smooth(&mut across, limits, is_macroblock_edge);
    for place in 0..LENGTH {
        let Some(samples) = plane.samples[start + place * stride - 4..].first_chunk_mut::<8>() else {
            return;
        };
        for (across, sample) in across.iter().zip(samples) {
            *sample = (across[place] + 128) as u8;
        }
    }
}

/// Filters the edge above a sample and those to the right of it.
#[inline(always)]
fn filter_level_edge<const LENGTH: usize>(
    plane: &mut Plane,
    start: usize,
    limits: &Limits,
    is_macroblock_edge: bool,
) {
    let mut across: Across<LENGTH> = [[0; LENGTH]; 8];
    let stride = plane.stride;
    for (index, across) in across.iter_mut().enumerate() {
        let Some(samples) = plane.samples[start + index * stride - 4 * stride..].first_chunk::<LENGTH>()
        else {
            return;
        };
        for (across, &sample) in across.iter_mut().zip(samples) {
            *across = i16::from(sample) - 128;
        }
    }
    smooth(&mut across, limits, is_macroblock_edge);
    // The outermost samples are only looked at.
    for (index, across) in across.iter().enumerate().skip(1).take(6) {
        let Some(samples) = plane.samples[start + index * stride - 4 * stride..].first_chunk_mut::<LENGTH>()
        else {
            return;
        };
        for (across, sample) in across.iter().zip(samples) {
            *sample = (across + 128) as u8;
        }
    }
}

#[inline(always)]
fn signed(value: i16) -> i16 {
    value.clamp(-128, 127)
}

/// The filters of RFC 6386, 15.2 and 15.3, at all places along an edge: without branches, so that vectors do many at once.
/// Samples are around 0.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "as compilers make vectors of it")]
fn smooth<const LENGTH: usize>(across: &mut Across<LENGTH>, limits: &Limits, is_macroblock_edge: bool) {
    let most = if is_macroblock_edge { limits.macroblock_edge } else { limits.block_edge };
    for place in 0..LENGTH {
        let s: [i16; 8] = std::array::from_fn(|index| across[index][place]);
        let apart = |one: usize, other: usize| (s[one] - s[other]).abs();
        let steepest = [(1, 2), (2, 3), (7, 6), (6, 5), (5, 4)]
            .into_iter()
            .fold(apart(0, 1), |most, (one, other)| most.max(apart(one, other)));
        let is_smooth = (apart(3, 4) * 2 + apart(2, 5) / 2 <= most) && (steepest <= limits.interior);
        let has_edge = apart(2, 3) > limits.high || apart(5, 4) > limits.high;
        let outer = signed(s[2] - s[5]);
        let step = 3 * (s[4] - s[3]);
        // Where the picture has an edge of its own, only the samples next to it are changed.
        let narrow = signed(step + if has_edge || is_macroblock_edge { outer } else { 0 });
        let (taken, added) = (signed(narrow + 4) >> 3, signed(narrow + 3) >> 3);
        let part = |weight: i16| signed((weight * narrow + 63) >> 7);
        let half = (taken + 1) >> 1;
        // What is added before the edge, and taken from what is after it.
        let changes = match (is_macroblock_edge, has_edge) {
            (_, true) => [(added, taken), (0, 0), (0, 0)],
            (false, false) => [(added, taken), (half, half), (0, 0)],
            (true, false) => [27, 18, 9].map(|weight| (part(weight), part(weight))),
        };
        for (index, (added, taken)) in changes.into_iter().enumerate() {
            let (before, after) = (3 - index, 4 + index);
            across[before][place] = signed(s[before] + if is_smooth { added } else { 0 });
            across[after][place] = signed(s[after] - if is_smooth { taken } else { 0 });
        }
    }
}
