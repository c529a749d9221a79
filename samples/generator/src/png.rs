//! PNG files that no encoder at hand writes: palettes, 16 bits, and one that is all size and no content.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The colour types of a PNG header (PNG specification, 11.2.1).
pub(crate) mod color_type {
    pub(crate) const GRAY: u8 = 0;
    pub(crate) const RGB: u8 = 2;
    pub(crate) const PALETTE: u8 = 3;
}

/// What a PNG says about itself.
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bits: u8,
    pub(crate) color_type: u8,
}

/// A PNG with the given chunks between header and data. Each row is led by its filter, which is 0: none.
pub(crate) fn encode(
    header: &Header,
    chunks: &[(&[u8; 4], Vec<u8>)],
    rows: impl Iterator<Item = Vec<u8>>,
) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    let mut fields = header.width.to_be_bytes().to_vec();
    fields.extend(header.height.to_be_bytes());
    fields.extend([header.bits, header.color_type, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &fields);
    for (name, content) in chunks {
        chunk(&mut file, **name, content);
    }
    chunk(&mut file, *b"IDAT", &compress(rows).expect("memory can be written to"));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn compress(rows: impl Iterator<Item = Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in rows {
        encoder.write_all(&[0])?;
        encoder.write_all(&row)?;
    }
    encoder.finish()
}

/// Length, name, content, checksum of both (5.3).
fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    let length = u32::try_from(content.len()).expect("samples are small");
    file.extend(length.to_be_bytes());
    let named = [name.as_slice(), content].concat();
    file.extend(&named);
    file.extend(crc32fast::hash(&named).to_be_bytes());
}
