//! What comes out: the same every time, in order, clean of metadata, all of it or none.

mod pictures;

use std::cell::Cell;

use image::ImageFormat;
use pictures::{JpegKind, difference, encode, exif_segment, jpeg_with, read, render, render_full, scene};
use thumbline_imaging::{Error, Fit, Limits, Output, OutputFormat, Rendition};

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

/// What a diagram looks like after it has been made smaller: flat areas, smoothed edges.
fn diagram() -> image::RgbaImage {
    image::RgbaImage::from_fn(400, 300, |x, y| {
        let in_disc = x.abs_diff(280).pow(2) + y.abs_diff(150).pow(2) < 80_u32.pow(2);
        match () {
            () if in_disc => image::Rgba([200, 30, 30, 255]),
            () if (30..160).contains(&x) && (50..120).contains(&y) => image::Rgba([30, 60, 150, 255]),
            () if (180..190).contains(&y) => image::Rgba([0, 0, 0, 255]),
            () => image::Rgba([255, 255, 255, 255]),
        }
    })
}

#[test]
fn auto_is_lossy_for_a_photograph_and_exact_for_a_graphic() {
    let auto = Rendition::new(Some(200), None).with_format(Output::Auto);
    let exact = Rendition::new(Some(200), None).with_format(OutputFormat::Png);
    let lossy = Rendition::new(Some(200), None);
    let photo = encode(&scene(400, 300), ImageFormat::Png);
    let made = render(&photo, std::slice::from_ref(&auto)).unwrap().thumbnails;
    assert_eq!(made, render(&photo, std::slice::from_ref(&lossy)).unwrap().thumbnails);
    let drawing = encode(&diagram(), ImageFormat::Png);
    let made = render(&drawing, &[auto]).unwrap().thumbnails.remove(0);
    let expected = render(&drawing, &[exact, lossy]).unwrap().thumbnails;
    assert_eq!(read(&made), read(&expected[0]), "{}", made.format);
    assert!(made.bytes.len() <= expected[0].bytes.len().min(expected[1].bytes.len() * 2));
}

#[test]
fn auto_keeps_transparency_and_says_what_it_chose() {
    let mut drawing = diagram();
    drawing.pixels_mut().filter(|pixel| pixel.0 == [255; 4]).for_each(|pixel| pixel.0 = [0; 4]);
    for lossless in [false, true] {
        let auto = Rendition::new(Some(100), None).with_format(Output::Auto).with_lossless(lossless);
        let made = render(&encode(&drawing, ImageFormat::Png), &[auto]).unwrap().thumbnails.remove(0);
        let magic: &[u8] = if made.format == OutputFormat::Png { b"\x89PNG" } else { b"RIFF" };
        assert!(made.bytes.starts_with(magic), "{}", made.format);
        assert_eq!(read(&made).get_pixel(2, 2).0[3], 0);
    }
}

#[test]
fn lossless_webp_is_the_png_s_pixels_and_a_progressive_jpeg_the_plain_one_s() {
    let file = encode(&scene(200, 150), ImageFormat::Png);
    let width = || Rendition::new(Some(100), None);
    let made = render(&file, &[width().with_lossless(true), width().with_format(OutputFormat::Png)]).unwrap();
    assert_eq!(read(&made.thumbnails[0]), read(&made.thumbnails[1]));
    let jpeg = width().with_format(OutputFormat::Jpeg);
    let made = render(&file, &[jpeg.clone(), jpeg.clone().with_progressive(true)]).unwrap().thumbnails;
    assert_eq!(render_full(&made[0].bytes), render_full(&made[1].bytes));
    // SOF2 is what makes it progressive (ITU-T T.81, table B.1).
    let is_progressive = |bytes: &[u8]| bytes.windows(2).any(|marker| marker == [0xFF, 0xC2]);
    assert_eq!([is_progressive(&made[0].bytes), is_progressive(&made[1].bytes)], [false, true]);
    for impossible in [jpeg.with_lossless(true), width().with_progressive(true)] {
        assert_eq!(render(&file, &[impossible]).unwrap_err().code(), "invalid_rendition");
    }
}

#[test]
fn memory_for_encoding_counts_too() {
    let file = encode(&scene(40, 30), ImageFormat::Png);
    let huge = Rendition::new(Some(8000), None).with_lossless(true).with_enlarge(true);
    let mut limits = Limits::default();
    limits.max_memory_bytes = 500 * 1024 * 1024;
    let error = thumbline_imaging::render(&file, &[huge], &limits, &|| false).unwrap_err();
    assert_eq!(error.code(), "too_large");
    assert!(error.to_string().contains("memory"), "{error}");
}
