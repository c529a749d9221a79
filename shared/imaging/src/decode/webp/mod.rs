//! WebP, through libwebp: lossy pictures by rows, as planes or shrunk before they become RGB; lossless ones in full.

mod canvas;
mod planes;
mod squares;
#[cfg(test)]
mod tests;
mod upsample;

pub(crate) use canvas::decode_frame;
pub(super) use planes::{decode_planes, stored_planes, working_bytes_of_planes};

use squares::Squares;
use upsample::Upsampler;

use crate::error::Error;
use crate::header::{Header, Size};
use crate::rows::{Frame, Samples, Sink};
use crate::source::webp::{Pixels, read_contents};
use crate::webp::{lossless, lossy};

/// What libwebp holds for a lossy picture: the block that it works on, its state for a row of blocks and a few rows.
/// 64 bytes a column are more than the sum of them.
const LOSSY_BYTES_PER_COLUMN: u64 = 64;
/// Tables, whatever the size.
const TABLES_BYTES: u64 = 1024 * 1024;

/// Decodes the picture; of an animated one, the first frame on its canvas.
pub(super) fn decode(source: &[u8], at_least: Size, sink: &mut dyn Sink) -> Result<(), Error> {
    let contents = read_contents(source)?;
    let Some(first) = contents.frames.first() else {
        return Err(Error::Internal { step: "decoding", detail: "a WebP without a picture passed".into() });
    };
    let profile = contents.profile.map(<[u8]>::to_vec);
    if first.size == contents.canvas {
        decode_pixels(first.pixels, first.size, at_least, profile, sink)
    } else {
        canvas::decode_first(first, contents.canvas, profile, sink)
    }
}

/// Bytes that decoding holds at most.
pub(super) fn working_bytes(source: &[u8], header: &Header, at_least: Size) -> u64 {
    let stored = header.stored;
    let Ok(contents) = read_contents(source) else {
        // Decoding will say what is wrong with it, and hold nothing.
        return 0;
    };
    let pixels = stored.pixels();
    let columns = lossy_bytes(stored);
    match contents.frames.first() {
        Some(frame) if frame.size == stored => match frame.pixels {
            Pixels::Lossy { has_alpha: false, .. } => columns,
            // The alpha plane, and what it is decompressed from: four bytes a pixel where it is not a palette of one.
            Pixels::Lossy { has_alpha: true, .. } => columns + 5 * pixels,
            Pixels::Lossless { has_alpha, .. } => {
                let smaller = lossless_size(stored, at_least);
                columns + 4 * pixels + smaller.pixels() * if has_alpha { 4 } else { 3 }
            }
        },
        // Four bytes of what is decoded, and as many of what it is decoded from.
        Some(frame) => columns + 9 * frame.size.pixels(),
        None => 0,
    }
}

/// Bytes that decoding a lossy picture by rows holds at most.
fn lossy_bytes(stored: Size) -> u64 {
    u64::from(stored.width) * LOSSY_BYTES_PER_COLUMN + TABLES_BYTES
}

/// Decodes one picture, in its size or a smaller one that is not below `at_least`.
fn decode_pixels(
    pixels: Pixels<'_>,
    stored: Size,
    at_least: Size,
    profile: Option<Vec<u8>>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    match pixels {
        Pixels::Lossy { chunks, has_alpha } => {
            let side = reduction(stored, at_least);
            let samples = if has_alpha { Samples::Rgba } else { Samples::Rgb };
            let size = Size::new(stored.width.div_ceil(side), stored.height.div_ceil(side));
            let extent =
                (f64::from(stored.width) / f64::from(side), f64::from(stored.height) / f64::from(side));
            sink.begin(Frame { extent, profile, ..Frame::whole(size, samples) })?;
            decode_lossy(chunks, stored, side, has_alpha, &mut |rows| sink.push(rows))
        }
        Pixels::Lossless { chunk, has_alpha } => {
            let size = lossless_size(stored, at_least);
            let pixels = lossless::decode(chunk, size, stored, has_alpha)?;
            let samples = if has_alpha { Samples::Rgba } else { Samples::Rgb };
            sink.begin(Frame { profile, ..Frame::whole(size, samples) })?;
            sink.push(&pixels)
        }
    }
}

/// Decodes a lossy picture into rows of RGB, or RGBA, averaged over squares of `side` pixels.
fn decode_lossy(
    chunks: &[u8],
    stored: Size,
    side: u32,
    has_alpha: bool,
    hand_on: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (width, height) = (stored.width as usize, stored.height as usize);
    if side == 1 {
        let mut upsampler = Upsampler::new(width, height);
        return lossy::decode(chunks, true, &mut |rows| upsampler.push(rows, hand_on));
    }
    let mut squares = Squares::new(width, height, side as usize, has_alpha);
    lossy::decode(chunks, false, &mut |rows| squares.push(rows, hand_on))
}

/// The largest squares that leave at least what is wanted.
fn reduction(stored: Size, at_least: Size) -> u32 {
    let across = stored.width / at_least.width.max(1);
    let down = stored.height / at_least.height.max(1);
    across.min(down).clamp(1, squares::MOST)
}

/// libwebp averages lossless pictures over areas of any size; whole pixels keep that exact, but for the last ones.
fn lossless_size(stored: Size, at_least: Size) -> Size {
    let side = reduction(stored, at_least);
    Size::new(stored.width.div_ceil(side), stored.height.div_ceil(side))
}
