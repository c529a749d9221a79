//! Bytes made to break things: they are refused, or they become a picture, and nothing else happens.

mod pictures;

use std::panic;

use pictures::{JpegKind, Noise, difference, every_kind, jpeg, jpeg_with, render, render_full, scene};
use thumbline_imaging::{Limits, OutputFormat, Rendition};

/// Bytes are changed, removed, doubled and swapped, in files of every kind. Panics inside a decoder are contained, so
/// that only a panic of ours would fail this.
#[test]
fn no_mutation_of_a_picture_breaks_anything() {
    const MUTATIONS: usize = 2000;
    let small = [Rendition::new(Some(16), Some(16))];
    let mut noise = Noise(20_260_101);
    for (name, _, file) in every_kind() {
        for mutation in 0..MUTATIONS {
            let mut bent = file.clone();
            for _ in 0..=noise.below(4) {
                bend(&mut bent, &mut noise);
            }
            let outcome = panic::catch_unwind(|| render(&bent, &small).map(|made| made.thumbnails.len()));
            match outcome {
                Ok(Ok(made)) => assert_eq!(made, 1),
                Ok(Err(error)) => assert!(error.is_about_the_picture(), "{name}, {mutation}: {error}"),
                Err(panic) => panic!("{name}, mutation {mutation}: a panic, {panic:?}"),
            }
        }
    }
}

fn bend(bytes: &mut Vec<u8>, noise: &mut Noise) {
    if bytes.len() < 16 {
        return;
    }
    // Headers are short and matter most: half of the changes go there.
    let reach = if noise.below(2) == 0 { bytes.len().min(256) } else { bytes.len() };
    let at = noise.below(reach - 8);
    match noise.below(6) {
        0 => bytes[at] = noise.next().to_le_bytes()[0],
        1 => bytes[at] ^= 1 << noise.below(8),
        2 => bytes[at..at + 4].fill(if noise.below(2) == 0 { 0xFF } else { 0 }),
        3 => drop(bytes.drain(at..at + 1 + noise.below(7))),
        4 => {
            let copy = bytes[at..at + 1 + noise.below(7)].to_vec();
            bytes.splice(at..at, copy);
        }
        _ => bytes.swap(at, at + 1 + noise.below(6)),
    }
}

/// A few bytes that claim 50,000 by 50,000 pixels or more, in every format.
#[test]
fn bombs_are_refused_from_their_headers() {
    let mut png = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR".to_vec();
    png.extend([0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let gif = b"GIF89a\xFF\xFF\xFF\xFF\0\0\0;".to_vec();
    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.extend([0x50, 0xC3, 0, 0, 0x50, 0xC3, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    let mut webp = b"RIFF\x12\0\0\0WEBPVP8X\x0A\0\0\0".to_vec();
    webp.extend([0, 0, 0, 0, 0x4F, 0xC3, 0, 0x4F, 0xC3, 0]);
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend(b"\0\x01\x04\0\x01\0\0\0\x50\xC3\0\0\x01\x01\x04\0\x01\0\0\0\x50\xC3\0\0\0\0\0\0");
    let jpeg =
        b"\xFF\xD8\xFF\xC0\0\x0B\x08\xC3\x50\xC3\x50\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\x3F\0".to_vec();
    for (name, bomb) in
        [("png", png), ("gif", gif), ("bmp", bmp), ("webp", webp), ("tiff", tiff), ("jpeg", jpeg)]
    {
        let error = thumbline_imaging::probe(&bomb, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "too_large", "{name}: {error}");
        assert!(error.is_about_the_picture());
    }
}

#[test]
fn limits_hold_for_bytes_pixels_and_sides() {
    let file = jpeg(&scene(61, 43), JpegKind::default());
    let refused = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        thumbline_imaging::probe(&file, &limits).err().map(|error| error.to_string())
    };
    assert_eq!(refused(|limits| limits.max_pixels = 61 * 43), None);
    assert_eq!(refused(|limits| limits.max_side_pixels = 61), None);
    let message = refused(|limits| limits.max_pixels = 61 * 43 - 1).unwrap();
    assert_eq!(message, "too large: 2623 pixels, and at most 2622 are allowed");
    assert!(refused(|limits| limits.max_side_pixels = 60).unwrap().contains("61 pixels on the longer side"));
    assert!(refused(|limits| limits.max_source_bytes = 100).unwrap().contains("bytes"));
}

/// A picture of 7 by 5 pixels was expected to take 76 KB, and took 356: the state of a compression is large, whatever it
/// compresses.
#[test]
fn what_encoders_take_for_a_picture_of_any_size_counts_as_memory() {
    let file = pictures::encode(&scene(7, 5), image::ImageFormat::Bmp);
    let mut limits = Limits::default();
    limits.max_memory_bytes = 300 * 1024;
    for format in [OutputFormat::Png, OutputFormat::WebP, OutputFormat::Avif] {
        let small = [Rendition::new(None, None).with_format(format)];
        let error = thumbline_imaging::render(&file, &small, &limits, &|| false).unwrap_err();
        assert_eq!(error.code(), "too_large", "{format}: {error}");
    }
}

/// A frame is not bound to the screen it is drawn on.
#[test]
fn a_gif_whose_frame_is_larger_than_its_screen_cannot_pass_the_limits() {
    let gif = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02\x4C\x01\0;";
    assert_eq!(render(gif, &[Rendition::new(Some(1), None)]).unwrap_err().code(), "too_large");
}

/// What cameras and telephones really write.
#[test]
fn harmless_oddities_of_jpeg_files_are_accepted() {
    let picture = scene(61, 43);
    let thumbnail = jpeg(&scene(16, 16), JpegKind::default());
    let plain = jpeg(&picture, JpegKind::default());
    // After the first segment, APP0, whose length is in bytes 4 and 5.
    let second = 4 + usize::from(u16::from_be_bytes([plain[4], plain[5]]));
    let insert = |bytes: &[u8]| [&plain[..second], bytes, &plain[second..]].concat();
    let exif_with_thumbnail = [pictures::exif_segment(1).as_slice(), &thumbnail].concat();
    for (name, file) in [
        ("a film after the end", [plain.as_slice(), b"\0\0\0\x18ftypmp42"].concat()),
        ("a second picture after the end", [plain.as_slice(), &thumbnail].concat()),
        ("half a picture after the end", [plain.as_slice(), &thumbnail[..100]].concat()),
        ("zeros after the end", [plain.as_slice(), &[0; 4096]].concat()),
        ("a thumbnail in EXIF", jpeg_with(&picture, JpegKind::default(), &[(1, &exif_with_thumbnail)])),
        ("fill bytes before a marker", insert(&[0xFF; 7])),
        ("stray bytes between segments", insert(b"seventeen bytes!!")),
        ("an empty comment", insert(b"\xFF\xFE\0\x02")),
        ("an EXIF block of nonsense", insert(b"\xFF\xE1\0\x0EExif\0\0nonse!")),
        ("a segment that nobody knows", insert(b"\xFF\xF3\0\x05abc")),
    ] {
        assert!(difference(&render_full(&file), &picture) < 6.0, "{name}");
    }
}

/// Somebody's download manager closed the file properly after it lost the rest.
#[test]
fn a_scan_that_ends_early_is_refused_though_the_end_marker_is_there() {
    for (name, kind) in [
        ("baseline", JpegKind::default()),
        ("subsampled", JpegKind { subsampled: true, ..JpegKind::default() }),
        ("restarts", JpegKind { restart_interval: 4, ..JpegKind::default() }),
        ("scans", JpegKind { scan_per_component: true, ..JpegKind::default() }),
        ("progressive", JpegKind { progressive: true, ..JpegKind::default() }),
    ] {
        let file = jpeg(&scene(200, 160), kind);
        for percent in [20, 40, 60, 80, 95] {
            let cut = [&file[..file.len() * percent / 100], &[0xFF, 0xD9]].concat();
            let outcome = render(&cut, &[Rendition::new(Some(50), None)]);
            assert!(outcome.is_err(), "{name} passes with {percent} %");
        }
    }
}

/// The last row used to be handed out before the checksum behind it had been read.
#[test]
fn a_png_with_any_bit_of_its_pixels_flipped_is_refused() {
    let whole = pictures::encode(&scene(31, 17), image::ImageFormat::Png);
    let (front, end) = (8 + 25 + 8, whole.len() - 12);
    let small = [Rendition::new(Some(8), None)];
    render(&whole, &small).unwrap();
    for bit in front * 8..end * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = render(&flipped, &small).expect_err("a flipped bit passes");
        assert!(error.is_about_the_picture(), "bit {bit}: {error}");
    }
}
