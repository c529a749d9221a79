//! BMP in the ways in which it can be stored.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what fails here fails the test"
)]

mod pictures;

use moxcms::ColorProfile;
use pictures::{render, render_full, scene};
use thumbline_imaging::Rendition;

/// A file with a picture header of this length.
struct Bmp {
    header_bytes: u32,
    width: i32,
    height: i32,
    bits: u16,
    compression: u32,
    masks: Vec<u32>,
    palette: Vec<[u8; 3]>,
    profile: Vec<u8>,
}

impl Bmp {
    fn new(width: i32, height: i32, bits: u16) -> Self {
        let (masks, palette, profile) = (Vec::new(), Vec::new(), Vec::new());
        Self { header_bytes: 40, width, height, bits, compression: 0, masks, palette, profile }
    }

    fn write(&self, rows: &[u8]) -> Vec<u8> {
        let mut header = self.header_bytes.to_le_bytes().to_vec();
        if self.header_bytes == 12 {
            header.extend((self.width as u16).to_le_bytes());
            header.extend((self.height as u16).to_le_bytes());
        } else {
            header.extend(self.width.to_le_bytes());
            header.extend(self.height.to_le_bytes());
        }
        header.extend([1, 0]);
        header.extend(self.bits.to_le_bytes());
        if self.header_bytes > 12 {
            header.extend(self.compression.to_le_bytes());
            header.resize(32, 0);
            header.extend((self.palette.len() as u32).to_le_bytes());
            header.resize(40, 0);
        }
        header.extend(self.masks.iter().flat_map(|mask| mask.to_le_bytes()));
        header.resize(header.len().max(self.header_bytes as usize), 0);
        for [r, g, b] in &self.palette {
            header.extend([*b, *g, *r]);
            header.extend((self.header_bytes != 12).then_some(0));
        }
        let offset = header.len() + 14;
        if !self.profile.is_empty() {
            header[56..60].copy_from_slice(b"DEBM");
            let profile_at = ((header.len() + rows.len()) as u32).to_le_bytes();
            header[112..116].copy_from_slice(&profile_at);
            header[116..120].copy_from_slice(&(self.profile.len() as u32).to_le_bytes());
        }
        let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
        file.extend((offset as u32).to_le_bytes());
        [&file, &header, rows, self.profile.as_slice()].concat()
    }
}

/// Padded to four bytes.
fn padded(mut row: Vec<u8>) -> Vec<u8> {
    row.resize(row.len().next_multiple_of(4), 0);
    row
}

#[test]
fn the_lowest_row_comes_first_or_the_uppermost() {
    let picture = scene(13, 7);
    let rows: Vec<Vec<u8>> =
        picture.rows().map(|row| padded(row.flat_map(|p| [p.0[2], p.0[1], p.0[0]]).collect())).collect();
    let lowest_first: Vec<u8> = rows.iter().rev().flatten().copied().collect();
    assert_eq!(render_full(&Bmp::new(13, 7, 24).write(&lowest_first)), picture);
    assert_eq!(render_full(&Bmp::new(13, -7, 24).write(&rows.concat())), picture);
    let old = Bmp { header_bytes: 12, ..Bmp::new(13, 7, 24) };
    assert_eq!(render_full(&old.write(&lowest_first)), picture);
}

#[test]
fn palettes_of_every_depth_in_old_headers_and_new() {
    for bits in [1, 2, 4, 8_u16] {
        let palette: Vec<[u8; 3]> =
            (0..1_u32 << bits).map(|n| [(n * 3) as u8, 255 - n as u8, n as u8]).collect();
        let places: Vec<u8> = (0..11_u32).map(|x| (x * 5 % (1 << bits)) as u8).collect();
        let in_byte = 8 / usize::from(bits);
        let row = places.chunks(in_byte).map(|byte| {
            byte.iter()
                .enumerate()
                .fold(0, |sum, (at, place)| sum | (place << (8 - usize::from(bits) * (at + 1))))
        });
        let row = padded(row.collect());
        for header_bytes in [12, 40, 108, 124] {
            let bmp = Bmp { header_bytes, palette: palette.clone(), ..Bmp::new(11, 1, bits) };
            let seen = render_full(&bmp.write(&row));
            for (pixel, place) in seen.pixels().zip(&places) {
                assert_eq!(pixel.0[..3], palette[usize::from(*place)], "{bits} bits, {header_bytes}");
            }
        }
    }
}

#[test]
fn masks_say_where_the_colours_are() {
    let bits_565 = Bmp { compression: 3, masks: vec![0xF800, 0x07E0, 0x001F], ..Bmp::new(2, 1, 16) };
    let row: Vec<u8> = [0xF800_u16, 0x07FF].iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
    let seen = render_full(&bits_565.write(&row));
    assert_eq!(seen.get_pixel(0, 0).0, [255, 0, 0, 255]);
    assert_eq!(seen.get_pixel(1, 0).0, [0, 255, 255, 255]);
    // Without masks, five bits each.
    let seen = render_full(&Bmp::new(2, 1, 16).write(&[0x00, 0x7C, 0x10, 0x00]));
    assert_eq!(seen.get_pixel(0, 0).0, [255, 0, 0, 255]);
    assert_eq!(seen.get_pixel(1, 0).0, [0, 0, 132, 255]);
}

#[test]
fn alpha_counts_where_a_mask_says_so_and_anything_shows() {
    let masks = vec![0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0xFF00_0000];
    let bmp = Bmp { header_bytes: 108, compression: 3, masks, ..Bmp::new(2, 1, 32) };
    let seen = render_full(&bmp.write(&[10, 20, 30, 255, 1, 2, 3, 0]));
    assert_eq!(seen.get_pixel(0, 0).0, [30, 20, 10, 255]);
    assert_eq!(seen.get_pixel(1, 0).0[3], 0);
    let seen = render_full(&bmp.write(&[10, 20, 30, 0, 1, 2, 3, 0]));
    assert_eq!(seen.get_pixel(1, 0).0, [3, 2, 1, 255]);
    // Without a mask, the fourth byte is nothing.
    let seen = render_full(&Bmp::new(1, 1, 32).write(&[10, 20, 30, 7]));
    assert_eq!(seen.get_pixel(0, 0).0, [30, 20, 10, 255]);
}

#[test]
fn runs_are_unpacked_the_lowest_row_first() {
    let palette = vec![[0, 0, 0], [255, 0, 0], [0, 255, 0]];
    let eight = Bmp { compression: 1, palette: palette.clone(), ..Bmp::new(3, 2, 8) };
    let seen = render_full(&eight.write(&[3, 1, 0, 0, 1, 2, 0, 0, 0, 1]));
    let row = |y| (0..3).map(|x| seen.get_pixel(x, y).0).collect::<Vec<_>>();
    assert_eq!(row(1), [[255, 0, 0, 255]; 3]);
    assert_eq!(row(0), [[0, 255, 0, 255], [0, 0, 0, 255], [0, 0, 0, 255]]);
    let four = Bmp { compression: 2, palette, ..Bmp::new(3, 1, 4) };
    let seen = render_full(&four.write(&[3, 0x12, 0, 1]));
    assert_eq!(seen.get_pixel(1, 0).0, [0, 255, 0, 255]);
    let error = render(&eight.write(&[3, 1, 0, 0, 1]), &[Rendition::new(None, None)]).unwrap_err();
    assert_eq!(error.code(), "truncated");
}

#[test]
fn an_embedded_profile_counts() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let bmp = Bmp { header_bytes: 124, profile, ..Bmp::new(1, 1, 24) };
    let seen = render_full(&bmp.write(&padded(vec![35, 51, 234])));
    assert!(
        seen.get_pixel(0, 0).0.iter().zip([255_u8, 0, 0, 255]).all(|(one, other)| one.abs_diff(other) < 3)
    );
}
