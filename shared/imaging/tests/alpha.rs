//! Transparency: kept where the format has it, laid on a background where it has not, and never a dark fringe.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use image::{ImageFormat, Rgba, RgbaImage};
use pictures::{encode, read, render};
use thumbline_imaging::{OutputFormat, Rendition, Rgb};

/// A red disc on transparent black, as drawing programs save it.
fn disc() -> RgbaImage {
    RgbaImage::from_fn(400, 400, |x, y| {
        let (dx, dy) = (x.abs_diff(200), y.abs_diff(200));
        if dx * dx + dy * dy < 150 * 150 { Rgba([250, 40, 40, 255]) } else { Rgba([0, 0, 0, 0]) }
    })
}

fn small(file: &[u8], rendition: Rendition) -> RgbaImage {
    read(&render(file, &[rendition]).unwrap().thumbnails[0])
}

#[test]
fn resizing_leaves_no_dark_fringe() {
    let file = encode(&disc(), ImageFormat::Png);
    let seen = small(&file, Rendition::new(Some(57), None).with_format(OutputFormat::Png));
    let mut edge = 0;
    for Rgba([r, g, b, a]) in seen.pixels() {
        if (32..255).contains(a) {
            edge += 1;
            assert!(*r > 225 && *g < 70 && *b < 70, "{r} {g} {b} at alpha {a}");
        }
    }
    assert!(edge > 50, "the disc has an edge of {edge} pixels");
}

#[test]
fn webp_keeps_transparency() {
    let seen = small(&encode(&disc(), ImageFormat::Png), Rendition::new(Some(100), None));
    assert_eq!(seen.get_pixel(2, 2).0[3], 0);
    assert_eq!(seen.get_pixel(50, 50).0[3], 255);
}

#[test]
fn jpeg_lies_on_white_or_on_the_background_that_is_named() {
    let file = encode(&disc(), ImageFormat::Png);
    let jpeg = Rendition::new(Some(100), None).with_format(OutputFormat::Jpeg).with_quality(95);
    let corner = |rendition: Rendition| {
        let made = render(&file, &[rendition]).unwrap();
        // Our own decoder reads it back.
        pictures::render_full(&made.thumbnails[0].bytes).get_pixel(3, 3).0
    };
    assert_eq!(corner(jpeg.clone()), [255, 255, 255, 255]);
    let [r, g, b, _] = corner(jpeg.with_background(Some(Rgb([20, 60, 120]))));
    assert!(r.abs_diff(20) < 4 && g.abs_diff(60) < 4 && b.abs_diff(120) < 4, "{r} {g} {b}");
}

#[test]
fn a_background_is_laid_under_formats_with_alpha_too() {
    let blue = Rendition::new(Some(100), None)
        .with_format(OutputFormat::Png)
        .with_background(Some(Rgb([0, 0, 255])));
    let seen = small(&encode(&disc(), ImageFormat::Png), blue);
    assert_eq!(seen.get_pixel(2, 2).0, [0, 0, 255, 255]);
}

#[test]
fn transparency_of_a_gif_survives() {
    let seen = small(&encode(&disc(), ImageFormat::Gif), Rendition::new(Some(100), None));
    assert_eq!(seen.get_pixel(2, 2).0[3], 0);
    assert_eq!(seen.get_pixel(50, 50).0[3], 255);
}
