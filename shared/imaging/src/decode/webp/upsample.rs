//! Lossy pictures in full size: colour differences are interpolated to the resolution of luma.
//!
//! Each of the four pixels that share a sample takes 9 parts of it, 3 of each of the two neighbours at its side and 1 of
//! the one across (libwebp's "fancy" upsampling, and what browsers show). The last row that is given therefore waits for
//! the one after it.

#![allow(clippy::cast_possible_truncation, reason = "averages of bytes are bytes")]

use super::squares::{convert, to_rgb};
use crate::error::Error;
use crate::webp::lossy::Rows;

/// Takes rows of a picture and gives rows of RGB, or of RGBA where there is alpha.
pub(super) struct Upsampler {
    height: usize,
    taken: usize,
    /// The colour differences of the last pair of rows.
    above: Option<[Vec<u8>; 2]>,
    /// The second row of that pair, with its alpha: it needs the differences below it.
    waiting: Option<(Vec<u8>, Option<Vec<u8>>)>,
    wide: [Vec<u8>; 2],
    pixels: Vec<u8>,
}

impl Upsampler {
    /// For a picture of `width` by `height`.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let wide = [(); 2].map(|()| vec![0; width]);
        Self { height, taken: 0, above: None, waiting: None, wide, pixels: Vec::with_capacity(width * 4) }
    }

    /// Takes rows, and hands on each row of pixels as it is finished.
    pub(super) fn push(
        &mut self,
        rows: &Rows<'_>,
        hand_on: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for pair in 0..rows.count.div_ceil(2) {
            let (u, v) = rows.chroma(pair);
            let near = [u, v];
            let above = self.above.take();
            if let (Some([blue, red]), Some((luma, alpha))) = (&above, self.waiting.take()) {
                self.make([blue, red], near, &luma, alpha.as_deref());
                hand_on(&self.pixels)?;
            }
            // At the upper and the lower edge a row is its own neighbour.
            let far = above.as_ref().map_or(near, |[blue, red]| [blue, red]);
            let first = pair * 2;
            self.make(near, far, rows.luma(first), rows.alpha(first));
            hand_on(&self.pixels)?;
            self.taken += 1;
            if first + 1 < rows.count {
                let second = first + 1;
                self.taken += 1;
                if self.taken == self.height {
                    self.make(near, near, rows.luma(second), rows.alpha(second));
                    hand_on(&self.pixels)?;
                } else {
                    self.waiting = Some((rows.luma(second).to_vec(), rows.alpha(second).map(<[u8]>::to_vec)));
                }
            }
            self.above = Some(near.map(<[u8]>::to_vec));
        }
        Ok(())
    }

    fn make(&mut self, near: [&[u8]; 2], far: [&[u8]; 2], luma: &[u8], alpha: Option<&[u8]>) {
        for ((wide, near), far) in self.wide.iter_mut().zip(near).zip(far) {
            widen(near, far, wide);
        }
        let [blue, red] = &self.wide;
        self.pixels.clear();
        match alpha {
            None => to_rgb(luma, blue, red, &mut self.pixels),
            Some(alpha) => {
                for (((y, u), v), alpha) in luma.iter().zip(blue).zip(red).zip(alpha) {
                    let [red, green, blue] = convert(*y, *u, *v);
                    self.pixels.extend([red, green, blue, *alpha]);
                }
            }
        }
    }
}

/// A row of `wide.len()` samples between a row of half as many and the next one, further away. Rounded in two steps, as
/// libwebp does, so that the same file has the same colours everywhere.
fn widen(near: &[u8], far: &[u8], wide: &mut [u8]) {
    let edge = |near: u8, far: u8| ((3 * u16::from(near) + u16::from(far) + 2) >> 2) as u8;
    if let (Some(first), Some(near), Some(far)) = (wide.first_mut(), near.first(), far.first()) {
        *first = edge(*near, *far);
    }
    if wide.len().is_multiple_of(2)
        && let (Some(last), Some(near), Some(far)) = (wide.last_mut(), near.last(), far.last())
    {
        *last = edge(*near, *far);
    }
    let (between, _) = wide.get_mut(1..).unwrap_or_default().as_chunks_mut::<2>();
    for ((pixels, near), far) in between.iter_mut().zip(near.windows(2)).zip(far.windows(2)) {
        let [near_left, near_right, far_left, far_right] = [near[0], near[1], far[0], far[1]].map(u16::from);
        let all = near_left + near_right + far_left + far_right + 8;
        let falling = (all + 2 * (near_right + far_left)) >> 3;
        let rising = (all + 2 * (near_left + far_right)) >> 3;
        *pixels = [((falling + near_left) >> 1) as u8, ((rising + near_right) >> 1) as u8];
    }
}
