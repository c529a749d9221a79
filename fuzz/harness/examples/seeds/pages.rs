//! TIFF in the ways in which it can be stored.

use image::ImageFormat;

use crate::pictures::tiff::Tiff;
use crate::pictures::{JpegKind, Noise, encode, jpeg, scene};

const WIDTH: usize = 13;
const HEIGHT: usize = 9;

pub fn all() -> Vec<Vec<u8>> {
    let plain = || Tiff { width: WIDTH, height: HEIGHT, ..Tiff::default() };
    let gray = || Tiff { samples: 1, photometric: 1, ..plain() };
    let alpha = || Tiff { samples: 4, extra: Some(2), ..plain() };
    let tiled = || Tiff { tile: Some((16, 16)), ..plain() };
    let palette = |bits: usize| (0..3_u64 << bits).map(|place| place * 977 % 65_536).collect::<Vec<_>>();
    let kinds = vec![
        plain(),
        gray(),
        alpha(),
        Tiff { extra: Some(1), ..alpha() },
        Tiff { photometric: 0, ..gray() },
        Tiff { bits: 16, ..plain() },
        Tiff { bits: 16, big_endian: true, predictor: true, compression: 5, ..plain() },
        Tiff { bits: 32, ..gray() },
        Tiff { bits: 32, format: 3, ..plain() },
        Tiff { bits: 64, format: 3, ..gray() },
        Tiff { samples: 4, photometric: 5, ..plain() },
        Tiff { photometric: 6, ..plain() },
        Tiff { photometric: 3, palette: palette(8), ..gray() },
        Tiff { compression: 5, rows_per_strip: 4, ..plain() },
        Tiff { compression: 8, predictor: true, ..alpha() },
        Tiff { compression: 32773, rows_per_strip: 1, ..plain() },
        Tiff { compression: 5, predictor: true, ..tiled() },
        Tiff { big_tiff: true, ..tiled() },
        Tiff { planar: true, compression: 8, rows_per_strip: 5, ..plain() },
        Tiff { planar: true, bits: 16, tile: Some((16, 16)), ..plain() },
        Tiff { orientation: 6, profile: Some(crate::blocks::display_p3()), ..plain() },
    ];
    let mut noise = Noise(3);
    let mut all: Vec<Vec<u8>> = kinds
        .iter()
        .map(|kind| {
            let bytes = WIDTH * HEIGHT * kind.samples * kind.bits / 8;
            let rows: Vec<u8> = (0..bytes).map(|at| (at * 3 + noise.below(9)) as u8).collect();
            kind.write(&rows)
        })
        .collect();
    // Bits that are no bytes: one, two and four of a pixel, which come packed.
    for bits in [1, 2, 4] {
        let rows: Vec<u8> = (0..64 * bits / 8 * 8).map(|at| (at * 29) as u8).collect();
        all.push(Tiff { width: 64, height: 8, bits, ..gray() }.write(&rows));
        let palette = palette(bits);
        all.push(Tiff { width: 64, height: 8, bits, photometric: 3, palette, ..gray() }.write(&rows));
    }
    // JPEG in a strip; and fax, in which a bit is a line like the one above it.
    let strip = jpeg(&scene(64, 64), JpegKind { subsampled: true, ..JpegKind::default() });
    all.push(Tiff { width: 64, height: 64, photometric: 6, compression: 7, ..Tiff::default() }.write(&strip));
    let fax = [[0xFF; 8].as_slice(), &[0x00, 0x10, 0x01]].concat();
    let page = Tiff {
        width: 64,
        height: 64,
        bits: 1,
        samples: 1,
        photometric: 0,
        compression: 4,
        ..Tiff::default()
    };
    all.push(page.write(&fax));
    all.push(encode(&scene(9, 7), ImageFormat::Tiff));
    let (width, height) = (300, 200);
    for tile in [None, Some((64, 64))] {
        let large =
            Tiff { width, height, samples: 4, extra: Some(2), compression: 8, tile, ..Tiff::default() };
        all.push(large.write(&vec![120; width * height * 4]));
        let deep = Tiff { width, height, bits: 16, compression: 5, tile, ..Tiff::default() };
        all.push(deep.write(&vec![77; width * height * 6]));
    }
    all
}
