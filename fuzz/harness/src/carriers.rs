//! Small sound pictures, to carry what is tried.

use std::io::Write;
use std::sync::LazyLock;

use image::{DynamicImage, ImageFormat, RgbImage};

use crate::tiff::Tiff;

const WIDTH: u32 = 6;
const HEIGHT: u32 = 5;

/// A BMP of pixels of blue, green, red and alpha, the uppermost row first (`BITMAPV4HEADER`).
pub(crate) fn bmp(width: usize, height: usize, pixels: &[[u8; 4]]) -> Vec<u8> {
    const HEADER_BYTES: u32 = 108;
    const MASKS: u32 = 3;
    let number = |number: usize| u32::try_from(number).unwrap_or_default();
    let mut header = vec![HEADER_BYTES, number(width), number(height).wrapping_neg(), 1 | 32 << 16, MASKS];
    header.extend([0; 5]);
    header.extend([0xFF_0000, 0xFF00, 0xFF, 0xFF00_0000]);
    let mut header: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    header.resize(HEADER_BYTES as usize, 0);
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend((14 + HEADER_BYTES).to_le_bytes());
    [&file, &header, pixels.as_flattened()].concat()
}

/// A TIFF with an ICC profile: 0 to 7 are grey, RGB, RGBA and inks, of 8 and of 16 bits.
pub(crate) fn tiff(kind: u8, profile: &[u8]) -> Vec<u8> {
    let (samples, photometric, extra) = match kind / 2 % 4 {
        0 => (1, 1, None),
        1 => (3, 2, None),
        2 => (4, 2, Some(2)),
        _ => (4, 5, None),
    };
    let bits = if kind.is_multiple_of(2) { 8 } else { 16 };
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    let profile = Some(profile.to_vec());
    let picture = Tiff { width, height, bits, samples, photometric, extra, profile, ..Tiff::default() };
    // Steps through all values; alpha, the last of four, is among them.
    let rows = (0..width * height * samples * bits / 8).map(|at| (at * 37 % 256).to_le_bytes()[0]);
    picture.write(&rows.collect::<Vec<_>>())
}

/// A PNG with one more chunk before its pixels.
pub(crate) fn png(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    const BEHIND_HEADER: usize = 33;
    static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| plain(ImageFormat::Png));
    let named = [&name, content].concat();
    let length = u32::try_from(content.len()).unwrap_or_default().to_be_bytes();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    let (front, rest) = PLAIN.split_at(BEHIND_HEADER);
    [front, &length, &named, &checksum, rest].concat()
}

/// What a PNG keeps of a profile: a name, and the rest compressed (11.3.2.3).
pub(crate) fn iccp(profile: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(b"p\0\0".to_vec(), flate2::Compression::fast());
    // Memory takes what it is given.
    let _ = packed.write_all(profile);
    packed.finish().unwrap_or_default()
}

/// A JPEG with these APP segments: marker numbers, and what is in them. Each must be shorter than 65,533 bytes.
pub(crate) fn jpeg(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| plain(ImageFormat::Jpeg));
    let (start, rest) = PLAIN.split_at(2);
    let mut file = start.to_vec();
    for (number, content) in segments {
        file.extend([0xFF, 0xE0 | number]);
        file.extend(u16::try_from(content.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
        file.extend(content);
    }
    file.extend(rest);
    file
}

/// A WebP with one more chunk behind its pixels, and the header that announces it by these flags (RFC 9649, 2.7).
pub(crate) fn webp(flags: u8, name: [u8; 4], content: &[u8]) -> Vec<u8> {
    static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| plain(ImageFormat::WebP));
    let chunk = |name: &[u8], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap_or_default().to_le_bytes();
        let mut chunk = [name, &length, content].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    let [width, height] = [WIDTH - 1, HEIGHT - 1].map(|side| side.to_le_bytes()[..3].to_vec());
    let header = chunk(b"VP8X", &[&[flags, 0, 0, 0], width.as_slice(), &height].concat());
    // The profile comes before the pixels, EXIF behind them.
    let (before, behind) = match &name {
        b"ICCP" => (chunk(&name, content), Vec::new()),
        _ => (Vec::new(), chunk(&name, content)),
    };
    let pixels = PLAIN.get(12..).unwrap_or_default();
    let chunks = [b"WEBP".as_slice(), &header, &before, pixels, &behind].concat();
    [b"RIFF".as_slice(), &u32::try_from(chunks.len()).unwrap_or_default().to_le_bytes(), &chunks].concat()
}

fn plain(format: ImageFormat) -> Vec<u8> {
    let pixels =
        RgbImage::from_fn(WIDTH, HEIGHT, |x, y| image::Rgb([x * 40, y * 50, 90].map(|n| n.to_le_bytes()[0])));
    let mut file = std::io::Cursor::new(Vec::new());
    let written = DynamicImage::ImageRgb8(pixels).write_to(&mut file, format);
    assert!(written.is_ok(), "{format:?} cannot be written");
    file.into_inner()
}
