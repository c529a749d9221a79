//! PNG of every depth, kind and order.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{ImageFormat, Rgba, RgbaImage};

use crate::pictures::{Noise, encode, exif, scene};

type Chunk = (&'static [u8; 4], Vec<u8>);

pub fn all() -> Vec<Vec<u8>> {
    let flat = RgbaImage::from_pixel(400, 300, Rgba([9, 99, 199, 120]));
    let mut all = vec![encode(&scene(24, 18), ImageFormat::Png), encode(&flat, ImageFormat::Png)];
    let palette: Vec<u8> = (0..=255_u8).flat_map(|n| [n, 255 - n, n / 2]).collect();
    // Greys, colours, places in a palette, greys and colours with alpha (11.2.1), and the depths of each.
    let kinds: [(u8, &[u8]); 5] =
        [(0, &[1, 2, 4, 8, 16]), (2, &[8, 16]), (3, &[1, 2, 4, 8]), (4, &[8, 16]), (6, &[8, 16])];
    for (kind, depths) in kinds {
        for (depth, interlaced) in depths.iter().flat_map(|depth| [(*depth, false), (*depth, true)]) {
            let chunks: Vec<Chunk> = match kind {
                3 => vec![(b"PLTE", palette[..3 << depth.min(8)].to_vec()), (b"tRNS", vec![0, 90, 200])],
                0 => vec![(b"tRNS", vec![0, 1])],
                2 => vec![(b"tRNS", vec![0, 1, 0, 2, 0, 3])],
                _ => Vec::new(),
            };
            all.push(png((13, 11), depth, kind, interlaced, &chunks));
        }
    }
    let profile = [b"p\0\0".to_vec(), packed(&crate::blocks::display_p3(), Compression::best())].concat();
    let numbers =
        |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let words: [Vec<Chunk>; 6] = [
        vec![(b"iCCP", profile)],
        vec![(b"gAMA", numbers(&[55_556]))],
        vec![
            (b"gAMA", numbers(&[45_455])),
            (b"cHRM", numbers(&[31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000])),
        ],
        vec![(b"cICP", vec![12, 13, 0, 1])],
        vec![(b"sRGB", vec![0]), (b"eXIf", exif(6))],
        vec![(b"acTL", numbers(&[2, 0])), (b"tEXt", b"Comment\0nothing".to_vec())],
    ];
    for chunks in words {
        all.push(png((7, 5), 8, 2, false, &chunks));
    }
    all
}

/// A PNG of noise with all five filters, stored without compression, so that each of its bytes is one of the picture.
fn png((width, height): (u32, u32), depth: u8, kind: u8, interlaced: bool, chunks: &[Chunk]) -> Vec<u8> {
    let samples = match kind {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    // Where the passes begin and how far apart their pixels are, across and down (8.2).
    let passes: &[[u32; 4]] = if interlaced {
        &[[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]
    } else {
        &[[0, 0, 1, 1]]
    };
    let mut noise = Noise(7);
    let mut rows = Vec::new();
    for [left, top, across, down] in passes {
        let columns = width.saturating_sub(*left).div_ceil(*across);
        let count = if columns == 0 { 0 } else { height.saturating_sub(*top).div_ceil(*down) };
        for row in 0..count {
            rows.push((row % 5) as u8);
            let bytes = (columns * samples * u32::from(depth)).div_ceil(8);
            rows.extend((0..bytes).map(|_| noise.below(256) as u8));
        }
    }
    let size = [width, height].map(u32::to_be_bytes).concat();
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    let header = [size.as_slice(), &[depth, kind, 0, 0, u8::from(interlaced)]].concat();
    file.extend(chunk(*b"IHDR", &header));
    file.extend(chunks.iter().flat_map(|(name, content)| chunk(**name, content)));
    file.extend(chunk(*b"IDAT", &packed(&rows, Compression::none())));
    file.extend(chunk(*b"IEND", b""));
    file
}

fn packed(bytes: &[u8], how: Compression) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), how);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&name, content].concat();
    let length = (content.len() as u32).to_be_bytes();
    [&length, named.as_slice(), &crc32fast::hash(&named).to_be_bytes()].concat()
}
