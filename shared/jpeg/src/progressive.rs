//! Progressive scans (T.81 annex G): each adds some bits to some coefficients, so a block is not complete before the last one.
//!
//! But no scan needs anything of a block except what the scans before it told of the same block. So all scans are decoded side
//! by side, each by a decoder of its own that stands at its own place in the source: first what all of them have of the
//! uppermost strip of the picture, then of the next one. Only the coefficients of one strip are held, and of those only the
//! ones that the scale needs. Of the others a scan that refines has to know which ones are zero so far: one bit for each, and
//! only where such a scan is of use at all.

use std::ops::Range;

use crate::band::ProgressiveScan;
use crate::entropy::Damage;
use crate::error::Error;
use crate::frame::Frame;
use crate::layout::{ComponentLayout, Layout};
use crate::plane::Plane;
use crate::processor::{Processor, Work};
use crate::progression::find_needed;
use crate::scan::{Scan, defined};
use crate::strip::Component;
use crate::transform::{Arithmetic, LOW_QUARTER, transform};

/// How many blocks a strip has at least where the picture has as many: to change from one scan to the next has its price.
const MIN_STRIP_BLOCKS: usize = 1024;

/// How many bytes one more scan takes at most while all are decoded side by side: a buffer, a table made ready, and the
/// tables as they were transmitted.
const SCAN_BYTES: u64 = 32 << 10;

/// How many rows of MCUs are decoded at a time.
fn strip_rows(layout: &Layout) -> usize {
    let blocks = layout.components.iter().map(|component| component.across * component.down).sum::<usize>();
    MIN_STRIP_BLOCKS.div_ceil(blocks * layout.mcus_wide).min(layout.mcus_high)
}

/// How many bytes the coefficients and the scans of a picture take at most.
pub(crate) fn bytes(layout: &Layout, scans: usize) -> u64 {
    let of_component = |component: &ComponentLayout| {
        let kept = component.points_across.min(8) * component.points_down.min(8);
        let blocks = layout.mcus_wide * component.across * strip_rows(layout) * component.down;
        blocks as u64 * (kept as u64 * 2 + 8)
    };
    layout.components.iter().map(of_component).sum::<u64>() + scans as u64 * SCAN_BYTES
}

/// A picture on its way: a strip of coefficients, and the scans that tell them.
pub(crate) struct ProgressivePicture<'a> {
    components: Vec<Component>,
    scans: Vec<ProgressiveScan<'a>>,
    /// How many rows of MCUs a strip has.
    strip_rows: usize,
}

impl<'a> ProgressivePicture<'a> {
    /// Makes everything ready for the scans that are of use.
    pub(crate) fn new(
        source: &'a [u8],
        frame: &Frame,
        layout: &Layout,
        scans: &[Scan],
        lenient: bool,
    ) -> Result<Self, Error> {
        let mut components = Vec::new();
        for (index, (component, of_frame)) in layout.components.iter().zip(&frame.components).enumerate() {
            // Where a component has no scan at all, which only leniency bears, all its coefficients are zero.
            let is_its = |scan: &&Scan| scan.parts.iter().any(|part| part.component == index);
            let steps = match scans.iter().find(is_its) {
                Some(scan) => defined(scan, scan.tables.quantization[of_frame.quantization].as_ref())?,
                None => &[1; 64],
            };
            components.push(Component::new(component, layout.mcus_wide, steps));
        }
        let wanted = components.iter().map(|component| component.wanted).collect();
        let (is_needed, is_refined) = find_needed(scans, wanted);
        let strip_rows = strip_rows(layout);
        for (component, is_refined) in components.iter_mut().zip(is_refined) {
            let blocks = component.blocks_wide * component.layout.down * strip_rows;
            component.coefficients = vec![0; blocks * component.kept];
            component.history = vec![0; if is_refined { blocks } else { 0 }];
        }
        let needed = scans.iter().zip(is_needed).filter_map(|(scan, is_needed)| is_needed.then_some(scan));
        let scans = needed.map(|scan| ProgressiveScan::new(source, scan, layout, lenient));
        Ok(Self { scans: scans.collect::<Result<_, _>>()?, components, strip_rows })
    }

    /// Transforms the blocks of the next row of MCUs, after decoding the strip that it begins.
    pub(crate) fn decode_band(
        &mut self,
        mcu_row: usize,
        processor: Processor,
        planes: &mut [Plane],
    ) -> Result<(), Error> {
        let row_of_strip = mcu_row % self.strip_rows;
        if row_of_strip == 0 {
            for component in &mut self.components {
                component.coefficients.fill(0);
                component.history.fill(0);
            }
            for scan in &mut self.scans {
                scan.decode_strip(&mut self.components, self.strip_rows, processor)?;
            }
        }
        for (component, plane) in self.components.iter().zip(planes) {
            for row in 0..component.layout.down {
                let blocks = (row_of_strip * component.layout.down + row) * component.blocks_wide;
                let blocks = blocks..blocks + component.blocks_wide;
                let start = plane.start() + row * component.layout.points_down * plane.stride;
                processor.run(TransformRow { component, blocks, plane, start });
            }
        }
        Ok(())
    }

    /// Sees to it that no scan's data ended before it did. What was damaged, from the first scan on.
    pub(crate) fn finish(self) -> Result<Damage, Error> {
        let mut damage = Damage::default();
        for scan in self.scans {
            damage.add(scan.finish()?);
        }
        Ok(damage)
    }
}

/// The work on a row of blocks that are complete.
struct TransformRow<'c, 'p> {
    component: &'c Component,
    blocks: Range<usize>,
    plane: &'p mut Plane,
    /// From the first sample of the row of MCUs to that of the row of blocks.
    start: usize,
}

impl Work for TransformRow<'_, '_> {
    type Outcome = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self, arithmetic: A) {
        let Self { component, blocks, plane, start } = self;
        let Component { transform: with, steps, kept, across, .. } = component;
        let reach = with.reach(plane.stride);
        let mut first = start;
        for block in blocks {
            let coefficients = &component.coefficients[block * kept..(block + 1) * kept];
            let mut dequantized = [0; 64];
            let (mut any, mut beyond) = (0, 0);
            for row in 0..kept / across {
                for column in 0..*across {
                    let coefficient = coefficients[row * across + column];
                    let place = row * 8 + column;
                    dequantized[place] = coefficient.wrapping_mul(steps[place]);
                    any |= if place == 0 { 0 } else { coefficient };
                    beyond |= if row < 4 && column < 4 { 0 } else { coefficient };
                }
            }
            // As far as it matters which coefficient is the last one that is not zero.
            let last = match (any, beyond) {
                (0, _) => 0,
                (_, 0) => LOW_QUARTER - 1,
                _ => 63,
            };
            let out = &mut plane.samples[first..first + reach];
            transform(arithmetic, with, &dequantized, last, out, plane.stride);
            first += with.across.points;
        }
    }
}
