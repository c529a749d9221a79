//! From components to colours (ITU-T T.871, section 7), pixel by pixel.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sse41;

use crate::transform::Arithmetic;

/// Bits of fraction of the factors.
pub(crate) const BITS: u32 = 15;

/// How much of Cr is in red beyond once, and of Cb in blue short of twice: 1.402 and 1.772.
pub(crate) const RED_CR: i32 = 13_173;
pub(crate) const BLUE_CB: i32 = -7_471;

/// How much of Cb and Cr is in green: -0.344136 and -0.714136.
pub(crate) const GREEN_CB: i32 = -11_277;
pub(crate) const GREEN_CR: i32 = -23_401;

/// Red, green and blue of a luminance and two chrominances.
#[inline(always)]
pub(crate) fn rgb_of(luminance: u8, blue: u8, red: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(luminance), i32::from(blue) - 128, i32::from(red) - 128);
    let red = y + cr + round(cr * RED_CR);
    let green = y + round(cb * GREEN_CB + cr * GREEN_CR);
    let blue = y + 2 * cb + round(cb * BLUE_CB);
    [red.clamp(0, 255) as u8, green.clamp(0, 255) as u8, blue.clamp(0, 255) as u8]
}

#[inline(always)]
fn round(sum: i32) -> i32 {
    (sum + (1 << (BITS - 1))) >> BITS
}

/// A row of RGB from rows of Y, Cb and Cr.
#[inline(always)]
pub(crate) fn rgb_row<A: Arithmetic>(arithmetic: A, [y, cb, cr]: [&[u8]; 3], out: &mut [u8]) {
    let width = out.len() / 3;
    let (y, cb, cr) = (&y[..width], &cb[..width], &cr[..width]);
    for x in arithmetic.begin_rgb_row([y, cb, cr], out)..width {
        let [red, green, blue] = rgb_of(y[x], cb[x], cr[x]);
        out[x * 3] = red;
        out[x * 3 + 1] = green;
        out[x * 3 + 2] = blue;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processor::Work;
    use crate::processor::tests::kinds;

    struct Row<'r> {
        rows: [&'r [u8]; 3],
        out: &'r mut [u8],
    }

    impl Work for Row<'_> {
        type Outcome = ();

        #[inline(always)]
        fn run<A: Arithmetic>(self, arithmetic: A) {
            rgb_row(arithmetic, self.rows, self.out);
        }
    }

    #[test]
    fn a_row_of_any_width_is_the_same_on_every_kind_of_processor() {
        for width in 0..70 {
            let samples = |step: usize| (0..width).map(|x| (x * step + 3) as u8).collect::<Vec<_>>();
            let (y, cb, cr) = (samples(37), samples(59), samples(83));
            let expected: Vec<u8> = (0..width).flat_map(|x| rgb_of(y[x], cb[x], cr[x])).collect();
            for kind in kinds() {
                let mut out = vec![0; width * 3];
                kind.run(Row { rows: [&y, &cb, &cr], out: &mut out });
                assert!(out == expected, "{kind:?}, {width} wide");
            }
        }
    }
}
