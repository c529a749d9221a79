//! What there is to encode, strip by strip: whole rows of MCUs.

use super::layout::{Layout, Sampling};

/// A picture, or some rows of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Samples<'a> {
    /// Grey or RGB, pixel by pixel.
    Pixels(&'a [u8]),
    /// Y, and Cb and Cr at half its resolution in both directions.
    Planes([&'a [u8]; 3]),
}

impl Samples<'_> {
    /// Rows of pixels in a strip.
    fn strip_rows(layout: &Layout) -> usize {
        if layout.sampling == Sampling::Halved { 16 } else { 8 }
    }

    /// Samples in a row of one of halved planes, and the rows of it in so many rows of pixels.
    fn of_plane(index: usize, layout: &Layout, rows: usize) -> (usize, usize) {
        if index == 0 { (layout.width, rows) } else { (layout.width.div_ceil(2), rows.div_ceil(2)) }
    }

    /// Whether they are those of the layout's picture: no more, and no fewer.
    pub(super) fn are_whole(self, layout: &Layout) -> bool {
        match self {
            Self::Pixels(pixels) => pixels.len() == layout.height * layout.row_bytes(),
            Self::Planes(planes) => {
                let fits = |(index, plane): (usize, &[u8])| {
                    let (width, rows) = Self::of_plane(index, layout, layout.height);
                    plane.len() == width * rows
                };
                layout.sampling == Sampling::Halved && planes.into_iter().enumerate().all(fits)
            }
        }
    }

    /// Whole strips from top to bottom; only the last one may have fewer rows.
    pub(super) fn strips(self, layout: &Layout) -> impl Iterator<Item = Self> {
        let rows = Self::strip_rows(layout);
        (0..layout.mcus_high).map(move |strip| match self {
            Self::Pixels(pixels) => Self::Pixels(chunk(pixels, strip, layout.row_bytes() * rows)),
            Self::Planes(planes) => {
                let mut index = 0;
                Self::Planes(planes.map(|plane| {
                    let (width, rows) = Self::of_plane(index, layout, rows);
                    index += 1;
                    chunk(plane, strip, width * rows)
                }))
            }
        })
    }
}

/// Chunk number `index`, of which the last may be shorter.
fn chunk(samples: &[u8], index: usize, length: usize) -> &[u8] {
    let from = (index * length).min(samples.len());
    &samples[from..(from + length).min(samples.len())]
}
