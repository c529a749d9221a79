//! PNG, in the smallest of the forms that hold exactly the same pixels.
//!
//! Thumbnails are written as PNG where pictures are flat: logos, drawings, screenshots. Those often have few colours,
//! and then a palette takes a third of the bytes. Where they have more, they still compress best as they are, while
//! photographs compress best as differences between neighbours: a quick trial tells which of the two a picture is.
//!
//! The compressor is `miniz_oxide`, whose output is the same on every CPU.

mod form;

use std::borrow::Cow;

use png::{ColorType, DeflateCompression, EncodingError, Filter};

use super::internal;
use crate::error::Error;
use crate::header::Size;
use crate::raster::Raster;
use form::Form;

/// A picture of at most this many bytes is written with a palette and without, and the smaller file is kept.
const SMALL_BYTES: usize = 64 * 1024;

/// Of a larger picture, the first rows of each band are tried.
const BAND_ROWS: usize = 128;
const TRIED_ROWS: usize = 32;

/// Deflate's effort, 1 to 9. Flat pictures gain by more, and cost little. Of photographs, 6 makes files that are 4 %
/// smaller than those of 3, in four times the time.
const TRIAL_LEVEL: u8 = 1;
const FLAT_LEVEL: u8 = 6;
const PHOTOGRAPH_LEVEL: u8 = 3;

/// Encodes a raster without loss.
pub(super) fn encode(raster: &Raster) -> Result<Vec<u8>, Error> {
    encode_smallest(raster).map_err(|error| internal(error.to_string()))
}

fn encode_smallest(raster: &Raster) -> Result<Vec<u8>, EncodingError> {
    let plain = Form::plain(raster);
    let Some(indexed) = plain.indexed(raster.size) else { return write_best(&plain, raster.size) };
    let indexed = write(&indexed, raster.size, Filter::NoFilter, FLAT_LEVEL)?;
    if raster.pixels.len() > SMALL_BYTES {
        return Ok(indexed);
    }
    let plain = write_best(&plain, raster.size)?;
    Ok(if plain.len() < indexed.len() { plain } else { indexed })
}

/// Writes pixels as they are, or as differences, as a trial advises.
fn write_best(form: &Form<'_>, size: Size) -> Result<Vec<u8>, EncodingError> {
    let row_bytes = form.row_bytes(size.width);
    let sample = if form.bytes.len() <= SMALL_BYTES {
        Cow::Borrowed(&*form.bytes)
    } else {
        let bands = form.bytes.chunks(row_bytes * BAND_ROWS);
        Cow::Owned(bands.flat_map(|band| &band[..band.len().min(row_bytes * TRIED_ROWS)]).copied().collect())
    };
    let height = u32::try_from(sample.len() / row_bytes).unwrap_or(size.height);
    let sample = Form { bytes: sample, palette: Vec::new(), ..*form };
    let trial = |filter| write(&sample, Size::new(size.width, height), filter, TRIAL_LEVEL);
    if trial(Filter::NoFilter)?.len() <= trial(Filter::Adaptive)?.len() {
        write(form, size, Filter::NoFilter, FLAT_LEVEL)
    } else {
        write(form, size, Filter::MinEntropy, PHOTOGRAPH_LEVEL)
    }
}

fn write(form: &Form<'_>, size: Size, filter: Filter, level: u8) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(form.color);
    encoder.set_depth(form.depth);
    encoder.set_filter(filter);
    encoder.set_deflate_compression(DeflateCompression::Level(level));
    if form.color == ColorType::Indexed {
        encoder.set_palette(form.palette.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<u8>>());
        let alphas: Vec<u8> =
            form.palette.iter().map(|color| color[3]).take_while(|alpha| *alpha != u8::MAX).collect();
        if !alphas.is_empty() {
            encoder.set_trns(alphas);
        }
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&form.bytes)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // Samples are what is left of coordinates in their lowest bits.
mod tests {
    use png::BitDepth;

    use super::*;
    use crate::raster::Channels;

    fn raster(width: u32, height: u32, channels: Channels, pixel: impl Fn(u32, u32) -> Vec<u8>) -> Raster {
        let pixels = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| pixel(x, y))
            .collect();
        Raster { size: Size::new(width, height), channels, pixels }
    }

    /// Noise that is the same in every run.
    fn noise(x: u32, y: u32) -> u8 {
        ((x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35) >> 24) as u8
    }

    /// Encodes, and checks that every pixel comes back. Gives the size of the file, and how it is written.
    fn check(raster: &Raster) -> (usize, ColorType, BitDepth) {
        let file = encode(raster).unwrap();
        assert_eq!(encode(raster).unwrap(), file);
        let read = image::load_from_memory_with_format(&file, image::ImageFormat::Png).unwrap().into_rgba8();
        assert_eq!(read.dimensions(), (raster.size.width, raster.size.height));
        for (pixel, read) in raster.pixels.chunks(raster.channels.count()).zip(read.pixels()) {
            let expected = match *pixel {
                [gray] => [gray, gray, gray, 255],
                [r, g, b] => [r, g, b, 255],
                [r, g, b, a] => [r, g, b, a],
                _ => unreachable!(),
            };
            assert_eq!(read.0, expected);
        }
        let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let info = reader.info();
        assert!(info.gama_chunk.is_none() && info.pixel_dims.is_none() && info.utf8_text.is_empty());
        (file.len(), info.color_type, info.bit_depth)
    }

    #[test]
    fn few_colours_become_a_palette_of_as_few_bits_as_they_need() {
        for (colors, depth) in [
            (2, BitDepth::One),
            (3, BitDepth::Two),
            (4, BitDepth::Two),
            (5, BitDepth::Four),
            (16, BitDepth::Four),
            (17, BitDepth::Eight),
            (256, BitDepth::Eight),
        ] {
            for width in [301, 296] {
                let raster = raster(width, 200, Channels::Rgb, |x, y| {
                    let color = (u32::from(noise(x / 4, y / 4)) % colors) as u8;
                    vec![color, color.wrapping_mul(7), 255 - color]
                });
                let (_, color, found) = check(&raster);
                assert_eq!((color, found), (ColorType::Indexed, depth), "{colors} colours");
            }
        }
    }

    #[test]
    fn a_palette_can_be_transparent() {
        let raster = raster(200, 200, Channels::Rgba, |x, y| match (x / 50, y / 50) {
            (1..=2, 1..=2) => vec![200, 30, 60, 255],
            (0, _) => vec![0, 0, 0, 0],
            (_, row) => vec![10, 20, 30, row as u8 * 80],
        });
        assert_eq!(check(&raster).1, ColorType::Indexed);
    }

    #[test]
    fn many_colours_stay_as_they_are() {
        let gradient = |x: u32, y: u32| [x as u8, y as u8, noise(x, y) >> 6];
        let opaque = raster(256, 200, Channels::Rgb, |x, y| gradient(x, y).to_vec());
        assert_eq!(check(&opaque).1, ColorType::Rgb);
        let hidden = raster(256, 200, Channels::Rgba, |x, y| [&gradient(x, y)[..], &[noise(y, x)]].concat());
        assert_eq!(check(&hidden).1, ColorType::Rgba);
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let idle = raster(256, 200, Channels::Rgba, |x, y| vec![x as u8, y as u8, noise(x, y), 255]);
        assert_eq!(check(&idle).1, ColorType::Rgb);
        let gray = raster(256, 200, Channels::Rgb, |x, y| vec![noise(x, y); 3]);
        assert_eq!(check(&gray).1, ColorType::Grayscale);
        let fading =
            raster(256, 200, Channels::Rgba, |x, y| vec![noise(x, y), noise(x, y), noise(x, y), y as u8]);
        assert_eq!(check(&fading).1, ColorType::GrayscaleAlpha);
    }

    #[test]
    fn grey_gets_a_palette_only_where_that_saves_bits() {
        let levels =
            |count: u8| raster(300, 200, Channels::Gray, move |x, y| vec![noise(x / 3, y / 3) % count * 15]);
        assert_eq!(check(&levels(2)).2, BitDepth::One);
        assert_eq!(check(&levels(16)).2, BitDepth::Four);
        assert_eq!((check(&levels(17)).1, check(&levels(17)).2), (ColorType::Grayscale, BitDepth::Eight));
    }

    #[test]
    fn tiny_pictures_are_not_made_larger_by_a_palette() {
        let rainbow = raster(8, 8, Channels::Rgb, |x, y| vec![noise(x, y), noise(y, x), noise(x + 9, y)]);
        assert_eq!(check(&rainbow).1, ColorType::Rgb);
        for (width, height) in [(1, 1), (1, 9), (9, 1), (3, 5)] {
            check(&raster(width, height, Channels::Rgba, |x, y| vec![x as u8, y as u8, 7, noise(x, y)]));
            check(&raster(width, height, Channels::Gray, |x, y| vec![noise(x, y)]));
        }
    }

    #[test]
    fn drawings_are_written_as_they_are_and_photographs_as_differences() {
        let first_filters = |raster: &Raster| {
            let file = encode(raster).unwrap();
            let rows = raster.size.height as usize;
            let unpacked = inflated(&file);
            let row_bytes = unpacked.len() / rows;
            unpacked.chunks(row_bytes).filter(|row| row[0] != 0).count() * 100 / rows
        };
        // The same few shapes in any order, of more colours than a palette holds.
        let drawing = raster(400, 300, Channels::Rgb, |x, y| {
            let shape = u32::from(noise(x / 10, y / 10) % 6) * 10;
            let (x, y) = (shape + x % 10, y % 10);
            vec![noise(x, y), noise(y, x), noise(x + 1, y + 1)]
        });
        let photograph = raster(400, 300, Channels::Rgb, |x, y| {
            let grain = noise(x, y) >> 5;
            vec![(x / 2) as u8 + grain, (y / 2) as u8 + grain, 200 - (x / 4) as u8 + grain]
        });
        assert_eq!(first_filters(&drawing), 0);
        assert!(first_filters(&photograph) > 90);
        check(&drawing);
        check(&photograph);
    }

    /// The rows of a file, each after the number of its filter.
    fn inflated(file: &[u8]) -> Vec<u8> {
        let mut rows = Vec::new();
        let mut rest = &file[8..];
        while let [a, b, c, d, name @ ..] = rest {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            if &name[..4] == b"IDAT" {
                rows.extend_from_slice(&name[4..4 + length]);
            }
            rest = &name[length + 8..];
        }
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(rows.as_slice()), &mut unpacked)
            .unwrap();
        unpacked
    }
}
