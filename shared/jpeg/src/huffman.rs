//! Huffman tables made ready for decoding (T.81 annex C and F.2.2): what the next bits mean, in one look-up.
//!
//! A table for DC or AC coefficients is indexed by the next [`LOOKAHEAD`] bits, and says at once what the symbol is, what
//! value the bits after it have, and how long both are. A table for skipping is indexed by [`SKIP_LOOKAHEAD`] bits, and
//! swallows as many symbols as begin in them: of coefficients that nobody wants, only the number counts.

mod progressive;

use crate::bits::{Clean, Window};
use crate::tables::HuffmanSpec;
pub(crate) use progressive::{BandTable, RefinementTable};

/// How many bits are looked at for a coefficient. Tables of 4 KB: those of all components stay in the first-level
/// cache, which is worth more than the rare second look-up of a longer one.
const LOOKAHEAD: u32 = 10;

/// How many bits are looked at for skipping.
const SKIP_LOOKAHEAD: u32 = 13;

/// What an end of block adds to the index of a coefficient: more than there are coefficients. By itself, in sequential scans, it
/// is taken for one more coefficient, which is zero, and adds one to that.
pub(crate) const END_OF_BLOCK: usize = 128;

/// The symbol for it.
const END_OF_BLOCK_SYMBOL: u8 = 0;

/// A bit pattern that is no code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoSuchCode;

/// Codes and what they stand for, of any length.
#[derive(Debug)]
struct Codes {
    /// For each length, one more than its largest code, with all shorter codes of that prefix; of 17 bits for 16.
    limits: [u32; 17],
    /// For each length, what to add to a code for its place among the values.
    offsets: [i32; 17],
    values: [u8; 256],
}

/// Length and symbol for each pattern of [`SKIP_LOOKAHEAD`] bits, 0 where the code is longer.
type Short = [(u8, u8); 1 << SKIP_LOOKAHEAD];

impl Codes {
    fn new(spec: &HuffmanSpec) -> (Self, Box<Short>) {
        let mut codes = Self { limits: [0; 17], offsets: [0; 17], values: [0; 256] };
        let mut short = Box::new([(0, 0); 1 << SKIP_LOOKAHEAD]);
        for (value, given) in codes.values.iter_mut().zip(&spec.values) {
            *value = *given;
        }
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(&spec.counts) {
            let index = length as usize;
            codes.offsets[index] = place as i32 - code as i32;
            for _ in 0..count {
                if length <= SKIP_LOOKAHEAD {
                    let spare = SKIP_LOOKAHEAD - length;
                    let start = (code << spare) as usize;
                    let symbol = codes.values[place & 255];
                    if let Some(entries) = short.get_mut(start..start + (1 << spare)) {
                        entries.fill((length as u8, symbol));
                    }
                }
                code += 1;
                place += 1;
            }
            codes.limits[index] = code << (16 - length);
            code <<= 1;
        }
        (codes, short)
    }

    /// The symbol that these 16 bits begin with, of more than [`LOOKAHEAD`] bits, and its length: T.81 figure F.16.
    #[cold]
    fn find_long(&self, next: u32) -> Result<(u8, u32), NoSuchCode> {
        for length in LOOKAHEAD + 1..=16 {
            if next < self.limits[length as usize] {
                let place = (next >> (16 - length)) as i32 + self.offsets[length as usize];
                let symbol = usize::try_from(place).ok().and_then(|place| self.values.get(place));
                return symbol.map(|symbol| (*symbol, length)).ok_or(NoSuchCode);
            }
        }
        Err(NoSuchCode)
    }

    /// The long symbol that the next bits begin with. No reference to the window is handed on: it would not live in registers.
    #[inline(always)]
    fn long_symbol(&self, window: &mut Window) -> Result<u8, NoSuchCode> {
        let (symbol, length) = self.find_long(window.peek(16) as u32)?;
        window.skip(length);
        Ok(symbol)
    }

    /// The symbol that the next bits begin with, mostly in one look-up.
    #[inline(always)]
    fn symbol(&self, short: &Short, window: &mut Window) -> Result<u8, NoSuchCode> {
        let (length, symbol) = short[window.peek(SKIP_LOOKAHEAD)];
        if length != 0 {
            window.skip(length.into());
            return Ok(symbol);
        }
        self.long_symbol(window)
    }
}

/// A code, with its length in bits.
#[derive(Clone, Copy, Debug)]
struct Code {
    bits: u32,
    length: u32,
}

impl Code {
    /// That of an end of block, if a table has one.
    fn of_end_of_block(spec: &HuffmanSpec) -> Option<Self> {
        let mut values = spec.values.iter();
        let mut bits = 0;
        for (length, &count) in (1_u32..).zip(&spec.counts) {
            for _ in 0..count {
                if *values.next()? == END_OF_BLOCK_SYMBOL {
                    return Some(Self { bits, length });
                }
                bits += 1;
            }
            bits <<= 1;
        }
        None
    }
}

/// EXTEND of T.81 F.2.2.1: what a number of `size` bits means as a coefficient, or as a difference.
#[inline(always)]
pub(crate) fn extend(bits: u32, size: u32) -> i32 {
    // Where the first bit is 0 the number is negative, and its bits are those of one less.
    let is_negative = size != 0 && bits >> (size - 1) == 0;
    bits as i32 - if is_negative { (1 << size) - 1 } else { 0 }
}

/// How the entry of a table says what was found. From the lowest bit on: 6 bits, how many bits to go on by; from bit 8 on,
/// 8 bits, how many coefficients to go on by; 16 bits on top, the value. With [`TAKE_VALUE`](Entry::TAKE_VALUE), the size of
/// the value is there instead, which has to be taken from the bits that follow; and with no bits to go on by, the code
/// itself is too long for the table.
#[derive(Clone, Copy)]
struct Entry(u32);

impl Entry {
    const TAKE_VALUE: u32 = 1 << 7;
    /// Of what is added to the index of a coefficient, what an end of block adds.
    const END: u32 = (END_OF_BLOCK as u32) << 8;
    const TOO_LONG: Self = Self(Self::TAKE_VALUE);

    fn new(length: u32, advance: usize, value: i32) -> Self {
        Self(length | (advance as u32) << 8 | (value as u32) << 16)
    }

    /// What a symbol and the bits after it amount to, given the next [`LOOKAHEAD`] bits.
    fn of(next: u32, length: u32, size: u32, advance: usize) -> Self {
        if length + size <= LOOKAHEAD {
            let bits = next >> (LOOKAHEAD - length - size) & ((1 << size) - 1);
            Self::new(length + size, advance, extend(bits, size))
        } else {
            let Self(entry) = Self::new(length, advance, size as i32);
            Self(entry | Self::TAKE_VALUE)
        }
    }

    /// The same with an end of block after it.
    fn and_end(self, end: Code) -> Self {
        Self(self.0 + end.length + Self::END)
    }
}

/// What a pattern of [`LOOKAHEAD`] bits amounts to.
type Entries = [Entry; 1 << LOOKAHEAD];

/// How many coefficients one look-up of several advances by where it finds none: from wherever one is, that is neither
/// within the block nor the end of it.
const NONE_FOUND: usize = 64;

/// How many bits one look-up of several takes at most: three of them are in a window.
const SEVERAL_BITS: u32 = 18;

/// For DC differences: T.81 F.2.2.1.
pub(crate) struct DcTable {
    codes: Codes,
    entries: Entries,
}

impl DcTable {
    /// Makes a table ready. A DC symbol of more than 15 bits of value is none. Where AC coefficients follow, of the table
    /// `ac`, an end of block that comes at once is found with the difference, if both are short.
    pub(crate) fn new(spec: &HuffmanSpec, ac: Option<&HuffmanSpec>) -> Self {
        let (codes, short) = Codes::new(spec);
        let end = ac.and_then(Code::of_end_of_block);
        let entries = entries(&short, end, |symbol| (symbol <= 15).then_some((u32::from(symbol), 0)));
        Self { codes, entries }
    }

    /// The next difference, and whether the block is known to end after it. Takes at most 31 bits, which must be in the
    /// window.
    #[inline(always)]
    pub(crate) fn difference(&self, window: &mut Window) -> Result<(i32, bool), NoSuchCode> {
        let Entry(entry) = self.entries[window.peek(LOOKAHEAD)];
        if entry & Entry::TAKE_VALUE == 0 {
            window.skip(entry);
            return Ok((entry as i32 >> 16, entry & Entry::END != 0));
        }
        let size = match entry & 63 {
            0 => self.codes.long_symbol(window)?.into(),
            length => {
                window.skip(length);
                entry >> 16
            }
        };
        if size > 15 {
            return Err(NoSuchCode);
        }
        Ok((extend(window.take(size), size), false))
    }
}

/// A table that is indexed by [`LOOKAHEAD`] bits, given what each symbol says: a size, and how far to advance. The code of
/// an end of block, if there is one to look for, is taken together with a value before it.
fn entries(short: &Short, end: Option<Code>, meaning: impl Fn(u8) -> Option<(u32, usize)>) -> Entries {
    let mut entries = [Entry::TOO_LONG; 1 << LOOKAHEAD];
    let mut next = 0;
    while next < 1 << LOOKAHEAD {
        let (length, symbol) = short[(next << (SKIP_LOOKAHEAD - LOOKAHEAD)) as usize];
        let length = u32::from(length);
        // All patterns that begin with the same code, and with the same value if that fits.
        let mut alike = 1;
        if let (1..=LOOKAHEAD, Some((size, advance))) = (length, meaning(symbol)) {
            let is_whole = length + size <= LOOKAHEAD;
            let spare = LOOKAHEAD - if is_whole { length + size } else { length };
            alike = 1 << spare;
            let entry = Entry::of(next, length, size, advance);
            entries[next as usize..(next + alike) as usize].fill(entry);
            // Runs of zeros and ends of blocks have no value, and are no last coefficients.
            let is_value = is_whole && (size > 0 || advance == 0);
            if let Some(end) = end.filter(|end| is_value && end.length <= spare) {
                let spare = spare - end.length;
                let start = (next | end.bits << spare) as usize;
                entries[start..start + (1 << spare)].fill(entry.and_end(end));
            }
        }
        next += alike;
    }
    entries
}

/// For the AC coefficients of sequential scans: T.81 F.2.2.2.
pub(crate) struct AcTable {
    codes: Codes,
    short: Box<Short>,
    entries: Entries,
    /// What is taken together with a value before it.
    end: Option<Code>,
    /// 6 bits, how many bits to go on by; then by how many coefficients.
    skips: Skips,
}

/// By how many coefficients to advance, and the value of the one that that leads to.
#[inline(always)]
fn look_up<const LENGTH: usize>(
    codes: &Codes,
    entries: &Entries,
    window: &mut Window,
    clean: &Clean<LENGTH>,
    meaning: impl Fn(u8) -> (u32, usize),
) -> Result<(usize, i32), NoSuchCode> {
    let Entry(entry) = entries[window.peek(LOOKAHEAD)];
    window.skip(entry);
    let advance = (entry >> 8 & 255) as usize;
    if entry & Entry::TAKE_VALUE == 0 {
        return Ok((advance, entry as i32 >> 16));
    }
    let (size, advance) = match entry & 63 {
        0 => meaning(codes.long_symbol(window)?),
        _ => (entry >> 16, advance),
    };
    let value = extend(window.take(size), size);
    window.refill(clean);
    Ok((advance, value))
}

/// A run of zeros and the coefficient after it, as a symbol: how long the value is, and how far to advance.
fn run_and_size(symbol: u8) -> (u32, usize) {
    match (symbol >> 4, symbol & 15) {
        (15, 0) => (0, 16),
        (_, 0) => (0, END_OF_BLOCK + 1),
        (run, size) => (size.into(), usize::from(run) + 1),
    }
}

impl AcTable {
    /// Makes a table ready, for skipping as well or only for coefficients.
    pub(crate) fn new(spec: &HuffmanSpec, is_skipping: bool) -> Self {
        let (codes, short) = Codes::new(spec);
        let end = Code::of_end_of_block(spec);
        let entries = entries(&short, end, |symbol| Some(run_and_size(symbol)));
        let skips = if is_skipping { skips(&short) } else { [0; 1 << SKIP_LOOKAHEAD] };
        Self { codes, short, entries, end, skips }
    }

    /// The next coefficient: by how many to advance, with [`END_OF_BLOCK`] in it if the block ends after that, and its value:
    /// zero of an end of block by itself. Takes at most 31 bits, which must be in the window; if it takes more than one
    /// look-up, it refills the window.
    #[inline(always)]
    pub(crate) fn coefficient<const LENGTH: usize>(
        &self,
        window: &mut Window,
        clean: &Clean<LENGTH>,
    ) -> Result<(usize, i32), NoSuchCode> {
        look_up(&self.codes, &self.entries, window, clean, run_and_size)
    }

    /// Gives an end of block back that was taken together with the 63rd coefficient: no end comes after that one, and what
    /// looked like it is of the next block.
    #[cold]
    pub(crate) fn give_end_back(&self, mut window: Window) -> Window {
        if let Some(Code { bits, length }) = self.end {
            window.give_back(bits, length);
        }
        window
    }

    /// The next symbols of one block, as many as one look-up has: how many bits they take, in the low six bits, and by how
    /// many coefficients they advance.
    #[inline(always)]
    pub(crate) fn several(&self, window: &Window) -> (u32, usize) {
        let entry = self.skips[window.peek(SKIP_LOOKAHEAD)];
        (entry.into(), (entry >> 6).into())
    }

    /// By how many coefficients the next symbol advances.
    #[inline(always)]
    pub(crate) fn one(&self, window: &mut Window) -> Result<usize, NoSuchCode> {
        let (size, advance) = run_and_size(self.codes.symbol(&self.short, window)?);
        window.skip(size);
        Ok(advance)
    }
}

/// What a pattern of [`SKIP_LOOKAHEAD`] bits amounts to.
type Skips = [u16; 1 << SKIP_LOOKAHEAD];

/// What [`AcTable::several`] looks up: for each pattern of bits the first symbol, and what the bits after it have to offer.
fn skips(short: &Short) -> Skips {
    const NONE: u16 = (NONE_FOUND as u16) << 6;
    // Likewise for each pattern of fewer bits, at the power of two of their number.
    let mut fewer = vec![NONE; 1 << SKIP_LOOKAHEAD];
    let mut skips = [NONE; 1 << SKIP_LOOKAHEAD];
    for bits in 1..=SKIP_LOOKAHEAD {
        for next in 0..1 << bits {
            let (length, symbol) = short[next << (SKIP_LOOKAHEAD - bits)];
            let length = u32::from(length);
            let (size, advance) = run_and_size(symbol);
            let (mut used, mut advanced) = (length + size, advance);
            if length == 0 || length > bits || used > SEVERAL_BITS {
                continue;
            }
            if advance < END_OF_BLOCK && used < bits {
                let rest = 1 << (bits - used);
                let after = fewer[rest | next & (rest - 1)];
                let (bits_after, advance_after) = (u32::from(after & 63), usize::from(after >> 6));
                // More than a block has cannot be told from the end of one.
                if advance + advance_after % END_OF_BLOCK < NONE_FOUND && used + bits_after <= SEVERAL_BITS {
                    used += bits_after;
                    advanced += advance_after;
                }
            }
            let entry = (used | (advanced as u32) << 6) as u16;
            if bits < SKIP_LOOKAHEAD {
                fewer[1 << bits | next] = entry;
            } else {
                skips[next] = entry;
            }
        }
    }
    skips
}
