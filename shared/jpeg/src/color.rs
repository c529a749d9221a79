//! From components to colours (ITU-T T.871, section 7), pixel by pixel.

use crate::transform::Arithmetic;

/// Bits of fraction of the factors.
const BITS: u32 = 15;

/// How much of Cr is in red beyond once, and of Cb in blue short of twice: 1.402 and 1.772.
const RED_CR: i32 = 13_173;
const BLUE_CB: i32 = -7_471;

/// How much of Cb and Cr is in green: -0.344136 and -0.714136.
const GREEN_CB: i32 = -11_277;
const GREEN_CR: i32 = -23_401;

/// Red, green and blue of a luminance and two chrominances.
#[inline(always)]
pub(crate) fn rgb_of(luminance: u8, blue: u8, red: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(luminance), i32::from(blue) - 128, i32::from(red) - 128);
    let round = |sum: i32| (sum + (1 << (BITS - 1))) >> BITS;
    let sums = [
        y + cr + round(cr * RED_CR),
        y + round(cb * GREEN_CB + cr * GREEN_CR),
        y + 2 * cb + round(cb * BLUE_CB),
    ];
    sums.map(|sum| sum.clamp(0, 255) as u8)
}

/// A row of RGB from rows of Y, Cb and Cr.
#[inline(always)]
pub(crate) fn rgb_row<A: Arithmetic>(_: A, [y, cb, cr]: [&[u8]; 3], out: &mut [u8]) {
    for (pixel, ((&y, &cb), &cr)) in out.chunks_exact_mut(3).zip(y.iter().zip(cb).zip(cr)) {
        pixel.copy_from_slice(&rgb_of(y, cb, cr));
    }
}

/// A row of CMYK from rows of YCCK. Adobe's programs code inverted inks, so what looks like RGB is the inks.
#[inline(always)]
pub(crate) fn ycck_row([y, cb, cr, k]: [&[u8]; 4], out: &mut [u8]) {
    let colors = y.iter().zip(cb).zip(cr).zip(k);
    for (pixel, (((&y, &cb), &cr), &k)) in out.chunks_exact_mut(4).zip(colors) {
        let [c, m, y] = rgb_of(y, cb, cr);
        pixel.copy_from_slice(&[c, m, y, 255 - k]);
    }
}

/// A row of pixels from as many rows of samples as a pixel has, all inverted if `invert` is 255.
#[inline(always)]
pub(crate) fn interleave<const COUNT: usize>(rows: [&[u8]; COUNT], invert: u8, out: &mut [u8]) {
    for (index, row) in rows.into_iter().enumerate() {
        for (pixel, sample) in out.chunks_exact_mut(COUNT).zip(row) {
            pixel[index] = sample ^ invert;
        }
    }
}
