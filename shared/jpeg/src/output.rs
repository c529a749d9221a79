//! From planes to rows of pixels, a band at a time: as many rows as a row of MCUs allows.

use std::ops::Range;

use crate::application::ComponentColors;
use crate::color::{interleave, rgb_row, ycck_row};
use crate::layout::Layout;
use crate::plane::Plane;
use crate::processor::{Processor, Work};
use crate::transform::Arithmetic;
use crate::upsample::{Scratch, expand};

/// What pixels are made of.
pub(crate) struct Output {
    pub(crate) layout: Layout,
    pub(crate) planes: Vec<Plane>,
    colors: ComponentColors,
    /// 255 where inks are stored inverted.
    invert: u8,
    scratch: [Scratch; 4],
    band: Vec<u8>,
    processor: Processor,
    /// How many rows were made.
    done: usize,
}

impl Output {
    pub(crate) fn new(layout: Layout, colors: ComponentColors, is_adobe: bool, processor: Processor) -> Self {
        let lag = layout.lag();
        let plane = |component| Plane::new(component, layout.mcus_wide, lag);
        let mut scratch: [Scratch; 4] = Default::default();
        for (scratch, component) in scratch.iter_mut().zip(&layout.components) {
            *scratch = Scratch::new(component, layout.width);
        }
        Self {
            planes: layout.components.iter().map(plane).collect(),
            band: vec![0; Self::band_bytes(&layout)],
            invert: if is_adobe && colors == ComponentColors::Cmyk { 255 } else { 0 },
            layout,
            colors,
            scratch,
            processor,
            done: 0,
        }
    }

    fn band_bytes(layout: &Layout) -> usize {
        let channels = if layout.components.len() == 1 { 1 } else { layout.components.len() };
        (layout.rows_per_mcu + layout.lag()) * layout.width * channels
    }

    /// How many bytes all of this takes.
    pub(crate) fn bytes(layout: &Layout) -> usize {
        let of_component = |component| {
            Plane::bytes(component, layout.mcus_wide, layout.lag()) + Scratch::bytes(component, layout.width)
        };
        layout.components.iter().map(of_component).sum::<usize>() + Self::band_bytes(layout)
    }

    /// The rows that can be made now that another row of MCUs, number `mcu_row`, is in the planes.
    pub(crate) fn make_rows(&mut self, mcu_row: usize) -> &[u8] {
        let ready = (mcu_row + 1) * self.layout.rows_per_mcu;
        let end = if mcu_row + 1 == self.layout.mcus_high {
            self.layout.height
        } else {
            ready.saturating_sub(self.layout.lag()).min(self.layout.height)
        };
        let rows = self.done..end.max(self.done);
        self.done = rows.end;
        let processor = self.processor;
        let length = processor.run(MakeRows { output: self, rows });
        for plane in &mut self.planes {
            plane.advance();
        }
        &self.band[..length]
    }
}

impl Output {
    /// Hands on what row `mcu_row` of MCUs is in the planes, as it is, with the number of its component.
    pub(crate) fn hand_on<E>(
        &mut self,
        mcu_row: usize,
        sink: &mut impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for (index, (plane, component)) in self.planes.iter_mut().zip(&self.layout.components).enumerate() {
            let rows = component.down * component.points_down;
            for row in (mcu_row * rows..component.height).take(rows) {
                sink(index, plane.row(row.cast_signed()))?;
            }
            plane.advance();
        }
        Ok(())
    }
}

/// The work on a band.
struct MakeRows<'o> {
    output: &'o mut Output,
    rows: Range<usize>,
}

impl Work for MakeRows<'_> {
    /// How many bytes there are.
    type Outcome = usize;

    #[inline(always)]
    fn run<A: Arithmetic>(self, arithmetic: A) -> usize {
        let Self { output, rows } = self;
        let count = rows.len();
        let Output { layout, planes, colors, invert, scratch, band, .. } = output;
        let bytes_per_row = layout.width * planes.len();
        for (y, out) in rows.zip(band.chunks_exact_mut(bytes_per_row)) {
            let mut samples: [&[u8]; 4] = [&[]; 4];
            let parts = planes.iter().zip(&layout.components).zip(scratch.iter_mut());
            for (row, ((plane, component), scratch)) in samples.iter_mut().zip(parts) {
                *row = expand(plane, component, y, layout.width, scratch);
            }
            let [first, second, third, _] = samples;
            match colors {
                ComponentColors::Gray => out.copy_from_slice(&first[..layout.width]),
                ComponentColors::YCbCr => rgb_row(arithmetic, [first, second, third], out),
                ComponentColors::Rgb => interleave([first, second, third], 0, out),
                ComponentColors::Cmyk => interleave(samples, *invert, out),
                ComponentColors::Ycck => ycck_row(samples, out),
            }
        }
        count * bytes_per_row
    }
}
