//! GIF: frames without number, blocks without end. <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>

use std::io;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, Rgba, RgbaImage};

use super::bytes::{MEBIBYTE, le16};
use super::liar::{Fate, Liar, liar};
use crate::check::Length;

fn screen(width: usize, height: usize) -> Vec<u8> {
    [b"GIF89a".as_slice(), &le16(width), &le16(height), &[0x80, 0, 0, 0, 0, 0, 255, 255, 255]].concat()
}

fn frame(width: usize, height: usize, code_size: u8, data: &[u8]) -> Vec<u8> {
    let blocks: Vec<u8> = data
        .chunks(255)
        .flat_map(|block| {
            [le16(block.len()).first().copied().into_iter().collect::<Vec<u8>>(), block.to_vec()].concat()
        })
        .collect();
    [b",\0\0\0\0".as_slice(), &le16(width), &le16(height), &[0, code_size], &blocks, &[0]].concat()
}

/// Codes of 3 bits that begin anew after each two pixels and so stay 3 bits long: clear, pixel, pixel, ... , end.
fn plain_codes(pixels: usize) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    let mut put = |code: u32| {
        bits |= code << held;
        held += 3;
        while held >= 8 {
            bytes.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            held -= 8;
        }
    };
    for pixel in 0..pixels {
        if pixel % 2 == 0 {
            put(4);
        }
        put(0);
    }
    put(5);
    put(0);
    put(0);
    put(0);
    bytes
}

fn single(width: usize, height: usize, frame: &[u8]) -> Vec<u8> {
    [&screen(width, height), frame, b";"].concat()
}

pub(super) fn liars(length: Length) -> io::Result<Vec<Liar>> {
    let dot = frame(1, 1, 2, &plain_codes(1));
    // Frames of a pixel of either colour, so that none can be left out.
    let flicker = [[0x44, 0x01], [0x4C, 0x01]].map(|codes| frame(1, 1, 2, &codes)).concat();
    let many = length.of(100_000, 1_000_000);
    Ok(vec![
        liar("gif-10000-frames", Fate::ByHeader("too_large"), {
            let small = frame(2, 2, 2, &plain_codes(4)).repeat(10_000);
            single(640, 480, &small)
        }),
        liar("gif-10000-frames-of-one-pixel", Fate::ByHeader("too_large"), single(4, 4, &dot.repeat(10_000))),
        liar("gif-frames-without-end", Fate::Refused, single(1, 1, &dot.repeat(many))),
        liar("gif-frames-that-flicker-without-end", Fate::Refused, {
            single(1, 1, &flicker.repeat(many / 2))
        }),
        liar("gif-8000-frames-that-flicker", Fate::Legal("each is another"), {
            single(1, 1, &flicker.repeat(4_000))
        }),
        liar("gif-screen-of-65535", Fate::ByHeader("too_large"), single(65_535, 65_535, &dot)),
        liar("gif-frame-beyond-its-screen", Fate::ByHeader("too_large"), {
            single(1, 1, &frame(65_535, 65_535, 2, &plain_codes(4)))
        }),
        liar("gif-no-screen", Fate::Either("a screen of no pixels, and a frame of one"), single(0, 0, &dot)),
        liar("gif-codes-without-end", Fate::Either("codes beyond the last pixel"), {
            single(16, 16, &frame(16, 16, 2, &vec![0x24; length.of(8, 64) * MEBIBYTE]))
        }),
        liar("gif-clears-without-end", Fate::Refused, {
            // 100 100 100 ... is nothing but the code that begins anew.
            let clears = [0x24, 0x49, 0x92].repeat(length.of(4, 32) * MEBIBYTE);
            single(16, 16, &frame(16, 16, 2, &clears))
        }),
        liar("gif-comments-without-end", Fate::Legal("comments are passed over"), {
            single(1, 1, &[b"!\xFE\x01a\0".repeat(many), dot.clone()].concat())
        }),
        liar("gif-comment-of-megabytes", Fate::Legal("comments are passed over"), {
            let block = [vec![255], vec![b'x'; 255]].concat().repeat(length.of(8, 64) * MEBIBYTE / 256);
            single(1, 1, &[b"!\xFE".to_vec(), block, vec![0], dot.clone()].concat())
        }),
        liar("gif-code-size-of-255", Fate::Refused, single(16, 16, &frame(16, 16, 255, &plain_codes(256)))),
        liar("gif-code-size-of-0", Fate::Refused, single(16, 16, &frame(16, 16, 0, &plain_codes(256)))),
        liar("gif-no-frame", Fate::Refused, single(16, 16, &[])),
        liar("gif-giant", Fate::Giant("100 megapixels of one colour"), flat(10_000, 10_000)?),
    ])
}

/// A picture of one colour, packed as well as LZW can.
fn flat(width: u16, height: u16) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    encoder.set_repeat(Repeat::Infinite).map_err(io::Error::other)?;
    let picture = RgbaImage::from_pixel(width.into(), height.into(), Rgba([9, 9, 9, 255]));
    let frame = Frame::from_parts(picture, 0, 0, Delay::from_numer_denom_ms(100, 1));
    encoder.encode_frame(frame).map_err(io::Error::other)?;
    drop(encoder);
    Ok(file)
}

/// A picture of one pixel.
pub(crate) fn dot() -> Vec<u8> {
    single(1, 1, &frame(1, 1, 2, &plain_codes(1)))
}
