//! What cannot be seen is made cheap: luma under full transparency takes on the mean of what is visible around it.

use crate::picture::Picture;
use crate::planes::Planes;

/// The side of the squares that are looked at.
const SIDE: usize = 8;

/// Evens out the invisible parts of a picture whose last channel is alpha.
pub(crate) fn smooth(planes: &mut Planes, picture: &Picture<'_>) {
    let channels = picture.channels.count();
    for top in (0..picture.height).step_by(SIDE) {
        // What the last square had, for those that have nothing visible.
        let mut last = None;
        for left in (0..picture.width).step_by(SIDE) {
            let (right, bottom) = ((left + SIDE).min(picture.width), (top + SIDE).min(picture.height));
            let is_visible =
                |x: usize, y: usize| picture.pixels[(y * picture.width + x) * channels + channels - 1] != 0;
            let (mut sum, mut visible) = (0, 0);
            for y in top..bottom {
                for x in left..right {
                    if is_visible(x, y) {
                        sum += u32::from(planes.luma.samples[y * planes.luma.stride + x]);
                        visible += 1;
                    }
                }
            }
            let stride = planes.luma.stride;
            let half_stride = planes.chroma[0].stride;
            let half = top / 2 * half_stride + left / 2;
            let is_hidden = visible == 0;
            let value = match sum.checked_div(visible) {
                Some(mean) => mean as u8,
                None => last.map_or(planes.luma.samples[top * stride + left], |(luma, _)| luma),
            };
            for y in top..bottom {
                for x in left..right {
                    if is_hidden || !is_visible(x, y) {
                        planes.luma.samples[y * stride + x] = value;
                    }
                }
            }
            let chroma = [planes.chroma[0].samples[half], planes.chroma[1].samples[half]];
            let chroma = if is_hidden { last.map_or(chroma, |(_, chroma)| chroma) } else { chroma };
            if is_hidden {
                for (plane, value) in planes.chroma.iter_mut().zip(chroma) {
                    for y in top / 2..bottom.div_ceil(2) {
                        plane.samples[y * half_stride + left / 2..][..(right - left).div_ceil(2)].fill(value);
                    }
                }
            }
            last = is_hidden.then_some((value, chroma));
        }
    }
}
