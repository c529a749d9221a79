//! Pictures to encode, and ways to compare them.
#![allow(dead_code, clippy::unwrap_used, clippy::cast_precision_loss)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use thumbline_jpeg::{Channels, Decoder, Error, Scale};

/// How a picture is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub quality: u8,
    pub sampling: SamplingFactor,
    pub progressive: bool,
    pub restart: u16,
}

impl Kind {
    pub const PLAIN: Self =
        Self { quality: 90, sampling: SamplingFactor::F_2_2, progressive: false, restart: 0 };
}

pub fn encode(pixels: &[u8], (width, height): (u16, u16), color: ColorType, kind: Kind) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, kind.quality);
    encoder.set_sampling_factor(kind.sampling);
    encoder.set_progressive(kind.progressive);
    if kind.restart > 0 {
        encoder.set_restart_interval(kind.restart);
    }
    encoder.encode(pixels, width, height, color).unwrap();
    jpeg
}

/// Edges, slopes and grain.
pub fn scene((width, height): (u16, u16), channels: u32) -> Vec<u8> {
    let mut pixels = Vec::new();
    for (y, x) in (0..u32::from(height)).flat_map(|y| (0..u32::from(width)).map(move |x| (y, x))) {
        for channel in 0..channels {
            let grain = (x * 73 + y * 151 + channel * 37).wrapping_mul(2_654_435_761) >> 28;
            let edge = if (x / 11 + y / 7 + channel) % 3 == 0 { 90 } else { 0 };
            pixels.push((x * 2 + y * (channel + 1) + grain + edge).min(255) as u8);
        }
    }
    pixels
}

/// Nothing that a small picture could not show.
pub fn smooth((width, height): (u16, u16)) -> Vec<u8> {
    let mut pixels = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (x, y) = (f64::from(x) / 20.0, f64::from(y) / 17.0);
        pixels.extend([x.sin(), (x + y).cos(), y.sin()].map(|value| (value * 60.0 + 128.0) as u8));
    }
    pixels
}

/// Grain everywhere, of which a file has to be large.
pub fn grain((width, height): (u16, u16)) -> Vec<u8> {
    let samples = 0..u32::from(width) * u32::from(height) * 3;
    samples.map(|at| ((at ^ at >> 9).wrapping_mul(2_654_435_761) >> 25) as u8 + 64).collect()
}

pub fn decode(jpeg: &[u8], scale: Scale) -> (Vec<u8>, Channels) {
    let decoder = Decoder::new(jpeg).unwrap();
    let mut pixels = Vec::new();
    let keep = |rows: &[u8]| {
        pixels.extend_from_slice(rows);
        Ok::<_, Error>(())
    };
    let decoded = decoder.decode(scale, keep).unwrap();
    assert_eq!((decoded.width, decoded.height), decoder.scaled_size(scale));
    let bytes = decoded.width as usize * decoded.height as usize * decoder.channels().count();
    assert_eq!(pixels.len(), bytes);
    (pixels, decoder.channels())
}

/// How alike two pictures are, in decibels.
pub fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let square = |(one, other): (&u8, &u8)| (f64::from(*one) - f64::from(*other)).powi(2);
    let sum: f64 = one.iter().zip(other).map(square).sum();
    10.0 * (255.0_f64.powi(2) * one.len() as f64 / sum).log10()
}

/// A smaller picture: each pixel the mean of those that it covers, by area.
pub fn shrink(rgb: &[u8], from: (u16, u16), to: (usize, usize)) -> Vec<u8> {
    let (width, height) = (usize::from(from.0), usize::from(from.1));
    let mut pixels = Vec::new();
    for (y, x) in (0..to.1).flat_map(|y| (0..to.0).map(move |x| (y, x))) {
        let (rows, columns) = (cover(y, height, to.1), cover(x, width, to.0));
        for channel in 0..3 {
            let (mut sum, mut area) = (0.0, 0.0);
            for &(row, high) in &rows {
                for &(column, wide) in &columns {
                    sum += f64::from(rgb[(row * width + column) * 3 + channel]) * high * wide;
                    area += high * wide;
                }
            }
            pixels.push((sum / area).round() as u8);
        }
    }
    pixels
}

/// Which pixels one covers, and how much of each.
fn cover(index: usize, from: usize, to: usize) -> Vec<(usize, f64)> {
    let (start, end) = ((index * from) as f64 / to as f64, ((index + 1) * from) as f64 / to as f64);
    let share = |pixel: usize| (end.min(pixel as f64 + 1.0) - start.max(pixel as f64)).max(0.0);
    (start as usize..(end.ceil() as usize).min(from)).map(|pixel| (pixel, share(pixel))).collect()
}
