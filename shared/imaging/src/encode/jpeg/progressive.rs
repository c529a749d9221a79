//! Progressive files: first the means of all blocks, then band after band, then bit after bit (ITU-T T.81, annex G).
//!
//! The scans are those that libjpeg makes of a picture when nobody asks for others.

use super::bits::BitWriter;
use super::blocks::{Block, magnitude};
use super::huffman::{Counts, HuffmanTable};
use super::kernels::Kernels;
use super::layout::{Component, Layout};
use super::markers::{self, Band, Class};
use super::quantisation::Quantiser;
use super::samples::Samples;
use super::strip::Strip;
use super::zigzag::NATURAL;

/// The most blocks that one symbol can end.
const MOST_ENDED: u32 = 0x7FFF;

/// When so many correction bits wait for the end of a run of blocks, the run ends. libjpeg's limit.
const MOST_CORRECTIONS: usize = 937;

/// The components of a scan, and what it holds of them.
type Scan = (&'static [usize], Band);

const fn band(first: u8, last: u8, high: u8, low: u8) -> Band {
    Band { first, last, high, low }
}

const GRAY_SCANS: [Scan; 6] = [
    (&[0], band(0, 0, 0, 1)),
    (&[0], band(1, 5, 0, 2)),
    (&[0], band(6, 63, 0, 2)),
    (&[0], band(1, 63, 2, 1)),
    (&[0], band(0, 0, 1, 0)),
    (&[0], band(1, 63, 1, 0)),
];

const COLOR_SCANS: [Scan; 10] = [
    (&[0, 1, 2], band(0, 0, 0, 1)),
    (&[0], band(1, 5, 0, 2)),
    (&[2], band(1, 63, 0, 1)),
    (&[1], band(1, 63, 0, 1)),
    (&[0], band(6, 63, 0, 2)),
    (&[0], band(1, 63, 2, 1)),
    (&[0, 1, 2], band(0, 0, 1, 0)),
    (&[2], band(1, 63, 1, 0)),
    (&[1], band(1, 63, 1, 0)),
    (&[0], band(1, 63, 1, 0)),
];

/// A whole file.
pub(super) fn encode(
    samples: Samples<'_>,
    layout: &Layout,
    quantisers: &[Quantiser; 2],
    kernels: &Kernels,
) -> Vec<u8> {
    let picture = Picture::new(samples, layout, quantisers, kernels);
    let mut file = Vec::with_capacity(layout.blocks() * 8 + 1024);
    markers::begin(&mut file, layout, quantisers);
    markers::frame(&mut file, layout, true);
    let scans = if layout.components.len() == 1 { &GRAY_SCANS[..] } else { &COLOR_SCANS[..] };
    for (components, band) in scans {
        let components: Vec<Component> = components.iter().map(|index| layout.components[*index]).collect();
        // Once to count the symbols, and once more to write them.
        let mut counting = Counting::default();
        picture.scan(&components, *band, &mut counting);
        let tables = counting.counts.map(|counts| counts.map(|counts| HuffmanTable::optimal(&counts)));
        let class = if band.first == 0 { Class::Dc } else { Class::Ac };
        for (index, table) in tables.iter().enumerate() {
            if let Some(table) = table {
                markers::huffman_table(&mut file, class, index, table);
            }
        }
        markers::scan(&mut file, &components, *band);
        let mut writing = Writing { bits: BitWriter::new(&mut file), tables: &tables };
        picture.scan(&components, *band, &mut writing);
        writing.bits.finish();
    }
    markers::end(&mut file);
    file
}

/// Where a scan's symbols and bits go.
trait Output {
    /// A symbol of the table with this index.
    fn symbol(&mut self, table: usize, symbol: u8);
    /// At most 16 bits as they are. Those above `count` are 0.
    fn bits(&mut self, bits: u16, count: u32);
}

#[derive(Debug, Default)]
struct Counting {
    /// `None` for a table that has no symbols.
    counts: [Option<Box<Counts>>; 2],
}

impl Output for Counting {
    fn symbol(&mut self, table: usize, symbol: u8) {
        self.counts[table].get_or_insert_with(|| Box::new([0; 256]))[usize::from(symbol)] += 1;
    }

    fn bits(&mut self, _: u16, _: u32) {}
}

#[derive(Debug)]
struct Writing<'a> {
    bits: BitWriter<'a>,
    tables: &'a [Option<HuffmanTable>; 2],
}

impl Output for Writing<'_> {
    fn symbol(&mut self, table: usize, symbol: u8) {
        // Every symbol has been counted, so that it has a table.
        if let Some(table) = &self.tables[table] {
            let code = table.code(symbol);
            self.bits.put(u32::from(code.bits), u32::from(code.length));
        }
    }

    fn bits(&mut self, bits: u16, count: u32) {
        self.bits.put(u32::from(bits), count);
    }
}

/// All blocks of each component, row by row.
#[derive(Debug)]
struct Picture<'a> {
    layout: &'a Layout,
    blocks: Vec<Vec<Block>>,
}

impl<'a> Picture<'a> {
    fn new(samples: Samples<'_>, layout: &'a Layout, quantisers: &[Quantiser; 2], kernels: &Kernels) -> Self {
        let mut strip = Strip::new(layout);
        let mut blocks: Vec<Vec<Block>> = layout
            .components
            .iter()
            .map(|component| vec![Block::EMPTY; component.blocks_wide * component.blocks_high])
            .collect();
        for (mcu_row, rows) in samples.strips(layout).enumerate() {
            strip.fill(rows, layout, kernels);
            for (component, blocks) in layout.components.iter().zip(&mut blocks) {
                let rows = blocks.chunks_exact_mut(component.blocks_wide).skip(mcu_row * component.down);
                for (row, blocks) in rows.take(component.down).enumerate() {
                    strip.transform(component, row, quantisers, kernels, blocks);
                }
            }
        }
        Self { layout, blocks }
    }

    fn scan(&self, components: &[Component], band: Band, output: &mut impl Output) {
        if band.first == 0 {
            self.scan_means(components, band, output);
        } else {
            for component in components {
                self.scan_band(component, band, output);
            }
        }
    }

    /// A scan of means has the order of a sequential one: all components, MCU by MCU.
    fn scan_means(&self, components: &[Component], band: Band, output: &mut impl Output) {
        let mut means = [0_i16; 3];
        for mcu in 0..self.layout.mcus_wide * self.layout.mcus_high {
            let (mcu_row, mcu_column) = (mcu / self.layout.mcus_wide, mcu % self.layout.mcus_wide);
            for component in components {
                let last = &mut means[component.index];
                for index in 0..component.across * component.down {
                    let row = mcu_row * component.down + index / component.across;
                    let column = mcu_column * component.across + index % component.across;
                    // Beyond the edge, the last mean again.
                    let exists = row < component.blocks_high && column < component.blocks_wide;
                    let mean = if exists {
                        self.blocks[component.index][row * component.blocks_wide + column].coefficients[0]
                            >> band.low
                    } else {
                        *last
                    };
                    if band.high == 0 {
                        let (size, bits) = magnitude(mean - *last);
                        output.symbol(component.table, size as u8);
                        output.bits(bits, size);
                    } else {
                        output.bits(mean as u16 & 1, 1);
                    }
                    *last = mean;
                }
            }
        }
    }

    fn scan_band(&self, component: &Component, band: Band, output: &mut impl Output) {
        let mut coder = BandCoder { output, table: component.table, ended: 0, corrections: Vec::new() };
        for block in &self.blocks[component.index] {
            if band.high == 0 {
                coder.begin_block(block, band);
            } else {
                coder.refine_block(block, band);
            }
        }
        coder.end_run();
    }
}

/// Codes one band of one component.
struct BandCoder<'a, O> {
    output: &'a mut O,
    table: usize,
    /// Blocks whose rest is zeros, and that have not been told yet.
    ended: u32,
    /// Bits of these blocks' coefficients that are not zero since an earlier scan.
    corrections: Vec<bool>,
}

impl<O: Output> BandCoder<'_, O> {
    /// The first bits of each coefficient.
    fn begin_block(&mut self, block: &Block, band: Band) {
        let mut run = 0_u8;
        for position in band.first..=band.last {
            let coefficient = block.coefficients[usize::from(NATURAL[usize::from(position)])];
            // Towards 0, unlike a shift.
            let value = coefficient / (1 << band.low);
            if value == 0 {
                run += 1;
                continue;
            }
            self.end_run();
            while run > 15 {
                self.output.symbol(self.table, 0xF0);
                run -= 16;
            }
            let (size, bits) = magnitude(value);
            self.output.symbol(self.table, run << 4 | size as u8);
            self.output.bits(bits, size);
            run = 0;
        }
        if run > 0 {
            self.end_block(Vec::new());
        }
    }

    /// One more bit of each coefficient.
    fn refine_block(&mut self, block: &Block, band: Band) {
        let values = NATURAL.map(|place| block.coefficients[usize::from(place)] / (1 << band.low));
        let positions = usize::from(band.first)..=usize::from(band.last);
        let last_new =
            positions.clone().rev().find(|position| values[*position].abs() == 1).unwrap_or_default();
        let mut run = 0_u8;
        let mut corrections = Vec::new();
        for position in positions {
            let value = values[position];
            if value == 0 {
                run += 1;
                continue;
            }
            while run > 15 && position <= last_new {
                self.end_run();
                self.output.symbol(self.table, 0xF0);
                self.correct(&mut corrections);
                run -= 16;
            }
            if value.abs() > 1 {
                corrections.push(value.abs() & 1 == 1);
                continue;
            }
            self.end_run();
            self.output.symbol(self.table, run << 4 | 1);
            self.output.bits(u16::from(value > 0), 1);
            self.correct(&mut corrections);
            run = 0;
        }
        if run > 0 || !corrections.is_empty() {
            self.end_block(corrections);
        }
    }

    fn end_block(&mut self, corrections: Vec<bool>) {
        self.ended += 1;
        self.corrections.extend(corrections);
        if self.ended == MOST_ENDED || self.corrections.len() > MOST_CORRECTIONS {
            self.end_run();
        }
    }

    /// Tells how many blocks have ended, if any have.
    fn end_run(&mut self) {
        let Some(size) = self.ended.checked_ilog2() else { return };
        self.output.symbol(self.table, (size << 4) as u8);
        self.output.bits((self.ended & !(1 << size)) as u16, size);
        self.ended = 0;
        let mut corrections = std::mem::take(&mut self.corrections);
        self.correct(&mut corrections);
        self.corrections = corrections;
    }

    fn correct(&mut self, corrections: &mut Vec<bool>) {
        for bit in corrections.drain(..) {
            self.output.bits(u16::from(bit), 1);
        }
    }
}
