//! Every kind of PNG that there is (ISO/IEC 15948, section 11.2.1): colour types, depths, transparency, both orders of rows.
//! What comes out is exactly what the specification says that the samples mean.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "what fails here fails the test")]

mod pictures;

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pictures::render_full;

/// The passes of Adam7: first column and row, and steps (section 8.2).
const ADAM7: [[u32; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    Rgba = 6,
}

#[derive(Clone, Copy, Debug)]
struct Png {
    width: u32,
    height: u32,
    kind: Kind,
    bits: u32,
    is_interlaced: bool,
    /// One colour is transparent; or some entries of the palette are, more and less.
    has_transparency: bool,
}

impl Png {
    fn channels(self) -> u32 {
        match self.kind {
            Kind::Gray | Kind::Palette => 1,
            Kind::GrayAlpha => 2,
            Kind::Rgb => 3,
            Kind::Rgba => 4,
        }
    }

    /// A sample, as it is stored: every value comes up, and neighbours differ.
    fn sample(self, x: u32, y: u32, channel: u32) -> u32 {
        let mixed = (x * 7 + y * 31 + channel * 97 + 1).wrapping_mul(0x9E37_79B1) >> 13;
        mixed & ((1 << self.bits) - 1)
    }

    /// What a transparent colour is, of gray or RGB: that of the first pixel.
    fn transparent(self, channel: u32) -> u32 {
        self.sample(0, 0, channel)
    }

    fn palette(self, place: u32) -> [u8; 4] {
        let [r, g, b, _] = (place + 1).wrapping_mul(0x85EB_CA6B).to_be_bytes();
        let alpha =
            if self.has_transparency && place < self.entries() / 2 { (place * 40 % 256) as u8 } else { 255 };
        [r, g, b, alpha]
    }

    fn entries(self) -> u32 {
        1 << self.bits
    }

    /// What a pixel means, by section 13.12, in parts of 255.
    fn meaning(self, x: u32, y: u32) -> [f64; 4] {
        let most = f64::from((1_u32 << self.bits) - 1);
        let value = |channel| f64::from(self.sample(x, y, channel)) * 255.0 / most;
        let opacity = |channels: u32| {
            let is_named =
                (0..channels).all(|channel| self.sample(x, y, channel) == self.transparent(channel));
            if self.has_transparency && is_named { 0.0 } else { 255.0 }
        };
        match self.kind {
            Kind::Gray => [value(0), value(0), value(0), opacity(1)],
            Kind::Rgb => [value(0), value(1), value(2), opacity(3)],
            Kind::Palette => self.palette(self.sample(x, y, 0)).map(f64::from),
            Kind::GrayAlpha => [value(0), value(0), value(0), value(1)],
            Kind::Rgba => [value(0), value(1), value(2), value(3)],
        }
    }

    fn write(self) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let sizes = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        let rest = [self.bits as u8, self.kind as u8, 0, 0, self.is_interlaced.into()];
        chunk(&mut file, b"IHDR", &[&sizes[..], &rest].concat());
        let is_palette = matches!(self.kind, Kind::Palette);
        if is_palette {
            let colors: Vec<u8> =
                (0..self.entries()).flat_map(|place| self.palette(place)[..3].to_vec()).collect();
            chunk(&mut file, b"PLTE", &colors);
        }
        if self.has_transparency && is_palette {
            let alphas: Vec<u8> = (0..self.entries() / 2).map(|place| self.palette(place)[3]).collect();
            chunk(&mut file, b"tRNS", &alphas);
        } else if self.has_transparency {
            let color =
                (0..self.channels()).flat_map(|channel| (self.transparent(channel) as u16).to_be_bytes());
            chunk(&mut file, b"tRNS", &color.collect::<Vec<u8>>());
        }
        let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
        let whole = [[0, 0, 1, 1]];
        for &[left, top, across, down] in if self.is_interlaced { &ADAM7[..] } else { &whole } {
            for y in (top..self.height).step_by(down as usize) {
                let row = self.row(y, left, across);
                if !row.is_empty() {
                    data.write_all(&[0]).unwrap();
                    data.write_all(&row).unwrap();
                }
            }
        }
        chunk(&mut file, b"IDAT", &data.finish().unwrap());
        chunk(&mut file, b"IEND", b"");
        file
    }

    /// The samples of a row from `left` on, packed.
    fn row(self, y: u32, left: u32, step: u32) -> Vec<u8> {
        let (mut row, mut held, mut count) = (Vec::new(), 0_u32, 0);
        for x in (left..self.width).step_by(step as usize) {
            for channel in 0..self.channels() {
                held = held << self.bits | self.sample(x, y, channel);
                count += self.bits;
                while count >= 8 {
                    count -= 8;
                    row.push((held >> count) as u8);
                }
            }
        }
        if count > 0 {
            row.push((held << (8 - count)) as u8);
        }
        row
    }
}

fn chunk(file: &mut Vec<u8>, name: &[u8], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(name);
    file.extend(content);
    file.extend(crc32fast::hash(&file[start..]).to_be_bytes());
}

#[test]
fn every_kind_of_png_means_what_the_specification_says() {
    let kinds = [
        (Kind::Gray, &[1, 2, 4, 8, 16][..], true),
        (Kind::Rgb, &[8, 16], true),
        (Kind::Palette, &[1, 2, 4, 8], true),
        (Kind::GrayAlpha, &[8, 16], false),
        (Kind::Rgba, &[8, 16], false),
    ];
    for (kind, depths, may_have_transparency) in kinds {
        for &bits in depths {
            for is_interlaced in [false, true] {
                for has_transparency in [false, true] {
                    // The small ones leave passes empty.
                    for (width, height) in [(33, 21), (8, 8), (1, 1), (3, 2), (2, 5)] {
                        if has_transparency && !may_have_transparency {
                            continue;
                        }
                        let png = Png { width, height, kind, bits, is_interlaced, has_transparency };
                        let seen = render_full(&png.write());
                        assert_eq!(seen.dimensions(), (width, height), "{png:?}");
                        for (x, y, pixel) in seen.enumerate_pixels() {
                            let meant = png.meaning(x, y);
                            // Half a step of rounding, and next to nothing of that of 16 bits before. Colours under little
                            // alpha are multiplied by it on the way, and rounded.
                            let most = if meant[3] > 254.9 { 0.505 } else { 255.0 / meant[3].max(0.5) + 1.0 };
                            let near = |(shown, meant): (&u8, &f64), most: f64| {
                                (f64::from(*shown) - meant).abs() <= most
                            };
                            let mut channels = pixel.0.iter().zip(&meant);
                            let is_right = channels.by_ref().take(3).all(|both| near(both, most))
                                && channels.all(|both| near(both, 0.505));
                            assert!(is_right, "{png:?} at {x}, {y}: {pixel:?} and not {meant:?}");
                        }
                    }
                }
            }
        }
    }
}
