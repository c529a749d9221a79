//! Progressive scans (T.81 annex G): each adds some bits to some coefficients, so coefficients are kept until the last one.
//!
//! Only those are kept that the scale needs. Of the others a scan that refines has to know which ones are zero so far: one
//! bit for each, and only where such a scan is of use at all.

use std::ops::Range;

use crate::band::{DcPart, DecodeAc, DecodeDc};
use crate::entropy::{Damage, Entropy};
use crate::error::Error;
use crate::frame::Frame;
use crate::huffman::BandTable;
use crate::layout::{ComponentLayout, Layout};
use crate::plane::Plane;
use crate::processor::{Processor, Work};
use crate::progression::find_needed;
use crate::scan::{Scan, defined};
use crate::sequential::signed_step;
use crate::tables::ZIGZAG;
use crate::transform::{Arithmetic, LOW_QUARTER, Transform, transform};

/// In `Component::places`: not kept.
pub(crate) const NOWHERE: u8 = u8::MAX;

/// The coefficients of one component, as far as they are kept and known.
pub(crate) struct Component {
    pub(crate) layout: ComponentLayout,
    transform: Transform,
    /// The steps of quantization, row by row.
    steps: [i16; 64],
    /// How many coefficients of a block are kept side by side, and in all.
    across: usize,
    pub(crate) kept: usize,
    /// Where each coefficient is among those kept, in zigzag order, and which ones are, a bit for each.
    pub(crate) places: [u8; 64],
    pub(crate) wanted: u64,
    /// How many blocks there are, with those that fill up MCUs.
    pub(crate) blocks_wide: usize,
    blocks: usize,
    pub(crate) coefficients: Vec<i16>,
    /// Which AC coefficients of each block are not zero, a bit for each in zigzag order; empty where nobody asks.
    pub(crate) history: Vec<u64>,
}

impl Component {
    fn new(layout: &ComponentLayout, mcus: (usize, usize), steps: &[u16; 64]) -> Self {
        let (across, down) = (layout.points_across.min(8), layout.points_down.min(8));
        let mut component = Self {
            transform: Transform::new(layout.points_across, layout.points_down),
            steps: [0; 64],
            across,
            kept: across * down,
            places: [NOWHERE; 64],
            wanted: 0,
            blocks_wide: mcus.0 * layout.across,
            blocks: mcus.0 * layout.across * mcus.1 * layout.down,
            coefficients: Vec::new(),
            history: Vec::new(),
            layout: layout.clone(),
        };
        for (index, (&step, &place)) in steps.iter().zip(&ZIGZAG).enumerate() {
            component.steps[usize::from(place)] = signed_step(step);
            let (row, column) = (usize::from(place / 8), usize::from(place % 8));
            if row < down && column < across {
                component.places[index] = (row * across + column) as u8;
                component.wanted |= 1 << index;
            }
        }
        component
    }
}

/// How many bytes the coefficients of a picture take at most.
pub(crate) fn bytes(layout: &Layout) -> u64 {
    let of_component = |component: &ComponentLayout| {
        let kept = component.points_across.min(8) * component.points_down.min(8);
        let blocks = layout.mcus_wide * component.across * layout.mcus_high * component.down;
        blocks as u64 * (kept as u64 * 2 + 8)
    };
    layout.components.iter().map(of_component).sum()
}

/// All coefficients of a picture that are kept.
pub(crate) struct ProgressivePicture {
    components: Vec<Component>,
    mcus_wide: usize,
    mcus_high: usize,
}

impl ProgressivePicture {
    pub(crate) fn new(frame: &Frame, layout: &Layout, scans: &[Scan]) -> Result<Self, Error> {
        let mut components = Vec::new();
        for (index, (component, of_frame)) in layout.components.iter().zip(&frame.components).enumerate() {
            // Where a component has no scan at all, which only leniency bears, all its coefficients are zero.
            let is_its = |scan: &&Scan| scan.parts.iter().any(|part| part.component == index);
            let steps = match scans.iter().find(is_its) {
                Some(scan) => defined(scan, scan.tables.quantization[of_frame.quantization].as_ref())?,
                None => &[1; 64],
            };
            components.push(Component::new(component, (layout.mcus_wide, layout.mcus_high), steps));
        }
        Ok(Self { components, mcus_wide: layout.mcus_wide, mcus_high: layout.mcus_high })
    }

    /// The scans that are of use. Makes room for what they tell.
    pub(crate) fn needed<'s>(&mut self, scans: &'s [Scan]) -> Vec<&'s Scan> {
        let wanted = self.components.iter().map(|component| component.wanted).collect();
        let (is_needed, is_refined) = find_needed(scans, wanted);
        for (component, is_refined) in self.components.iter_mut().zip(is_refined) {
            component.coefficients = vec![0; component.blocks * component.kept];
            component.history = vec![0; if is_refined { component.blocks } else { 0 }];
        }
        scans.iter().zip(is_needed).filter_map(|(scan, is_needed)| is_needed.then_some(scan)).collect()
    }

    /// Decodes a scan.
    pub(crate) fn decode(
        &mut self,
        source: &[u8],
        scan: &Scan,
        processor: Processor,
        lenient: bool,
    ) -> Result<Damage, Error> {
        let units = match scan.parts.as_slice() {
            [part] => {
                let layout = &self.components[part.component].layout;
                (layout.blocks_wide, layout.blocks_high)
            }
            _ => (self.mcus_wide, self.mcus_high),
        };
        let components = &mut self.components;
        let entropy = if scan.first == 0 {
            let parts = DcPart::all(scan, components)?;
            let blocks = parts.iter().map(DcPart::blocks).sum();
            let count = (units.0 * units.1) as u64;
            let mut entropy = Entropy::new(source, scan, blocks, count, lenient);
            processor.run(DecodeDc { components, entropy: &mut entropy, scan, parts, units })?;
            entropy
        } else {
            let part = scan.parts[0];
            let table = BandTable::new(defined(scan, scan.tables.ac[part.ac].as_ref())?);
            let mut entropy = Entropy::new(source, scan, 1, (units.0 * units.1) as u64, lenient);
            let component = &mut components[part.component];
            processor.run(DecodeAc { component, entropy: &mut entropy, scan, table, units })?;
            entropy
        };
        Ok(entropy.finish()?.0)
    }

    /// Transforms the blocks of a row of MCUs.
    pub(crate) fn transform_band(&self, mcu_row: usize, processor: Processor, planes: &mut [Plane]) {
        for (component, plane) in self.components.iter().zip(planes) {
            for row in 0..component.layout.down {
                let blocks = (mcu_row * component.layout.down + row) * component.blocks_wide;
                let blocks = blocks..blocks + component.blocks_wide;
                let start = plane.start() + row * component.layout.points_down * plane.stride;
                processor.run(TransformRow { component, blocks, plane, start });
            }
        }
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
