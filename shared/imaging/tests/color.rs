//! Colours come out as they are meant.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;
use pictures::{JpegKind, jpeg_with, render_full};

/// An ICC profile as the content of a JPEG's APP2 segment: the only one of one.
fn icc_segment(profile: &ColorProfile) -> Vec<u8> {
    [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile.encode().unwrap()].concat()
}

fn assert_close(Rgba(seen): Rgba<u8>, expected: [u8; 3], what: &str) {
    let apart = seen.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
    assert!(apart < Some(5), "{what}: {seen:?} instead of {expected:?}");
}

/// sRGB's pure red is (234, 51, 35) in Display P3, and its pure green (117, 251, 76).
const DISPLAY_P3: [([u8; 3], [u8; 3]); 3] =
    [([234, 51, 35], [255, 0, 0]), ([117, 251, 76], [0, 255, 0]), ([128, 128, 128], [128, 128, 128])];

#[test]
fn display_p3_becomes_srgb() {
    let p3 = ColorProfile::new_display_p3();
    for ([r, g, b], expected) in DISPLAY_P3 {
        let picture = RgbaImage::from_pixel(32, 16, Rgba([r, g, b, 255]));
        let file = jpeg_with(&picture, JpegKind::default(), &[(2, &icc_segment(&p3))]);
        assert_close(*render_full(&file).get_pixel(8, 8), expected, "jpeg");
    }
}

#[test]
fn display_p3_becomes_srgb_under_transparency_too() {
    let ([r, g, b], expected) = DISPLAY_P3[0];
    let picture = RgbaImage::from_pixel(8, 8, Rgba([r, g, b, 200]));
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    encoder.set_icc_profile(ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    encoder.write_image(&picture, 8, 8, ExtendedColorType::Rgba8).unwrap();
    let seen = *render_full(&file).get_pixel(4, 4);
    assert_eq!(seen.0[3], 200);
    assert_close(seen, expected, "png");
}

#[test]
fn srgb_by_another_name_changes_nothing() {
    let picture = pictures::scene(40, 40);
    let plain = jpeg_with(&picture, JpegKind::default(), &[]);
    let named = jpeg_with(&picture, JpegKind::default(), &[(2, &icc_segment(&ColorProfile::new_srgb()))]);
    assert_eq!(render_full(&named), render_full(&plain));
}

#[test]
fn a_broken_profile_is_ignored() {
    let picture = pictures::scene(40, 40);
    let plain = jpeg_with(&picture, JpegKind::default(), &[]);
    let whole = icc_segment(&ColorProfile::new_display_p3());
    for broken in [&whole[..60], &whole[..whole.len() / 2], b"ICC_PROFILE\0\x01\x02nothing"] {
        let file = jpeg_with(&picture, JpegKind::default(), &[(2, broken)]);
        assert_eq!(render_full(&file), render_full(&plain));
    }
}

/// Red is full magenta and yellow; half black darkens it. As Adobe's programs store it, and as others do.
#[test]
fn four_inks_become_light_however_they_are_stored() {
    let inks = [0, 255, 255, 128].repeat(32 * 32);
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let mut file = Vec::new();
        Encoder::new(&mut file, 95).encode(&inks, 32, 32, kind).unwrap();
        assert_close(*render_full(&file).get_pixel(16, 16), [127, 0, 0], "inverted, with Adobe's segment");
    }
    // The encoder inverts what it is given: given it inverted, it stores it plain. Then its Adobe segment goes.
    let inverted: Vec<u8> = inks.iter().map(|ink| 255 - ink).collect();
    let mut file = Vec::new();
    Encoder::new(&mut file, 95).encode(&inverted, 32, 32, ColorType::Cmyk).unwrap();
    let adobe =
        file.windows(9).position(|bytes| bytes[..2] == [0xFF, 0xEE] && &bytes[4..] == b"Adobe").unwrap();
    let length = usize::from(u16::from_be_bytes([file[adobe + 2], file[adobe + 3]]));
    file.drain(adobe..adobe + 2 + length);
    assert_close(*render_full(&file).get_pixel(16, 16), [127, 0, 0], "plain, without it");
}

#[test]
fn grey_stays_grey() {
    let mut file = Vec::new();
    Encoder::new(&mut file, 95).encode(&[77; 64 * 64], 64, 64, ColorType::Luma).unwrap();
    assert_close(*render_full(&file).get_pixel(30, 30), [77, 77, 77], "luma");
}
