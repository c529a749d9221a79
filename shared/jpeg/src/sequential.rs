//! Sequential scans (T.81 annex F): blocks are decoded and transformed one after the other, and nothing is kept of them but
//! samples.

use std::sync::Arc;

use crate::bits::{Clean, FOR_MCUS, MAX_BLOCK_BYTES, Window};
use crate::entropy::{Damage, Entropy, Fault};
use crate::error::Error;
use crate::feed::Feed;
use crate::frame::Frame;
use crate::huffman::{AcTable, DcTable, END_OF_BLOCK, NoSuchCode};
use crate::layout::Layout;
use crate::plane::Plane;
use crate::processor::Processor;
use crate::scan::{Scan, defined};
use crate::tables::ZIGZAG;
use crate::transform::{Arithmetic, Coefficients, Kind, Transform, transform};

/// What the blocks of one component are decoded with.
struct Part {
    component: usize,
    /// The steps of quantization, in zigzag order; zero for coefficients that are not needed, which makes these zero.
    steps: [i16; 64],
    /// The prediction of the next DC coefficient.
    predicted: i32,
    transform: Arc<Transform>,
    /// The last coefficient, in zigzag order, that it needs.
    needed: usize,
}

/// A block's place in its MCU.
struct Slot {
    part: usize,
    // Here, so that the first look-up of a block waits for no other one.
    dc: Arc<DcTable>,
    ac: Arc<AcTable>,
    /// From the first sample of the row of MCUs to the block's first sample in the first MCU, and from MCU to MCU.
    offset: usize,
    step: usize,
    /// Where the first sample of the next block is in its plane.
    next: usize,
}

/// One scan, decoded a row of MCUs at a time.
pub(crate) struct SequentialScan<'a> {
    entropy: Entropy<'a, FOR_MCUS>,
    parts: Vec<Part>,
    slots: Vec<Slot>,
    /// How many MCUs there are in a row, and how many rows of them in a row of MCUs of the whole frame: scans of one
    /// component have MCUs of one block (T.81 A.2.2).
    mcus_wide: usize,
    rows_per_band: usize,
    /// From one of these rows to the next one, in samples.
    row_step: usize,
    rows_left: usize,
}

impl<'a> SequentialScan<'a> {
    pub(crate) fn new(
        feed: Feed<'a>,
        scan: &Scan,
        frame: &Frame,
        layout: &Layout,
        planes: &[Plane],
        lenient: bool,
    ) -> Result<Self, Error> {
        let is_interleaved = scan.parts.len() > 1;
        let (mut parts, mut slots) = (Vec::new(), Vec::new());
        // Two components mostly share their tables.
        let mut dc_tables: [[Option<Arc<DcTable>>; 4]; 4] = Default::default();
        let mut ac_tables: [Option<Arc<AcTable>>; 4] = Default::default();
        let is_reduced = layout.is_reduced();
        for (index, named) in scan.parts.iter().enumerate() {
            let component = &layout.components[named.component];
            let quantization = frame.components[named.component].quantization;
            let steps = defined(scan, scan.tables.quantization[quantization].as_ref())?;
            let dc = defined(scan, scan.tables.dc[named.dc].as_ref())?;
            let ac = defined(scan, scan.tables.ac[named.ac].as_ref())?;
            let dc =
                dc_tables[named.dc][named.ac].get_or_insert_with(|| Arc::new(DcTable::new(dc, Some(ac))));
            let ac = ac_tables[named.ac].get_or_insert_with(|| Arc::new(AcTable::new(ac, is_reduced)));
            let transform = Arc::new(Transform::new(component.points_across, component.points_down));
            let steps: [i16; 64] =
                std::array::from_fn(
                    |index| if index > component.last { 0 } else { signed_step(steps[index]) },
                );
            parts.push(Part {
                component: named.component,
                steps,
                predicted: 0,
                transform,
                needed: component.last,
            });
            let (across, down) = if is_interleaved { (component.across, component.down) } else { (1, 1) };
            let row = component.points_down * planes[named.component].stride;
            for place in 0..across * down {
                slots.push(Slot {
                    part: index,
                    dc: Arc::clone(dc),
                    ac: Arc::clone(ac),
                    offset: place / across * row + place % across * component.points_across,
                    step: across * component.points_across,
                    next: 0,
                });
            }
        }
        let first = &layout.components[scan.parts[0].component];
        let row_step = first.points_down * planes[scan.parts[0].component].stride;
        let (mcus_wide, rows_per_band, rows_left) = if is_interleaved {
            (layout.mcus_wide, 1, layout.mcus_high)
        } else {
            (first.blocks_wide, first.down, first.blocks_high)
        };
        let mcus = mcus_wide as u64 * rows_left as u64;
        let entropy = Entropy::new(feed, scan, slots.len() * MAX_BLOCK_BYTES, mcus, lenient);
        Ok(Self { entropy, parts, slots, mcus_wide, rows_per_band, row_step, rows_left })
    }

    /// Decodes what this scan has of the next row of MCUs of the frame.
    pub(crate) fn decode_band(&mut self, processor: Processor, planes: &mut [Plane]) -> Result<(), Error> {
        for row in 0..self.rows_per_band.min(self.rows_left) {
            let start = row * self.row_step;
            processor.run(DecodeRow { scan: self, planes, start })?;
        }
        self.rows_left = self.rows_left.saturating_sub(self.rows_per_band);
        Ok(())
    }

    /// Sees to it that the data did not end before the scan did. What was damaged, and what comes after it from where on.
    pub(crate) fn finish(self) -> Result<(Damage, Feed<'a>, usize), Error> {
        self.entropy.finish()
    }
}

/// A step of more than 15 bits makes every coefficient but zero larger than samples of 8 bits can give.
pub(crate) fn signed_step(step: u16) -> i16 {
    i16::try_from(step).unwrap_or(i16::MAX)
}

/// The work on a row of MCUs.
struct DecodeRow<'s, 'a, 'p> {
    scan: &'s mut SequentialScan<'a>,
    planes: &'p mut [Plane],
    start: usize,
}

impl crate::processor::Work for DecodeRow<'_, '_, '_> {
    type Outcome = Result<(), Error>;

    #[inline(always)]
    fn run<A: Arithmetic>(self, arithmetic: A) -> Self::Outcome {
        let Self { scan, planes, start } = self;
        let SequentialScan { entropy, parts, slots, mcus_wide, .. } = scan;
        for slot in slots.iter_mut() {
            slot.next = planes[parts[slot.part].component].start() + start + slot.offset;
        }
        // It lives in registers.
        let mut window = entropy.window;
        for _ in 0..*mcus_wide {
            if entropy.begin_mcu(&mut window)? {
                for part in parts.iter_mut() {
                    part.predicted = 0;
                }
            }
            let mut fault = entropy.ready(&mut window);
            for slot in slots.iter_mut() {
                let part = &mut parts[slot.part];
                let plane = &mut planes[part.component];
                let (first, stride) = (slot.next, plane.stride);
                slot.next += slot.step;
                let mut block = [0; 64];
                let mut last = 0;
                if fault.is_none() {
                    match decode_block(
                        &mut window,
                        entropy.data.clean(),
                        (&slot.dc, &slot.ac),
                        part,
                        &mut block,
                    ) {
                        Ok(index) => last = index,
                        Err(found) => fault = Some(found),
                    }
                    if fault.is_some() {
                        block = [0; 64];
                    }
                }
                if part.transform.kind == Kind::One {
                    plane.samples[first] = Transform::flat(block[0]);
                } else {
                    let reach = part.transform.reach(stride);
                    let out = &mut plane.samples[first..first + reach];
                    transform(arithmetic, &part.transform, &block, last, out, stride);
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

/// Decodes a block (T.81 F.2.2): its DC coefficient, those AC coefficients that are needed, and past the others. The index
/// of the last coefficient that is not zero, or of a later one.
#[inline(always)]
fn decode_block(
    window: &mut Window,
    clean: &Clean<FOR_MCUS>,
    (dc, ac): (&DcTable, &AcTable),
    part: &mut Part,
    block: &mut Coefficients,
) -> Result<usize, Fault> {
    window.refill(clean);
    let (difference, is_ended) = dc.difference(window)?;
    part.predicted = part.predicted.wrapping_add(difference);
    block[0] = (part.predicted as i16).wrapping_mul(part.steps[0]);
    if is_ended {
        return Ok(0);
    }
    let needed = part.needed;
    let mut index = 0;
    if needed > 0 {
        let steps = &part.steps;
        let next = |window: &mut Window, block: &mut Coefficients, index: &mut usize| {
            next_coefficient(window, clean, ac, steps, needed, block, index)
        };
        let value = loop {
            window.refill(clean);
            // As often as the window has bits for: a coefficient that takes many of them refills it.
            if let Some(value) = next(window, block, &mut index)? {
                break value;
            }
            if let Some(value) = next(window, block, &mut index)? {
                break value;
            }
            if let Some(value) = next(window, block, &mut index)? {
                break value;
            }
        };
        let is_ended = index >= END_OF_BLOCK;
        index -= if is_ended { END_OF_BLOCK } else { 0 };
        if index > 63 {
            return Err(Fault::Overfull);
        }
        // Also where it is none that is needed, and so becomes zero.
        let place = usize::from(ZIGZAG[index & 63]);
        block[place & 63] = (value as i16).wrapping_mul(part.steps[index & 63]);
        if is_ended {
            if index == 63 && value != 0 {
                *window = ac.give_end_back(*window);
            }
            // An end of block by itself is no coefficient.
            return Ok((index - usize::from(value == 0)).min(needed));
        }
        if index == 63 {
            return Ok(index);
        }
    }
    skip_block(window, clean, ac, index)?;
    Ok(needed)
}

/// Decodes a coefficient, and keeps it if it is one before the last that is needed: otherwise, its value.
#[inline(always)]
fn next_coefficient(
    window: &mut Window,
    clean: &Clean<FOR_MCUS>,
    ac: &AcTable,
    steps: &[i16; 64],
    needed: usize,
    block: &mut Coefficients,
    index: &mut usize,
) -> Result<Option<i32>, NoSuchCode> {
    let (advance, value) = ac.coefficient(window, clean)?;
    *index += advance;
    if *index >= needed {
        return Ok(Some(value));
    }
    let place = usize::from(ZIGZAG[*index & 63]);
    block[place & 63] = (value as i16).wrapping_mul(steps[*index & 63]);
    Ok(None)
}

/// Goes past the coefficients after `index`, of which there are some.
#[inline(always)]
fn skip_block(
    window: &mut Window,
    clean: &Clean<FOR_MCUS>,
    table: &AcTable,
    mut index: usize,
) -> Result<(), Fault> {
    loop {
        window.refill(clean);
        // As often as the window has bits for.
        let outcome = skip_several(window, table, &mut index)
            .and_then(|()| skip_several(window, table, &mut index))
            .and_then(|()| skip_several(window, table, &mut index));
        match outcome {
            Ok(()) => {}
            Err(Stop::EndOfBlock) => return Ok(()),
            Err(Stop::OneByOne) => {
                window.refill(clean);
                index += table.one(window)?;
                match index {
                    ..63 => {}
                    63 | END_OF_BLOCK.. => return Ok(()),
                    _ => return Err(Fault::Overfull),
                }
            }
        }
    }
}

/// Why several symbols are not skipped at once.
enum Stop {
    EndOfBlock,
    /// At the end of a block what follows may be of the next one; or there is a long code.
    OneByOne,
}

/// Goes past as many coefficients as one look-up has.
#[inline(always)]
fn skip_several(window: &mut Window, table: &AcTable, index: &mut usize) -> Result<(), Stop> {
    let (bits, advance) = table.several(window);
    let next = *index + advance;
    if next < 63 {
        window.skip(bits);
        *index = next;
        Ok(())
    } else if (END_OF_BLOCK..END_OF_BLOCK + 63).contains(&next) {
        window.skip(bits);
        Err(Stop::EndOfBlock)
    } else {
        Err(Stop::OneByOne)
    }
}
