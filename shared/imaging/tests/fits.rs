//! Which size comes of which box: the table of `docs/imaging.md`, and the corners of it.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use image::{ImageFormat, Rgba, RgbaImage};
use pictures::{encode, read, render, scene};
use thumbline_imaging::{Fit, Limits, OutputFormat, Rendition, Rgb};

fn size(picture: (u32, u32), rendition: &Rendition) -> (u32, u32) {
    let file =
        encode(&RgbaImage::from_pixel(picture.0, picture.1, Rgba([9, 99, 199, 255])), ImageFormat::Png);
    let rendered = render(&file, std::slice::from_ref(rendition)).unwrap();
    let thumbnail = &rendered.thumbnails[0];
    // The file says the same as the answer.
    let header = thumbline_imaging::probe(&thumbnail.bytes, &Limits::default()).unwrap();
    assert_eq!((header.stored.width, header.stored.height), (thumbnail.width, thumbnail.height));
    (thumbnail.width, thumbnail.height)
}

fn boxed(width: u32, height: u32, fit: Fit) -> Rendition {
    Rendition::new(Some(width), Some(height)).with_fit(fit)
}

#[test]
fn every_fit_gives_the_size_that_it_promises() {
    for (fit, picture, expected) in [
        // Larger than the box in both directions.
        (Fit::Inside, (600, 400), (200, 133)),
        (Fit::Cover, (600, 400), (200, 200)),
        (Fit::Contain, (600, 400), (200, 200)),
        (Fit::Fill, (600, 400), (200, 200)),
        (Fit::Inside, (400, 600), (133, 200)),
        (Fit::Cover, (400, 600), (200, 200)),
        // Larger in one direction.
        (Fit::Inside, (300, 100), (200, 67)),
        (Fit::Cover, (300, 100), (200, 100)),
        (Fit::Contain, (300, 100), (200, 200)),
        (Fit::Fill, (300, 100), (200, 100)),
        // Smaller: never enlarged, but a padded box is as large as it was asked for.
        (Fit::Inside, (120, 90), (120, 90)),
        (Fit::Cover, (120, 90), (120, 90)),
        (Fit::Contain, (120, 90), (200, 200)),
        (Fit::Fill, (120, 90), (120, 90)),
        // Exactly the box.
        (Fit::Inside, (200, 200), (200, 200)),
        (Fit::Cover, (200, 200), (200, 200)),
    ] {
        assert_eq!(size(picture, &boxed(200, 200, fit)), expected, "{} of {picture:?}", fit.name());
    }
}

#[test]
fn small_pictures_grow_where_that_is_asked_for() {
    for (fit, expected) in [
        (Fit::Inside, (200, 150)),
        (Fit::Cover, (200, 200)),
        (Fit::Contain, (200, 200)),
        (Fit::Fill, (200, 200)),
    ] {
        assert_eq!(size((120, 90), &boxed(200, 200, fit).with_enlarge(true)), expected, "{}", fit.name());
    }
    assert_eq!(size((120, 90), &Rendition::new(Some(240), None).with_enlarge(true)), (240, 180));
}

#[test]
fn with_one_side_missing_the_aspect_ratio_decides_it() {
    for fit in [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill] {
        assert_eq!(size((3000, 2000), &Rendition::new(Some(640), None).with_fit(fit)), (640, 427));
        assert_eq!(size((300, 200), &Rendition::new(None, Some(50)).with_fit(fit)), (75, 50));
        assert_eq!(size((300, 200), &Rendition::new(Some(640), None).with_fit(fit)), (300, 200));
    }
    assert_eq!(size((300, 200), &Rendition::new(None, None)), (300, 200));
}

#[test]
fn the_thinnest_pictures_keep_at_least_one_pixel() {
    for fit in [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill] {
        for format in OutputFormat::ALL {
            for picture in [(1, 20_000), (20_000, 1), (2, 20_000), (1, 1)] {
                let (width, height) = size(picture, &boxed(200, 200, fit).with_format(*format));
                assert!(
                    (1..=200).contains(&width) && (1..=200).contains(&height),
                    "{picture:?}: {width}x{height}"
                );
            }
        }
    }
    assert_eq!(size((1, 20_000), &boxed(200, 200, Fit::Inside)), (1, 200));
    assert_eq!(size((20_000, 1), &boxed(200, 200, Fit::Cover)), (200, 1));
}

#[test]
fn a_side_that_nobody_bounds_is_bound_by_the_format() {
    // WebP ends at 16,383 pixels.
    assert_eq!(size((8, 20_000), &Rendition::new(Some(640), None)), (7, 16_383));
    assert_eq!(
        size((8, 20_000), &Rendition::new(Some(640), None).with_format(OutputFormat::Jpeg)),
        (8, 20_000)
    );
}

#[test]
fn a_box_that_cannot_be_is_refused_before_anything_is_done() {
    for (rendition, expected) in [
        (Rendition::new(Some(16_384), None), "width of 16384; webp takes 1 to 16383"),
        (Rendition::new(None, Some(70_000)).with_format(OutputFormat::Jpeg), "height of 70000"),
        (Rendition::new(Some(0), Some(10)), "width of 0"),
        (Rendition::new(Some(10), None).with_quality(0), "quality of 0"),
        (Rendition::new(Some(10), None).with_quality(101), "quality of 101"),
        (boxed(60_000, 60_000, Fit::Contain).with_format(OutputFormat::Png), "box of 60000x60000"),
    ] {
        let error = render(b"", &[rendition]).unwrap_err();
        assert_eq!(error.code(), "invalid_rendition");
        assert!(!error.is_about_the_picture());
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(render(b"", &[]).unwrap_err().code(), "invalid_rendition");
}

#[test]
fn enlarging_ends_at_the_limits() {
    let file = encode(&RgbaImage::from_pixel(1, 2, Rgba([0; 4])), ImageFormat::Png);
    let huge = Rendition::new(Some(60_000), None).with_format(OutputFormat::Png).with_enlarge(true);
    assert_eq!(render(&file, &[huge]).unwrap_err().code(), "too_large");
}

/// A picture in three stripes: covering a square must show the middle one, and as much of the others on both sides.
#[test]
fn cover_cuts_evenly_on_both_sides() {
    let stripes = RgbaImage::from_fn(300, 100, |x, _| {
        Rgba(match x / 100 {
            0 => [255, 0, 0, 255],
            1 => [0, 255, 0, 255],
            _ => [0, 0, 255, 255],
        })
    });
    let rendition = boxed(90, 60, Fit::Cover).with_format(OutputFormat::Png);
    let covered = read(&render(&encode(&stripes, ImageFormat::Png), &[rendition]).unwrap().thumbnails[0]);
    // 150 of 300 columns are shown: 25 red, 100 green, 25 blue, at 3/5 of their size.
    let colors: Vec<_> = [5, 45, 84].map(|x| covered.get_pixel(x, 30).0).to_vec();
    assert_eq!(colors, [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]]);
}

#[test]
fn contain_pads_with_the_background_or_with_nothing() {
    let file = encode(&scene(100, 50), ImageFormat::Png);
    let contain = boxed(100, 100, Fit::Contain).with_format(OutputFormat::Png);
    let padded = |rendition: Rendition| read(&render(&file, &[rendition]).unwrap().thumbnails[0]);
    let clear = padded(contain.clone());
    assert_eq!(clear.get_pixel(50, 24).0, [0, 0, 0, 0]);
    assert_eq!(clear.get_pixel(50, 25).0[3], 255);
    assert_eq!(clear.get_pixel(50, 75).0, [0, 0, 0, 0]);
    let green = padded(contain.with_background(Some(Rgb([0, 200, 0]))));
    assert_eq!(green.get_pixel(50, 24).0, [0, 200, 0, 255]);
}
