//! BMP of every depth and compression.

use image::ImageFormat;

use crate::pictures::{encode, scene};

pub fn all() -> Vec<Vec<u8>> {
    let palette = |count: u32| -> Vec<u8> { (0..count).flat_map(|n| [n as u8, 90, 200, 0]).collect() };
    let noise = |bytes: u32| -> Vec<u8> { (0..bytes).map(|at| (at * at * 7 / 4) as u8).collect() };
    let masks = |masks: &[u32]| masks.iter().flat_map(|mask| mask.to_le_bytes()).collect::<Vec<u8>>();
    let runs_of_8 = [5, 1, 0, 3, 7, 8, 9, 0, 0, 0, 3, 2, 0, 2, 2, 1, 4, 5, 0, 1];
    let runs_of_4 = [5, 0x12, 0, 4, 0x34, 0x56, 0, 0, 8, 0x77, 0, 1];
    vec![
        encode(&scene(13, 7), ImageFormat::Bmp),
        bmp(40, (17, 5), 1, 0, &palette(2), &noise(4 * 5)),
        bmp(40, (17, 5), 4, 0, &palette(16), &noise(12 * 5)),
        bmp(40, (17, -5), 8, 0, &palette(200), &noise(20 * 5)),
        bmp(12, (17, 5), 8, 0, &palette(192), &noise(20 * 5)),
        bmp(40, (7, 5), 16, 0, b"", &noise(16 * 5)),
        bmp(40, (7, 5), 16, 3, &masks(&[0xF800, 0x07E0, 0x001F]), &noise(16 * 5)),
        bmp(40, (7, 5), 24, 0, b"", &noise(24 * 5)),
        bmp(40, (7, 5), 32, 0, b"", &noise(28 * 5)),
        bmp(108, (7, 5), 32, 3, b"", &noise(28 * 5)),
        bmp(124, (7, -5), 32, 3, b"", &noise(28 * 5)),
        bmp(40, (9, 4), 8, 1, &palette(16), &runs_of_8),
        bmp(40, (9, 4), 4, 2, &palette(16), &runs_of_4),
    ]
}

/// A BMP with a picture header of so many bytes; `behind` are masks or a palette.
fn bmp(
    header_bytes: u32,
    (width, height): (i16, i16),
    bits: u16,
    compression: u32,
    behind: &[u8],
    rows: &[u8],
) -> Vec<u8> {
    let mut header = header_bytes.to_le_bytes().to_vec();
    if header_bytes == 12 {
        header.extend([width, height].map(i16::to_le_bytes).concat());
    } else {
        header.extend([width, height].map(|side| i32::from(side).to_le_bytes()).concat());
    }
    header.extend([1, 0]);
    header.extend(bits.to_le_bytes());
    if header_bytes > 12 {
        header.extend(compression.to_le_bytes());
        header.resize(40, 0);
    }
    if header_bytes > 40 {
        header.extend([0x00FF_0000_u32, 0xFF00, 0xFF, 0xFF00_0000].map(u32::to_le_bytes).concat());
        header.resize(header_bytes as usize, 0);
    }
    header.extend(behind);
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend((header.len() as u32 + 14).to_le_bytes());
    [&file, &header, rows].concat()
}
