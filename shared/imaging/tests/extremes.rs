//! Very long and very narrow pictures, and odd ones, in every format.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use image::{ImageFormat, RgbaImage};
use pictures::tiff::Tiff;
use pictures::{JpegKind, difference, encode, jpeg, read, render, render_full, webp};
use thumbline_imaging::{Fit, OutputFormat, Rendition};

/// The same picture in every format, and how far a lossy one may be off: the mean difference of a channel.
fn every_format(picture: &RgbaImage) -> Vec<(&'static str, f64, Vec<u8>)> {
    let rgba = Tiff {
        width: picture.width() as usize,
        height: picture.height() as usize,
        samples: 4,
        extra: Some(2),
        compression: 8,
        rows_per_strip: 64,
        ..Tiff::default()
    };
    let progressive = JpegKind { progressive: true, ..JpegKind::default() };
    vec![
        ("jpeg", 3.0, jpeg(picture, JpegKind::default())),
        ("progressive jpeg", 3.0, jpeg(picture, progressive)),
        ("png", 0.0, encode(picture, ImageFormat::Png)),
        ("gif", 3.0, encode(picture, ImageFormat::Gif)),
        ("lossy webp", 6.0, webp(picture)),
        ("lossless webp", 0.0, encode(picture, ImageFormat::WebP)),
        ("bmp", 0.0, encode(picture, ImageFormat::Bmp)),
        ("tiff", 0.0, rgba.write(picture)),
        ("avif", 3.0, avif(picture)),
    ]
}

/// By the engine's own encoder, which is not of the decoder's family.
fn avif(picture: &RgbaImage) -> Vec<u8> {
    let avif = Rendition::new(None, None).with_format(OutputFormat::Avif).with_quality(90);
    render(&encode(picture, ImageFormat::Png), &[avif]).unwrap().thumbnails.remove(0).bytes
}

/// A slow ramp along the longer side.
fn ramp(width: u32, height: u32) -> RgbaImage {
    let longer = width.max(height);
    RgbaImage::from_fn(width, height, |x, y| {
        let level = u8::try_from(u64::from(x.max(y)) * 255 / u64::from(longer)).unwrap();
        image::Rgba([level, 255 - level, 128, 255])
    })
}

#[test]
fn a_line_of_ten_thousand_pixels_is_read_in_every_format() {
    for (width, height) in [(1, 10_000), (10_000, 1)] {
        let picture = ramp(width, height);
        for (name, most, file) in every_format(&picture) {
            let apart = difference(&render_full(&file), &picture);
            assert!(apart <= most, "{name}, {width}x{height}: {apart} apart");
        }
    }
}

/// What comes out is the same ramp: its ends and its middle are where they were.
#[test]
fn a_line_shrinks_and_is_cut_as_any_picture() {
    let png = |rendition: Rendition| rendition.with_format(OutputFormat::Png);
    for (width, height) in [(1, 10_000), (10_000, 1)] {
        let small = png(Rendition::new(Some(100), Some(100)));
        let square = png(Rendition::new(Some(50), Some(50)).with_fit(Fit::Cover));
        for (name, most, file) in every_format(&ramp(width, height)) {
            let made = render(&file, &[small.clone(), square.clone()]).unwrap();
            let seen = read(&made.thumbnails[0]);
            assert_eq!(seen.dimensions(), if width == 1 { (1, 100) } else { (100, 1) }, "{name}");
            for (place, pixel) in (0_u32..).zip(seen.pixels()) {
                let expected = (f64::from(place) + 0.5) * 2.55;
                let apart = (f64::from(pixel.0[0]) - expected).abs();
                assert!(apart <= most * 2.0 + 1.5, "{name}, {place}: {pixel:?} and not {expected}");
            }
            let cut = read(&made.thumbnails[1]);
            assert_eq!(cut.dimensions(), if width == 1 { (1, 50) } else { (50, 1) }, "{name}");
        }
    }
}

/// Grey, of which lossy formats keep every pixel apart; of colours they keep fewer.
#[test]
fn odd_sizes_are_read_in_every_format() {
    for (width, height) in [(1, 1), (1, 2), (3, 1), (5, 7), (17, 13), (31, 33), (127, 3), (3, 127)] {
        let mut picture = ramp(width, height);
        picture.pixels_mut().for_each(|pixel| pixel.0 = [pixel.0[0], pixel.0[0], pixel.0[0], 255]);
        for (name, most, file) in every_format(&picture) {
            let apart = difference(&render_full(&file), &picture);
            assert!(apart <= most, "{name}, {width}x{height}: {apart} apart");
        }
    }
}
