//! GIF: a screen, then blocks up to a trailer (`GIF89a` specification, sections 17 to 27).

use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::orientation::Orientation;

const SIGNATURE_BYTES: usize = 6;

/// The logical screen is the picture; frames are drawn on it.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let (stored, _) = read_screen(source)?;
    Ok(Header { format: SourceFormat::Gif, stored, orientation: Orientation::UPRIGHT })
}

/// Follows every block to the trailer, and holds the frames' sizes against the limits: nothing binds them to the screen.
pub(super) fn check_complete(source: &[u8], limits: &Limits) -> Result<(), Error> {
    let (_, mut reader) = read_screen(source)?;
    let mut frames = 0_u32;
    loop {
        match reader.byte("front of a block: its trailer is missing")? {
            // Some encoders write an empty sub-block too many.
            0x00 => {}
            0x21 => {
                reader.skip(1, "an extension")?;
                skip_sub_blocks(&mut reader, "an extension")?;
            }
            0x2C => {
                let [_, _, _, _, w0, w1, h0, h1, flags] = reader.array("a frame's header")?;
                let size =
                    Size::new(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
                super::check_size(SourceFormat::Gif, size, limits)?;
                skip_palette(&mut reader, flags)?;
                reader.skip(1, "a frame")?;
                skip_sub_blocks(&mut reader, "a frame")?;
                frames += 1;
            }
            0x3B if frames == 0 => return Err(reader.corrupt("no frame before the trailer")),
            0x3B => return Ok(()),
            _ => return Err(reader.corrupt("an unknown kind of block")),
        }
    }
}

/// The logical screen descriptor (18) and its palette; the reader stands before the first block.
fn read_screen(source: &[u8]) -> Result<(Size, Reader<'_>), Error> {
    let mut reader = Reader::new(source, SIGNATURE_BYTES, SourceFormat::Gif);
    let [w0, w1, h0, h1, flags, _, _] = reader.array("the screen descriptor")?;
    let size = Size::new(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
    skip_palette(&mut reader, flags)?;
    Ok((size, reader))
}

/// Frames up to the trailer.
pub(super) fn count_frames(source: &[u8]) -> Result<u64, Error> {
    let (_, mut reader) = read_screen(source)?;
    let mut frames = 0;
    while !reader.rest().is_empty() {
        match reader.byte("front of a block")? {
            0x21 => reader.skip(1, "an extension")?,
            0x2C => {
                let [_, _, _, _, _, _, _, _, flags] = reader.array("a frame's header")?;
                skip_palette(&mut reader, flags)?;
                reader.skip(1, "a frame")?;
                frames += 1;
            }
            0x3B => break,
            _ => continue,
        }
        skip_sub_blocks(&mut reader, "a block")?;
    }
    Ok(frames)
}

/// The highest bit of the flags says that there is a palette, the three lowest how long it is (19, 21).
fn skip_palette(reader: &mut Reader<'_>, flags: u8) -> Result<(), Error> {
    if flags & 0x80 == 0 {
        return Ok(());
    }
    reader.skip(3 << ((flags & 0x07) + 1), "a palette")
}

/// Each sub-block is led by its length; one of length 0 ends them (15, 16).
fn skip_sub_blocks(reader: &mut Reader<'_>, what: &str) -> Result<(), Error> {
    loop {
        match reader.byte(what)? {
            0 => return Ok(()),
            length => reader.skip(length.into(), what)?,
        }
    }
}
