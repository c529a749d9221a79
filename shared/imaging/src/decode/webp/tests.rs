//! Against a decoder of somebody else's (`image-webp`), which knows neither shrinking nor hooks.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "numbers are small here, and quotients of the same numbers the same"
)]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbaImage};

use super::{decode, reduction};
use crate::error::Error;
use crate::header::Size;
use crate::raster::{Channels, Raster};
use crate::rows::{Frame, Samples, Sink};
use crate::webp::{Settings, encode};

/// Keeps all that comes.
#[derive(Default)]
struct Kept {
    frame: Option<Frame>,
    pixels: Vec<u8>,
}

impl Sink for Kept {
    fn begin(&mut self, frame: Frame) -> Result<(), Error> {
        self.frame = Some(frame);
        Ok(())
    }

    fn push(&mut self, rows: &[u8]) -> Result<(), Error> {
        self.pixels.extend_from_slice(rows);
        Ok(())
    }
}

fn keep(file: &[u8], at_least: Size) -> Result<(Frame, Vec<u8>), Error> {
    let mut kept = Kept::default();
    decode(file, at_least, &mut kept)?;
    let frame = kept.frame.unwrap();
    assert_eq!(kept.pixels.len(), frame.row_bytes() * frame.size.height as usize);
    Ok((frame, kept.pixels))
}

/// Smooth shapes and some grain; transparent in a disc whose hidden colour is a loud one.
fn picture(size: Size, channels: Channels) -> Raster {
    let mut state = 7_u32;
    let mut pixels = Vec::new();
    for y in 0..size.height {
        for x in 0..size.width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (state >> 28) as u8;
            let wave = |at: u32, over: f64| (100.0 + 90.0 * (f64::from(at) / over).sin()) as u8;
            let [red, green, blue] = [wave(x, 17.0), wave(y, 23.0), wave(x + y, 41.0)].map(|v| v + grain);
            match channels {
                Channels::Gray => pixels.push(green),
                Channels::Rgb => pixels.extend([red, green, blue]),
                Channels::Rgba => {
                    let (across, down) = (x.abs_diff(size.width / 2), y.abs_diff(size.height / 2));
                    let shows = across * across + down * down > size.width * size.width / 16;
                    pixels.extend(if shows { [red, green, blue, 255] } else { [0, 255, 0, 0] });
                }
            }
        }
    }
    Raster { size, channels, pixels }
}

fn lossy(size: Size, channels: Channels) -> Vec<u8> {
    encode(&picture(size, channels), Settings { quality: 85, is_lossless: false }).unwrap()
}

fn lossless(size: Size, channels: Channels) -> Vec<u8> {
    encode(&picture(size, channels), Settings { quality: 85, is_lossless: true }).unwrap()
}

fn elsewhere(file: &[u8]) -> RgbaImage {
    image::load_from_memory_with_format(file, ImageFormat::WebP).unwrap().to_rgba8()
}

fn to_rgba(frame: &Frame, pixels: &[u8]) -> Vec<u8> {
    match frame.samples {
        Samples::Rgba => pixels.to_vec(),
        _ => pixels.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect(),
    }
}

/// Averages over squares, weighted by alpha, of pixels that somebody else decoded.
fn squares(full: &RgbaImage, side: u32) -> Vec<u8> {
    let (width, height) = full.dimensions();
    let mut averages = Vec::new();
    for top in (0..height).step_by(side as usize) {
        for left in (0..width).step_by(side as usize) {
            let (mut sums, mut alpha, mut count) = ([0.0; 3], 0.0, 0.0);
            for y in top..(top + side).min(height) {
                for x in left..(left + side).min(width) {
                    let pixel = full.get_pixel(x, y).0.map(f64::from);
                    for channel in 0..3 {
                        sums[channel] += pixel[channel] * pixel[3];
                    }
                    alpha += pixel[3];
                    count += 1.0;
                }
            }
            let color = |sum: f64| if alpha == 0.0 { 0 } else { (sum / alpha).round() as u8 };
            averages.extend([color(sums[0]), color(sums[1]), color(sums[2]), (alpha / count).round() as u8]);
        }
    }
    averages
}

/// In decibels; what is not seen does not count.
fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let (one, other) = (one.as_chunks::<4>().0, other.as_chunks::<4>().0);
    let mut sum = 0.0;
    for (a, b) in one.iter().zip(other) {
        for channel in 0..3 {
            let shown = |p: &[u8; 4]| f64::from(p[channel]) * f64::from(p[3]) / 255.0;
            sum += (shown(a) - shown(b)).powi(2);
        }
        sum += (f64::from(a[3]) - f64::from(b[3])).powi(2);
    }
    10.0 * (255.0_f64.powi(2) / (sum / (one.len() * 4) as f64).max(1e-9)).log10()
}

const SIZES: [(u32, u32); 12] = [
    (1, 1),
    (1, 2),
    (2, 1),
    (3, 3),
    (15, 17),
    (16, 16),
    (17, 33),
    (61, 43),
    (64, 31),
    (129, 130),
    (400, 301),
    (1001, 3),
];

#[test]
fn in_full_size_lossy_pictures_are_what_they_are_elsewhere() {
    for (width, height) in SIZES {
        for channels in [Channels::Rgb, Channels::Rgba] {
            let size = Size::new(width, height);
            let file = lossy(size, channels);
            let (frame, pixels) = keep(&file, size).unwrap();
            assert_eq!(frame, Frame::whole(size, frame.samples));
            let apart = psnr(&to_rgba(&frame, &pixels), &elsewhere(&file));
            assert!(apart > 60.0, "{size}, {channels:?}: {apart:.1} dB");
        }
    }
}

#[test]
fn smaller_lossy_pictures_are_averages_of_the_full_one() {
    for (width, height) in SIZES {
        for channels in [Channels::Rgb, Channels::Rgba] {
            for side in [2, 3, 4, 5, 7, 16, 31] {
                let size = Size::new(width, height);
                let at_least = Size::new(width / side, height / side);
                if at_least.width == 0 || at_least.height == 0 {
                    continue;
                }
                let taken = reduction(size, at_least);
                let file = lossy(size, channels);
                let (frame, pixels) = keep(&file, at_least).unwrap();
                assert_eq!(frame.size, Size::new(width.div_ceil(taken), height.div_ceil(taken)));
                assert_eq!(frame.extent.0, f64::from(width) / f64::from(taken));
                let apart = psnr(&to_rgba(&frame, &pixels), &squares(&elsewhere(&file), taken));
                // The filter between blocks is left out, which averaging hides, and less so in small squares; and colour
                // is interpolated where a sample lies across the border of two squares.
                assert!(apart > 36.0, "{size}, {channels:?}, squares of {taken}: {apart:.1} dB");
            }
        }
    }
}

#[test]
fn what_is_hidden_does_not_bleed_into_what_shows() {
    let size = Size::new(240, 240);
    for file in [lossy(size, Channels::Rgba), lossless(size, Channels::Rgba)] {
        for side in [1, 2, 3, 8] {
            let (frame, pixels) = keep(&file, Size::new(240 / side, 240 / side)).unwrap();
            let expected = squares(&elsewhere(&file), side);
            assert_eq!(frame.samples, Samples::Rgba);
            for (at, (pixel, expected)) in
                pixels.as_chunks::<4>().0.iter().zip(expected.as_chunks::<4>().0).enumerate()
            {
                // What is hidden is green. Faint pixels have colours that rounding moves; what is seen of them counts.
                let green = |p: &[u8; 4]| i32::from(p[1]) * i32::from(p[3]) / 255;
                let more = green(pixel) - green(expected);
                assert!(more <= 16, "squares of {side}, pixel {at}: {pixel:?}, {expected:?}");
                assert!(pixel[3].abs_diff(expected[3]) <= 1, "squares of {side}: {pixel:?}, {expected:?}");
            }
        }
    }
}

#[test]
fn lossless_pictures_come_back_as_they_were() {
    for (width, height) in SIZES {
        for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
            let size = Size::new(width, height);
            let original = picture(size, channels);
            let (frame, pixels) = keep(&lossless(size, channels), size).unwrap();
            let shown: Vec<[u8; 4]> = match channels {
                Channels::Gray => original.pixels.iter().map(|&g| [g, g, g, 255]).collect(),
                Channels::Rgb => {
                    original.pixels.as_chunks::<3>().0.iter().map(|&[r, g, b]| [r, g, b, 255]).collect()
                }
                Channels::Rgba => original.pixels.as_chunks::<4>().0.to_vec(),
            };
            for (original, read) in shown.iter().zip(to_rgba(&frame, &pixels).as_chunks::<4>().0) {
                assert_eq!(original[3], read[3], "{size}");
                assert!(original[3] == 0 || original == read, "{size}: {original:?}, {read:?}");
            }
        }
    }
}

#[test]
fn smaller_lossless_pictures_are_averages_of_the_full_one() {
    for channels in [Channels::Rgb, Channels::Rgba] {
        for side in [2, 3, 5] {
            let size = Size::new(300, 180);
            let file = lossless(size, channels);
            let (frame, pixels) = keep(&file, Size::new(300 / side, 180 / side)).unwrap();
            assert_eq!(frame.size, Size::new(300 / side, 180 / side));
            let apart = psnr(&to_rgba(&frame, &pixels), &squares(&elsewhere(&file), side));
            assert!(apart > 45.0, "{channels:?}, squares of {side}: {apart:.1} dB");
        }
    }
}

#[test]
fn the_longest_sides_are_read() {
    for size in [Size::new(1, 10_000), Size::new(10_000, 1), Size::new(16_383, 3), Size::new(3, 16_383)] {
        let full = keep(&lossy(size, Channels::Rgb), size).unwrap();
        let expected = elsewhere(&lossy(size, Channels::Rgb));
        assert!(psnr(&to_rgba(&full.0, &full.1), &expected) > 60.0, "{size}");
        let small = Size::new(size.width.div_ceil(100), size.height.div_ceil(100));
        for file in [lossy(size, Channels::Rgb), lossless(size, Channels::Rgb)] {
            let (frame, _) = keep(&file, small).unwrap();
            assert!(frame.size.width >= small.width && frame.size.height >= small.height);
        }
    }
}

/// The container is whole, and so are the lengths in it: only the data know that they end.
#[test]
fn data_that_end_inside_a_sound_container_are_refused() {
    let size = Size::new(200, 160);
    for (name, file) in [
        ("lossy", lossy(size, Channels::Rgb)),
        ("lossy with alpha", lossy(size, Channels::Rgba)),
        ("lossless", lossless(size, Channels::Rgba)),
    ] {
        let chunk = file.windows(4).position(|at| at == b"VP8 " || at == b"VP8L").unwrap();
        let length = u32::from_le_bytes(file[chunk + 4..chunk + 8].try_into().unwrap()) as usize;
        keep(&file, size).unwrap();
        for part in 1..32 {
            let left = length * part / 32;
            let mut cut = file[..chunk + 8 + left].to_vec();
            cut[chunk + 4..chunk + 8].copy_from_slice(&(left as u32).to_le_bytes());
            let riff = (cut.len() - 8) as u32;
            cut[4..8].copy_from_slice(&riff.to_le_bytes());
            for at_least in [size, Size::new(50, 40)] {
                let error = keep(&cut, at_least).unwrap_err();
                assert!(matches!(error.code(), "truncated" | "corrupt"), "{name}, {part}/32: {error}");
            }
        }
    }
}

#[test]
fn an_alpha_plane_that_makes_no_sense_is_corrupt() {
    let size = Size::new(64, 64);
    let mut file = lossy(size, Channels::Rgba);
    let chunk = file.windows(4).position(|at| at == b"ALPH").unwrap();
    let length = u32::from_le_bytes(file[chunk + 4..chunk + 8].try_into().unwrap()) as usize;
    file[chunk + 9..chunk + 8 + length].fill(0xFF);
    assert_eq!(keep(&file, size).unwrap_err().code(), "corrupt");
}

/// A sink may refuse rows, and may even panic: neither is lost in the C code between it and its caller.
#[test]
fn what_a_sink_says_comes_back() {
    struct Refusing(bool);
    impl Sink for Refusing {
        fn begin(&mut self, _: Frame) -> Result<(), Error> {
            Ok(())
        }
        fn push(&mut self, _: &[u8]) -> Result<(), Error> {
            assert!(!self.0, "a panic in the sink");
            Err(Error::Interrupted { before: "more rows" })
        }
    }
    let size = Size::new(64, 64);
    let file = lossy(size, Channels::Rgb);
    let refused = decode(&file, size, &mut Refusing(false));
    assert_eq!(refused, Err(Error::Interrupted { before: "more rows" }));
    let panic = std::panic::catch_unwind(|| decode(&file, size, &mut Refusing(true))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"a panic in the sink"));
}

#[test]
fn the_first_frame_of_an_animation_lies_on_its_canvas() {
    let frame = lossy(Size::new(20, 10), Channels::Rgb);
    let frame = &frame[12..];
    let mut content = Vec::new();
    // At 6, 4, since halves are stored; 20 by 10, less one; 100 ms; no flags.
    for number in [3_u32, 2, 19, 9, 100] {
        content.extend(&number.to_le_bytes()[..3]);
    }
    content.push(0);
    content.extend(frame);
    let mut file = b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\x12\0\0\0".to_vec();
    file.extend([39, 0, 0, 29, 0, 0]);
    file.extend(b"ANIM\x06\0\0\0\0\0\0\0\0\0ANMF");
    file.extend((content.len() as u32).to_le_bytes());
    file.extend(content);
    let riff = (file.len() - 8) as u32;
    file[4..8].copy_from_slice(&riff.to_le_bytes());

    let (frame, pixels) = keep(&file, Size::new(10, 10)).unwrap();
    assert_eq!(frame, Frame::whole(Size::new(40, 30), Samples::Rgba));
    let alpha = |x: usize, y: usize| pixels[(y * 40 + x) * 4 + 3];
    assert_eq!([alpha(6, 4), alpha(25, 4), alpha(6, 13), alpha(25, 13)], [255; 4]);
    assert_eq!([alpha(5, 4), alpha(26, 4), alpha(6, 3), alpha(25, 14), alpha(39, 29)], [0; 5]);
    let upright = RgbaImage::from_raw(40, 30, pixels).unwrap();
    let mut png = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(upright).write_to(&mut png, ImageFormat::Png).unwrap();
    // The same frame elsewhere.
    let decoder = image::codecs::webp::WebPDecoder::new(Cursor::new(&file)).unwrap();
    let first = image::AnimationDecoder::into_frames(decoder).next().unwrap().unwrap().into_buffer();
    let ours = image::load_from_memory(png.get_ref()).unwrap().to_rgba8();
    assert!(psnr(&ours, &first) > 60.0);
}
