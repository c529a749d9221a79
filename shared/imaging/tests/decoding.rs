//! Every kind of picture becomes the picture that it is.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{Delay, DynamicImage, Frame, ImageBuffer, ImageFormat, Rgba, RgbaImage};
use pictures::{difference, every_kind, render, render_full, scene};
use thumbline_imaging::{Rendition, SourceFormat};

#[test]
fn every_kind_of_file_shows_the_same_picture() {
    let upright = scene(61, 43);
    // AVIF's pictures were drawn by another program, and have tests of their own.
    for (name, format, file) in
        every_kind().into_iter().filter(|(_, format, _)| *format != SourceFormat::Avif)
    {
        assert_eq!(thumbline_imaging::sniff(&file), Ok(format), "{name}");
        let seen = render_full(&file);
        let expected = if name == "exif" { image::imageops::rotate90(&upright) } else { upright.clone() };
        let apart = difference(&seen, &expected);
        assert!(apart < 6.0, "{name} is {apart} apart");
    }
}

/// JPEG works in blocks of 8 and 16 pixels: sizes around them, in every sampling, whole and in a scan per component.
#[test]
fn jpegs_of_every_odd_size_are_read() {
    for (width, height) in [(1, 1), (1, 9), (9, 1), (7, 8), (15, 17), (16, 16), (17, 15), (33, 3), (3, 65)] {
        for flags in 0..8_u8 {
            let kind = pictures::JpegKind {
                subsampled: flags & 1 != 0,
                progressive: flags & 2 != 0,
                scan_per_component: flags & 4 != 0,
                restart_interval: u16::from(flags % 3),
            };
            let picture = RgbaImage::from_pixel(width, height, Rgba([200, 120, 40, 255]));
            let seen = render_full(&pictures::jpeg(&picture, kind));
            assert!(difference(&seen, &picture) < 3.0, "{width}x{height}, {flags:03b}");
        }
    }
}

fn write(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

#[test]
fn deep_and_grey_pixels_become_what_eight_bits_can_say() {
    let deep = DynamicImage::ImageRgb16(ImageBuffer::from_pixel(5, 4, image::Rgb([65_535, 32_896, 0])));
    let gray = DynamicImage::ImageLumaA8(ImageBuffer::from_pixel(5, 4, image::LumaA([90, 200])));
    let deep_gray = DynamicImage::ImageLuma16(ImageBuffer::from_pixel(5, 4, image::Luma([257 * 33])));
    for (name, file, expected) in [
        ("16-bit PNG", write(&deep, ImageFormat::Png), [255, 128, 0, 255]),
        ("16-bit TIFF", write(&deep, ImageFormat::Tiff), [255, 128, 0, 255]),
        ("grey PNG with alpha", write(&gray, ImageFormat::Png), [90, 90, 90, 200]),
        ("16-bit grey PNG", write(&deep_gray, ImageFormat::Png), [33, 33, 33, 255]),
    ] {
        let Rgba(seen) = *render_full(&file).get_pixel(2, 2);
        let apart = seen.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
        assert!(apart <= Some(1), "{name}: {seen:?}");
    }
}

#[test]
fn the_first_frame_of_an_animation_counts() {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    for color in [[255, 0, 0, 255], [0, 255, 0, 255]] {
        let picture = RgbaImage::from_pixel(10, 10, Rgba(color));
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, Delay::from_numer_denom_ms(100, 1))).unwrap();
    }
    drop(encoder);
    assert_eq!(render_full(&file).get_pixel(5, 5).0, [255, 0, 0, 255]);
}

/// Two by one red pixels at (1, 1), on a canvas of four by three.
#[test]
fn a_frame_lies_where_it_belongs_on_its_canvas() {
    let mut gif = b"GIF89a\x04\0\x03\0\x80\0\0\xFF\0\0\0\0\xFF".to_vec();
    gif.extend(b",\x01\0\x01\0\x02\0\x01\0\0\x02\x02\x04\x0A\0;");
    let seen = render_full(&gif);
    assert_eq!(seen.dimensions(), (4, 3));
    let opaque: Vec<_> =
        seen.enumerate_pixels().filter(|(_, _, p)| p.0[3] != 0).map(|(x, y, _)| (x, y)).collect();
    assert_eq!(opaque, [(1, 1), (2, 1)]);
    assert_eq!(seen.get_pixel(1, 1).0, [255, 0, 0, 255]);
}

/// A TIFF of five by two pixels, four bits each, whose samples count up through a palette.
fn palette_tiff() -> Vec<u8> {
    const ENTRIES: [(u16, u16, u32, u32); 9] = [
        (256, 3, 1, 5),
        (257, 3, 1, 2),
        (258, 3, 1, 4),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, 218),
        (278, 3, 1, 2),
        (279, 4, 1, 6),
        (320, 3, 48, 122),
    ];
    let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, kind, count, value) in ENTRIES {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    let levels =
        (0..16_u16).map(|n| n * 0x1111).chain((0..16).map(|n| 0xFFFF - n * 0x1111)).chain([0x8080; 16]);
    file.extend(levels.flat_map(u16::to_le_bytes));
    file.extend([0x01, 0x23, 0x40, 0x56, 0x78, 0x90]);
    file
}

#[test]
fn a_tiff_with_a_palette_is_looked_up() {
    let file = palette_tiff();
    let seen = render_full(&file);
    for (place, Rgba(pixel)) in (0_u8..).zip(seen.pixels()) {
        assert_eq!(*pixel, [place * 17, 255 - place * 17, 0x80, 255]);
    }
    for length in 2..file.len() {
        let error = render(&file[..length], &[Rendition::new(None, None)]).unwrap_err();
        assert!(error.is_about_the_picture(), "{length} bytes: {error}");
    }
}
