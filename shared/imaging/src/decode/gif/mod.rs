//! GIF's first frame on its canvas, row by row. An animation's other frames cost nothing: they are not decoded.
//!
//! The structure is [`crate::source::gif`]'s; the codes are [`lzw`]'s. Interlaced frames come in four passes over the
//! whole of it (`GIF89a` specification, Appendix E) and are put together in full, as places in the palette: a byte a pixel.

mod lzw;

use lzw::{End, Lzw};

use std::ops::Range;

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::rows::{Frame, Samples, Sink};
use crate::source::gif::{FirstFrame, SubBlocks, first_frame};

/// About how many pixels are decoded at once: few enough for the nearer caches.
const CHUNK_PIXELS: usize = 1 << 14;
/// What the tables of LZW and the palette take.
const TABLES_BYTES: u64 = 256 * 1024;

/// Bytes that decoding holds at most: a chunk of rows as places and as colours, or an interlaced frame in full.
pub(super) fn working_bytes(source: &[u8], header: &Header) -> u64 {
    let rows = |width: u32| u64::from(width).max(CHUNK_PIXELS as u64) * 2;
    let frame = first_frame(source).ok();
    let places = frame
        .as_ref()
        .map_or(0, |frame| if frame.is_interlaced { frame.size.pixels() } else { rows(frame.size.width) });
    let profile = frame.and_then(|frame| frame.profile).map_or(0, |profile| profile.len() as u64);
    places + rows(header.stored.width) * 4 + profile + TABLES_BYTES
}

/// Decodes the first frame.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let mut frame = first_frame(source)?;
    crate::source::check_size(SourceFormat::Gif, frame.size, limits)?;
    let mut canvas = Canvas::new(header.stored, &frame)?;
    let samples = if canvas.is_opaque { Samples::Rgb } else { Samples::Rgba };
    let profile = frame.profile.take();
    sink.begin(Frame { profile, ..Frame::whole(header.stored, samples) })?;

    canvas.push_empty(frame.top.min(header.stored.height), sink)?;
    let mut places = Places::new(&frame)?;
    let width = frame.size.width as usize;
    if frame.is_interlaced {
        let pixels = width * frame.size.height as usize;
        let mut all = vec![0; pixels + Lzw::OVERSHOOT];
        places.read(&mut all, 0..pixels)?;
        for row in 0..frame.size.height {
            let at = interlaced_row(row, frame.size.height) as usize * width;
            canvas.push(&all[at..at + width], sink)?;
        }
    } else {
        let height = frame.size.height as usize;
        let most = (CHUNK_PIXELS / width).clamp(1, height) * width;
        let mut chunk = vec![0; most + Lzw::OVERSHOOT];
        let (mut come, mut left) = (0, height * width);
        while left > 0 {
            let count = most.min(left);
            come = places.read(&mut chunk, come..count)?;
            canvas.push(&chunk[..count], sink)?;
            left -= count;
            chunk.copy_within(count..come, 0);
            come -= count;
        }
    }
    let rest = canvas.rows_left;
    canvas.push_empty(rest, sink)
}

/// Where among the rows of an interlaced frame the row of this number comes: every eighth first, then those in the middle
/// between them, then those between all these, and again (Appendix E).
fn interlaced_row(row: u32, height: u32) -> u32 {
    let first = height.div_ceil(8);
    let second = first + height.saturating_sub(4).div_ceil(8);
    let third = second + height.saturating_sub(2).div_ceil(4);
    match row % 8 {
        0 => row / 8,
        4 => first + row / 8,
        2 | 6 => second + row / 4,
        _ => third + row / 2,
    }
}

/// The places in the palette that LZW codes stand for.
struct Places<'a> {
    lzw: Lzw,
    blocks: SubBlocks<'a>,
    /// What is left of the sub-block at hand.
    codes: &'a [u8],
    read: usize,
    expected: u64,
}

impl<'a> Places<'a> {
    fn new(frame: &FirstFrame<'a>) -> Result<Self, Error> {
        if !(1..=8).contains(&frame.code_bits) {
            return Err(corrupt(format!("LZW codes that begin with {} bits", frame.code_bits)));
        }
        let (lzw, blocks) = (Lzw::new(frame.code_bits), frame.codes.clone());
        Ok(Self { lzw, blocks, codes: &[], read: 0, expected: frame.size.pixels() })
    }

    /// Fills `range` of `places`, or says that there are not as many. Says up to where there are places then: codes stand for
    /// several, and so there may be some more behind the range.
    fn read(&mut self, places: &mut [u8], range: Range<usize>) -> Result<usize, Error> {
        let begin = range.start;
        let more = || self.blocks.next().unwrap_or_default();
        let (end, reason) = self.lzw.decode(&mut self.codes, more, places, range);
        self.read += end - begin;
        match reason {
            None => Ok(end),
            Some(End::Said | End::OutOfCodes) => {
                let detail = format!("the first frame ends after {} of {} pixels", self.read, self.expected);
                Err(Error::Truncated { format: SourceFormat::Gif, detail })
            }
            Some(End::Unknown { code }) => {
                let at = self.read;
                Err(corrupt(format!("behind pixel {at} of its first frame, code {code} stands for nothing")))
            }
        }
    }
}

/// Lays the frame on its canvas, which is transparent elsewhere.
struct Canvas {
    width: usize,
    rows_left: u32,
    /// Where the frame lies, from and to, within the canvas, and its own width.
    left: usize,
    right: usize,
    frame_width: usize,
    /// The colour for every place; transparent for those that the palette has not.
    colors: [[u8; 4]; 256],
    is_opaque: bool,
    rows: Vec<u8>,
}

impl Canvas {
    fn new(screen: Size, frame: &FirstFrame<'_>) -> Result<Self, Error> {
        if frame.palette.is_empty() {
            return Err(corrupt("neither its screen nor its first frame has a palette".into()));
        }
        let mut colors = [[0; 4]; 256];
        for (color, [r, g, b]) in colors.iter_mut().zip(frame.palette) {
            *color = [*r, *g, *b, u8::MAX];
        }
        if let Some(place) = frame.transparent {
            colors[usize::from(place)] = [0; 4];
        }
        let places = 1 << frame.code_bits.min(8);
        let covers = frame.left == 0
            && frame.top == 0
            && frame.size.width >= screen.width
            && frame.size.height >= screen.height;
        Ok(Self {
            width: screen.width as usize,
            rows_left: screen.height,
            left: frame.left.min(screen.width) as usize,
            right: (frame.left + frame.size.width).min(screen.width) as usize,
            frame_width: frame.size.width as usize,
            is_opaque: covers && colors[..places].iter().all(|color| color[3] == u8::MAX),
            colors,
            rows: Vec::new(),
        })
    }

    /// Rows of the canvas that the frame does not touch.
    fn push_empty(&mut self, count: u32, sink: &mut dyn Sink) -> Result<(), Error> {
        self.rows.clear();
        self.rows.resize(self.width * 4, 0);
        self.rows_left -= count.min(self.rows_left);
        (0..count).try_for_each(|_| sink.push(&self.rows))
    }

    /// Rows of the frame; those below the canvas are let go.
    fn push(&mut self, places: &[u8], sink: &mut dyn Sink) -> Result<(), Error> {
        self.rows.clear();
        for row in places.chunks_exact(self.frame_width).take(self.rows_left as usize) {
            self.rows_left -= 1;
            let shown = &row[..self.right - self.left];
            if self.is_opaque {
                self.rows.extend(shown.iter().flat_map(|place| {
                    let [r, g, b, _] = self.colors[usize::from(*place)];
                    [r, g, b]
                }));
            } else {
                self.rows.resize(self.rows.len() + self.left * 4, 0);
                self.rows.extend(shown.iter().flat_map(|place| self.colors[usize::from(*place)]));
                self.rows.resize(self.rows.len() + (self.width - self.right) * 4, 0);
            }
        }
        if self.rows.is_empty() { Ok(()) } else { sink.push(&self.rows) }
    }
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Gif, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interlaced_rows_come_in_four_passes() {
        for height in 1..40 {
            // The passes as Appendix E writes them: where they begin, and how far apart their rows are.
            let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
            let order = passes.iter().flat_map(|(begin, step)| (*begin..height).step_by(*step));
            for (place, row) in (0..).zip(order) {
                assert_eq!(interlaced_row(row, height), place, "row {row} of {height}");
            }
        }
    }
}
