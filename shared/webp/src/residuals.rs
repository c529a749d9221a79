//! Keeps the levels of all macroblocks until it is known with which probabilities they are best coded.
//!
//! Most levels are 0. A block is kept as a set of those places, in the order of coding, where there is something, and what is
//! there: some 100 bytes for a macroblock.

use crate::boolean::BooleanEncoder;
use crate::macroblock::Levels;
use crate::rate::Probabilities;
use crate::statistics::Statistics;
use crate::tables::{BAND, ZIGZAG};
use crate::token::{END, SIGN, Token};

/// Types of blocks (RFC 6386, 13.3).
const LUMA_WITHOUT_DC: usize = 0;
pub(crate) const LUMA_DC: usize = 1;
pub(crate) const CHROMA: usize = 2;
pub(crate) const LUMA: usize = 3;

/// The type of luma's blocks, and their first coefficient.
pub(crate) fn luma_type(has_dc_block: bool) -> (usize, usize) {
    if has_dc_block { (LUMA_WITHOUT_DC, 1) } else { (LUMA, 0) }
}

/// Whether the blocks along an edge have any coefficients: four of luma, two of each chroma, and the one of DCs.
pub(crate) type Presence = [bool; 9];

/// The place of the block of DCs in it.
const DC: usize = 8;

/// How many words are kept together, and how many a macroblock has at most: of 25 blocks a set and 16 levels.
const PAGE_WORDS: usize = 1 << 15;
const MOST_WORDS: usize = 25 * 17;

/// Levels, in the order of coding.
#[derive(Default)]
pub(crate) struct Residuals {
    /// For each block, a set of places as bits, then the levels there. A macroblock is in one page. One vector for all would
    /// be copied as it grows, and take twice as much meanwhile.
    pages: Vec<Vec<i16>>,
}

/// What is done with each block, of some type, from some coefficient on, in some context.
trait Visitor {
    /// Says whether it has any coefficients.
    fn visit(&mut self, block: Block, context: usize) -> bool;
}

/// Which block it is.
#[derive(Clone, Copy)]
struct Block {
    kind: usize,
    first: usize,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    LumaDc,
    Luma(usize),
    Chroma(usize),
}

/// Goes through the blocks of a macroblock (RFC 6386, 13), with the contexts that they have (13.3).
#[inline(always)]
fn visit_all(has_dc_block: bool, above: &mut Presence, left: &mut Presence, visitor: &mut impl Visitor) {
    if has_dc_block {
        let block = Block { kind: LUMA_DC, first: 0, place: Place::LumaDc };
        let is_there = visitor.visit(block, usize::from(above[DC]) + usize::from(left[DC]));
        (above[DC], left[DC]) = (is_there, is_there);
    }
    let (kind, first) = luma_type(has_dc_block);
    for index in 0..16 {
        let (x, y) = (index % 4, index / 4);
        let block = Block { kind, first, place: Place::Luma(index) };
        let is_there = visitor.visit(block, usize::from(above[x]) + usize::from(left[y]));
        (above[x], left[y]) = (is_there, is_there);
    }
    for index in 0..8 {
        let (x, y) = (4 + index / 4 * 2 + index % 2, 4 + index / 4 * 2 + index % 4 / 2);
        let block = Block { kind: CHROMA, first: 0, place: Place::Chroma(index) };
        let is_there = visitor.visit(block, usize::from(above[x]) + usize::from(left[y]));
        (above[x], left[y]) = (is_there, is_there);
    }
}

/// What is left of [`Presence`] by a macroblock without coefficients: a block of DCs that it does not have changes nothing.
pub(crate) fn forget(has_dc_block: bool, presence: &mut Presence) {
    let kept = presence[DC] && !has_dc_block;
    *presence = [false; 9];
    presence[DC] = kept;
}

struct Keeper<'a> {
    words: &'a mut Vec<i16>,
    levels: &'a Levels,
    statistics: &'a mut Statistics,
}

impl Visitor for Keeper<'_> {
    #[inline(always)]
    fn visit(&mut self, block: Block, context: usize) -> bool {
        let levels = match block.place {
            Place::LumaDc => &self.levels.luma_dc,
            Place::Luma(index) => &self.levels.luma[index],
            Place::Chroma(index) => &self.levels.chroma[index],
        };
        let mut set = 0_u16;
        for (index, &place) in ZIGZAG.iter().enumerate() {
            set |= u16::from(levels[place] != 0) << index;
        }
        set &= u16::MAX << block.first;
        self.words.push(set as i16);
        let counts = &mut self.statistics.counts[block.kind];
        let mut context = context;
        let mut next = block.first;
        while set != 0 {
            let index = set.trailing_zeros() as usize & 15;
            set &= set - 1;
            for zero in next..index {
                counts[BAND[zero]][context][0] += 1;
                context = 0;
            }
            let level = levels[ZIGZAG[index]];
            self.words.push(level);
            let magnitude = level.unsigned_abs();
            counts[BAND[index]][context][Token::of(magnitude).index()] += 1;
            context = usize::from(magnitude.min(2));
            next = index + 1;
        }
        if next < 16 {
            counts[BAND[next]][context][END] += 1;
        }
        next != block.first
    }
}

impl Residuals {
    /// Keeps the levels of the next macroblock, and counts their tokens. Says whether there were none.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        has_dc_block: bool,
        levels: &Levels,
        above: &mut Presence,
        left: &mut Presence,
        statistics: &mut Statistics,
    ) -> bool {
        if levels.is_empty(has_dc_block) {
            forget(has_dc_block, above);
            forget(has_dc_block, left);
            return true;
        }
        let words = self.page();
        let mut keeper = Keeper { words, levels, statistics };
        visit_all(has_dc_block, above, left, &mut keeper);
        false
    }

    /// Where the next macroblock's go.
    #[inline(always)]
    fn page(&mut self) -> &mut Vec<i16> {
        let has_room = self.pages.last().is_some_and(|page| page.len() + MOST_WORDS <= PAGE_WORDS);
        if !has_room {
            self.pages.push(Vec::with_capacity(PAGE_WORDS));
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Goes through them again, from the first macroblock on.
    pub(crate) fn read(&self) -> Reader<'_> {
        Reader { pages: self.pages.iter(), words: [].iter() }
    }
}

/// Where in [`Residuals`] one is.
pub(crate) struct Reader<'a> {
    /// Those after the one that is read.
    pages: std::slice::Iter<'a, Vec<i16>>,
    words: std::slice::Iter<'a, i16>,
}

struct Writer<'a, 'b> {
    words: &'a mut std::slice::Iter<'b, i16>,
    probabilities: &'a Probabilities,
    out: &'a mut BooleanEncoder,
}

impl Visitor for Writer<'_, '_> {
    #[inline(always)]
    fn visit(&mut self, block: Block, context: usize) -> bool {
        let mut set = self.words.next().copied().unwrap_or(0) as u16;
        let bands = &self.probabilities[block.kind];
        let mut nodes = &bands[BAND[block.first]][context];
        let mut next = block.first;
        self.out.put(set != 0, nodes[0]);
        if set == 0 {
            return false;
        }
        while next < 16 {
            if set == 0 {
                self.out.put(false, nodes[0]);
                break;
            }
            // After a 0 there is no such question.
            if next != block.first {
                self.out.put(true, nodes[0]);
            }
            let index = set.trailing_zeros() as usize & 15;
            set &= set - 1;
            while next < index {
                self.out.put(false, nodes[1]);
                next += 1;
                nodes = &bands[BAND[next]][0];
            }
            let level = self.words.next().copied().unwrap_or(1);
            self.out.put(true, nodes[1]);
            write_level(self.out, level, nodes);
            next = index + 1;
            nodes = &bands[BAND[next]][usize::from(level.unsigned_abs().min(2))];
        }
        true
    }
}

#[inline(always)]
fn write_level(out: &mut BooleanEncoder, level: i16, nodes: &[u8; 11]) {
    let magnitude = level.unsigned_abs();
    if magnitude == 1 {
        out.put(false, nodes[2]);
    } else {
        let token = Token::of(magnitude);
        for &(node, bit) in token.path() {
            out.put(bit, nodes[node]);
        }
        let (base, extra) = token.extra();
        let rest = magnitude - base;
        for (bit, &zero) in (0..extra.len()).rev().zip(extra) {
            out.put(rest >> bit & 1 == 1, zero);
        }
    }
    out.put(level < 0, SIGN);
}

impl Reader<'_> {
    /// Writes the next macroblock's levels, or that all of its blocks are without.
    #[inline(always)]
    pub(crate) fn write(
        &mut self,
        has_dc_block: bool,
        is_empty: bool,
        probabilities: &Probabilities,
        above: &mut Presence,
        left: &mut Presence,
        out: &mut BooleanEncoder,
    ) {
        // Where there are none, nothing was kept, and every block is without.
        let mut none = [].iter();
        if !is_empty
            && self.words.as_slice().is_empty()
            && let Some(page) = self.pages.next()
        {
            self.words = page.iter();
        }
        let words = if is_empty { &mut none } else { &mut self.words };
        let mut writer = Writer { words, probabilities, out };
        visit_all(has_dc_block, above, left, &mut writer);
    }
}
