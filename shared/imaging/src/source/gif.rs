//! GIF: a screen, then blocks up to a trailer (`GIF89a` specification, sections 17 to 27).

use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::orientation::Orientation;

const SIGNATURE_BYTES: usize = 6;
/// What leads each kind of block (20, 23, 27).
const IMAGE: u8 = 0x2C;
const EXTENSION: u8 = 0x21;
const TRAILER: u8 = 0x3B;
/// The extension that says which colour is none (23).
const GRAPHIC_CONTROL: u8 = 0xF9;
/// The extension of which anybody may make what he likes (26), and the name that the ICC gave the one with a profile in it.
const APPLICATION: u8 = 0xFF;
const ICC_NAME: &[u8] = b"ICCRGBG1012";

/// The logical screen is the picture; frames are drawn on it.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let (screen, _) = read_screen(source)?;
    let mut stored = screen.size;
    // A screen without size is none, and everybody shows the first frame then.
    if stored.width == 0 || stored.height == 0 {
        let frame = first_frame(source)?;
        stored = Size::new(frame.left + frame.size.width, frame.top + frame.size.height);
    }
    Ok(Header { format: SourceFormat::Gif, stored, orientation: Orientation::UPRIGHT })
}

/// Follows every block to the trailer, and holds the frames' sizes against the limits: nothing binds them to the screen.
///
/// Some programs write no trailer. A file that ends where it could stand, behind a frame, has lost nothing of the frame.
pub(super) fn check_complete(source: &[u8], limits: &Limits) -> Result<(), Error> {
    let (_, mut reader) = read_screen(source)?;
    let mut frames = 0_u32;
    loop {
        if frames > 0 && reader.rest().is_empty() {
            return Ok(());
        }
        match reader.byte("front of a block")? {
            // Some encoders write an empty sub-block too many.
            0x00 => {}
            EXTENSION => {
                reader.skip(1, "an extension")?;
                skip_sub_blocks(&mut reader, "an extension")?;
            }
            IMAGE => {
                let placed = read_image(&mut reader)?;
                super::check_size(SourceFormat::Gif, placed.size, limits)?;
                reader.skip(1, "a frame")?;
                skip_sub_blocks(&mut reader, "a frame")?;
                frames += 1;
            }
            TRAILER if frames == 0 => return Err(reader.corrupt("no frame before the trailer")),
            TRAILER => return Ok(()),
            _ => return Err(reader.corrupt("an unknown kind of block")),
        }
    }
}

/// The frame that is shown first, and what is said about it.
pub(crate) struct FirstFrame<'a> {
    /// Where its left side lies on the screen.
    pub(crate) left: u32,
    /// Where its top side lies on the screen.
    pub(crate) top: u32,
    /// Its size, which may reach beyond the screen.
    pub(crate) size: Size,
    /// Whether its rows come in the order of Appendix E.
    pub(crate) is_interlaced: bool,
    /// Its own palette, or that of the screen; empty without either.
    pub(crate) palette: &'a [[u8; 3]],
    /// The place in the palette that means "nothing here".
    pub(crate) transparent: Option<u8>,
    /// The ICC profile of the file.
    pub(crate) profile: Option<Vec<u8>>,
    /// The number of bits that LZW codes begin with, less one.
    pub(crate) code_bits: u8,
    /// The LZW codes.
    pub(crate) codes: SubBlocks<'a>,
}

/// Finds the first frame.
pub(crate) fn first_frame(source: &[u8]) -> Result<FirstFrame<'_>, Error> {
    let (screen, mut reader) = read_screen(source)?;
    let mut transparent = None;
    let mut profile = None;
    loop {
        match reader.byte("front of a block")? {
            0x00 => {}
            EXTENSION => {
                let label = reader.byte("an extension")?;
                let mut blocks = SubBlocks { reader: reader.clone() };
                skip_sub_blocks(&mut reader, "an extension")?;
                match (label, blocks.next()) {
                    (GRAPHIC_CONTROL, Some(&[flags, _, _, place])) => {
                        transparent = (flags & 1 != 0).then_some(place);
                    }
                    (APPLICATION, Some(ICC_NAME)) => profile = Some(blocks.flatten().copied().collect()),
                    _ => {}
                }
            }
            IMAGE => {
                let Image { left, top, size, is_interlaced, palette } = read_image(&mut reader)?;
                let palette = palette.unwrap_or(screen.palette);
                let code_bits = reader.byte("a frame")?;
                let codes = SubBlocks { reader };
                return Ok(FirstFrame {
                    left,
                    top,
                    size,
                    is_interlaced,
                    palette,
                    transparent,
                    profile,
                    code_bits,
                    codes,
                });
            }
            TRAILER => return Err(reader.corrupt("no frame before the trailer")),
            _ => return Err(reader.corrupt("an unknown kind of block")),
        }
    }
}

/// The sub-blocks of a block (15), up to the empty one that ends them (16), or to the end of the file.
#[derive(Clone)]
pub(crate) struct SubBlocks<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for SubBlocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = self.reader.byte("a block").ok().filter(|length| *length > 0)?;
        self.reader.take(length.into(), "a block").ok()
    }
}

struct Screen<'a> {
    size: Size,
    palette: &'a [[u8; 3]],
}

/// The logical screen descriptor (18) and its palette; the reader stands before the first block.
fn read_screen(source: &[u8]) -> Result<(Screen<'_>, Reader<'_>), Error> {
    let mut reader = Reader::new(source, SIGNATURE_BYTES, SourceFormat::Gif);
    let [w0, w1, h0, h1, flags, _, _] = reader.array("the screen descriptor")?;
    let size = Size::new(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
    let palette = read_palette(&mut reader, flags)?.unwrap_or_default();
    Ok((Screen { size, palette }, reader))
}

struct Image<'a> {
    left: u32,
    top: u32,
    size: Size,
    is_interlaced: bool,
    palette: Option<&'a [[u8; 3]]>,
}

/// The image descriptor (20) and its palette; the reader stands before the codes.
fn read_image<'a>(reader: &mut Reader<'a>) -> Result<Image<'a>, Error> {
    let [x0, x1, y0, y1, w0, w1, h0, h1, flags] = reader.array("a frame's header")?;
    let number = |low, high| u32::from(u16::from_le_bytes([low, high]));
    Ok(Image {
        left: number(x0, x1),
        top: number(y0, y1),
        size: Size::new(number(w0, w1), number(h0, h1)),
        is_interlaced: flags & 0x40 != 0,
        palette: read_palette(reader, flags)?,
    })
}

/// Frames up to the trailer.
pub(super) fn count_frames(source: &[u8]) -> Result<u64, Error> {
    let (_, mut reader) = read_screen(source)?;
    let mut frames = 0;
    while !reader.rest().is_empty() {
        match reader.byte("front of a block")? {
            EXTENSION => reader.skip(1, "an extension")?,
            IMAGE => {
                read_image(&mut reader)?;
                reader.skip(1, "a frame")?;
                frames += 1;
            }
            TRAILER => break,
            _ => continue,
        }
        skip_sub_blocks(&mut reader, "a block")?;
    }
    Ok(frames)
}

/// The highest bit of the flags says that there is a palette, the three lowest how long it is (19, 21).
fn read_palette<'a>(reader: &mut Reader<'a>, flags: u8) -> Result<Option<&'a [[u8; 3]]>, Error> {
    if flags & 0x80 == 0 {
        return Ok(None);
    }
    let bytes = reader.take(3 << ((flags & 0x07) + 1), "a palette")?;
    Ok(Some(bytes.as_chunks().0))
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
