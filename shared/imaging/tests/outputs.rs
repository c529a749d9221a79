//! What comes out: the same every time, in order, clean of metadata, all of it or none.

mod pictures;

use std::cell::Cell;

use image::ImageFormat;
use pictures::{JpegKind, difference, encode, exif_segment, jpeg_with, read, render, render_full, scene};
use thumbline_imaging::{Error, Fit, Limits, OutputFormat, Rendition};

fn several() -> Vec<Rendition> {
    vec![
        Rendition::new(Some(40), Some(40)).with_fit(Fit::Cover),
        Rendition::new(Some(300), None).with_format(OutputFormat::Jpeg),
        Rendition::new(Some(100), None).with_format(OutputFormat::Png),
        Rendition::new(Some(150), None),
    ]
}

#[test]
fn the_same_bytes_and_renditions_give_the_same_bytes() {
    let file = encode(&scene(400, 300), ImageFormat::Png);
    let first = render(&file, &several()).unwrap();
    for _ in 0..3 {
        assert_eq!(render(&file, &several()).unwrap().thumbnails, first.thumbnails);
    }
}

#[test]
fn thumbnails_come_in_the_order_in_which_they_were_asked_for() {
    let made = render(&encode(&scene(400, 300), ImageFormat::Png), &several()).unwrap();
    let facts: Vec<_> = made.thumbnails.iter().map(|made| (made.format, made.width, made.height)).collect();
    assert_eq!(
        facts,
        [
            (OutputFormat::WebP, 40, 40),
            (OutputFormat::Jpeg, 300, 225),
            (OutputFormat::Png, 100, 75),
            (OutputFormat::WebP, 150, 113),
        ]
    );
}

/// Sizes made of other sizes look like sizes made of the source.
#[test]
fn a_cascade_does_not_show() {
    let file = encode(&scene(800, 600), ImageFormat::Png);
    let png = |width| Rendition::new(Some(width), None).with_format(OutputFormat::Png);
    let together = render(&file, &[png(50), png(400), png(200), png(100)]).unwrap();
    for (made, width) in together.thumbnails.iter().zip([50, 400, 200, 100]) {
        let alone = render(&file, &[png(width)]).unwrap();
        let apart = difference(&read(made), &read(&alone.thumbnails[0]));
        assert!(apart < 1.0, "{width} is {apart} apart");
    }
}

#[test]
fn jpeg_thumbnails_show_the_picture() {
    let picture = scene(120, 90);
    let file = encode(&picture, ImageFormat::Png);
    for quality in [80, 95] {
        let jpeg = Rendition::new(None, None).with_format(OutputFormat::Jpeg).with_quality(quality);
        let made = render(&file, &[jpeg]).unwrap();
        assert!(difference(&render_full(&made.thumbnails[0].bytes), &picture) < 8.0, "quality {quality}");
    }
}

#[test]
fn no_metadata_gets_through() {
    let secrets: &[(u8, &[u8])] = &[
        (1, &[exif_segment(1).as_slice(), b"SECRET-EXIF"].concat()),
        (1, b"http://ns.adobe.com/xap/1.0/\0SECRET-XMP"),
        (13, b"Photoshop 3.0\0SECRET-IPTC"),
        (2, b"MPF\0SECRET-MPF"),
    ];
    let file = jpeg_with(&scene(200, 100), JpegKind::default(), secrets);
    for format in OutputFormat::ALL {
        let rendition = Rendition::new(Some(100), None).with_format(*format);
        let made = render(&file, &[rendition]).unwrap();
        let bytes = &made.thumbnails[0].bytes;
        for trace in
            [&b"SECRET"[..], b"Exif", b"EXIF", b"eXIf", b"tEXt", b"iCCP", b"ICCP", b"XMP", b"Photoshop"]
        {
            assert!(!bytes.windows(trace.len()).any(|window| window == trace), "{trace:?} in {format}");
        }
    }
}

#[test]
fn work_stops_at_the_next_step_when_it_is_asked_to() {
    let file = encode(&scene(400, 300), ImageFormat::Png);
    for patience in 0..10 {
        let asked = Cell::new(0);
        let should_stop = || {
            asked.set(asked.get() + 1);
            asked.get() > patience
        };
        let outcome = thumbline_imaging::render(&file, &several(), &Limits::default(), &should_stop);
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::Interrupted { .. }), "{error}");
        assert!(!error.is_about_the_picture());
        assert_eq!(asked.get(), patience + 1, "nothing is done, or asked, after the answer");
    }
}

#[test]
fn times_are_told_and_files_know_their_size() {
    let made = render(&encode(&scene(400, 300), ImageFormat::Png), &several()).unwrap();
    assert!(made.timings.decode.as_nanos() > 0 && made.timings.encode.as_nanos() > 0);
    assert_eq!(made.header.size().to_string(), "400x300");
}
