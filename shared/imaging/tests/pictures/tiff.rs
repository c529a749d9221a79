//! Writes TIFF in all the ways in which it can be stored, for which no library's writer serves.
#![allow(
    clippy::cast_possible_truncation,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "sides and offsets are small here; the names and numbers are those of TIFF"
)]

use std::io::Write;

/// A way to store a picture.
#[derive(Clone)]
pub struct Tiff {
    pub width: usize,
    pub height: usize,
    /// Bits of a sample.
    pub bits: usize,
    /// Samples of a pixel.
    pub samples: usize,
    pub photometric: u64,
    /// 1 is none, 5 LZW, 8 Deflate, 32773 `PackBits`.
    pub compression: u64,
    pub predictor: bool,
    pub planar: bool,
    /// 1 is whole numbers, 3 those with a point.
    pub format: u64,
    /// What the samples beyond the colours are.
    pub extra: Option<u64>,
    pub tile: Option<(usize, usize)>,
    pub rows_per_strip: usize,
    pub palette: Vec<u64>,
    pub profile: Option<Vec<u8>>,
    pub orientation: u64,
    pub big_endian: bool,
    pub big_tiff: bool,
}

impl Default for Tiff {
    fn default() -> Self {
        Self {
            width: 1,
            height: 1,
            bits: 8,
            samples: 3,
            photometric: 2,
            compression: 1,
            predictor: false,
            planar: false,
            format: 1,
            extra: None,
            tile: None,
            rows_per_strip: usize::MAX,
            palette: Vec::new(),
            profile: None,
            orientation: 1,
            big_endian: false,
            big_tiff: false,
        }
    }
}

impl Tiff {
    /// A file of these rows: packed as a strip has them, numbers of several bytes in the machine's order.
    pub fn write(&self, rows: &[u8]) -> Vec<u8> {
        let parts = self.parts(rows);
        let offset_bytes = if self.big_tiff { 8 } else { 4 };
        let mut file: Vec<u8> = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        file.extend(self.number(if self.big_tiff { 43 } else { 42 }, 2));
        if self.big_tiff {
            file.extend(self.number(8, 2));
            file.extend(self.number(0, 2));
        }
        let directory_at = file.len();
        file.resize(directory_at + offset_bytes, 0);
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        for part in &parts {
            offsets.push(file.len() as u64);
            counts.push(part.len() as u64);
            file.extend(part);
        }
        let short = |tag: u64, values: Vec<u64>| (tag, 3, values);
        let mut entries = vec![
            short(256, vec![self.width as u64]),
            short(257, vec![self.height as u64]),
            short(258, vec![self.bits as u64; self.samples]),
            short(259, vec![self.compression]),
            short(262, vec![self.photometric]),
            short(274, vec![self.orientation]),
            short(277, vec![self.samples as u64]),
            short(284, vec![if self.planar { 2 } else { 1 }]),
            short(317, vec![if self.predictor { 2 } else { 1 }]),
            short(339, vec![self.format; self.samples]),
        ];
        match self.tile {
            Some((width, height)) => entries.extend([
                short(322, vec![width as u64]),
                short(323, vec![height as u64]),
                (324, 4, offsets),
                (325, 4, counts),
            ]),
            None => entries.extend([
                (273, 4, offsets),
                short(278, vec![self.rows_per_strip.min(self.height) as u64]),
                (279, 4, counts),
            ]),
        }
        entries.extend(self.extra.map(|extra| short(338, vec![extra])));
        if !self.palette.is_empty() {
            entries.push(short(320, self.palette.clone()));
        }
        if let Some(profile) = &self.profile {
            entries.push((34675, 7, profile.iter().copied().map(u64::from).collect()));
        }
        if self.photometric == 6 {
            entries.push(short(530, vec![1, 1]));
        }
        entries.sort_by_key(|(tag, ..)| *tag);
        let mut directory = self.number(entries.len() as u64, if self.big_tiff { 8 } else { 2 });
        for (tag, kind, values) in entries {
            let value_bytes = match kind {
                3 => 2,
                4 => 4,
                _ => 1,
            };
            directory.extend(self.number(tag, 2));
            directory.extend(self.number(kind, 2));
            directory.extend(self.number(values.len() as u64, offset_bytes));
            let mut content: Vec<u8> =
                values.iter().flat_map(|value| self.number(*value, value_bytes)).collect();
            if content.len() > offset_bytes {
                let at = file.len() as u64;
                file.extend(content);
                content = self.number(at, offset_bytes);
            }
            content.resize(offset_bytes, 0);
            directory.extend(content);
        }
        directory.resize(directory.len() + offset_bytes, 0);
        let at = self.number(file.len() as u64, offset_bytes);
        file[directory_at..directory_at + offset_bytes].copy_from_slice(&at);
        file.extend(directory);
        file
    }

    fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        if self.big_endian {
            value.to_be_bytes()[8 - bytes..].to_vec()
        } else {
            value.to_le_bytes()[..bytes].to_vec()
        }
    }

    /// Strips or tiles, plane after plane, compressed.
    fn parts(&self, rows: &[u8]) -> Vec<Vec<u8>> {
        let sample_bytes = self.bits / 8;
        let planes: Vec<Vec<u8>> = if self.planar {
            let plane = |plane: usize| {
                let pixels = rows.chunks_exact(self.samples * sample_bytes);
                pixels.flat_map(|pixel| pixel[plane * sample_bytes..][..sample_bytes].to_vec()).collect()
            };
            (0..self.samples).map(plane).collect()
        } else {
            vec![rows.to_vec()]
        };
        let in_plane = self.samples / planes.len();
        let row_bytes = (self.width * in_plane * self.bits).div_ceil(8);
        planes.iter().flat_map(|plane| self.parts_of(plane, row_bytes, in_plane)).collect()
    }

    fn parts_of(&self, plane: &[u8], row_bytes: usize, in_plane: usize) -> Vec<Vec<u8>> {
        let Some((width, height)) = self.tile else {
            let strip_bytes = self.rows_per_strip.min(self.height) * row_bytes;
            return plane
                .chunks(strip_bytes)
                .map(|strip| self.compressed(strip, row_bytes, in_plane))
                .collect();
        };
        let tile_bytes = (width * in_plane * self.bits) / 8;
        let mut parts = Vec::new();
        for top in (0..self.height).step_by(height) {
            for left in (0..row_bytes).step_by(tile_bytes) {
                let mut tile = vec![0; tile_bytes * height];
                for (row, tile) in (top..self.height).zip(tile.chunks_exact_mut(tile_bytes)) {
                    let row = &plane[row * row_bytes..][left..row_bytes.min(left + tile_bytes)];
                    tile[..row.len()].copy_from_slice(row);
                }
                parts.push(self.compressed(&tile, tile_bytes, in_plane));
            }
        }
        parts
    }

    fn compressed(&self, rows: &[u8], row_bytes: usize, in_plane: usize) -> Vec<u8> {
        let mut rows = rows.to_vec();
        let sample_bytes = (self.bits / 8).max(1);
        if self.predictor {
            for row in rows.chunks_mut(row_bytes) {
                for at in (in_plane * sample_bytes..row.len()).step_by(sample_bytes).rev() {
                    let before = at - in_plane * sample_bytes;
                    if sample_bytes == 1 {
                        row[at] = row[at].wrapping_sub(row[before]);
                    } else {
                        let number = |at: usize| u16::from_ne_bytes([row[at], row[at + 1]]);
                        let apart = number(at).wrapping_sub(number(before)).to_ne_bytes();
                        row[at..at + 2].copy_from_slice(&apart);
                    }
                }
            }
        }
        if self.big_endian != cfg!(target_endian = "big") {
            rows.chunks_exact_mut(sample_bytes).for_each(<[u8]>::reverse);
        }
        match self.compression {
            5 => {
                weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&rows).unwrap()
            }
            8 => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&rows).unwrap();
                encoder.finish().unwrap()
            }
            32773 => rows.chunks(128).flat_map(|run| [&[(run.len() - 1) as u8], run].concat()).collect(),
            _ => rows,
        }
    }
}
