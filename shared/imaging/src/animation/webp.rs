//! Frames of a WebP, put together here (RFC 9649, 2.7.1.1).

#![allow(clippy::cast_possible_truncation, reason = "weighted averages of bytes are bytes")]

use super::{Film, Still};
use crate::decode::webp::decode_frame;
use crate::error::Error;
use crate::header::Size;
use crate::source::webp::{Frame, read_contents};

const PIXEL_BYTES: usize = 4;

pub(super) fn open(source: &[u8]) -> Result<Film<'_>, Error> {
    let contents = read_contents(source)?;
    let mut canvas = Canvas::new(contents.canvas);
    let stills = contents.frames.into_iter().map(move |frame| {
        canvas.show(&frame, &decode_frame(&frame)?);
        Ok(Still { pixels: canvas.pixels.clone(), duration_ms: frame.duration_ms })
    });
    Ok(Film {
        loops: contents.loops,
        profile: contents.profile.map(<[u8]>::to_vec),
        stills: Box::new(stills),
    })
}

/// What all frames are drawn on. It begins transparent: the background colour in the file is a hint that nobody follows.
struct Canvas {
    size: Size,
    pixels: Vec<u8>,
    /// What is to be cleared before the next frame: first column, first row, and size.
    cleared_next: Option<(u32, u32, Size)>,
}

impl Canvas {
    fn new(size: Size) -> Self {
        let pixels = vec![0; size.width as usize * size.height as usize * PIXEL_BYTES];
        Self { size, pixels, cleared_next: None }
    }

    /// Draws a frame whose pixels are RGBA with straight alpha.
    fn show(&mut self, frame: &Frame<'_>, pixels: &[u8]) {
        if let Some((left, top, size)) = self.cleared_next.take() {
            self.rows(left, top, size).for_each(|row| row.fill(0));
        }
        let shown = pixels.chunks_exact(frame.size.width as usize * PIXEL_BYTES);
        for (row, shown) in self.rows(frame.left, frame.top, frame.size).zip(shown) {
            if frame.is_blended {
                let (below, _) = row.as_chunks_mut::<PIXEL_BYTES>();
                let (above, _) = shown.as_chunks::<PIXEL_BYTES>();
                below.iter_mut().zip(above).for_each(|(below, above)| *below = blend(*above, *below));
            } else {
                row.copy_from_slice(shown);
            }
        }
        self.cleared_next = frame.is_cleared.then_some((frame.left, frame.top, frame.size));
    }

    /// The parts of the rows that a rectangle covers. The walk through the file has made sure that it lies on the canvas.
    fn rows(&mut self, left: u32, top: u32, size: Size) -> impl Iterator<Item = &mut [u8]> {
        let (from, bytes) = (left as usize * PIXEL_BYTES, size.width as usize * PIXEL_BYTES);
        let rows = self.pixels.chunks_exact_mut(self.size.width as usize * PIXEL_BYTES);
        rows.skip(top as usize).take(size.height as usize).map(move |row| &mut row[from..from + bytes])
    }
}

/// One pixel laid over another, both with straight alpha.
fn blend(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    match (above[3], below[3]) {
        (u8::MAX, _) | (_, 0) => above,
        (0, _) => below,
        (front, back) => {
            // In 255ths of 255ths.
            let front = u32::from(front) * 255;
            let back = u32::from(back) * (255 - front / 255);
            let alpha = front + back;
            let mix = |channel: usize| {
                let sum = u32::from(above[channel]) * front + u32::from(below[channel]) * back;
                ((sum + alpha / 2) / alpha) as u8
            };
            [mix(0), mix(1), mix(2), ((alpha + 127) / 255) as u8]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_over_hides_as_much_as_it_is_opaque() {
        assert_eq!(blend([1, 2, 3, 255], [9, 9, 9, 255]), [1, 2, 3, 255]);
        assert_eq!(blend([1, 2, 3, 0], [9, 8, 7, 200]), [9, 8, 7, 200]);
        assert_eq!(blend([1, 2, 3, 100], [9, 8, 7, 0]), [1, 2, 3, 100]);
        assert_eq!(blend([200, 0, 0, 51], [100, 0, 0, 255]), [120, 0, 0, 255]);
        // Half over half shows three quarters, two thirds of it from above.
        assert_eq!(blend([255, 0, 0, 128], [0, 255, 0, 128]), [170, 85, 0, 192]);
    }
}
