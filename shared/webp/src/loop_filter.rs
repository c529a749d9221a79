//! What a decoder does to the edges of blocks before it shows them (RFC 6386, 15). An encoder of single frames does not need
//! it: it is here so that what a file decodes to can be foretold, and tested.

use crate::macroblock::{Choice, Luma};
use crate::planes::{Plane, Planes};

/// What one segment's edges are filtered by (RFC 6386, 15.2 to 15.4), without sharpness.
#[derive(Clone, Copy)]
struct Limits {
    /// Of the difference across an edge of macroblocks, and across one of blocks.
    macroblock_edge: i32,
    block_edge: i32,
    /// Of the differences between neighbours.
    interior: i32,
    /// From what such difference on there is an edge in the picture itself.
    high: i32,
}

impl Limits {
    fn new(strength: u8) -> Self {
        let strength = i32::from(strength);
        let interior = strength.max(1);
        Self {
            macroblock_edge: (strength + 2) * 2 + interior,
            block_edge: strength * 2 + interior,
            interior,
            high: if strength >= 40 { 2 } else { i32::from(strength >= 15) },
        }
    }
}

/// Filters all macroblocks, in order.
pub(crate) fn filter(planes: &mut Planes, choices: &[Choice], filters: &[u8]) {
    for (index, choice) in choices.iter().enumerate() {
        let strength = filters.get(usize::from(choice.segment)).copied().unwrap_or(0);
        if strength == 0 {
            continue;
        }
        let limits = Limits::new(strength);
        let (across, down) = (index % planes.across, index / planes.across);
        let has_inner_edges = matches!(choice.luma, Luma::Blocks(_)) || !choice.is_empty;
        let [blue, red] = &mut planes.chroma;
        for (plane, side) in [(&mut planes.luma, 16), (blue, 8), (red, 8)] {
            let stride = plane.stride;
            let start = down * side * stride + across * side;
            if across > 0 {
                filter_edge(plane, start, stride, 1, side, &limits, true);
            }
            if has_inner_edges {
                for inner in (4..side).step_by(4) {
                    filter_edge(plane, start + inner, stride, 1, side, &limits, false);
                }
            }
            if down > 0 {
                filter_edge(plane, start, 1, stride, side, &limits, true);
            }
            if has_inner_edges {
                for inner in (4..side).step_by(4) {
                    filter_edge(plane, start + inner * stride, 1, stride, side, &limits, false);
                }
            }
        }
    }
}

/// Filters `length` places, `along` apart, across an edge: `over` is how far apart samples are there.
fn filter_edge(
    plane: &mut Plane,
    start: usize,
    along: usize,
    over: usize,
    length: usize,
    limits: &Limits,
    is_macroblock_edge: bool,
) {
    for place in 0..length {
        let first = start + place * along - 4 * over;
        let sample = |index: usize| i32::from(plane.samples[first + index * over]);
        let before: [i32; 8] = std::array::from_fn(sample);
        let after = if is_macroblock_edge {
            smooth_macroblock_edge(before, limits)
        } else {
            smooth_block_edge(before, limits)
        };
        for (index, sample) in after.into_iter().enumerate() {
            plane.samples[first + index * over] = sample as u8;
        }
    }
}

fn signed(value: i32) -> i32 {
    value.clamp(-128, 127)
}

/// Samples are around 0 where they are calculated with.
fn adjust(sample: i32, by: i32) -> i32 {
    signed(sample - 128 + by) + 128
}

fn is_smooth(s: &[i32; 8], edge: i32, interior: i32) -> bool {
    let step = (s[3] - s[4]).abs() * 2 + (s[2] - s[5]).abs() / 2;
    step <= edge
        && [(0, 1), (1, 2), (2, 3), (7, 6), (6, 5), (5, 4)]
            .iter()
            .all(|&(one, other)| (s[one] - s[other]).abs() <= interior)
}

fn has_high_variance(s: &[i32; 8], limits: &Limits) -> bool {
    (s[2] - s[3]).abs() > limits.high || (s[5] - s[4]).abs() > limits.high
}

/// The part of the filters that all have, with the outer samples or without (RFC 6386, 15.2): what is taken off and added.
fn common(s: &[i32; 8], uses_outer: bool) -> (i32, i32) {
    let outer = if uses_outer { signed(s[2] - s[5]) } else { 0 };
    let value = signed(outer + 3 * (s[4] - s[3]));
    (signed(value + 4) >> 3, signed(value + 3) >> 3)
}

fn smooth_block_edge(mut s: [i32; 8], limits: &Limits) -> [i32; 8] {
    if !is_smooth(&s, limits.block_edge, limits.interior) {
        return s;
    }
    let has_edge = has_high_variance(&s, limits);
    let (taken, added) = common(&s, has_edge);
    (s[3], s[4]) = (adjust(s[3], added), adjust(s[4], -taken));
    if !has_edge {
        let half = (taken + 1) >> 1;
        (s[2], s[5]) = (adjust(s[2], half), adjust(s[5], -half));
    }
    s
}

fn smooth_macroblock_edge(mut s: [i32; 8], limits: &Limits) -> [i32; 8] {
    if !is_smooth(&s, limits.macroblock_edge, limits.interior) {
        return s;
    }
    if has_high_variance(&s, limits) {
        let (taken, added) = common(&s, true);
        (s[3], s[4]) = (adjust(s[3], added), adjust(s[4], -taken));
        return s;
    }
    let value = signed(signed(s[2] - s[5]) + 3 * (s[4] - s[3]));
    for (distance, weight) in [27, 18, 9].into_iter().enumerate() {
        let change = signed((weight * value + 63) >> 7);
        s[3 - distance] = adjust(s[3 - distance], change);
        s[4 + distance] = adjust(s[4 + distance], -change);
    }
    s
}
