//! WebP: lengths that are not those of the file, canvases that nobody can paint.
//! <https://developers.google.com/speed/webp/docs/riff_container>

use std::io::{self, Cursor};

use image::{ImageFormat, Rgba, RgbaImage};

use super::bytes::{MEBIBYTE, le32};
use super::liar::{Fate, Liar, liar};
use crate::check::Length;

/// Name, length, content, and a byte where that is odd.
pub(crate) fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [name.as_slice(), &le32(content.len()), content, &padding].concat()
}

pub(crate) fn riff(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF".as_slice(), &le32(chunks.len() + 4), b"WEBP", chunks].concat()
}

/// What there is besides pixels, and the canvas.
pub(crate) fn canvas(flags: u8, width: usize, height: usize) -> Vec<u8> {
    let side = |side: usize| le32(side - 1).into_iter().take(3).collect::<Vec<u8>>();
    chunk(*b"VP8X", &[&[flags, 0, 0, 0], side(width).as_slice(), &side(height)].concat())
}

/// The chunk of a lossless picture of one colour.
pub(crate) fn lossless(width: u32, height: u32) -> io::Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    let picture = RgbaImage::from_pixel(width, height, Rgba([40, 80, 120, 255]));
    picture.write_to(&mut file, ImageFormat::WebP).map_err(io::Error::other)?;
    let file = file.into_inner();
    Ok(file.get(12..).unwrap_or_default().to_vec())
}

/// A frame of an animation.
fn frame(width: usize, height: usize, picture: &[u8]) -> Vec<u8> {
    let side = |side: usize| le32(side - 1).into_iter().take(3).collect::<Vec<u8>>();
    let head = [&[0; 6], side(width).as_slice(), &side(height), &[10, 0, 0, 0]].concat();
    chunk(*b"ANMF", &[head, picture.to_vec()].concat())
}

const ANIMATED: u8 = 0x02;
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;

pub(super) fn liars(length: Length) -> io::Result<Vec<Liar>> {
    let dot = lossless(1, 1)?;
    let small = lossless(16, 16)?;
    let many = length.of(300_000, 2_000_000);
    let loops = chunk(*b"ANIM", &[0; 6]);
    let with_length = |bytes: usize| [b"RIFF".as_slice(), &le32(bytes), b"WEBP", &small].concat();
    Ok(vec![
        liar("webp-length-of-4-gibibytes", Fate::Refused, with_length(0xFFFF_FFFE)),
        liar("webp-length-of-nothing", Fate::Refused, with_length(0)),
        liar("webp-length-odd-and-short", Fate::Refused, with_length(13)),
        liar(
            "webp-chunk-of-4-gibibytes",
            Fate::Refused,
            riff(&[b"VP8L".as_slice(), &[0xFF; 4], &[0x2F; 64]].concat()),
        ),
        liar("webp-canvas-of-16-million", Fate::ByHeader("too_large"), {
            riff(&[canvas(0, 1 << 24, 1 << 24), small.clone()].concat())
        }),
        liar(
            "webp-canvas-beyond-its-picture",
            Fate::Refused,
            riff(&[canvas(0, 9_000, 9_000), small.clone()].concat()),
        ),
        liar("webp-lossless-16384-by-16384", Fate::ByHeader("too_large"), {
            riff(&chunk(*b"VP8L", &[&[0x2F, 0xFF, 0xFF, 0xFF, 0x0F], [0; 64].as_slice()].concat()))
        }),
        liar("webp-lossy-16383-by-16383", Fate::ByHeader("too_large"), {
            riff(&chunk(
                *b"VP8 ",
                &[&[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F], [0; 64].as_slice()].concat(),
            ))
        }),
        liar("webp-10000-frames", Fate::ByHeader("too_large"), {
            riff(&[canvas(ANIMATED, 640, 480), loops.clone(), frame(1, 1, &dot).repeat(10_000)].concat())
        }),
        liar("webp-frame-beyond-its-canvas", Fate::Refused, {
            riff(&[canvas(ANIMATED, 4, 4), loops.clone(), frame(1 << 24, 1 << 24, &dot)].concat())
        }),
        liar("webp-frame-of-no-picture", Fate::Refused, {
            riff(&[canvas(ANIMATED, 4, 4), loops, frame(4, 4, &[])].concat())
        }),
        liar("webp-many-chunks", Fate::Legal("chunks that nobody knows are passed over"), {
            riff(&[canvas(0, 16, 16), chunk(*b"juNk", &[]).repeat(many), small.clone()].concat())
        }),
        liar("webp-profile-of-16-mebibytes", Fate::Legal("a profile that is too long is ignored"), {
            riff(&[canvas(ICC, 16, 16), chunk(*b"ICCP", &vec![0x61; 16 * MEBIBYTE]), small.clone()].concat())
        }),
        liar("webp-exif-in-circles", Fate::Legal("a broken EXIF block is ignored"), {
            riff(&[canvas(0x08, 16, 16), small.clone(), chunk(*b"EXIF", &super::exif::in_circles())].concat())
        }),
        liar("webp-alpha-of-nothing", Fate::Refused, {
            riff(&[canvas(ALPHA, 16, 16), chunk(*b"ALPH", &[1]), chunk(*b"VP8 ", &[0; 16])].concat())
        }),
        liar("webp-giant", Fate::Giant("119 megapixels, held in full"), riff(&lossless(10_900, 10_900)?)),
    ])
}
