//! Where the rows of a decoder go: one reading of the picture, and every size that has to be made of it directly.
//!
//! Row by row, colours are multiplied by their alpha (averaged otherwise, the colour of pixels that nobody sees would bleed
//! into their neighbours), coarsely reduced where the picture is many times larger than any thumbnail, and handed to a
//! [`Shrinker`] for each size.

use std::time::{Duration, Instant};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{MulDiv, PixelType};

use crate::color::Colors;
use crate::error::Error;
use crate::geometry::Part;
use crate::header::Size;
use crate::raster::Raster;
use crate::reduce::Reducer;
use crate::rows::{Depth, Frame, Samples, Sink};
use crate::shrink::Shrinker;

/// One size that is made of the stream, in the orientation of the stored picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Branch {
    /// What is shown of the picture.
    pub(crate) part: Part,
    /// What that becomes, in pixels.
    pub(crate) target: Size,
    /// What the whole picture would become at this scale. `None` where any scale will do: how coarsely the picture may be
    /// reduced is decided by the others.
    pub(crate) scaled: Option<Size>,
}

/// The sink that makes every branch.
pub(crate) struct Stream {
    branches: Vec<Branch>,
    flow: Option<Flow>,
    spent: Duration,
}

/// What there is once a decoder has said what its rows are.
struct Flow {
    frame: Frame,
    rows_left: u32,
    reducer: Option<Reducer>,
    /// Those of the branches, in their order.
    shrinkers: Vec<Shrinker>,
    /// Whether a pixel has been seen that is not opaque.
    is_transparent: bool,
    multiplied: Vec<u8>,
}

impl Stream {
    /// A stream that will make these.
    pub(crate) fn new(branches: Vec<Branch>) -> Self {
        Self { branches, flow: None, spent: Duration::ZERO }
    }

    /// How long this took so far, of the time that the decoder seems to take.
    pub(crate) fn spent(&self) -> Duration {
        self.spent
    }

    /// What each branch became: as stored, in sRGB, colours multiplied by alpha.
    pub(crate) fn finish(self) -> Result<Vec<Raster>, Error> {
        let Some(flow) = self.flow.filter(|flow| flow.rows_left == 0) else {
            return Err(incomplete("the rows of the picture did not all come".into()));
        };
        let colors = Colors::new(&flow.frame);
        let made = self.branches.iter().zip(flow.shrinkers);
        made.map(|(branch, shrinker)| {
            let raster = colors.to_srgb(branch.target, shrinker.finish()?)?;
            Ok(if flow.is_transparent { raster } else { raster.without_alpha() })
        })
        .collect()
    }

    /// Bytes that this holds at most, for a picture of this size with so many bytes a pixel.
    pub(crate) fn working_bytes(&self, stored: Size, pixel_bytes: u64) -> u64 {
        let row_bytes = u64::from(stored.width) * pixel_bytes;
        let rows = |branch: &Branch| Shrinker::working_bytes(row_bytes, stored, branch.target, pixel_bytes);
        // Sums of the reducer are four bytes a sample.
        row_bytes * 6 + self.branches.iter().map(rows).sum::<u64>()
    }
}

impl Sink for Stream {
    fn begin(&mut self, frame: Frame) -> Result<(), Error> {
        let largest = self.branches.iter().filter_map(|branch| branch.scaled);
        let largest = largest.reduce(|a, b| Size::new(a.width.max(b.width), a.height.max(b.height)));
        let factors = largest.and_then(|largest| Reducer::factors(frame.extent, largest));
        let (reducer, reduced) = match factors.map(|factors| Reducer::new(&frame, factors)) {
            Some((reducer, reduced)) => (Some(reducer), reduced),
            None => (None, frame.clone()),
        };
        let shrinker =
            |branch: &Branch| Shrinker::new(&reduced, branch.part.of(reduced.extent), branch.target);
        let shrinkers = self.branches.iter().map(shrinker).collect();
        self.flow = Some(Flow {
            rows_left: frame.size.height,
            frame,
            reducer,
            shrinkers,
            is_transparent: false,
            multiplied: Vec::new(),
        });
        Ok(())
    }

    fn push(&mut self, rows: &[u8]) -> Result<(), Error> {
        let flow = self.flow.as_mut().ok_or_else(|| incomplete("rows came before their frame".into()))?;
        let row_bytes = flow.frame.row_bytes();
        let count = u32::try_from(rows.len() / row_bytes).unwrap_or(u32::MAX);
        if !rows.len().is_multiple_of(row_bytes) || count > flow.rows_left {
            let detail = format!("{} bytes came for {} rows of {row_bytes}", rows.len(), flow.rows_left);
            return Err(incomplete(detail));
        }
        flow.rows_left -= count;
        let begun = Instant::now();
        let pushed = flow.push(rows);
        self.spent += begun.elapsed();
        pushed
    }
}

impl Flow {
    fn push(&mut self, rows: &[u8]) -> Result<(), Error> {
        let multiplied = std::mem::take(&mut self.multiplied);
        let (rows, multiplied) =
            if self.frame.samples == Samples::Rgba && shows_through(rows, self.frame.depth) {
                self.is_transparent = true;
                let multiplied = multiply(rows, &self.frame, multiplied)?;
                (None, multiplied)
            } else {
                (Some(rows), multiplied)
            };
        self.hand_on(rows.unwrap_or(&multiplied));
        self.multiplied = multiplied;
        Ok(())
    }

    fn hand_on(&mut self, rows: &[u8]) {
        let Some(reducer) = &mut self.reducer else {
            return self.shrinkers.iter_mut().for_each(|shrinker| shrinker.push(rows));
        };
        for row in rows.chunks_exact(self.frame.row_bytes()) {
            if let Some(reduced) = reducer.push(row) {
                self.shrinkers.iter_mut().for_each(|shrinker| shrinker.push(reduced));
            }
        }
    }
}

/// Whether any pixel is not opaque.
fn shows_through(rows: &[u8], depth: Depth) -> bool {
    match depth {
        Depth::Eight => rows.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != u8::MAX),
        Depth::Sixteen => rows.as_chunks::<8>().0.iter().any(|pixel| pixel[6..] != [u8::MAX; 2]),
    }
}

/// The colours of RGBA rows multiplied by their alpha, in the buffer that is given.
fn multiply(rows: &[u8], frame: &Frame, mut buffer: Vec<u8>) -> Result<Vec<u8>, Error> {
    let kind = match frame.depth {
        Depth::Eight => PixelType::U8x4,
        Depth::Sixteen => PixelType::U16x4,
    };
    let count = u32::try_from(rows.len() / frame.row_bytes()).unwrap_or(u32::MAX);
    buffer.resize(rows.len(), 0);
    let straight = ImageRef::new(frame.size.width, count, rows, kind).map_err(internal)?;
    let mut multiplied =
        Image::from_slice_u8(frame.size.width, count, &mut buffer, kind).map_err(internal)?;
    MulDiv::new().multiply_alpha(&straight, &mut multiplied).map_err(internal)?;
    Ok(buffer)
}

fn incomplete(detail: String) -> Error {
    Error::Internal { step: "decoding", detail }
}

fn internal(error: impl std::error::Error) -> Error {
    Error::Internal { step: "resizing", detail: error.to_string() }
}
