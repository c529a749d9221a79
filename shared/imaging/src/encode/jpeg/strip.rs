//! The planes of one row of MCUs: 8 or 16 rows of pixels, as YCbCr.
//!
//! What lies beyond the picture's edges is coded as well, and is filled with the pixels at the edge: those cost the
//! fewest bits. Where the planes of a picture end within a block, libjpeg does the same, in the same order.

use super::blocks::Block;
use super::kernels::Kernels;
use super::layout::{Component, Layout, Sampling};
use super::quantisation::Quantiser;
use super::samples::Samples;

/// Kernels take two blocks at a time, and may read and write up to here in a row.
const STRIDE_MULTIPLE: usize = 16;

/// One component's samples.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) samples: Vec<u8>,
    /// Bytes from a row to the next.
    pub(super) stride: usize,
}

impl Plane {
    fn new(width: usize, rows: usize) -> Self {
        let stride = width.next_multiple_of(STRIDE_MULTIPLE);
        Self { samples: vec![0; stride * rows], stride }
    }

    fn row(&mut self, row: usize) -> &mut [u8] {
        &mut self.samples[row * self.stride..][..self.stride]
    }

    /// Takes rows of `width` samples, and repeats what is at the right and lower edge of them.
    fn copy<'r>(&mut self, rows: impl ExactSizeIterator<Item = &'r [u8]>, width: usize) {
        let count = rows.len();
        for (index, row) in rows.enumerate() {
            let line = self.row(index);
            line[..width].copy_from_slice(row);
            extend(line, width);
        }
        self.repeat_last(count);
    }

    /// Repeats the last of `count` rows down to the end of the plane.
    fn repeat_last(&mut self, count: usize) {
        self.repeat_row(count - 1, self.samples.len() / self.stride - count);
    }

    fn repeat_row(&mut self, row: usize, times: usize) {
        for copy in 1..=times {
            self.samples.copy_within(row * self.stride..(row + 1) * self.stride, (row + copy) * self.stride);
        }
    }
}

/// The planes of one row of MCUs, in the order of the components.
#[derive(Debug)]
pub(super) struct Strip {
    pub(super) planes: Vec<Plane>,
    /// Two rows of both colours at full resolution, on their way to being halved.
    unhalved: [Plane; 2],
}

impl Strip {
    pub(super) fn new(layout: &Layout) -> Self {
        let planes = layout
            .components
            .iter()
            .map(|component| Plane::new(component.blocks_wide * 8, component.down * 8))
            .collect();
        let (width, rows) =
            if layout.sampling == Sampling::Halved { (layout.mcus_wide * 16, 2) } else { (0, 0) };
        Self { planes, unhalved: [Plane::new(width, rows), Plane::new(width, rows)] }
    }

    /// Transforms a row of `component`'s blocks, from 0 to `component.down`.
    pub(super) fn transform(
        &self,
        component: &Component,
        row: usize,
        quantisers: &[Quantiser; 2],
        kernels: &Kernels,
        blocks: &mut [Block],
    ) {
        let Plane { samples, stride } = &self.planes[component.index];
        (kernels.transform)(&samples[row * 8 * stride..], *stride, &quantisers[component.table], blocks);
    }

    /// Takes the next strip of `layout`'s picture.
    pub(super) fn fill(&mut self, samples: Samples<'_>, layout: &Layout, kernels: &Kernels) {
        let width = layout.width;
        let rows = match samples {
            Samples::Pixels(pixels) => pixels.chunks_exact(layout.row_bytes()),
            Samples::Planes(planes) => return self.copy(planes, width),
        };
        let count = rows.len();
        match (self.planes.as_mut_slice(), layout.sampling) {
            ([luma], _) => luma.copy(rows, width),
            ([luma, blue, red], Sampling::Halved) => {
                let [full_blue, full_red] = &mut self.unhalved;
                for (index, row) in rows.enumerate() {
                    let lines = [luma.row(index), full_blue.row(index % 2), full_red.row(index % 2)];
                    convert(row, width, lines, kernels);
                    let last = index + 1 == count;
                    if index % 2 == 0 && last {
                        full_blue.repeat_row(0, 1);
                        full_red.repeat_row(0, 1);
                    }
                    if index % 2 == 1 || last {
                        halve(full_blue, blue.row(index / 2), kernels);
                        halve(full_red, red.row(index / 2), kernels);
                    }
                }
                luma.repeat_last(count);
                for plane in [blue, red] {
                    plane.repeat_last(count.div_ceil(2));
                }
            }
            ([luma, blue, red], _) => {
                for (index, row) in rows.enumerate() {
                    convert(row, width, [luma.row(index), blue.row(index), red.row(index)], kernels);
                }
                for plane in [luma, blue, red] {
                    plane.repeat_last(count);
                }
            }
            // A layout has one component or three.
            _ => {}
        }
    }

    /// Takes planes as they are.
    fn copy(&mut self, planes: [&[u8]; 3], width: usize) {
        for (index, (plane, samples)) in self.planes.iter_mut().zip(planes).enumerate() {
            let width = if index == 0 { width } else { width.div_ceil(2) };
            plane.copy(samples.chunks_exact(width), width);
        }
    }
}

fn convert(row: &[u8], width: usize, lines: [&mut [u8]; 3], kernels: &Kernels) {
    let [luma, blue, red] = lines;
    (kernels.convert)(row, &mut luma[..width], &mut blue[..width], &mut red[..width]);
    for line in [luma, blue, red] {
        extend(line, width);
    }
}

/// Repeats the last pixel up to the end of the row.
fn extend(line: &mut [u8], width: usize) {
    let last = line[width - 1];
    line[width..].fill(last);
}

fn halve(full: &Plane, halved: &mut [u8], kernels: &Kernels) {
    let (upper, lower) = full.samples.split_at(full.stride);
    // What is beyond the last block of the halved plane is never read.
    let width = halved.len().min(full.stride / 2);
    (kernels.halve)(&upper[..width * 2], &lower[..width * 2], &mut halved[..width]);
}
