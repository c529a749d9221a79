//! AVIF, by rav1e: Rust, and assembly where it counts.
//!
//! Measured beside libaom as sharp has it, on a photograph of 640 by 480 pixels: a sixth of the time, for 3 to 10 % more
//! bytes at equal SSIM. libaom at its fastest is faster still, and needs Perl and `cmake` to build.

use ravif::{BitDepth, Encoder, MatrixCoefficients, PixelRange};

use super::{hidden, internal};
use crate::error::Error;
use crate::raster::{Channels, Raster};

/// rav1e's speed, 1 to 10: at 9 the time halves and SSIM falls by 0.001 to 0.003; below 8 files hardly become smaller.
const SPEED: u8 = 8;

/// Which of rav1e's qualities looks as libaom does at a quality of libavif's scale, by SSIM; between these, straight lines.
const QUALITIES: [(f32, f32); 7] =
    [(1.0, 1.0), (35.0, 38.0), (50.0, 62.0), (65.0, 83.0), (80.0, 89.0), (90.0, 95.0), (100.0, 100.0)];

/// What both colour differences of greys are.
const MIDDLE: u8 = 128;

/// One thread and no randomness: the same pixels give the same bytes.
///
/// Planes are made here rather than by ravif: its functions that take pixels bring along all of rav1e for samples of 16
/// bits, which is half a megabyte.
pub(super) fn encode(raster: &Raster, quality: u8) -> Result<Vec<u8>, Error> {
    let quality = scaled(quality);
    let encoder = Encoder::new()
        .with_quality(quality)
        .with_alpha_quality(quality)
        .with_speed(SPEED)
        .with_bit_depth(BitDepth::Eight)
        .with_num_threads(Some(1));
    let (width, height) = (raster.size.width as usize, raster.size.height as usize);
    let (planes, alpha) = match raster.channels {
        Channels::Gray => (raster.pixels.iter().map(|&gray| [gray, MIDDLE, MIDDLE]).collect(), None),
        Channels::Rgb => (raster.pixels.as_chunks::<3>().0.iter().map(|&rgb| ycbcr(rgb)).collect(), None),
        Channels::Rgba => {
            let mut pixels = raster.pixels.as_chunks::<4>().0.to_vec();
            hidden::recolor(&mut pixels, width);
            let planes: Vec<_> =
                pixels.iter().map(|&[red, green, blue, _]| ycbcr([red, green, blue])).collect();
            let shows = pixels.iter().all(|&[.., alpha]| alpha == u8::MAX);
            (planes, (!shows).then(|| pixels.into_iter().map(|[.., alpha]| alpha)))
        }
    };
    let encoded = encoder.encode_raw_planes_8_bit(
        width,
        height,
        planes,
        alpha,
        PixelRange::Full,
        MatrixCoefficients::BT601,
    );
    Ok(encoded.map_err(|error| internal(error.to_string()))?.avif_file)
}

/// Full-range YCbCr of the matrix of BT.601 (ITU-T T.871, 7), which the file names.
fn ycbcr([red, green, blue]: [u8; 3]) -> [u8; 3] {
    const BITS: u32 = 16;
    const HALF: i32 = 1 << (BITS - 1);
    let [red, green, blue] = [red, green, blue].map(i32::from);
    let luma = 19_595 * red + 38_470 * green + 7_471 * blue;
    let blueness = -11_058 * red - 21_710 * green + 32_768 * blue;
    let redness = 32_768 * red - 27_439 * green - 5_329 * blue;
    let difference = |value: i32| i32::from(MIDDLE) + ((value + HALF) >> BITS);
    [(luma + HALF) >> BITS, difference(blueness), difference(redness)]
        .map(|value| u8::try_from(value).unwrap_or(u8::MAX))
}

/// A quality of ours on rav1e's scale.
fn scaled(quality: u8) -> f32 {
    let quality = f32::from(quality);
    let segment = QUALITIES.array_windows::<2>().find(|[_, (end, _)]| quality <= *end);
    segment.map_or(100.0, |[(begin, from), (end, to)]| from + (to - from) * (quality - begin) / (end - begin))
}

#[cfg(test)]
mod tests {
    use ravif::{Img, RGBA8};

    use super::*;
    use crate::header::Size;
    use crate::{Limits, OutputFormat, Rendition, render};

    #[test]
    fn qualities_rise_and_keep_their_ends() {
        let all: Vec<f32> = (1..=100).map(scaled).collect();
        assert!(all.is_sorted_by(|one, other| one < other));
        assert_eq!((all[0], all[49], all[99]), (1.0, 62.0, 100.0));
    }

    #[test]
    fn colours_are_those_of_the_matrix() {
        let exact = |[red, green, blue]: [f64; 3]| {
            let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
            [luma, 128.0 + (blue - luma) / 1.772, 128.0 + (red - luma) / 1.402]
        };
        for [red, green, blue] in (0..=255).step_by(5).flat_map(|red| {
            (0..=255).step_by(5).flat_map(move |green| [0, 1, 128, 255].map(|blue| [red, green, blue]))
        }) {
            let expected = exact([red, green, blue].map(f64::from));
            for (sample, expected) in ycbcr([red, green, blue]).into_iter().zip(expected) {
                assert!(
                    (f64::from(sample) - expected.min(255.0)).abs() < 0.51,
                    "{red} {green} {blue}: {sample}, not {expected}"
                );
            }
        }
    }

    /// A disc with a soft edge and some texture, on nothing, which is black.
    fn disc(size: Size) -> Raster {
        let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        let pixels = places.flat_map(|(x, y)| {
            let away = x.abs_diff(160).pow(2) + y.abs_diff(120).pow(2);
            let alpha = 255 - (away.saturating_sub(9_000) / 8).min(255);
            let grain = (x + y * 5_003).wrapping_mul(2_654_435_761) >> 24;
            let shade = (100 + x / 3 + y / 3 + grain / 16).min(255);
            let colors = if alpha == 0 { [0; 3] } else { [shade, 255 - x / 2, 255 - shade / 2] };
            let [red, green, blue] = colors;
            [red, green, blue, alpha].map(|value| u8::try_from(value).unwrap())
        });
        Raster { size, channels: Channels::Rgba, pixels: pixels.collect() }
    }

    fn decode(file: &[u8]) -> image::RgbaImage {
        let whole = Rendition::new(None, None).with_format(OutputFormat::Png);
        let shown = render(file, &[whole], &Limits::default(), &|| false).unwrap();
        image::load_from_memory(&shown.thumbnails[0].bytes).unwrap().to_rgba8()
    }

    /// The mean of the squared differences, of pictures laid on white.
    fn error(shown: &image::RgbaImage, raster: &Raster) -> f64 {
        let on_white = |[red, green, blue, alpha]: [u8; 4]| {
            [red, green, blue].map(|value| 255.0 - f64::from(255 - value) * f64::from(alpha) / 255.0)
        };
        let pixels = shown.pixels().zip(raster.pixels.as_chunks::<4>().0);
        let squares = pixels.flat_map(|(shown, pixel)| {
            on_white(shown.0).into_iter().zip(on_white(*pixel)).map(|(one, other)| (one - other).powi(2))
        });
        squares.sum::<f64>() / f64::from(raster.size.width * raster.size.height * 3)
    }

    #[test]
    fn cut_outs_are_no_larger_and_no_worse_than_where_ravif_clears_what_hides() {
        let raster = disc(Size { width: 320, height: 240 });
        let pixels = raster.pixels.as_chunks::<4>().0.iter();
        let pixels: Vec<_> =
            pixels.map(|&[red, green, blue, alpha]| RGBA8::new(red, green, blue, alpha)).collect();
        for quality in [30, 50, 80] {
            let encoder = Encoder::new().with_quality(scaled(quality)).with_alpha_quality(scaled(quality));
            let encoder = encoder.with_speed(SPEED).with_bit_depth(BitDepth::Eight).with_num_threads(Some(1));
            let theirs = encoder.encode_rgba(Img::new(&pixels, 320, 240)).unwrap().avif_file;
            let ours = encode(&raster, quality).unwrap();
            assert!(
                ours.len() <= theirs.len(),
                "{} bytes, and {} at quality {quality}",
                ours.len(),
                theirs.len()
            );
            let (error, their_error) = (error(&decode(&ours), &raster), error(&decode(&theirs), &raster));
            assert!(error <= their_error, "{error}, and {their_error} at quality {quality}");
        }
    }

    #[test]
    fn alpha_that_hides_nothing_takes_no_room() {
        let mut raster = disc(Size { width: 40, height: 30 });
        for pixel in raster.pixels.as_chunks_mut::<4>().0 {
            pixel[3] = 255;
        }
        assert_eq!(encode(&raster, 50).unwrap(), encode(&raster.clone().without_alpha(), 50).unwrap());
    }
}
