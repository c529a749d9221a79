//! Predicts a block of 4×4 in all ten ways at once (RFC 6386, 12.3).
//!
//! All but one of the ways only pick, for each sample, one of a few values: the mean, averages of two or three neighbours
//! along the edge, or the lowest sample of the edge itself. So these are worked out once, and looked up.

use crate::arithmetic::{Arithmetic, LANES};
use crate::mode::Mode4;

/// The samples around a block: from the lowest to its left, up to the corner, and along the row above, to the eighth.
pub(crate) type Edge = [u8; 13];

/// Where the corner is in it.
const CORNER: usize = 4;

/// Of the first table: where averages of three end, and what comes after.
const MEAN: u8 = 13;
const LOWEST: u8 = 14;

/// In which of the three tables a value is, and where.
type Source = (usize, u8);

/// Places in the tables for each sample: which table is meant is the one whose place is below 128.
const PLACES: [[[u8; LANES]; 3]; 16] = places();

const fn places() -> [[[u8; LANES]; 3]; 16] {
    let mut places = [[[0x80; LANES]; 3]; 16];
    let mut sample = 0;
    while sample < 16 {
        let mut mode = 0;
        while mode < LANES {
            let way = if mode < Mode4::COUNT { mode } else { 0 };
            let (table, place) = source(way, sample % 4, sample / 4);
            places[sample][table][mode] = place;
            mode += 1;
        }
        sample += 1;
    }
    places
}

/// Where a way gets a sample from.
const fn source(mode: usize, x: usize, y: usize) -> Source {
    /// The average of a sample of the edge, twice, and of those before and after it.
    const fn three(middle: usize) -> Source {
        (0, middle as u8)
    }
    /// The average of a sample of the edge and the next.
    const fn two(first: usize) -> Source {
        (1, first as u8)
    }
    match mode {
        0 => (0, MEAN),
        1 => (2, (y * 4 + x) as u8),
        2 => three(CORNER + 1 + x),
        3 => three(CORNER - 1 - y),
        // Down and to the left.
        4 => three(CORNER + 2 + x + y),
        // Down and to the right.
        5 => three(CORNER + x - y),
        // Steeply down, to the right.
        6 if x < y / 2 => three(CORNER + 1 - y),
        6 if y.is_multiple_of(2) => two(CORNER + x - y / 2),
        6 => three(CORNER + x - y / 2),
        // Steeply down, to the left; the last two samples are not where the pattern would have them.
        7 if x == 3 && y >= 2 => three(CORNER + 4 + y),
        7 if y.is_multiple_of(2) => two(CORNER + 1 + x + y / 2),
        7 => three(CORNER + 2 + x + y / 2),
        // Gently down.
        8 if y < x / 2 => three(CORNER - 1 + x),
        8 if x.is_multiple_of(2) => two(CORNER - 1 + x / 2 - y),
        8 => three(CORNER + x / 2 - y),
        // Gently up.
        _ if x + 2 * y > 5 => (0, LOWEST),
        _ if x.is_multiple_of(2) => two(CORNER - 2 - x / 2 - y),
        _ => three(CORNER - 2 - x / 2 - y),
    }
}

/// All ways of predicting a block, each in the lane of its number, row by row.
#[inline(always)]
pub(crate) fn predict<A: Arithmetic>(a: A, edge: &Edge) -> [A::Lanes; 16] {
    let tables = tabulate(edge);
    let mut samples = [a.splat(0); 16];
    for (sample, places) in samples.iter_mut().zip(&PLACES) {
        *sample = a.look_up_one_of(&tables, places);
    }
    samples
}

#[inline(always)]
fn tabulate(edge: &Edge) -> [[u8; 16]; 3] {
    // With the first and the last once more, and enough behind them for whole registers.
    let mut longer = [edge[12]; 18];
    longer[0] = edge[0];
    longer[1..14].copy_from_slice(edge);
    let mut tables = [[0; 16]; 3];
    for index in 0..16 {
        let (before, at, after) =
            (u16::from(longer[index]), u16::from(longer[index + 1]), u16::from(longer[index + 2]));
        tables[0][index] = ((before + 2 * at + after + 2) >> 2) as u8;
        tables[1][index] = ((at + after + 1) >> 1) as u8;
    }
    let around = edge[..4].iter().chain(&edge[5..9]).map(|&sample| u16::from(sample));
    tables[0][usize::from(MEAN)] = ((around.sum::<u16>() + 4) >> 3) as u8;
    tables[0][usize::from(LOWEST)] = edge[0];
    let corner = i16::from(edge[CORNER]);
    for index in 0..16 {
        let (left, above) = (i16::from(edge[3 - index / 4]), i16::from(edge[CORNER + 1 + index % 4]));
        tables[2][index] = (left + above - corner).clamp(0, 255) as u8;
    }
    tables
}
