//! GIF's first frame, as screens show it, and whether all of it is there.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "what fails here fails the test")]

mod pictures;

use moxcms::ColorProfile;
use pictures::{Noise, render, render_full};
use thumbline_imaging::{Limits, Rendition, Size, probe};
use weezl::{BitOrder, encode::Encoder};

/// A picture of one frame.
#[derive(Clone)]
struct Gif {
    screen: (u16, u16),
    left: u16,
    top: u16,
    size: (u16, u16),
    palette: Vec<[u8; 3]>,
    has_own_palette: bool,
    transparent: Option<u8>,
    interlaced: bool,
    profile: Vec<u8>,
}

impl Gif {
    fn new(width: u16, height: u16) -> Self {
        Self {
            screen: (width, height),
            left: 0,
            top: 0,
            size: (width, height),
            palette: (0..=255).map(|place| [place, 255 - place, place / 2]).collect(),
            has_own_palette: false,
            transparent: None,
            interlaced: false,
            profile: Vec::new(),
        }
    }

    /// Up to its trailer, without it.
    fn write(&self, places: &[u8]) -> Vec<u8> {
        let mut file = b"GIF89a".to_vec();
        let code_bits = (self.palette.len().next_power_of_two().trailing_zeros() as u8).max(2);
        let palette = self.palette.concat();
        let palette_flags = 0x80 | (code_bits - 1);
        file.extend([self.screen.0, self.screen.1].map(u16::to_le_bytes).concat());
        file.extend([if self.has_own_palette { 0 } else { palette_flags }, 0, 0]);
        if !self.has_own_palette {
            file.extend(&palette);
        }
        if !self.profile.is_empty() {
            file.extend(b"\x21\xFF\x0BICCRGBG1012");
            file.extend(blocks(&self.profile));
        }
        if let Some(place) = self.transparent {
            file.extend([0x21, 0xF9, 4, 1, 0, 0, place, 0]);
        }
        file.push(0x2C);
        file.extend([self.left, self.top, self.size.0, self.size.1].map(u16::to_le_bytes).concat());
        let interlaced = if self.interlaced { 0x40 } else { 0 };
        file.push(interlaced | if self.has_own_palette { palette_flags } else { 0 });
        if self.has_own_palette {
            file.extend(&palette);
        }
        file.push(code_bits);
        let mut rows: Vec<&[u8]> = places.chunks(self.size.0.into()).collect();
        if self.interlaced {
            // The passes of Appendix E: where each begins, and how far apart its rows are.
            let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
            let order = passes.iter().flat_map(|(begin, step)| (*begin..rows.len()).step_by(*step));
            rows = order.map(|row| rows[row]).collect();
        }
        file.extend(blocks(&Encoder::new(BitOrder::Lsb, code_bits).encode(&rows.concat()).unwrap()));
        file
    }
}

fn blocks(bytes: &[u8]) -> Vec<u8> {
    let blocks = bytes.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat());
    blocks.chain([0]).collect()
}

fn noise(count: usize, below: usize) -> Vec<u8> {
    let mut noise = Noise(77);
    (0..count).map(|_| noise.below(below) as u8).collect()
}

/// Every height meets the four passes in another way.
#[test]
fn interlaced_rows_come_out_in_order() {
    for height in (1..=40).chain([333]) {
        let places = noise(21 * usize::from(height), 256);
        let plain = Gif::new(21, height);
        let interlaced = Gif { interlaced: true, ..plain.clone() };
        let seen = render_full(&[interlaced.write(&places).as_slice(), b";"].concat());
        for (pixel, place) in seen.pixels().zip(&places) {
            assert_eq!(pixel.0[..3], plain.palette[usize::from(*place)], "{height} rows");
        }
    }
}

#[test]
fn a_palette_of_the_frame_counts_before_that_of_the_screen_and_may_be_the_only_one() {
    let places = noise(50 * 20, 256);
    let gif = Gif { has_own_palette: true, ..Gif::new(50, 20) };
    let seen = render_full(&[gif.write(&places).as_slice(), b";"].concat());
    assert!(
        seen.pixels().zip(&places).all(|(pixel, place)| pixel.0[..3] == gif.palette[usize::from(*place)])
    );
}

/// Beside the frame and below it, through it, and where the palette has no colour.
#[test]
fn what_nothing_is_said_about_is_transparent() {
    let gif = Gif {
        screen: (9, 7),
        left: 2,
        top: 3,
        size: (4, 2),
        palette: vec![[255, 0, 0], [0, 255, 0], [0, 0, 255]],
        transparent: Some(1),
        ..Gif::new(9, 7)
    };
    // The palette is filled up to four colours by the writer of the header, not by this list: three are there.
    let gif = Gif { palette: [gif.palette.clone(), vec![[9, 9, 9]]].concat(), ..gif };
    for interlaced in [false, true] {
        let gif = Gif { interlaced, ..gif.clone() };
        let seen = render_full(&[gif.write(&[0, 1, 2, 3, 3, 2, 1, 0]).as_slice(), b";"].concat());
        assert_eq!(seen.dimensions(), (9, 7));
        for (x, y, pixel) in seen.enumerate_pixels() {
            let expected = match (x, y) {
                (2, 3) | (5, 4) => [255, 0, 0, 255],
                (4, 3) | (3, 4) => [0, 0, 255, 255],
                (5, 3) | (2, 4) => [9, 9, 9, 255],
                _ => [0; 4],
            };
            assert_eq!(pixel.0, expected, "{x}, {y}");
        }
    }
}

#[test]
fn a_frame_larger_than_its_screen_is_cut_and_a_screen_without_size_is_that_of_the_frame() {
    let places = noise(30 * 30, 256);
    let gif = Gif { screen: (20, 10), left: 5, top: 4, ..Gif::new(30, 30) };
    let seen = render_full(&[gif.write(&places).as_slice(), b";"].concat());
    assert_eq!(seen.dimensions(), (20, 10));
    let place = usize::from(places[30 * (9 - 4) + 19 - 5]);
    assert_eq!(seen.get_pixel(19, 9).0[..3], gif.palette[place]);
    let gif = Gif { screen: (0, 0), left: 0, top: 0, ..gif };
    let file = [gif.write(&places).as_slice(), b";"].concat();
    assert_eq!(probe(&file, &Limits::default()).unwrap().size(), Size::new(30, 30));
    assert_eq!(render_full(&file).dimensions(), (30, 30));
}

#[test]
fn a_profile_is_read_from_its_extension() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let gif = Gif { palette: vec![[234, 51, 35]; 4], profile, ..Gif::new(5, 5) };
    let seen = render_full(&[gif.write(&[1; 25]).as_slice(), b";"].concat());
    assert!(
        seen.get_pixel(2, 2).0.iter().zip([255_u8, 0, 0, 255]).all(|(one, other)| one.abs_diff(other) < 3)
    );
}

/// The trailer says nothing and is forgiven; whatever else is missing is not.
#[test]
fn only_the_trailer_may_be_missing() {
    let small = [Rendition::new(Some(8), None)];
    let frame = Gif::new(60, 50).write(&noise(3000, 256));
    render(&frame, &small).unwrap();
    for cut in (0..32).map(|part| frame.len() * part / 32).chain([frame.len() - 1]) {
        assert!(render(&frame[..cut], &small).is_err(), "{cut} of {} bytes", frame.len());
    }
    // An animation, cut in its second frame.
    let second = &frame[13 + 768..];
    let animation = [&frame, second].concat();
    render(&animation, &small).unwrap();
    for cut in [frame.len() + 1, frame.len() + 20, animation.len() - 1] {
        assert_eq!(render(&animation[..cut], &small).unwrap_err().code(), "truncated", "{cut}");
    }
}

/// All the blocks are there, and say less than the frame's size does.
#[test]
fn a_frame_with_too_few_pixels_is_truncated() {
    for interlaced in [false, true] {
        let gif = Gif { interlaced, ..Gif::new(60, 50) };
        let short = Gif { size: (60, 49), ..gif.clone() }.write(&noise(60 * 49, 256));
        // The same blocks under a frame that is higher by one row.
        let mut file = [short.as_slice(), b";"].concat();
        let at = 13 + 768 + 1;
        file[at + 6] = 50;
        let error = render(&file, &[Rendition::new(Some(8), None)]).unwrap_err();
        assert_eq!(error.code(), "truncated", "{error}");
    }
}
