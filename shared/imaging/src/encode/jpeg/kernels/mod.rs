//! The three loops that touch every sample, chosen once for the CPU at hand.
//!
//! Each of them is exact integer arithmetic, so the fast ones give what the portable ones give, bit by bit. Tests hold
//! them to it.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use super::blocks::Block;
use super::quantisation::Quantiser;

type Convert = fn(pixels: &[u8], luma: &mut [u8], blue: &mut [u8], red: &mut [u8]);

/// How to do each of the loops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernels {
    /// Turns a row of RGB pixels into rows of Y, Cb and Cr (JFIF 1.02, section 7; 16 bits of precision, rounded to the
    /// nearest). Each of the three is as long as there are pixels.
    pub(super) convert: Convert,
    /// Averages two by two samples of two rows, each twice as long as the result. What lies halfway between two values
    /// goes down and up in turn, so that no brightness is gained.
    pub(super) halve: fn(upper: &[u8], lower: &[u8], halved: &mut [u8]),
    /// Transforms and quantises a row of blocks out of eight rows of samples. A row has `stride` samples, a multiple
    /// of 16 and at least as many as the blocks need.
    pub(super) transform: fn(samples: &[u8], stride: usize, quantiser: &Quantiser, blocks: &mut [Block]),
}

impl Kernels {
    /// For any CPU. Written so that a compiler can vectorise it, as it does for aarch64.
    pub(super) const PORTABLE: Self =
        Self { convert: portable::convert, halve: portable::halve, transform: portable::transform };

    /// The fastest that this CPU can run.
    pub(super) fn of_this_cpu() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernels) = avx2::kernels() {
            return kernels;
        }
        Self::PORTABLE
    }
}

/// Factors of the colour conversion, times 2^16.
mod color {
    pub(super) const Y_FROM_RED: i32 = 19_595;
    pub(super) const Y_FROM_GREEN: i32 = 38_470;
    pub(super) const Y_FROM_BLUE: i32 = 7_471;
    pub(super) const CB_FROM_RED: i32 = -11_059;
    pub(super) const CB_FROM_GREEN: i32 = -21_709;
    pub(super) const CR_FROM_GREEN: i32 = -27_439;
    pub(super) const CR_FROM_BLUE: i32 = -5_329;
    /// Of Cb from blue, and of Cr from red.
    pub(super) const HALF: i32 = 1 << 15;
    /// Cb and Cr are 128 where there is no colour; one less than half for rounding keeps the largest at 255.
    pub(super) const CHROMA_OFFSET: i32 = (128 << 16) + (1 << 15) - 1;
    pub(super) const LUMA_OFFSET: i32 = 1 << 15;
}

/// Factors of the discrete cosine transform, times 2^13.
///
/// A row of eight samples is folded first: its sums of opposite samples give the even coefficients, its differences the
/// odd ones. Each factor is the sum of the rounded factors that the algorithm of Loeffler, Ligtenberg and Moschytz
/// multiplies with on the way to that coefficient, which makes the results those of libjpeg's `islow`, at no loss.
mod cosines {
    pub(super) const BITS: u32 = 13;
    /// Fraction bits that are kept between the rows' transform and the columns'.
    pub(super) const KEPT_BITS: u32 = 2;
    /// Coefficients 2 and 6, from the two differences of the folded sums.
    pub(super) const EVEN: [[i32; 2]; 2] = [[10_703, 4_433], [4_433, -10_704]];
    /// Coefficients 1, 3, 5 and 7, from the differences of samples 0 and 7, 1 and 6, 2 and 5, 3 and 4.
    pub(super) const ODD: [[i32; 4]; 4] = [
        [11_363, 9_633, 6_437, 2_260],
        [9_633, -2_259, -11_362, -6_436],
        [6_437, -11_362, 2_261, 9_633],
        [2_260, -6_436, 9_633, -11_363],
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A xorshift generator: noise that is the same in every run.
    fn noise(seed: u64) -> impl FnMut() -> u8 {
        let mut state = seed | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        }
    }

    #[test]
    fn colours_are_those_of_the_definition() {
        for [red, green, blue] in
            [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [1, 2, 3], [200, 100, 50]]
        {
            let (mut luma, mut cb, mut cr) = ([0], [0], [0]);
            (Kernels::of_this_cpu().convert)(&[red, green, blue], &mut luma, &mut cb, &mut cr);
            let (red, green, blue) = (f64::from(red), f64::from(green), f64::from(blue));
            let defined = [
                0.299 * red + 0.587 * green + 0.114 * blue,
                128.0 - 0.168_736 * red - 0.331_264 * green + 0.5 * blue,
                128.0 + 0.5 * red - 0.418_688 * green - 0.081_312 * blue,
            ];
            for (given, defined) in [luma[0], cb[0], cr[0]].into_iter().zip(defined) {
                assert!((f64::from(given) - defined).abs() <= 0.51, "{given} for {defined}");
            }
        }
    }

    #[test]
    fn every_colour_converts_alike_on_every_cpu() {
        let mut next = noise(1);
        for width in (0..200).chain([65_535]) {
            let pixels: Vec<u8> = (0..width * 3).map(|_| next()).collect();
            let rows = |kernels: &Kernels| {
                let (mut luma, mut blue, mut red) = (vec![0; width], vec![0; width], vec![0; width]);
                (kernels.convert)(&pixels, &mut luma, &mut blue, &mut red);
                [luma, blue, red]
            };
            assert_eq!(rows(&Kernels::PORTABLE), rows(&Kernels::of_this_cpu()), "{width} pixels");
        }
        // The corners of the cube, where a sum would overflow first.
        let pixels: Vec<u8> =
            (0..64 * 3).map(|bit| if (bit / 3) >> (bit % 3) & 1 == 1 { 255 } else { 0 }).collect();
        let (mut a, mut b) = ([[0; 64]; 3], [[0; 64]; 3]);
        for (kernels, [luma, blue, red]) in [(Kernels::PORTABLE, &mut a), (Kernels::of_this_cpu(), &mut b)] {
            (kernels.convert)(&pixels, luma, blue, red);
        }
        assert_eq!(a, b);
    }

    #[test]
    fn colours_are_halved_alike_on_every_cpu() {
        let mut next = noise(2);
        for width in 0..150 {
            let [upper, lower] = [(); 2].map(|()| (0..width * 2).map(|_| next()).collect::<Vec<u8>>());
            let halved = |kernels: &Kernels| {
                let mut halved = vec![0; width];
                (kernels.halve)(&upper, &lower, &mut halved);
                halved
            };
            assert_eq!(halved(&Kernels::PORTABLE), halved(&Kernels::of_this_cpu()), "{width} samples");
        }
        let mut halved = [0; 4];
        (Kernels::PORTABLE.halve)(&[0, 1, 0, 1, 255, 255, 3, 3], &[0, 1, 0, 1, 255, 255, 4, 4], &mut halved);
        assert_eq!(halved, [0, 1, 255, 4]);
    }

    #[test]
    fn blocks_are_transformed_alike_on_every_cpu() {
        let mut next = noise(3);
        for (quality, count) in [(1, 1), (50, 2), (80, 3), (90, 7), (100, 8)] {
            let stride = (count * 8_usize).next_multiple_of(16);
            for extreme in [false, true] {
                let samples: Vec<u8> =
                    (0..stride * 8).map(|_| if extreme { (next() >> 7) * 255 } else { next() }).collect();
                let blocks = |kernels: &Kernels| {
                    let mut blocks = vec![Block::EMPTY; count];
                    (kernels.transform)(&samples, stride, &Quantiser::luma(quality), &mut blocks);
                    blocks
                };
                let portable = blocks(&Kernels::PORTABLE);
                assert_eq!(portable, blocks(&Kernels::of_this_cpu()), "quality {quality}, {count} blocks");
                for block in portable {
                    let nonzero = (0..64).filter(|place| block.coefficients[*place] != 0);
                    assert_eq!(block.nonzero, nonzero.fold(0, |set, place| set | 1 << place));
                }
            }
        }
    }

    #[test]
    fn the_transform_is_within_a_rounding_of_the_definition() {
        let mut next = noise(4);
        for kernels in [Kernels::PORTABLE, Kernels::of_this_cpu()] {
            for extreme in [false, true] {
                let samples: Vec<u8> =
                    (0..128).map(|_| if extreme { (next() >> 7) * 255 } else { next() }).collect();
                let mut blocks = [Block::EMPTY; 2];
                (kernels.transform)(&samples, 16, &Quantiser::luma(100), &mut blocks);
                for (index, block) in blocks.iter().enumerate() {
                    for (place, coefficient) in block.coefficients.into_iter().enumerate() {
                        let exact = defined(&samples, index * 8, place / 8, place % 8);
                        assert!(
                            (f64::from(coefficient) - exact).abs() < 0.6,
                            "{place}: {coefficient}, {exact}"
                        );
                    }
                }
            }
        }
    }

    /// Coefficient `v`, `u` by T.81, A.3.3.
    #[allow(clippy::cast_precision_loss)] // Of numbers up to 105.
    fn defined(samples: &[u8], left: usize, v: usize, u: usize) -> f64 {
        let scale = |index| if index == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let cosine =
            |at: usize, index: usize| (((2 * at + 1) * index) as f64 * std::f64::consts::PI / 16.0).cos();
        let sum: f64 = (0..64)
            .map(|at| (at / 8, at % 8))
            .map(|(y, x)| (f64::from(samples[y * 16 + left + x]) - 128.0) * cosine(x, u) * cosine(y, v))
            .sum();
        sum * scale(u) * scale(v) / 4.0
    }

    #[test]
    fn flat_blocks_of_either_extreme_do_not_overflow() {
        for kernels in [Kernels::PORTABLE, Kernels::of_this_cpu()] {
            for (sample, expected) in [(0, -1024), (255, 1016), (128, 0)] {
                let mut blocks = [Block::EMPTY; 2];
                (kernels.transform)(&[sample; 128], 16, &Quantiser::luma(100), &mut blocks);
                assert_eq!(blocks[1].coefficients[0], expected);
                assert_eq!(blocks[1].nonzero, u64::from(expected != 0));
            }
        }
    }
}
