//! Decodes one progressive scan: DC coefficients (T.81 G.1.2.1), or a band of AC coefficients, their first bits (G.1.2.2) or
//! one more (G.1.2.3).

use crate::bits::{Clean, Window};
use crate::entropy::{Entropy, Fault};
use crate::error::Error;
use crate::huffman::{BandTable, DcTable, END_OF_BLOCK};
use crate::processor::Work;
use crate::progressive::{Component, NOWHERE};
use crate::scan::{Scan, defined};
use crate::transform::Arithmetic;

/// One component's part in a scan of DC coefficients.
pub(crate) struct DcPart {
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
    pub(crate) fn all(scan: &Scan, components: &[Component]) -> Result<Vec<Self>, Error> {
        let mut parts = Vec::new();
        for part in &scan.parts {
            let table = if scan.is_refinement() {
                None
            } else {
                Some(DcTable::new(defined(scan, scan.tables.dc[part.dc].as_ref())?))
            };
            let layout = &components[part.component].layout;
            let (across, down) = if scan.parts.len() > 1 { (layout.across, layout.down) } else { (1, 1) };
            parts.push(Self { component: part.component, table, across, down, predicted: 0 });
        }
        Ok(parts)
    }

    /// How many blocks an MCU has of it.
    pub(crate) fn blocks(&self) -> usize {
        self.across * self.down
    }
}

/// The work on a scan of DC coefficients.
pub(crate) struct DecodeDc<'c, 'e, 'a> {
    pub(crate) components: &'c mut [Component],
    pub(crate) entropy: &'e mut Entropy<'a>,
    pub(crate) scan: &'e Scan,
    pub(crate) parts: Vec<DcPart>,
    /// How many MCUs there are in a row, and rows of them.
    pub(crate) units: (usize, usize),
}

impl Work for DecodeDc<'_, '_, '_> {
    type Outcome = Result<(), Error>;

    #[inline(always)]
    fn run<A: Arithmetic>(self, _: A) -> Self::Outcome {
        let Self { components, entropy, scan, mut parts, units } = self;
        for mcu in 0..units.0 * units.1 {
            let (mcu_column, mcu_row) = (mcu % units.0, mcu / units.0);
            if entropy.begin_mcu()? {
                for part in &mut parts {
                    part.predicted = 0;
                }
            }
            if let Some(fault) = entropy.ready() {
                entropy.lose(fault)?;
                continue;
            }
            let mut window = entropy.window;
            let mut fault = None;
            'mcu: for part in &mut parts {
                let component = &mut components[part.component];
                for place in 0..part.across * part.down {
                    let row = mcu_row * part.down + place / part.across;
                    let column = mcu_column * part.across + place % part.across;
                    let block = row * component.blocks_wide + column;
                    let coefficient = &mut component.coefficients[block * component.kept];
                    window.refill(entropy.data.clean());
                    match &part.table {
                        Some(table) => match table.difference(&mut window) {
                            Ok(difference) => {
                                part.predicted = part.predicted.wrapping_add(difference);
                                *coefficient = (part.predicted << scan.low) as i16;
                            }
                            Err(found) => {
                                fault = Some(found.into());
                                break 'mcu;
                            }
                        },
                        None => *coefficient |= (window.take(1) << scan.low) as i16,
                    }
                }
            }
            entropy.window = window;
            if let Some(fault) = fault {
                entropy.lose(fault)?;
            }
        }
        Ok(())
    }
}

/// The work on a scan of a band of AC coefficients.
pub(crate) struct DecodeAc<'c, 'e, 'a> {
    pub(crate) component: &'c mut Component,
    pub(crate) entropy: &'e mut Entropy<'a>,
    pub(crate) scan: &'e Scan,
    pub(crate) table: BandTable,
    /// How many blocks there are in a row, and rows of them.
    pub(crate) units: (usize, usize),
}

impl Work for DecodeAc<'_, '_, '_> {
    type Outcome = Result<(), Error>;

    #[inline(always)]
    fn run<A: Arithmetic>(self, arithmetic: A) -> Self::Outcome {
        let Self { component, entropy, scan, table, units } = self;
        let Component { blocks_wide, kept, places, wanted, coefficients, history, .. } = component;
        let band = Band {
            arithmetic,
            table,
            places,
            wanted: *wanted,
            first: scan.first,
            last: scan.last,
            low: scan.low,
        };
        let is_refinement = scan.is_refinement();
        // How many more blocks have nothing new in this band: EOBRUN.
        let mut empty = 0;
        for row in 0..units.1 {
            for block in row * *blocks_wide..row * *blocks_wide + units.0 {
                if entropy.begin_mcu()? {
                    empty = 0;
                }
                // What nobody asks for is still written, where it does no harm.
                let mut unasked = 0;
                let history = history.get_mut(block).unwrap_or(&mut unasked);
                if empty > 0 && (!is_refinement || *history & band.mask() == 0) {
                    empty -= 1;
                    continue;
                }
                if let Some(fault) = entropy.ready() {
                    entropy.lose(fault)?;
                    empty = 0;
                    continue;
                }
                let block = &mut coefficients[block * *kept..(block + 1) * *kept];
                let mut window = entropy.window;
                let clean = entropy.data.clean();
                let outcome = if is_refinement {
                    band.refine(&mut window, clean, &mut empty, block, history)
                } else {
                    band.begin(&mut window, clean, &mut empty, block, history)
                };
                entropy.window = window;
                if let Err(fault) = outcome {
                    entropy.lose(fault)?;
                    empty = 0;
                }
            }
        }
        Ok(())
    }
}

/// What the blocks of a scan have in common.
struct Band<'c, A> {
    arithmetic: A,
    table: BandTable,
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
        window: &mut Window,
        clean: &Clean,
        empty: &mut u32,
        block: &mut [i16],
        history: &mut u64,
    ) -> Result<(), Fault> {
        let mut index = self.first - 1;
        while index < self.last {
            window.refill(clean);
            let (advance, value) = self.table.coefficient(window, clean)?;
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
        window: &mut Window,
        clean: &Clean,
        empty: &mut u32,
        block: &mut [i16],
        history: &mut u64,
    ) -> Result<(), Fault> {
        let mut rest = self.mask();
        while *empty == 0 && rest != 0 {
            window.refill(clean);
            let (run, size) = self.table.symbol(window)?;
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
    fn correct(&self, window: &mut Window, clean: &Clean, which: u64, block: &mut [i16]) {
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
