//! All eight ways to hold a camera end in the same upright picture, in every format that can tell them.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use std::io::Cursor;

use image::{ImageEncoder, ImageFormat, RgbaImage, imageops};
use pictures::{JpegKind, difference, encode, exif, exif_segment, jpeg_with, read, render, render_full};
use thumbline_imaging::{Fit, Limits, OutputFormat, Rendition, Size};

/// Four corners of four colours: no turn or flip of it looks like another.
fn corners(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        image::Rgba(match (x < width / 2, y < height / 2) {
            (true, true) => [230, 30, 30, 255],
            (false, true) => [30, 200, 30, 255],
            (true, false) => [30, 30, 230, 255],
            (false, false) => [240, 240, 240, 255],
        })
    })
}

/// What must be stored so that `seen` is seen, from the definition of the tag: row 0 and column 0 of what is stored are
/// the sides of what is seen that EXIF 2.32 names for the value.
fn stored(seen: &RgbaImage, orientation: u8) -> RgbaImage {
    let (width, height) = seen.dimensions();
    let (columns, rows) = if orientation >= 5 { (height, width) } else { (width, height) };
    RgbaImage::from_fn(columns, rows, |column, row| {
        let (x, y) = match orientation {
            1 => (column, row),                          // top, left
            2 => (width - 1 - column, row),              // top, right
            3 => (width - 1 - column, height - 1 - row), // bottom, right
            4 => (column, height - 1 - row),             // bottom, left
            5 => (row, column),                          // left, top
            6 => (width - 1 - row, column),              // right, top
            7 => (width - 1 - row, height - 1 - column), // right, bottom
            _ => (row, height - 1 - column),             // left, bottom
        };
        *seen.get_pixel(x, y)
    })
}

fn png_with_exif(picture: &RgbaImage, orientation: u8) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    encoder.write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgba8).unwrap();
    file.into_inner()
}

fn webp_with_exif(picture: &RgbaImage, orientation: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut file);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    encoder.write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgba8).unwrap();
    file
}

/// The encoder writes no orientation, but it writes a unit of resolution, 296, which nobody needs: the entry is turned
/// into one of orientation.
fn tiff_with_orientation(picture: &RgbaImage, orientation: u8) -> Vec<u8> {
    let mut file = encode(picture, ImageFormat::Tiff);
    let at = file.windows(4).position(|bytes| bytes == [0x28, 0x01, 3, 0]).unwrap();
    file[at..at + 2].copy_from_slice(&274_u16.to_le_bytes());
    file[at + 8] = orientation;
    file
}

#[test]
fn jpeg_png_webp_and_tiff_are_seen_upright() {
    let seen = corners(48, 32);
    for orientation in 1..=8 {
        let stored = stored(&seen, orientation);
        for (name, file) in [
            ("jpeg", jpeg_with(&stored, JpegKind::default(), &[(1, &exif_segment(orientation))])),
            ("png", png_with_exif(&stored, orientation)),
            ("webp", webp_with_exif(&stored, orientation)),
            ("tiff", tiff_with_orientation(&stored, orientation)),
        ] {
            let header = thumbline_imaging::probe(&file, &Limits::default()).unwrap();
            assert_eq!(header.orientation.exif(), orientation, "{name}");
            assert_eq!(header.size(), Size::new(48, 32), "{name}, {orientation}");
            let apart = difference(&render_full(&file), &seen);
            assert!(apart < 3.0, "{name}, {orientation}: {apart} apart");
        }
    }
}

#[test]
fn smaller_sizes_and_crops_are_upright_too() {
    let seen = corners(480, 320);
    let png = |rendition: Rendition| rendition.with_format(OutputFormat::Png);
    let renditions = [
        png(Rendition::new(Some(240), None)),
        png(Rendition::new(Some(48), None)),
        png(Rendition::new(Some(50), Some(80)).with_fit(Fit::Cover)),
        png(Rendition::new(Some(60), Some(60)).with_fit(Fit::Fill)),
    ];
    let upright = render(&jpeg_with(&seen, JpegKind::default(), &[]), &renditions).unwrap();
    for orientation in 1..=8 {
        let file =
            jpeg_with(&stored(&seen, orientation), JpegKind::default(), &[(1, &exif_segment(orientation))]);
        let turned = render(&file, &renditions).unwrap();
        for (turned, upright) in turned.thumbnails.iter().zip(&upright.thumbnails) {
            let apart = difference(&read(turned), &read(upright));
            assert!(apart < 1.5, "{orientation}, {}x{}: {apart} apart", turned.width, turned.height);
        }
    }
}

#[test]
fn turning_in_the_test_agrees_with_somebody_elses() {
    let seen = corners(48, 32);
    assert_eq!(imageops::rotate90(&stored(&seen, 6)), seen);
    assert_eq!(imageops::rotate270(&stored(&seen, 8)), seen);
    assert_eq!(imageops::rotate180(&stored(&seen, 3)), seen);
}
