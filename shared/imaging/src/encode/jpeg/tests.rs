//! What the whole encoder promises: other people's decoders read its files, and see the picture.

use super::*;
use crate::header::Size;

/// Waves, steps and a little noise: something of what photographs and drawings have.
fn picture(width: u32, height: u32) -> Raster {
    let pixel = |x: u32, y: u32| {
        let noise =
            (x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35) >> 29;
        [(x * 5 + y * 3) % 256, (x * x / 16 + y * 2) % 256, 40 + x / 9 % 2 * 120 + y / 7 % 2 * 60 + noise]
            .map(|sample| sample as u8)
    };
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Raster { size: Size::new(width, height), channels: Channels::Rgb, pixels }
}

/// A picture without sharp edges, so that halved colours lose nothing of note.
fn smooth(width: u32, height: u32) -> Raster {
    let pixel = |x: u32, y: u32| {
        let wave =
            |phase: f64, step: f64| 128.0 + 100.0 * (phase + step * f64::from(x) + 0.07 * f64::from(y)).sin();
        [wave(0.0, 0.05), wave(1.0, 0.03), wave(2.0, 0.04)].map(|sample| sample as u8)
    };
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Raster { size: Size::new(width, height), channels: Channels::Rgb, pixels }
}

fn gray(raster: &Raster) -> Raster {
    let pixels = raster.pixels.as_chunks::<3>().0.iter().map(|pixel| pixel[1]).collect();
    Raster { channels: Channels::Gray, pixels, ..*raster }
}

fn noise(width: u32, height: u32, keep: u8) -> Raster {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sample = (state >> 56) as u8 & keep;
        // One bit is all or nothing.
        if keep == 0x80 { (sample >> 7) * 255 } else { sample }
    };
    let pixels = (0..width * height * 3).map(|_| next()).collect();
    Raster { size: Size::new(width, height), channels: Channels::Rgb, pixels }
}

fn encoded(raster: &Raster, quality: u8, progressive: bool) -> Vec<u8> {
    encode(raster, JpegOptions { quality, progressive }).unwrap()
}

/// What two decoders that share no code make of a file. They have to agree within their own roundings.
fn decoded(file: &[u8], raster: &Raster) -> Vec<u8> {
    let image = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg).unwrap();
    assert_eq!((image.width(), image.height()), (raster.size.width, raster.size.height));
    assert_eq!(usize::from(image.color().channel_count()), raster.channels.count());
    let pixels = image.into_bytes();
    if raster.size.width.max(raster.size.height) == u32::from(u16::MAX) {
        return pixels; // The other decoder counts blocks in 16 bits, and overflows.
    }
    let mut decoder = jpeg_decoder::Decoder::new(file);
    let others = decoder.decode().unwrap();
    assert_eq!(others.len(), pixels.len());
    let far = pixels.iter().zip(&others).map(|(one, other)| one.abs_diff(*other)).max().unwrap_or_default();
    assert!(raster.channels == Channels::Rgb || far <= 2, "grey is {far} apart");
    assert!(psnr(&pixels, &others) > 30.0, "the decoders see different pictures");
    pixels
}

/// Decibels.
#[allow(clippy::cast_precision_loss)]
fn psnr(one: &[u8], other: &[u8]) -> f64 {
    let errors: u64 = one.iter().zip(other).map(|(one, other)| u64::from(one.abs_diff(*other)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / errors.max(1) as f64).log10()
}

#[test]
fn files_are_those_of_libjpeg_turbo_to_the_last_byte() {
    // Written by libjpeg-turbo 3.2.0, with optimised tables and its default transform, of the same pixels.
    let picture = picture(75, 53);
    let gray = gray(&picture);
    for (golden, raster, quality, progressive) in [
        (&include_bytes!("golden/q80.jpg")[..], &picture, 80, false),
        (&include_bytes!("golden/q93.jpg")[..], &picture, 93, false),
        (&include_bytes!("golden/q30-gray.jpg")[..], &gray, 30, false),
        (&include_bytes!("golden/q80-progressive.jpg")[..], &picture, 80, true),
        (&include_bytes!("golden/q93-gray-progressive.jpg")[..], &gray, 93, true),
    ] {
        let ours = encoded(raster, quality, progressive);
        let first = ours.iter().zip(golden).position(|(ours, theirs)| ours != theirs);
        assert_eq!((first, ours.len()), (None, golden.len()), "quality {quality}, progressive {progressive}");
    }
}

#[test]
fn every_small_size_is_read_by_others() {
    for (width, height) in (1..=17).flat_map(|width| (1..=17).map(move |height| (width, height))) {
        let rgb = smooth(width, height);
        for (raster, quality, progressive) in [
            (&rgb, 80, false),
            (&rgb, 95, false),
            (&rgb, 80, true),
            (&gray(&rgb), 80, false),
            (&gray(&rgb), 80, true),
        ] {
            let pixels = decoded(&encoded(raster, quality, progressive), raster);
            let psnr = psnr(&pixels, &raster.pixels);
            assert!(psnr > 30.0, "{width}×{height}, quality {quality}: {psnr:.1} dB");
        }
    }
}

#[test]
fn every_quality_is_worth_its_bytes() {
    let raster = smooth(90, 70);
    for progressive in [false, true] {
        let (mut bytes, mut decibels) = (0, 0.0);
        for quality in 1..=100 {
            let file = encoded(&raster, quality, progressive);
            let psnr = psnr(&decoded(&file, &raster), &raster.pixels);
            // Neighbours can change places, but never by much.
            assert!(psnr > decibels - 1.5, "quality {quality}: {psnr:.1} dB after {decibels:.1}");
            assert!(file.len() * 10 > bytes * 9, "quality {quality}: {} bytes after {bytes}", file.len());
            (bytes, decibels) = (file.len(), psnr);
        }
        assert!(decibels > 45.0);
    }
}

#[test]
fn noise_and_saturated_colours_survive() {
    for (raster, least) in [(noise(130, 61, 0xFF), 34.0), (noise(61, 130, 0x80), 30.0)] {
        for progressive in [false, true] {
            let pixels = decoded(&encoded(&raster, 100, progressive), &raster);
            let psnr = psnr(&pixels, &raster.pixels);
            assert!(psnr > least, "{psnr:.1} dB");
            decoded(&encoded(&raster, 1, progressive), &raster);
        }
    }
}

#[test]
fn the_longest_sides_fit() {
    for (width, height) in [(65_535, 1), (1, 65_535), (65_535, 17)] {
        let raster = gray(&picture(width, height));
        let pixels = decoded(&encoded(&raster, 90, false), &raster);
        assert!(psnr(&pixels, &raster.pixels) > 25.0);
    }
}

#[test]
fn every_cpu_writes_the_same_file() {
    for raster in [picture(203, 119), gray(&picture(203, 119)), noise(99, 33, 0xFF)] {
        for (quality, progressive) in [(10, false), (80, false), (80, true), (100, false)] {
            let options = JpegOptions { quality, progressive };
            let portable = encode_with(&raster, options, &Kernels::PORTABLE).unwrap();
            assert!(
                portable == encode(&raster, options).unwrap(),
                "{raster:?}, {options:?}",
                raster = raster.size
            );
        }
    }
}

#[test]
fn a_flat_picture_costs_next_to_nothing() {
    let raster =
        Raster { size: Size::new(800, 600), channels: Channels::Rgb, pixels: vec![77; 800 * 600 * 3] };
    let file = encoded(&raster, 80, false);
    assert!(file.len() < 4000, "{} bytes", file.len());
    assert!(psnr(&decoded(&file, &raster), &raster.pixels) > 48.0);
}

#[test]
fn what_is_no_jpeg_is_an_error() {
    let options = JpegOptions { quality: 80, progressive: false };
    let raster = |width, height, channels, bytes| Raster {
        size: Size::new(width, height),
        channels,
        pixels: vec![0; bytes],
    };
    for raster in [
        raster(1, 1, Channels::Rgba, 4),
        raster(65_536, 1, Channels::Gray, 65_536),
        raster(0, 5, Channels::Gray, 0),
        raster(2, 2, Channels::Rgb, 11),
    ] {
        assert!(matches!(encode(&raster, options), Err(Error::Internal { .. })), "{:?}", raster.size);
    }
}
