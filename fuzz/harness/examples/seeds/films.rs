//! GIF and WebP, still and moving.

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::webp::WebPEncoder;
use image::{Delay, ExtendedColorType, Frame, ImageEncoder, ImageFormat, Rgba, RgbaImage};
use thumbline_imaging::{OutputFormat, Rendition};
use weezl::BitOrder;

use crate::pictures::{encode, exif, render, scene};

/// A picture with soft edges, and nothing in its corners.
fn disc(side: u32, shift: u32) -> RgbaImage {
    RgbaImage::from_fn(side, side, |x, y| {
        let (x, y) = ((x + shift).abs_diff(side / 2), y.abs_diff(side / 2));
        let alpha = 255_u32.saturating_sub((x * x + y * y) * 900 / (side * side));
        Rgba([200, (x * 9) as u8, 40, alpha as u8])
    })
}

/// Large, and of few bytes.
fn soft(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, _| Rgba([20, 120, 220, (x * 255 / width) as u8]))
}

fn plain(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_pixel(width, height, Rgba([20, 120, 220, 255]))
}

/// Moving pictures of a few frames.
fn animation(repeat: Repeat) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    encoder.set_repeat(repeat).unwrap();
    for step in 0..3 {
        let delay = Delay::from_numer_denom_ms(40 * (step + 1), 1);
        encoder.encode_frame(Frame::from_parts(disc(20, step * 3), 0, 0, delay)).unwrap();
    }
    drop(encoder);
    file
}

pub fn gifs() -> Vec<Vec<u8>> {
    let mut all = vec![
        encode(&scene(9, 7), ImageFormat::Gif),
        encode(&plain(40, 30), ImageFormat::Gif),
        encode(&disc(20, 0), ImageFormat::Gif),
        encode(&plain(400, 300), ImageFormat::Gif),
        animation(Repeat::Infinite),
    ];
    for (interlaced, screen, place, transparent) in [
        (false, (12, 11), (0, 0), None),
        (true, (12, 11), (0, 0), None),
        (true, (30, 20), (5, 4), Some(2)),
        (false, (8, 6), (2, 1), Some(1)),
        (false, (0, 0), (0, 0), None),
    ] {
        all.push(gif(interlaced, screen, place, transparent, b""));
    }
    all.push(gif(false, (12, 11), (0, 0), None, &crate::blocks::display_p3()));
    all
}

/// A frame of 12 by 11 on a screen, in four colours.
fn gif(
    interlaced: bool,
    screen: (u16, u16),
    place: (u16, u16),
    transparent: Option<u8>,
    profile: &[u8],
) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend([screen.0, screen.1].map(u16::to_le_bytes).concat());
    file.extend([0x81, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]);
    if !profile.is_empty() {
        file.extend(b"\x21\xFF\x0BICCRGBG1012");
        file.extend(blocks(profile));
    }
    if let Some(index) = transparent {
        file.extend([0x21, 0xF9, 4, 1, 0, 0, index, 0]);
    }
    file.push(0x2C);
    file.extend([place.0, place.1, 12, 11].map(u16::to_le_bytes).concat());
    file.extend([if interlaced { 0x40 } else { 0 }, 2]);
    let places: Vec<u8> = (0..12 * 11_u32).map(|at| (at * at / 7 % 4) as u8).collect();
    file.extend(blocks(&weezl::encode::Encoder::new(BitOrder::Lsb, 2).encode(&places).unwrap()));
    file.push(b';');
    file
}

fn blocks(bytes: &[u8]) -> Vec<u8> {
    let blocks = bytes.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat());
    blocks.chain([0]).collect()
}

pub fn webps() -> Vec<Vec<u8>> {
    let lossy = |picture: &RgbaImage, quality| {
        let full = Rendition::new(None, None).with_format(OutputFormat::WebP).with_quality(quality);
        render(&encode(picture, ImageFormat::Png), &[full]).unwrap().thumbnails.remove(0).bytes
    };
    let lossless = |picture: &RgbaImage| {
        let full = Rendition::new(None, None).with_format(OutputFormat::WebP).with_lossless(true);
        render(&encode(picture, ImageFormat::Png), &[full]).unwrap().thumbnails.remove(0).bytes
    };
    let mut oriented = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut oriented);
    encoder.set_exif_metadata(exif(6)).unwrap();
    encoder.set_icc_profile(crate::blocks::display_p3()).unwrap();
    encoder.write_image(&scene(9, 7), 9, 7, ExtendedColorType::Rgba8).unwrap();
    let mut all = vec![
        lossy(&scene(24, 18), 60),
        lossy(&scene(61, 43), 20),
        lossy(&plain(100, 80), 50),
        lossy(&disc(24, 0), 60),
        lossy(&disc(40, 9), 30),
        lossless(&scene(9, 7)),
        lossless(&scene(24, 18)),
        lossless(&plain(300, 200)),
        lossy(&soft(300, 200), 10),
        lossless(&disc(24, 0)),
        encode(&scene(24, 18), ImageFormat::WebP),
        oriented,
    ];
    all.extend(moving_webps());
    all
}

fn moving_webps() -> Vec<Vec<u8>> {
    let source = animation(Repeat::Finite(3));
    let moved = |rendition: Rendition| {
        let moving = rendition.with_format(OutputFormat::WebP).with_animated(true);
        render(&source, &[moving]).unwrap().thumbnails.remove(0).bytes
    };
    let full = || Rendition::new(None, None);
    vec![
        moved(full().with_quality(40)),
        moved(full().with_lossless(true)),
        moved(Rendition::new(Some(9), None)),
        moved(full().with_background(Some(thumbline_imaging::Rgb::WHITE))),
    ]
}

/// All that moves.
pub fn moving() -> Vec<Vec<u8>> {
    let mut all = vec![animation(Repeat::Infinite), animation(Repeat::Finite(3))];
    // The frames stay, and lie over one another.
    let mut laid = animation(Repeat::Infinite);
    let controls: Vec<usize> =
        (0..laid.len() - 3).filter(|at| laid[*at..].starts_with(b"\x21\xF9\x04")).collect();
    for (control, way) in controls.iter().zip([1, 2, 3]) {
        laid[control + 3] = (laid[control + 3] & 0x03) | way << 2;
    }
    all.push(laid);
    // Two frames that do not fill their screen.
    let small = gif(false, (30, 20), (5, 4), Some(2), b"");
    let (front, frame) = small[..small.len() - 1].split_at(6 + 7 + 12);
    all.push([front, frame, frame, b";"].concat());
    // As large as the limits of the harness allow.
    let mut large = Vec::new();
    let frames = [0_u32, 5].map(|at| {
        let mut picture = plain(360, 240);
        (0..20).for_each(|x| picture.put_pixel(x + at, 7, Rgba([255, 0, 9, 255])));
        Frame::from_parts(picture, 0, 0, Delay::from_numer_denom_ms(50, 1))
    });
    GifEncoder::new(&mut large).encode_frames(frames).unwrap();
    let moved =
        |rendition: Rendition| render(&large, &[rendition.with_animated(true)]).unwrap().thumbnails.remove(0);
    let lossless = moved(Rendition::new(None, None).with_lossless(true)).bytes;
    let lossy = moved(Rendition::new(None, None)).bytes;
    all.extend([large, lossless, lossy]);
    all.extend(moving_webps());
    all
}
