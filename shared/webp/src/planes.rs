//! A picture as luma and, at half its resolution, two planes of chroma (ITU-R BT.601, studio range), in whole macroblocks.

use std::sync::LazyLock;

use crate::picture::{Channels, Picture};

/// Bits of fraction of the weights of colours.
const WEIGHT_BITS: u32 = 16;

/// Chroma is averaged as if samples had been raised to this power: not quite light, and as libwebp does it.
const GAMMA: f64 = 0.8;
/// Bits of what that gives, and those of them that are not looked up but interpolated.
const LIGHT_BITS: u32 = 12;
const INTERPOLATED_BITS: u32 = 7;

/// What samples of the full range of a byte are in studio range: so many 255ths of them, and so many 255ths more.
struct Range {
    times: u16,
    more: u16,
}

/// 0 to 255 become 16 to 235.
const LUMA_RANGE: Range = Range { times: 219, more: 16 * 255 };
/// 1 to 255, around 128, become 16 to 240.
const CHROMA_RANGE: Range = Range { times: 224, more: 128 * (255 - 224) };

impl Range {
    /// To the nearest.
    #[inline(always)]
    fn narrowed(&self, sample: u8) -> u8 {
        let sum = u16::from(sample) * self.times + self.more + 127;
        // A 255th, exactly, of what is less than 65,535.
        ((sum + 1 + (sum >> 8)) >> 8) as u8
    }
}

/// Samples, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) samples: Vec<u8>,
    pub(crate) stride: usize,
}

impl Plane {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { samples: vec![0; width * height], stride: width }
    }

    /// Rows of `width` samples of a full range, in a narrower one and at the left of longer rows. Those below stay as they are.
    fn narrowed(samples: Vec<u8>, width: usize, (stride, rows): (usize, usize), range: &Range) -> Self {
        let mut samples = samples;
        for sample in &mut samples {
            *sample = range.narrowed(*sample);
        }
        let filled = samples.len() / width;
        samples.resize(stride * rows, 0);
        // From the last row on, so that none is overwritten before it is where it belongs.
        for row in (0..filled).rev() {
            let start = row * stride;
            samples.copy_within(row * width..(row + 1) * width, start);
            extend(&mut samples[start..start + stride], width);
        }
        Self { samples, stride }
    }

    /// `SIDE` samples of a row, from `x` on.
    #[inline(always)]
    pub(crate) fn row<const SIDE: usize>(&self, x: usize, y: usize) -> &[u8; SIDE] {
        let start = y * self.stride + x;
        match self.samples.get(start..).and_then(|rest| rest.first_chunk()) {
            Some(row) => row,
            None => &[0; SIDE],
        }
    }
}

/// The three planes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    /// How many macroblocks there are across and down.
    pub(crate) across: usize,
    pub(crate) down: usize,
    pub(crate) luma: Plane,
    pub(crate) chroma: [Plane; 2],
}

impl Planes {
    /// Black ones.
    pub(crate) fn new(across: usize, down: usize) -> Self {
        let chroma = Plane::new(across * 8, down * 8);
        Self { across, down, luma: Plane::new(across * 16, down * 16), chroma: [chroma.clone(), chroma] }
    }

    /// Those of a picture. What macroblocks have beyond its edges repeats them.
    pub(crate) fn of(picture: &Picture<'_>) -> Self {
        let (width, height) = (picture.width, picture.height);
        let mut planes = Self::new(width.div_ceil(16), height.div_ceil(16));
        let row_bytes = width * picture.channels.count();
        for pair in 0..height.div_ceil(2) {
            let (top, bottom) = (pair * 2, (pair * 2 + 1).min(height - 1));
            let row = |y: usize| &picture.pixels[y * row_bytes..(y + 1) * row_bytes];
            planes.fill_rows(pair, [row(top), row(bottom)], width, picture.channels);
        }
        planes.extend_down(height);
        if picture.channels == Channels::Rgba {
            crate::transparency::smooth(&mut planes, picture);
        }
        planes
    }

    /// Those that luma and chroma of the full range of a byte become, in their own place.
    pub(crate) fn narrowed([luma, blue, red]: [Vec<u8>; 3], (width, height): (usize, usize)) -> Self {
        let (across, down) = (width.div_ceil(16), height.div_ceil(16));
        let luma = Plane::narrowed(luma, width, (across * 16, down * 16), &LUMA_RANGE);
        let chroma = [blue, red]
            .map(|plane| Plane::narrowed(plane, width.div_ceil(2), (across * 8, down * 8), &CHROMA_RANGE));
        let mut planes = Self { across, down, luma, chroma };
        planes.extend_down(height);
        planes
    }

    fn fill_rows(&mut self, pair: usize, rows: [&[u8]; 2], width: usize, channels: Channels) {
        let stride = self.luma.stride;
        let luma = self.luma.samples[pair * 2 * stride..].chunks_exact_mut(stride);
        for (samples, pixels) in luma.zip(rows) {
            match channels {
                Channels::Gray => fill_luma::<1>(samples, pixels),
                Channels::Rgb => fill_luma::<3>(samples, pixels),
                Channels::Rgba => fill_luma::<4>(samples, pixels),
            }
            extend(samples, width);
        }
        let stride = self.chroma[0].stride;
        let start = pair * stride;
        let [blue, red] = &mut self.chroma;
        let blue = &mut blue.samples[start..start + stride];
        let red = &mut red.samples[start..start + stride];
        match channels {
            Channels::Gray => {
                blue.fill(128);
                red.fill(128);
            }
            Channels::Rgb => fill_chroma::<3>(blue, red, rows, width),
            Channels::Rgba => fill_chroma::<4>(blue, red, rows, width),
        }
        extend(blue, width.div_ceil(2));
        extend(red, width.div_ceil(2));
    }

    fn extend_down(&mut self, height: usize) {
        let [blue, red] = &mut self.chroma;
        for (plane, rows) in [(&mut self.luma, height), (blue, height.div_ceil(2)), (red, height.div_ceil(2))]
        {
            let stride = plane.stride;
            // The last row twice would be what comes after it; so it is copied over that.
            let (last, all) = ((rows - 1) * stride, plane.samples.len());
            for start in (rows * stride..all).step_by(stride) {
                plane.samples.copy_within(last..last + stride, start);
            }
        }
    }
}

/// Repeats the last of `width` samples.
fn extend(samples: &mut [u8], width: usize) {
    let last = samples[width - 1];
    samples[width..].fill(last);
}

#[inline(always)]
fn fill_luma<const CHANNELS: usize>(samples: &mut [u8], pixels: &[u8]) {
    for (sample, pixel) in samples.iter_mut().zip(pixels.as_chunks::<CHANNELS>().0) {
        let (red, green, blue) = (pixel[0], pixel[CHANNELS / 3], pixel[CHANNELS / 3 * 2]);
        *sample = luma(red.into(), green.into(), blue.into());
    }
}

/// 16 to 235.
#[inline(always)]
fn luma(red: u32, green: u32, blue: u32) -> u8 {
    let weighted = 16_839 * red + 33_059 * green + 6_420 * blue;
    ((weighted + (16 << WEIGHT_BITS) + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS) as u8
}

#[inline(always)]
fn fill_chroma<const CHANNELS: usize>(blue: &mut [u8], red: &mut [u8], rows: [&[u8]; 2], width: usize) {
    let gamma = &*GAMMA_TABLES;
    let [top, bottom] = rows.map(|row| row.as_chunks::<CHANNELS>().0);
    for (x, (blue, red)) in blue.iter_mut().zip(red.iter_mut()).enumerate().take(width.div_ceil(2)) {
        let (left, right) = (x * 2, (x * 2 + 1).min(width - 1));
        let four = [&top[left], &top[right], &bottom[left], &bottom[right]];
        let mean = if CHANNELS == 4 { gamma.weighted_mean(four) } else { gamma.mean(four) };
        (*blue, *red) = chroma(mean);
    }
}

/// The differences of blue and red from luma, of four times a colour.
#[inline(always)]
fn chroma([red, green, blue]: [i32; 3]) -> (u8, u8) {
    let finish = |weighted: i32| {
        let rounded = weighted + (128 << (WEIGHT_BITS + 2)) + (1 << (WEIGHT_BITS + 1));
        (rounded >> (WEIGHT_BITS + 2)).clamp(0, 255) as u8
    };
    (
        finish(28_800 * blue - 9_719 * red - 19_081 * green),
        finish(28_800 * red - 24_116 * green - 4_684 * blue),
    )
}

/// Samples as about light, and back.
struct GammaTables {
    light: [u16; 256],
    samples: [i32; (1 << (LIGHT_BITS - INTERPOLATED_BITS)) + 2],
}

static GAMMA_TABLES: LazyLock<GammaTables> = LazyLock::new(|| {
    let most = f64::from((1 << LIGHT_BITS) - 1);
    let light = |sample: usize| (sample as f64 / 255.0).powf(GAMMA) * most + 0.5;
    let sample = |place: usize| {
        let light = (place << INTERPOLATED_BITS) as f64 / most;
        255.0 * light.powf(1.0 / GAMMA) + 0.5
    };
    GammaTables {
        light: std::array::from_fn(|index| light(index) as u16),
        samples: std::array::from_fn(|index| sample(index) as i32),
    }
});

impl GammaTables {
    /// Four times the mean of four colours.
    #[inline(always)]
    fn mean<const CHANNELS: usize>(&self, four: [&[u8; CHANNELS]; 4]) -> [i32; 3] {
        std::array::from_fn(|channel| {
            let light = |pixel: &[u8; CHANNELS]| u32::from(self.light[usize::from(pixel[channel])]);
            self.samples_of(light(four[0]) + light(four[1]) + light(four[2]) + light(four[3]))
        })
    }

    /// The same, of each only as much as is visible.
    #[inline(always)]
    fn weighted_mean<const CHANNELS: usize>(&self, four: [&[u8; CHANNELS]; 4]) -> [i32; 3] {
        let alpha = |pixel: &[u8; CHANNELS]| u32::from(pixel[CHANNELS - 1]);
        let all = alpha(four[0]) + alpha(four[1]) + alpha(four[2]) + alpha(four[3]);
        if all == 0 || all == 4 * 255 {
            return self.mean(four);
        }
        std::array::from_fn(|channel| {
            let light =
                |pixel: &[u8; CHANNELS]| alpha(pixel) * u32::from(self.light[usize::from(pixel[channel])]);
            self.samples_of((light(four[0]) + light(four[1]) + light(four[2]) + light(four[3])) * 4 / all)
        })
    }

    /// Four times the sample of a quarter of some light.
    #[inline(always)]
    fn samples_of(&self, light: u32) -> i32 {
        const PLACE_BITS: u32 = INTERPOLATED_BITS + 2;
        let (place, part) = ((light >> PLACE_BITS) as usize, (light & ((1 << PLACE_BITS) - 1)) as i32);
        let between = self.samples[place + 1] * part + self.samples[place] * ((1 << PLACE_BITS) - part);
        (between + (1 << (INTERPOLATED_BITS - 1))) >> INTERPOLATED_BITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-T T.871, section 7.
    fn full_range([red, green, blue]: [u8; 3]) -> [u8; 3] {
        let [red, green, blue] = [red, green, blue].map(f64::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, 128.0 + (blue - luma) / 1.772, 128.0 + (red - luma) / 1.402].map(|value| value.round() as u8)
    }

    #[test]
    fn a_narrower_range_is_to_the_nearest() {
        for sample in 0..=255_u8 {
            let exact = |range: &Range| {
                let sum = u32::from(sample) * u32::from(range.times) + u32::from(range.more);
                (f64::from(sum) / 255.0).round() as u8
            };
            assert_eq!(LUMA_RANGE.narrowed(sample), exact(&LUMA_RANGE), "{sample}");
            assert_eq!(CHROMA_RANGE.narrowed(sample), exact(&CHROMA_RANGE), "{sample}");
        }
        assert_eq!([0, 255].map(|sample| LUMA_RANGE.narrowed(sample)), [16, 235]);
        assert_eq!([1, 128, 255].map(|sample| CHROMA_RANGE.narrowed(sample)), [16, 128, 240]);
    }

    #[test]
    fn the_colours_of_jpeg_are_those_of_rgb_in_another_range() {
        let levels = [0, 1, 60, 128, 200, 254, 255];
        let colours = levels.into_iter().flat_map(|red| {
            levels.into_iter().flat_map(move |green| levels.into_iter().map(move |blue| [red, green, blue]))
        });
        for colour in colours {
            // Sizes of which nothing is whole.
            let (width, height) = (5, 3);
            let pixels = colour.repeat(width * height);
            let of_pixels = Planes::of(&Picture::new(5, 3, Channels::Rgb, &pixels).unwrap());
            let [y, cb, cr] = full_range(colour);
            let (luma, blue, red) = (vec![y; width * height], vec![cb; 6], vec![cr; 6]);
            let of_planes = Planes::narrowed([luma, blue, red], (width, height));
            for (one, other) in [
                (&of_pixels.luma, &of_planes.luma),
                (&of_pixels.chroma[0], &of_planes.chroma[0]),
                (&of_pixels.chroma[1], &of_planes.chroma[1]),
            ] {
                assert_eq!(one.samples.len(), other.samples.len());
                let samples = one.samples.iter().zip(&other.samples);
                assert!(samples.clone().all(|(one, other)| one.abs_diff(*other) <= 1), "{colour:?}");
            }
        }
    }
}
