//! Baseline files: everything of a block at once, in one scan.
//!
//! The codes are made for the picture, so all of it has to be seen before a bit can be written. What waits are tokens
//! of 16 bits: a symbol and the bits that go with it.

use super::bits::BitWriter;
use super::blocks::{Block, magnitude};
use super::huffman::{Counts, HuffmanTable};
use super::kernels::Kernels;
use super::layout::{Component, Layout};
use super::markers::{self, Band, Class};
use super::quantisation::Quantiser;
use super::samples::Samples;
use super::strip::Strip;
use super::zigzag::{NATURAL, positions_of};

/// The symbol for 16 zeros.
const SIXTEEN_ZEROS: u8 = 0xF0;

/// The symbol for "nothing but zeros from here".
const END_OF_BLOCK: u8 = 0x00;

/// What a symbol's token has room for beside it. Longer numbers, which are rare, take the next token.
const INLINE_BITS: u32 = 8;

/// Room for any block: its DC difference takes two words, and each of 63 others at most two. An end of block comes
/// where there are fewer. It is a power of two, which spares a check.
const BLOCK_TOKENS: usize = 128;

/// A whole file.
pub(super) fn encode(
    samples: Samples<'_>,
    layout: &Layout,
    quantisers: &[Quantiser; 2],
    kernels: &Kernels,
) -> Vec<u8> {
    let tokens = Tokens::of(samples, layout, quantisers, kernels);
    let tables = tokens.tables();
    let used = if layout.components.len() == 1 { &tables[..1] } else { &tables[..] };

    let mut file = Vec::with_capacity(tokens.most_bytes(&tables));
    markers::begin(&mut file, layout, quantisers);
    markers::frame(&mut file, layout, false);
    for (index, tables) in used.iter().enumerate() {
        markers::huffman_table(&mut file, Class::Dc, index, &tables.dc);
        markers::huffman_table(&mut file, Class::Ac, index, &tables.ac);
    }
    markers::scan(&mut file, &layout.components, Band::WHOLE);
    tokens.write(layout, &tables, &mut file);
    markers::end(&mut file);
    file
}

/// What luma and chroma each have of their own.
#[derive(Clone, Debug)]
struct Pair<T> {
    dc: T,
    ac: T,
}

/// A picture that waits for its codes.
///
/// A block is: a token with the number of tokens from the third on, and the size of the DC difference; that difference;
/// then the symbols of the AC coefficients, each with its bits in the low byte, or after it.
#[derive(Debug)]
struct Tokens {
    /// What is beyond `length` is not yet anything.
    words: Vec<u16>,
    length: usize,
    counts: [Pair<Counts>; 2],
    /// The mean that each component's next block is told as a difference from.
    means: [i16; 3],
}

impl Tokens {
    fn of(samples: Samples<'_>, layout: &Layout, quantisers: &[Quantiser; 2], kernels: &Kernels) -> Self {
        let mut tokens = Self {
            // Photographs of middling quality take about this much. What is not touched costs nothing.
            words: vec![0; layout.blocks() * 16],
            length: 0,
            counts: [(); 2].map(|()| Pair { dc: [0; 256], ac: [0; 256] }),
            means: [0; 3],
        };
        let mut strip = Strip::new(layout);
        let mut blocks: Vec<Vec<Block>> = layout
            .components
            .iter()
            .map(|component| vec![Block::EMPTY; component.blocks_wide * component.down])
            .collect();
        for (mcu_row, rows) in samples.strips(layout).enumerate() {
            strip.fill(rows, layout, kernels);
            for (component, blocks) in layout.components.iter().zip(&mut blocks) {
                for (row, blocks) in blocks.chunks_exact_mut(component.blocks_wide).enumerate() {
                    strip.transform(component, row, quantisers, kernels, blocks);
                }
            }
            tokens.take(&blocks, layout, mcu_row);
        }
        tokens
    }

    /// Takes a row of MCUs.
    fn take(&mut self, blocks: &[Vec<Block>], layout: &Layout, mcu_row: usize) {
        for mcu in 0..layout.mcus_wide {
            for (component, blocks) in layout.components.iter().zip(blocks) {
                for down in 0..component.down {
                    for across in 0..component.across {
                        let column = mcu * component.across + across;
                        let exists = column < component.blocks_wide
                            && mcu_row * component.down + down < component.blocks_high;
                        if exists {
                            self.push(component, &blocks[down * component.blocks_wide + column]);
                        } else {
                            self.push_nothing(component);
                        }
                    }
                }
            }
        }
    }

    fn push(&mut self, component: &Component, block: &Block) {
        let counts = &mut self.counts[component.table];
        let mean = &mut self.means[component.index];
        let (dc_size, dc_bits) = magnitude(block.coefficients[0] - *mean);
        *mean = block.coefficients[0];
        counts.dc[dc_size as usize & 15] += 1;

        if self.words.len() - self.length < BLOCK_TOKENS {
            self.words.resize(self.words.len() + self.words.len() / 2 + BLOCK_TOKENS, 0);
        }
        let Some(words) = self.words[self.length..].first_chunk_mut::<BLOCK_TOKENS>() else { return };
        let mut count = 2;
        let mut push = |word| {
            words[count % BLOCK_TOKENS] = word;
            count += 1;
        };
        let mut pending = positions_of(block.nonzero) & !1;
        let mut next = 1;
        while pending != 0 {
            let position = pending.trailing_zeros();
            pending &= pending - 1;
            let mut run = position - next;
            next = position + 1;
            if run > 15 {
                for _ in 0..run / 16 {
                    push(u16::from(SIXTEEN_ZEROS) << 8);
                }
                counts.ac[usize::from(SIXTEEN_ZEROS)] += run / 16;
                run %= 16;
            }
            let place = NATURAL[position as usize & 63];
            let (size, bits) = magnitude(block.coefficients[usize::from(place & 63)]);
            let symbol = (run << 4 | size) as u16;
            counts.ac[usize::from(symbol & 255)] += 1;
            if size <= INLINE_BITS {
                push(symbol << 8 | bits);
            } else {
                push(symbol << 8);
                push(bits);
            }
        }
        if next < 64 {
            counts.ac[usize::from(END_OF_BLOCK)] += 1;
            push(u16::from(END_OF_BLOCK) << 8);
        }
        words[0] = (count as u16 - 2) << 8 | dc_size as u16;
        words[1] = dc_bits;
        self.length += count;
    }

    /// A block beyond the picture's edge: the mean of the one before it, which costs the fewest bits.
    fn push_nothing(&mut self, component: &Component) {
        let mut block = Block::EMPTY;
        block.coefficients[0] = self.means[component.index];
        self.push(component, &block);
    }

    fn tables(&self) -> [Pair<HuffmanTable>; 2] {
        self.counts.each_ref().map(|counts| Pair {
            dc: HuffmanTable::optimal(&counts.dc),
            ac: HuffmanTable::optimal(&counts.ac),
        })
    }

    /// How large the file becomes: headers and tables, the bits, and room for the zeros that are stuffed.
    fn most_bytes(&self, tables: &[Pair<HuffmanTable>; 2]) -> usize {
        let bits = |counts: &Counts, table: &HuffmanTable| -> u64 {
            (0..=255_u8)
                .zip(counts)
                .map(|(symbol, count)| {
                    u64::from(*count) * u64::from(table.code(symbol).length + u16::from(symbol & 15))
                })
                .sum()
        };
        let both = |(counts, tables): (&Pair<Counts>, &Pair<HuffmanTable>)| {
            bits(&counts.dc, &tables.dc) + bits(&counts.ac, &tables.ac)
        };
        let bytes = self.counts.iter().zip(tables).map(both).sum::<u64>() as usize / 8;
        1024 + bytes + bytes / 64
    }

    fn write(&self, layout: &Layout, tables: &[Pair<HuffmanTable>; 2], file: &mut Vec<u8>) {
        let mcu: Vec<&Pair<HuffmanTable>> = layout
            .components
            .iter()
            .flat_map(|component| vec![&tables[component.table]; component.across * component.down])
            .collect();
        let mut bits = BitWriter::new(file);
        let mut rest = &self.words[..self.length];
        for tables in mcu.into_iter().cycle() {
            let [header, difference, tokens @ ..] = rest else { break };
            let (count, dc_size) = (usize::from(header >> 8), header & 0xFF);
            put(&mut bits, &tables.dc, dc_size as u8, *difference);
            let (tokens, others) = tokens.split_at(count);
            rest = others;
            let mut tokens = tokens.iter();
            while let Some(token) = tokens.next() {
                let symbol = (token >> 8) as u8;
                let value = if u32::from(symbol & 15) <= INLINE_BITS {
                    token & 0xFF
                } else {
                    tokens.next().copied().unwrap_or_default()
                };
                put(&mut bits, &tables.ac, symbol, value);
            }
        }
        bits.finish();
    }
}

/// A symbol's code, and the bits that its lower half announces.
#[allow(clippy::inline_always, reason = "called for each token: a fifth of all time where it is not")]
#[inline(always)]
fn put(bits: &mut BitWriter<'_>, table: &HuffmanTable, symbol: u8, value: u16) {
    let code = table.code(symbol);
    let size = u32::from(symbol & 15);
    bits.put(u32::from(code.bits) << size | u32::from(value), u32::from(code.length) + size);
}
