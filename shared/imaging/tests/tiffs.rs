//! TIFF in the ways in which it can be stored, and all of them the same picture.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what fails here fails the test"
)]

mod pictures;

use image::RgbaImage;
use pictures::tiff::Tiff;
use pictures::{difference, render, render_full, scene};
use thumbline_imaging::Rendition;

const WIDTH: u32 = 45;
const HEIGHT: u32 = 37;

fn kind() -> Tiff {
    Tiff { width: WIDTH as usize, height: HEIGHT as usize, ..Tiff::default() }
}

fn rgb(picture: &RgbaImage) -> Vec<u8> {
    picture.pixels().flat_map(|pixel| pixel.0[..3].to_vec()).collect()
}

fn deep(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|value| (u16::from(*value) * 257).to_ne_bytes()).collect()
}

#[test]
fn strips_tiles_planes_and_compressions_are_one_picture() {
    let picture = scene(WIDTH, HEIGHT);
    for bits in [8, 16] {
        for compression in [1, 5, 8, 32773] {
            for flags in 0..32_u8 {
                let has = |bit: u8| flags & bit != 0;
                let rows = if bits == 8 { rgb(&picture) } else { deep(&rgb(&picture)) };
                let kind = Tiff {
                    bits,
                    compression,
                    planar: has(1),
                    tile: has(2).then_some((16, 32)),
                    predictor: has(4) && matches!(compression, 5 | 8),
                    big_endian: has(8),
                    big_tiff: has(16),
                    rows_per_strip: 7,
                    ..kind()
                };
                let file = kind.write(&rows);
                let what = format!("{bits} bits, compression {compression}, {flags:05b}");
                let made = render(&file, &[Rendition::new(None, None)]);
                assert!(made.is_ok(), "{what}: {}", made.unwrap_err());
                assert_eq!(render_full(&file), picture, "{what}");
            }
        }
    }
}

/// One strip for all, as many programs write, packed and not.
#[test]
fn one_strip_for_all() {
    let picture = scene(WIDTH, HEIGHT);
    for compression in [1, 8] {
        assert_eq!(render_full(&Tiff { compression, ..kind() }.write(&rgb(&picture))), picture);
    }
}

/// Rows of samples of less than a byte, the first in the highest bits.
fn packed(levels: &[u8], in_row: usize, bits: usize) -> Vec<u8> {
    let rows = levels.chunks(in_row).flat_map(|row| {
        row.chunks(8 / bits).map(move |byte| {
            byte.iter().enumerate().fold(0, |sum, (at, level)| sum | (level << (8 - bits * (at + 1))))
        })
    });
    rows.collect()
}

#[test]
fn greys_of_every_depth_either_way_round() {
    for bits in [1, 2, 4, 8] {
        let most = u8::MAX >> (8 - bits);
        let levels: Vec<u8> = (0..WIDTH * HEIGHT).map(|at| (at % 251) as u8 & most).collect();
        let rows = packed(&levels, WIDTH as usize, bits);
        for photometric in [0, 1] {
            for compression in [1, 5] {
                let kind = Tiff { bits, samples: 1, photometric, compression, rows_per_strip: 5, ..kind() };
                let seen = render_full(&kind.write(&rows));
                for (pixel, level) in seen.pixels().zip(&levels) {
                    let scaled = level * (255 / most);
                    let shown = if photometric == 0 { 255 - scaled } else { scaled };
                    assert_eq!(pixel.0, [shown, shown, shown, 255], "{bits} bits, {photometric}");
                }
            }
        }
    }
}

#[test]
fn palettes_of_every_depth() {
    for bits in [1, 2, 4, 8] {
        let count = 1 << bits;
        let color = |place: u64, shift: u64| (place * 37 + shift * 71) % 256;
        let palette = |scale: u64| {
            (0..3).flat_map(|shift| (0..count).map(move |place| color(place, shift) * scale)).collect()
        };
        let places: Vec<u8> = (0..WIDTH * HEIGHT).map(|at| (u64::from(at) % count) as u8).collect();
        // 257 as it should be; 1 as some programs write it.
        for scale in [257, 1] {
            for compression in [1, 8] {
                let kind =
                    Tiff { bits, samples: 1, photometric: 3, compression, palette: palette(scale), ..kind() };
                let seen = render_full(&kind.write(&packed(&places, WIDTH as usize, bits)));
                for (pixel, place) in seen.pixels().zip(&places) {
                    let expected = [0, 1, 2].map(|shift| color((*place).into(), shift) as u8);
                    assert_eq!(pixel.0[..3], expected, "{bits} bits, times {scale}");
                }
            }
        }
    }
}

#[test]
fn alpha_is_known_whether_colours_are_multiplied_by_it_or_not() {
    let alphas = [255_u8, 128, 51, 0];
    let straight: Vec<u8> = alphas.iter().flat_map(|alpha| [200, 100, 50, *alpha]).collect();
    let multiplied: Vec<u8> = alphas
        .iter()
        .flat_map(|alpha| {
            [200_u16, 100, 50, 255].map(|value| ((value * u16::from(*alpha) + 127) / 255) as u8)
        })
        .collect();
    for bits in [8, 16] {
        for (extra, rows) in [(2, &straight), (1, &multiplied)] {
            let kind = Tiff { width: 4, height: 1, bits, samples: 4, extra: Some(extra), ..Tiff::default() };
            let rows = if bits == 8 { rows.clone() } else { deep(rows) };
            let seen = render_full(&kind.write(&rows));
            for (pixel, alpha) in seen.pixels().zip(alphas) {
                assert_eq!(pixel.0[3], alpha);
                let apart =
                    pixel.0.iter().zip([200_u8, 100, 50]).map(|(one, other)| one.abs_diff(other)).max();
                assert!(alpha == 0 || apart <= Some(3), "{bits} bits, {extra}: {pixel:?}");
            }
        }
        // A mask that some program keeps beside the colours is not transparency.
        let kind = Tiff { width: 4, height: 1, bits, samples: 4, extra: Some(0), ..Tiff::default() };
        let rows = if bits == 8 { straight.clone() } else { deep(&straight) };
        assert!(render_full(&kind.write(&rows)).pixels().all(|pixel| pixel.0 == [200, 100, 50, 255]));
    }
}

#[test]
fn grey_with_alpha() {
    let kind = Tiff { width: 2, samples: 2, photometric: 1, extra: Some(2), ..Tiff::default() };
    let seen = render_full(&kind.write(&[90, 255, 180, 100]));
    assert_eq!(seen.get_pixel(0, 0).0, [90, 90, 90, 255]);
    assert!(seen.get_pixel(1, 0).0.iter().zip([180_u8, 180, 180, 100]).all(|(a, b)| a.abs_diff(b) <= 1));
}

/// From 0, black, to 1, white; what is darker or lighter than that is cut off.
#[test]
fn numbers_with_a_point() {
    let levels = [-1.0_f32, 0.0, 0.25, 0.5, 1.0, 7.5, f32::NAN];
    let kind = Tiff { width: 7, samples: 1, photometric: 1, format: 3, bits: 32, ..Tiff::default() };
    for big_endian in [false, true] {
        for compression in [1, 8] {
            let kind = Tiff { compression, big_endian, ..kind.clone() };
            let rows: Vec<u8> = levels.iter().flat_map(|level| level.to_ne_bytes()).collect();
            let seen = render_full(&kind.write(&rows));
            let shown: Vec<u8> = seen.pixels().map(|pixel| pixel.0[0]).collect();
            assert_eq!(shown, [0, 0, 64, 128, 255, 255, 0]);
        }
    }
}

/// ITU-R BT.601, as JPEG has it.
#[test]
fn brightness_and_colour_differences() {
    let kind = Tiff { width: 3, photometric: 6, ..Tiff::default() };
    let seen = render_full(&kind.write(&[76, 85, 255, 150, 44, 21, 128, 128, 128]));
    for (pixel, expected) in seen.pixels().zip([[254_u8, 0, 0], [0, 255, 1], [128, 128, 128]]) {
        assert!(pixel.0.iter().zip(expected).all(|(one, other)| one.abs_diff(other) <= 1), "{pixel:?}");
    }
}

#[test]
fn inks_without_a_profile() {
    let kind = Tiff { width: 3, samples: 4, photometric: 5, ..Tiff::default() };
    let seen = render_full(&kind.write(&[0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255]));
    let seen: Vec<_> = seen.pixels().map(|pixel| pixel.0).collect();
    assert_eq!(seen, [[255; 4], [255, 0, 0, 255], [0, 0, 0, 255]]);
}

#[test]
fn what_is_not_read_is_named() {
    let refused = |kind: Tiff, bytes: usize| {
        let error = render(&kind.write(&vec![0; bytes]), &[Rendition::new(None, None)]).unwrap_err();
        assert_eq!(error.code(), "unsupported", "{error}");
        error.to_string()
    };
    assert!(refused(Tiff { compression: 50_000, ..kind() }, 5000).contains("Zstandard"));
    assert!(refused(Tiff { photometric: 8, ..kind() }, 5000).contains("L*a*b*"));
    assert!(refused(Tiff { bits: 12, ..kind() }, 9000).contains("12 bits"));
    assert!(refused(Tiff { format: 2, ..kind() }, 5000).contains("format 2"));
}

#[test]
fn a_strip_that_unpacks_to_too_little_is_truncated() {
    let picture = scene(WIDTH, HEIGHT);
    let whole = rgb(&picture);
    for compression in [1, 5, 8, 32773] {
        let kind = Tiff { compression, ..kind() };
        let error =
            render(&kind.write(&whole[..whole.len() - 9]), &[Rendition::new(None, None)]).unwrap_err();
        assert!(matches!(error.code(), "truncated" | "corrupt"), "{compression}: {error}");
    }
}

#[test]
fn tiles_shrink_as_strips_do() {
    let picture = scene(640, 480);
    let small = [Rendition::new(Some(80), None).with_format(thumbline_imaging::OutputFormat::Png)];
    let kind = Tiff { width: 640, height: 480, ..Tiff::default() };
    let strips = render(&kind.write(&rgb(&picture)), &small).unwrap();
    let tiles = Tiff { tile: Some((128, 64)), compression: 8, ..kind }.write(&rgb(&picture));
    let tiles = render(&tiles, &small).unwrap();
    assert!(difference(&pictures::read(&strips.thumbnails[0]), &pictures::read(&tiles.thumbnails[0])) < 0.01);
}

/// A file of 350 bytes took 88 MB, and could have taken 256: the decoder makes room for what a tag announces.
#[test]
fn a_tag_that_announces_millions_of_numbers_gets_no_room_for_them() {
    let mut file = Tiff { compression: 5, ..kind() }.write(&rgb(&scene(WIDTH, HEIGHT)));
    let predictor = file.windows(4).position(|bytes| bytes == [0x3D, 0x01, 3, 0]).unwrap();
    file[predictor + 4..predictor + 12].copy_from_slice(&[5_000_000_u32, 0].map(u32::to_le_bytes).concat());
    let error = render(&file, &[Rendition::new(Some(8), None)]).unwrap_err();
    assert!(error.to_string().contains("5000000 numbers of tag 317"), "{error}");
}

/// As many strips as a picture can have are no reason to refuse it.
#[test]
fn a_strip_for_every_row_of_a_high_picture() {
    let kind = Tiff {
        width: 1,
        height: 40_000,
        rows_per_strip: 1,
        planar: true,
        compression: 32773,
        ..Tiff::default()
    };
    let rows: Vec<u8> = (0..40_000).flat_map(|row: usize| [row.to_le_bytes()[1]; 3]).collect();
    let seen = render_full(&kind.write(&rows));
    assert!((0..40_000).step_by(777).all(|row| u32::from(seen.get_pixel(0, row)[0]) == row >> 8));
}
