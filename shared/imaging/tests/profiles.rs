//! Colours that a profile, or PNG's own words, give another meaning than sRGB's come out as they are meant.
//!
//! What is expected is worked out in `pictures::light` from the published primaries and curves, in double precision. How
//! far it may be missed is stated as ΔE (CIE 1976).
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::many_single_char_names,
    reason = "what fails here fails the test"
)]

mod pictures;

use image::{Rgba, RgbaImage};
use moxcms::{ColorProfile, ToneReprCurve};
use pictures::light::{
    ADOBE_RGB, D50, DISPLAY_P3, PRO_PHOTO, SRGB, Space, Triple, delta_e, lab_to_xyz, srgb_encoded,
    srgb_light, xyz_to_srgb,
};
use pictures::render_full;

/// Rounding to 8 bits in between and at the end; nobody sees less than 1, few see 2.
const EIGHT_BITS: f64 = 1.2;
/// Rounding at the end only.
const SIXTEEN_BITS: f64 = 0.7;
/// A table of 17 steps for each ink, between which mixtures are interpolated.
const TABLES: f64 = 3.0;

fn png(
    width: u32,
    kind: png::ColorType,
    depth: png::BitDepth,
    bytes: &[u8],
    profile: Option<&[u8]>,
) -> Vec<u8> {
    let samples = bytes.len() / if depth == png::BitDepth::Sixteen { 2 } else { 1 } / kind.samples();
    let mut info = png::Info::with_size(width, samples as u32 / width);
    info.color_type = kind;
    info.bit_depth = depth;
    info.icc_profile = profile.map(Into::into);
    let mut file = Vec::new();
    let encoder = png::Encoder::with_info(&mut file, info).unwrap();
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
    file
}

/// A chunk behind the image header.
fn with_chunk(file: &[u8], name: [u8; 4], content: &[u8]) -> Vec<u8> {
    const BEHIND_HEADER: usize = 33;
    let named = [&name, content].concat();
    let mut made = file[..BEHIND_HEADER].to_vec();
    made.extend((content.len() as u32).to_be_bytes());
    made.extend_from_slice(&named);
    made.extend(crc32fast::hash(&named).to_be_bytes());
    made.extend_from_slice(&file[BEHIND_HEADER..]);
    made
}

/// Colours from all over the cube.
fn cube() -> Vec<[u8; 3]> {
    let steps = || (0..=255_u8).step_by(51);
    steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| [r, g, b]))).collect()
}

fn assert_all_close(seen: &RgbaImage, expected: impl Iterator<Item = Triple>, most: f64, what: &str) {
    let mut worst = 0.0_f64;
    for (Rgba(seen), expected) in seen.pixels().zip(expected) {
        let apart = delta_e(&seen[..3], expected);
        assert!(apart <= most, "{what}: {seen:?} instead of {expected:?}, {apart} apart");
        worst = worst.max(apart);
    }
    println!("{what}: at most {worst:.2} apart");
}

fn assert_space(space: &Space, curve: fn(f64) -> f64, profile: &ColorProfile, what: &str) {
    let colors = cube();
    let expected = |color: &[u8; 3]| space.to_srgb(color.map(|value| curve(f64::from(value) / 255.0)));
    let profile = profile.encode().unwrap();
    let bytes = colors.concat();
    let file = png(36, png::ColorType::Rgb, png::BitDepth::Eight, &bytes, Some(&profile));
    assert_all_close(&render_full(&file), colors.iter().map(expected), EIGHT_BITS, what);

    let deep: Vec<u8> = bytes.iter().flat_map(|value| (u16::from(*value) * 257).to_be_bytes()).collect();
    let file = png(36, png::ColorType::Rgb, png::BitDepth::Sixteen, &deep, Some(&profile));
    assert_all_close(
        &render_full(&file),
        colors.iter().map(expected),
        SIXTEEN_BITS,
        &format!("{what}, 16 bits"),
    );

    let veiled: Vec<u8> = colors.iter().flat_map(|[r, g, b]| [*r, *g, *b, 200]).collect();
    let deep: Vec<u8> = veiled.iter().flat_map(|value| (u16::from(*value) * 257).to_be_bytes()).collect();
    let file = png(36, png::ColorType::Rgba, png::BitDepth::Sixteen, &deep, Some(&profile));
    let seen = render_full(&file);
    assert!(seen.pixels().all(|pixel| pixel.0[3] == 200));
    // Laid together with alpha in 8 bits, and taken apart again.
    assert_all_close(&seen, colors.iter().map(expected), 1.5, &format!("{what}, 16 bits, with alpha"));
}

#[test]
fn display_p3() {
    assert_space(&DISPLAY_P3, srgb_light, &ColorProfile::new_display_p3(), "Display P3");
}

#[test]
fn adobe_rgb() {
    let curve = |value: f64| value.powf(563.0 / 256.0);
    assert_space(&ADOBE_RGB, curve, &ColorProfile::new_adobe_rgb(), "Adobe RGB");
}

/// A ramp of linear light in 16 bits, and one of `ProPhoto` RGB: converted in 8 bits, the dark third would be a few stripes.
#[test]
fn deep_ramps_have_no_bands() {
    let ramp: Vec<u16> = (0..4096_u16).map(|step| step * 16 + step / 256).collect();
    let bytes: Vec<u8> = ramp.iter().flat_map(|value| [value.to_be_bytes(); 3].concat()).collect();
    let mut linear = ColorProfile::new_srgb();
    linear.cicp = None;
    let line = ToneReprCurve::Parametric(vec![1.0]);
    (linear.red_trc, linear.green_trc, linear.blue_trc) =
        (Some(line.clone()), Some(line.clone()), Some(line));
    for (name, profile, space, curve) in [
        ("linear light", linear, &SRGB, (|value| value) as fn(f64) -> f64),
        ("ProPhoto RGB", ColorProfile::new_pro_photo_rgb(), &PRO_PHOTO, |value| value.powf(1.8)),
    ] {
        let profile = profile.encode().unwrap();
        let file = png(4096, png::ColorType::Rgb, png::BitDepth::Sixteen, &bytes, Some(&profile));
        let seen = render_full(&file);
        let expected = ramp.iter().map(|value| space.to_srgb([curve(f64::from(*value) / 65_535.0); 3]));
        let mut levels: Vec<u8> = seen.pixels().map(|pixel| pixel.0[1]).collect();
        let mut meant: Vec<u8> = expected.map(|color| (color[1] * 255.0).round() as u8).collect();
        let apart = levels.iter().zip(&meant).map(|(one, other)| one.abs_diff(*other)).max();
        assert!(apart <= Some(1), "{name}: {apart:?} levels apart");
        levels.dedup();
        meant.dedup();
        println!("{name}: {} levels of {}", levels.len(), meant.len());
        assert!(levels.len() + 3 >= meant.len(), "{name}: {} levels of {}", levels.len(), meant.len());
    }
}

/// Grey of another gamma than sRGB's, alone and with alpha, in 8 and 16 bits; it stays grey.
#[test]
fn grey_profiles() {
    let mut profile = ColorProfile::new_gray_with_gamma(2.2);
    profile.gray_trc = Some(ToneReprCurve::Parametric(vec![1.8]));
    let profile = profile.encode().unwrap();
    let levels: Vec<u8> = (0..=255).collect();
    let expected = |level: &u8| [srgb_encoded((f64::from(*level) / 255.0).powf(1.8)); 3];
    let deep: Vec<u8> = levels.iter().flat_map(|value| (u16::from(*value) * 257).to_be_bytes()).collect();
    let veiled: Vec<u8> = levels.iter().flat_map(|level| [*level, 255 - level / 8]).collect();
    for (what, most, file) in [
        ("8 bits", 1.0, png(16, png::ColorType::Grayscale, png::BitDepth::Eight, &levels, Some(&profile))),
        ("16 bits", 0.7, png(16, png::ColorType::Grayscale, png::BitDepth::Sixteen, &deep, Some(&profile))),
        (
            "alpha",
            1.5,
            png(16, png::ColorType::GrayscaleAlpha, png::BitDepth::Eight, &veiled, Some(&profile)),
        ),
    ] {
        let seen = render_full(&file);
        assert!(seen.pixels().all(|Rgba([r, g, b, _])| r == g && g == b), "{what}");
        assert_all_close(&seen, levels.iter().map(expected), most, &format!("grey, {what}"));
    }
}

#[test]
fn a_profile_of_another_kind_changes_nothing() {
    let gray = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let inks = cmyk_profile();
    let colors = cube().concat();
    let plain = render_full(&png(36, png::ColorType::Rgb, png::BitDepth::Eight, &colors, None));
    for profile in [&gray, &inks] {
        let file = png(36, png::ColorType::Rgb, png::BitDepth::Eight, &colors, Some(profile));
        assert_eq!(render_full(&file), plain);
    }
    let plain = render_full(&png(36, png::ColorType::Grayscale, png::BitDepth::Eight, &colors, None));
    let file = png(36, png::ColorType::Grayscale, png::BitDepth::Eight, &colors, Some(&p3));
    assert_eq!(render_full(&file), plain);
}

/// What each mixture of full inks is, as L*a*b*: paper, and each ink takes its part away.
fn mixture(inks: [bool; 4]) -> Triple {
    let [c, m, y, k] = inks.map(|ink| if ink { 1.0 } else { 0.0 });
    let lightness: f64 = 94.0 - 34.0 * c - 42.0 * m - 8.0 * y;
    let (a, b): (f64, f64) = (-30.0 * c + 62.0 * m - 6.0 * y, -40.0 * c - 2.0 * m + 80.0 * y);
    [(lightness.max(18.0) * (1.0 - 0.85 * k)).max(4.0), a * (1.0 - 0.9 * k) * 0.8, b * (1.0 - 0.9 * k) * 0.8]
}

/// As a profile stores it, in 8 bits (ICC.1, `lut8Type`).
fn stored(lab: Triple) -> [u8; 3] {
    [lab[0] * 2.55, lab[1] + 128.0, lab[2] + 128.0].map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// A profile of four inks whose table has two steps for each (ICC.1:2001-04, 6.5.8).
fn cmyk_profile() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for value in [1, 0, 0, 0, 1, 0, 0, 0, 1_i32] {
        table.extend((value << 16).to_be_bytes());
    }
    table.extend((0..4).flat_map(|_| 0..=255_u8));
    for place in 0..16 {
        table.extend(stored(mixture([8, 4, 2, 1].map(|bit| place & bit != 0))));
    }
    table.extend((0..3).flat_map(|_| 0..=255_u8));
    let mut profile = vec![0; 4];
    profile.extend(b"\0\0\0\0\x02\x40\0\0prtrCMYKLab \x07\xE8\0\x01\0\x01\0\0\0\0\0\0acsp");
    profile.resize(68, 0);
    for value in D50 {
        profile.extend(((value * 65_536.0_f64).round() as u32).to_be_bytes());
    }
    profile.resize(128, 0);
    profile.extend(1_u32.to_be_bytes());
    profile.extend(b"A2B0");
    profile.extend(144_u32.to_be_bytes());
    profile.extend((table.len() as u32).to_be_bytes());
    profile.extend(table);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}

/// L*a*b* between the mixtures of full inks, as a profile means it: linear in each ink.
fn mixed(inks: [u8; 4]) -> Triple {
    let mut lab = [0.0; 3];
    for place in 0..16 {
        let has = [8, 4, 2, 1].map(|bit| place & bit != 0);
        let share: f64 = inks
            .iter()
            .zip(has)
            .map(|(ink, has)| {
                f64::from(*ink) / 255.0 * if has { 1.0 } else { -1.0 } + if has { 0.0 } else { 1.0 }
            })
            .product();
        let [l, a, b] = stored(mixture(has)).map(f64::from);
        for (sum, value) in lab.iter_mut().zip([l / 2.55, a - 128.0, b - 128.0]) {
            *sum += share * value;
        }
    }
    lab
}

#[test]
fn inks_by_their_profile() {
    let steps = || (0..=255_u8).step_by(51);
    let inks: Vec<[u8; 4]> = steps()
        .flat_map(|c| steps().flat_map(move |m| steps().map(move |y| [c, m, y, c / 2])))
        .chain(steps().map(|k| [0, 0, 0, k]))
        .take(216)
        .collect();
    let expected = |inks: &[u8; 4]| xyz_to_srgb(lab_to_xyz(mixed(*inks)), D50);
    let file = pictures::tiff::Tiff {
        width: 36,
        height: 6,
        bits: 8,
        samples: 4,
        photometric: 5,
        profile: Some(cmyk_profile()),
        ..pictures::tiff::Tiff::default()
    };
    let seen = render_full(&file.write(&inks.concat()));
    assert_all_close(&seen, inks.iter().map(expected), TABLES, "inks");
}

#[test]
fn gamma_and_primaries_of_a_png() {
    let colors = cube();
    let file = png(36, png::ColorType::Rgb, png::BitDepth::Eight, &colors.concat(), None);
    let numbers = |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>();
    let gamma = numbers(&[100_000]);
    let p3 = numbers(&[31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000]);
    let linear = with_chunk(&file, *b"gAMA", &gamma);
    let expected = |color: &[u8; 3]| SRGB.to_srgb(color.map(|value| f64::from(value) / 255.0));
    assert_all_close(&render_full(&linear), colors.iter().map(expected), EIGHT_BITS, "gAMA");
    let wide = with_chunk(&with_chunk(&file, *b"gAMA", &gamma), *b"cHRM", &p3);
    let expected = |color: &[u8; 3]| DISPLAY_P3.to_srgb(color.map(|value| f64::from(value) / 255.0));
    assert_all_close(&render_full(&wide), colors.iter().map(expected), EIGHT_BITS, "gAMA and cHRM");
    // Whoever says sRGB means it, whatever else is said.
    let srgb = with_chunk(&wide, *b"sRGB", &[0]);
    assert_eq!(render_full(&srgb), render_full(&file));
    let plain = with_chunk(&file, *b"gAMA", &numbers(&[45_455]));
    assert_eq!(render_full(&plain), render_full(&file));
}

#[test]
fn code_points_outweigh_all_else() {
    let colors = cube();
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let file = png(36, png::ColorType::Rgb, png::BitDepth::Eight, &colors.concat(), Some(&adobe));
    let p3 = with_chunk(&file, *b"cICP", &[12, 13, 0, 1]);
    let expected =
        |color: &[u8; 3]| DISPLAY_P3.to_srgb(color.map(|value| srgb_light(f64::from(value) / 255.0)));
    assert_all_close(&render_full(&p3), colors.iter().map(expected), EIGHT_BITS, "cICP");
    // Codes that nobody knows say nothing.
    let unknown = with_chunk(&file, *b"cICP", &[99, 99, 0, 1]);
    assert_eq!(render_full(&unknown), render_full(&file));
}

/// A profile that is very long, and one that is short and says that its table is very large.
#[test]
fn monstrous_profiles_are_done_without() {
    let colors = cube().concat();
    let plain = render_full(&png(36, png::ColorType::Rgb, png::BitDepth::Eight, &colors, None));
    let mut long = ColorProfile::new_display_p3().encode().unwrap();
    long.resize(5 * 1024 * 1024, 0);
    let file = png(36, png::ColorType::Rgb, png::BitDepth::Eight, &colors, Some(&long));
    assert_eq!(render_full(&file), plain);

    let mut large = cmyk_profile();
    let at = large.windows(4).position(|bytes| bytes == b"mft1").unwrap();
    large[at + 10] = 255;
    let inks = |profile| pictures::tiff::Tiff { samples: 4, photometric: 5, profile, ..Default::default() };
    let file = |profile| inks(profile).write(&[10, 20, 30, 40]);
    assert_eq!(render_full(&file(Some(large))), render_full(&file(None)));
}
