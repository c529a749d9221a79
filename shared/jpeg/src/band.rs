//! Decodes one progressive scan, strip by strip: DC coefficients (T.81 G.1.2.1), or a band of AC coefficients, their first
//! bits (G.1.2.2) or one more (G.1.2.3).

use crate::bits::{Clean, FOR_BLOCKS, MAX_BLOCK_BYTES, MAX_DC_BYTES, Window};
use crate::entropy::{Damage, Entropy, Fault};
use crate::error::Error;
use crate::feed::Feed;
use crate::huffman::{BandTable, DcTable, END_OF_BLOCK, RefinementTable};
use crate::layout::Layout;
use crate::processor::{Processor, Work};
use crate::scan::{Scan, defined};
use crate::strip::{Component, NOWHERE};
use crate::transform::Arithmetic;

/// A scan, and how far it is decoded.
pub(crate) struct ProgressiveScan<'a> {
    entropy: Entropy<'a, FOR_BLOCKS>,
    content: Content,
    /// How many low bits are left to later scans.
    low: u8,
    /// How many MCUs there are in a row, how many rows of them in a row of MCUs of the frame, and how many rows are left:
    /// scans of one component have MCUs of one block (T.81 A.2.2).
    mcus_wide: usize,
    rows_per_band: usize,
    rows_left: usize,
}

/// What a scan tells.
enum Content {
    Dc(Vec<DcPart>),
    Ac(Box<AcPart>),
}

impl<'a> ProgressiveScan<'a> {
    pub(crate) fn new(source: &'a [u8], scan: &Scan, layout: &Layout, lenient: bool) -> Result<Self, Error> {
        let (mcus_wide, rows_per_band, rows_left) = match scan.parts.as_slice() {
            [part] => {
                let component = &layout.components[part.component];
                (component.blocks_wide, component.down, component.blocks_high)
            }
            _ => (layout.mcus_wide, 1, layout.mcus_high),
        };
        let (content, mcu_bytes) = if scan.first == 0 {
            let parts = DcPart::all(scan, layout)?;
            let blocks = parts.iter().map(|part| part.across * part.down).sum::<usize>();
            (Content::Dc(parts), blocks * MAX_DC_BYTES)
        } else {
            (Content::Ac(Box::new(AcPart::new(scan)?)), MAX_BLOCK_BYTES)
        };
        let entropy =
            Entropy::new(Feed::of(source), scan, mcu_bytes, (mcus_wide * rows_left) as u64, lenient);
        Ok(Self { entropy, content, low: scan.low, mcus_wide, rows_per_band, rows_left })
    }

    /// Decodes what this scan has of as many more rows of MCUs of the frame, if there are so many.
    pub(crate) fn decode_strip(
        &mut self,
        components: &mut [Component],
        mcu_rows: usize,
        processor: Processor,
    ) -> Result<(), Error> {
        let Self { entropy, content, low, mcus_wide, rows_per_band, rows_left } = self;
        let rows = (mcu_rows * *rows_per_band).min(*rows_left);
        *rows_left -= rows;
        let (low, units) = (*low, (*mcus_wide, rows));
        match content {
            Content::Dc(parts) => processor.run(DecodeDc { components, entropy, parts, low, units }),
            Content::Ac(part) => {
                let component = &mut components[part.component];
                processor.run(DecodeAc { component, entropy, part, low, units })
            }
        }
    }

    /// Sees to it that the data did not end before the scan did. What was damaged.
    pub(crate) fn finish(self) -> Result<Damage, Error> {
        Ok(self.entropy.finish()?.0)
    }
}

/// One component's part in a scan of DC coefficients.
struct DcPart {
    component: usize,
    /// None where the scan refines: then each block has one bit.
    table: Option<DcTable>,
    /// How many blocks there are in an MCU.
    across: usize,
    down: usize,
    /// The prediction of the next coefficient.
    predicted: i32,
}

impl DcPart {
    /// The parts of all components of a scan.
    fn all(scan: &Scan, layout: &Layout) -> Result<Vec<Self>, Error> {
        let mut parts = Vec::new();
        for part in &scan.parts {
            let table = if scan.is_refinement() {
                None
            } else {
                Some(DcTable::new(defined(scan, scan.tables.dc[part.dc].as_ref())?, None))
            };
            let component = &layout.components[part.component];
            let (across, down) =
                if scan.parts.len() > 1 { (component.across, component.down) } else { (1, 1) };
            parts.push(Self { component: part.component, table, across, down, predicted: 0 });
        }
        Ok(parts)
    }
}

/// The work on a strip of a scan of DC coefficients.
struct DecodeDc<'c, 'e, 'a> {
    components: &'c mut [Component],
    entropy: &'e mut Entropy<'a, FOR_BLOCKS>,
    parts: &'e mut [DcPart],
    low: u8,
    /// How many MCUs there are in a row, and rows of them.
    units: (usize, usize),
}

impl Work for DecodeDc<'_, '_, '_> {
    type Outcome = Result<(), Error>;

    #[inline(always)]
    fn run<A: Arithmetic>(self, _: A) -> Self::Outcome {
        let Self { components, entropy, parts, low, units } = self;
        let mut window = entropy.window;
        for mcu in 0..units.0 * units.1 {
            let (mcu_column, mcu_row) = (mcu % units.0, mcu / units.0);
            if entropy.begin_mcu(&mut window)? {
                for part in parts.iter_mut() {
                    part.predicted = 0;
                }
            }
            if let Some(fault) = entropy.ready(&mut window) {
                entropy.lose(fault, window)?;
                continue;
            }
            let mut fault = None;
            'mcu: for part in parts.iter_mut() {
                let component = &mut components[part.component];
                for place in 0..part.across * part.down {
                    let row = mcu_row * part.down + place / part.across;
                    let column = mcu_column * part.across + place % part.across;
                    let block = row * component.blocks_wide + column;
                    let coefficient = &mut component.coefficients[block * component.kept];
                    window.refill(entropy.data.clean());
                    match &part.table {
                        Some(table) => match table.difference(&mut window) {
                            Ok((difference, _)) => {
                                part.predicted = part.predicted.wrapping_add(difference);
                                *coefficient = (part.predicted << low) as i16;
                            }
                            Err(found) => {
                                fault = Some(found.into());
                                break 'mcu;
                            }
                        },
                        None => *coefficient |= (window.take(1) << low) as i16,
                    }
                }
            }
            if let Some(fault) = fault {
                entropy.lose(fault, window)?;
            }
        }
        entropy.window = window;
        Ok(())
    }
}

/// A component's part in a scan of a band of its AC coefficients.
struct AcPart {
    component: usize,
    table: AcTable,
    /// The first and the last coefficient, in zigzag order.
    first: usize,
    last: usize,
    /// How many more blocks have nothing new in this band: EOBRUN.
    empty: u32,
}

/// Whether a scan of AC coefficients is their first one.
enum AcTable {
    First(BandTable),
    Refinement(RefinementTable),
}

impl AcPart {
    fn new(scan: &Scan) -> Result<Self, Error> {
        let part = scan.parts[0];
        let spec = defined(scan, scan.tables.ac[part.ac].as_ref())?;
        let table = if scan.is_refinement() {
            AcTable::Refinement(RefinementTable::new(spec))
        } else {
            AcTable::First(BandTable::new(spec))
        };
        Ok(Self { component: part.component, table, first: scan.first, last: scan.last, empty: 0 })
    }
}

/// The work on a strip of a scan of a band of AC coefficients.
struct DecodeAc<'c, 'e, 'a> {
    component: &'c mut Component,
    entropy: &'e mut Entropy<'a, FOR_BLOCKS>,
    part: &'e mut AcPart,
    low: u8,
    /// How many blocks there are in a row, and rows of them.
    units: (usize, usize),
}

impl Work for DecodeAc<'_, '_, '_> {
    type Outcome = Result<(), Error>;

    #[inline(always)]
    fn run<A: Arithmetic>(self, arithmetic: A) -> Self::Outcome {
        let Self { component, entropy, part, low, units } = self;
        let Component { blocks_wide, kept, places, wanted, coefficients, history, .. } = component;
        let AcPart { table, first, last, empty: empty_left, .. } = part;
        let band = Band { arithmetic, places, wanted: *wanted, first: *first, last: *last, low };
        let is_refinement = matches!(table, AcTable::Refinement(_));
        let (mut empty, mut window) = (*empty_left, entropy.window);
        for row in 0..units.1 {
            for block in row * *blocks_wide..row * *blocks_wide + units.0 {
                if entropy.begin_mcu(&mut window)? {
                    empty = 0;
                }
                // What nobody asks for is still written, where it does no harm.
                let mut unasked = 0;
                let history = history.get_mut(block).unwrap_or(&mut unasked);
                if empty > 0 && (!is_refinement || *history & band.mask() == 0) {
                    empty -= 1;
                    continue;
                }
                if let Some(fault) = entropy.ready(&mut window) {
                    entropy.lose(fault, window)?;
                    empty = 0;
                    continue;
                }
                let block = &mut coefficients[block * *kept..(block + 1) * *kept];
                let clean = entropy.data.clean();
                let outcome = match table {
                    AcTable::First(table) => {
                        band.begin(table, &mut window, clean, &mut empty, block, history)
                    }
                    AcTable::Refinement(table) => {
                        band.refine(table, &mut window, clean, &mut empty, block, history)
                    }
                };
                if let Err(fault) = outcome {
                    entropy.lose(fault, window)?;
                    empty = 0;
                }
            }
        }
        (*empty_left, entropy.window) = (empty, window);
        Ok(())
    }
}

/// What the blocks of a scan have in common.
struct Band<'c, A> {
    arithmetic: A,
    places: &'c [u8; 64],
    wanted: u64,
    first: usize,
    last: usize,
    low: u8,
}

impl<A: Arithmetic> Band<'_, A> {
    /// Its coefficients, a bit for each.
    #[inline(always)]
    fn mask(&self) -> u64 {
        (u64::MAX >> (63 - self.last)) & (u64::MAX << self.first)
    }

    /// Decodes the first bits of a block's coefficients.
    #[inline(always)]
    fn begin(
        &self,
        table: &BandTable,
        window: &mut Window,
        clean: &Clean<FOR_BLOCKS>,
        empty: &mut u32,
        block: &mut [i16],
        history: &mut u64,
    ) -> Result<(), Fault> {
        let mut index = self.first - 1;
        while index < self.last {
            window.refill(clean);
            let (advance, value) = table.coefficient(window, clean)?;
            if advance >= END_OF_BLOCK {
                let bits = (advance - END_OF_BLOCK) as u32;
                *empty = (1 << bits) - 1 + window.take(bits);
                return Ok(());
            }
            index += advance;
            if index > self.last {
                return Err(Fault::Overfull);
            }
            *history |= u64::from(value != 0) << index;
            let place = self.places[index & 63];
            if place != NOWHERE {
                block[usize::from(place)] = (value << self.low) as i16;
            }
        }
        Ok(())
    }

    /// Decodes one more bit of a block's coefficients.
    #[inline(always)]
    fn refine(
        &self,
        table: &RefinementTable,
        window: &mut Window,
        clean: &Clean<FOR_BLOCKS>,
        empty: &mut u32,
        block: &mut [i16],
        history: &mut u64,
    ) -> Result<(), Fault> {
        let mut rest = self.mask();
        while *empty == 0 && rest != 0 {
            window.refill(clean);
            let (run, size) = table.symbol(window)?;
            if size == 0 && run < 15 {
                *empty = (1 << run) + window.take(run);
                break;
            }
            // T.81 G.1.2.3 has no coefficient that becomes more than ±1.
            if size > 1 {
                return Err(Fault::NoSuchCode);
            }
            let is_positive = size == 1 && window.take(1) == 1;
            // Past as many zeros as the run says, to the zero after them.
            let target = self.arithmetic.spread(1 << run, rest & !*history);
            let passed = target.wrapping_sub(1) & rest;
            self.correct(window, clean, passed & *history, block);
            rest &= !(passed | target);
            if size == 1 {
                if target == 0 {
                    return Err(Fault::Overfull);
                }
                *history |= target;
                let place = self.places[target.trailing_zeros() as usize & 63];
                if place != NOWHERE {
                    let one = 1 << self.low;
                    block[usize::from(place)] = if is_positive { one } else { -one };
                }
            }
        }
        if *empty > 0 {
            *empty -= 1;
            self.correct(window, clean, rest & *history, block);
        }
        Ok(())
    }

    /// Reads a bit for each of some coefficients that are not zero: whether its absolute value is larger.
    #[inline(always)]
    fn correct(&self, window: &mut Window, clean: &Clean<FOR_BLOCKS>, which: u64, block: &mut [i16]) {
        const LOW_HALF: u64 = u32::MAX as u64;
        let mut half = which & LOW_HALF;
        let mut others = which & !LOW_HALF;
        while half | others != 0 {
            let count = half.count_ones();
            if count > 0 {
                window.refill(clean);
                let bits = window.peek(count);
                window.skip(count);
                let mut grown = 0;
                if half & self.wanted != 0 {
                    let lowest_first = bits.reverse_bits() >> (usize::BITS - count);
                    grown = self.arithmetic.spread(lowest_first as u64, half) & self.wanted;
                }
                while grown != 0 {
                    let index = grown.trailing_zeros() as usize;
                    let coefficient = &mut block[usize::from(self.places[index & 63])];
                    let one = 1 << self.low;
                    *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -one } else { one });
                    grown &= grown - 1;
                }
            }
            (half, others) = (others, 0);
        }
    }
}
