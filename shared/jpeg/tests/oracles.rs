//! Pictures of every kind, decoded at full size, are what other decoders make of them; at other sizes, what a smaller
//! version of the picture looks like.
#![allow(clippy::unwrap_used)]

mod pictures;

use std::io::Write;
use std::process::{Command, Stdio};

use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{Kind, decode, encode, psnr, scene};
use thumbline_jpeg::{Channels, Decoder, Scale};

const SIZES: [(u16, u16); 9] =
    [(1, 1), (8, 8), (7, 3), (16, 16), (17, 15), (3, 40), (33, 9), (64, 48), (131, 97)];

const SAMPLINGS: [SamplingFactor; 6] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
    SamplingFactor::F_1_4,
];

/// What zune-jpeg makes of it.
fn zune(jpeg: &[u8]) -> Vec<u8> {
    let cursor = zune_core::bytestream::ZCursor::new(jpeg);
    zune_jpeg::JpegDecoder::new(cursor).decode().unwrap()
}

/// What libjpeg-turbo makes of it at a scale, if its program is there.
fn djpeg(jpeg: &[u8], eighths: u8) -> Option<Vec<u8>> {
    let mut command = Command::new("djpeg");
    command.args(["-dct", "int", "-scale", &format!("{eighths}/8")]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    child.stdin.take()?.write_all(jpeg).ok()?;
    let out = child.wait_with_output().ok()?;
    assert!(out.status.success());
    // A header of three lines: what it is, its size, the largest sample.
    let mut lines = out.stdout.splitn(4, |&byte| byte == b'\n');
    lines.nth(3).map(<[u8]>::to_vec)
}

fn reference(jpeg: &[u8]) -> Vec<u8> {
    jpeg_decoder::Decoder::new(jpeg).decode().unwrap()
}

#[test]
fn at_full_size_they_are_what_another_decoder_makes_of_them() {
    for (size, sampling) in SIZES.into_iter().flat_map(|size| SAMPLINGS.map(|sampling| (size, sampling))) {
        for (progressive, restart) in [(false, 0), (false, 1), (true, 0), (false, 5), (true, 3)] {
            let kind = Kind { sampling, progressive, restart, ..Kind::PLAIN };
            let jpeg = encode(&scene(size, 3), size, ColorType::Rgb, kind);
            let psnr = psnr(&decode(&jpeg, Scale::FULL).0, &reference(&jpeg));
            // How the other one upsamples at the sides of a picture, and by four, is its own.
            let least = if matches!(sampling, SamplingFactor::F_1_1) { 50.0 } else { 26.0 };
            assert!(psnr >= least, "{psnr} dB: {size:?} {kind:?}");
        }
    }
}

#[test]
fn grey_ones_are_what_another_decoder_makes_of_them() {
    for size in SIZES {
        for kind in
            [Kind::PLAIN, Kind { progressive: true, ..Kind::PLAIN }, Kind { restart: 2, ..Kind::PLAIN }]
        {
            let jpeg = encode(&scene(size, 1), size, ColorType::Luma, kind);
            let (pixels, channels) = decode(&jpeg, Scale::FULL);
            assert_eq!(channels, Channels::Gray);
            assert!(psnr(&pixels, &reference(&jpeg)) >= 50.0, "{size:?} {kind:?}");
        }
    }
}

#[test]
fn progressive_coding_changes_nothing_at_any_scale() {
    for (size, sampling) in SIZES.into_iter().flat_map(|size| SAMPLINGS.map(|sampling| (size, sampling))) {
        let plain = Kind { sampling, ..Kind::PLAIN };
        let baseline = encode(&scene(size, 3), size, ColorType::Rgb, plain);
        let kind = Kind { progressive: true, ..plain };
        let progressive = encode(&scene(size, 3), size, ColorType::Rgb, kind);
        for scale in (1..=8).filter_map(Scale::eighths) {
            assert_eq!(
                decode(&progressive, scale),
                decode(&baseline, scale),
                "{size:?} {sampling:?} {scale:?}"
            );
        }
    }
}

#[test]
fn every_scale_shows_the_same_picture() {
    let size = (128, 96);
    for sampling in SAMPLINGS {
        let jpeg = encode(&pictures::smooth(size), size, ColorType::Rgb, Kind { sampling, ..Kind::PLAIN });
        let full = decode(&jpeg, Scale::FULL).0;
        for scale in (1..8).filter_map(Scale::eighths) {
            let (width, height) = Decoder::new(&jpeg).unwrap().scaled_size(scale);
            let scaled = decode(&jpeg, scale).0;
            let expected = pictures::shrink(&full, size, (width as usize, height as usize));
            let psnr = psnr(&scaled, &expected);
            assert!(psnr >= 36.0, "{psnr} dB: {sampling:?} {scale:?}");
        }
    }
}

#[test]
fn portable_code_gives_the_same_bytes() {
    let size = (131, 97);
    for sampling in SAMPLINGS {
        let jpeg = encode(&scene(size, 3), size, ColorType::Rgb, Kind { sampling, ..Kind::PLAIN });
        for scale in (1..=8).filter_map(Scale::eighths) {
            let mut portable = Vec::new();
            let decoder = Decoder::new(&jpeg).unwrap().portably();
            let keep = |rows: &[u8]| {
                portable.extend_from_slice(rows);
                Ok::<_, thumbline_jpeg::Error>(())
            };
            decoder.decode(scale, keep).unwrap();
            assert!(portable == decode(&jpeg, scale).0, "{sampling:?} {scale:?}");
        }
    }
}

#[test]
fn inks_are_full_at_255() {
    let size = (64, 48);
    let inks: Vec<u8> =
        pictures::smooth(size).chunks(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 40]).collect();
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let jpeg = encode(&inks, size, color, Kind::PLAIN);
        let (pixels, channels) = decode(&jpeg, Scale::FULL);
        assert_eq!(channels, Channels::Cmyk);
        // The encoder stores them inverted, as Adobe's programs do, and takes them full at 255 as well.
        let psnr = psnr(&pixels, &inks);
        assert!(psnr >= 30.0, "{psnr} dB: {color:?}");
    }
}

#[test]
fn at_full_size_they_are_what_zune_jpeg_makes_of_them() {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2};
    for size in [(64, 48), (131, 97)] {
        for (progressive, restart) in [(false, 0), (false, 5), (true, 0)] {
            // What is sampled four to one it upsamples in a way that is nobody else's.
            for (sampling, least) in [(F_1_1, 58.0), (F_2_1, 52.0), (F_1_2, 52.0), (F_2_2, 50.0)] {
                let kind = Kind { sampling, progressive, restart, ..Kind::PLAIN };
                let jpeg = encode(&scene(size, 3), size, ColorType::Rgb, kind);
                let psnr = psnr(&decode(&jpeg, Scale::FULL).0, &zune(&jpeg));
                assert!(psnr >= least, "{psnr} dB: {size:?} {kind:?}");
            }
        }
    }
}

#[test]
fn they_are_what_libjpeg_turbo_makes_of_them() {
    for (size, sampling) in SIZES.into_iter().flat_map(|size| SAMPLINGS.map(|sampling| (size, sampling))) {
        // At 1/2 and 1/4 it takes means of samples, and what is sampled less it makes as large as the rest at scales only
        // where both sides are alike.
        let alike: &[u8] = match sampling {
            SamplingFactor::F_1_1 => &[1, 3, 5, 6, 7, 8],
            SamplingFactor::F_2_2 => &[3, 5, 6, 7, 8],
            _ => &[8],
        };
        for progressive in [false, true] {
            let kind = Kind { sampling, progressive, ..Kind::PLAIN };
            let jpeg = encode(&scene(size, 3), size, ColorType::Rgb, kind);
            for &eighths in alike {
                let Some(theirs) = djpeg(&jpeg, eighths) else {
                    println!("skipped: djpeg is not here (apt-get install libjpeg-turbo-progs, or the like)");
                    return;
                };
                let psnr = psnr(&decode(&jpeg, Scale::eighths(eighths).unwrap()).0, &theirs);
                assert!(psnr >= 50.0, "{psnr} dB: {size:?} {kind:?} {eighths}/8");
            }
        }
    }
}
