//! The sequence header of AV1 data (AV1 bitstream specification, 5.3 to 5.5): size, depth, subsampling and colours of
//! what a decoder will give, before there is a decoder.

use super::boxes::corrupt;
use crate::error::Error;
use crate::header::Size;

/// The types of OBUs that hold a sequence header, and those that begin a frame (6.2.2).
const OBU_SEQUENCE_HEADER: u8 = 1;
const OBU_FRAME_HEADER: u8 = 3;
const OBU_FRAME: u8 = 6;

/// What a sequence header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// The largest frame.
    pub(crate) size: Size,
    /// Bits of a sample: 8, 10 or 12.
    pub(crate) bits: u8,
    /// No chroma at all.
    pub(crate) monochrome: bool,
    /// Whether chroma has half the columns, and half the rows.
    pub(crate) subsampled: (bool, bool),
    /// What the samples mean.
    pub(crate) coding: Coding,
    /// Whether grain may have to be laid over the decoded picture.
    pub(crate) film_grain: bool,
}

/// What samples mean, in the numbers of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coding {
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) matrix: u16,
    pub(crate) full_range: bool,
}

/// The number that says nothing, of primaries, transfer and matrix alike.
pub(crate) const UNSPECIFIED: u16 = 2;

/// Finds and reads the sequence header in the data of an item, which begin with it but for a temporal delimiter, padding
/// and metadata.
pub(super) fn read(data: &[u8]) -> Result<Sequence, Error> {
    let mut rest = data;
    while let Some(obu) = Obu::split(&mut rest)? {
        if obu.kind == OBU_SEQUENCE_HEADER {
            return read_header(obu.content);
        }
    }
    Err(corrupt("AV1 data without a sequence header"))
}

/// How many frames begin in the data of an item. Hidden ones are work that nobody sees.
pub(crate) fn count_frames(data: &[u8]) -> usize {
    let mut rest = data;
    let units = std::iter::from_fn(|| Obu::split(&mut rest).ok().flatten());
    units.filter(|unit| matches!(unit.kind, OBU_FRAME_HEADER | OBU_FRAME)).count()
}

struct Obu<'a> {
    kind: u8,
    content: &'a [u8],
}

impl<'a> Obu<'a> {
    /// Takes the first unit from `rest` (5.3.1); `None` at the end.
    fn split(rest: &mut &'a [u8]) -> Result<Option<Self>, Error> {
        let too_short = || corrupt("AV1 data that end inside a unit");
        let Some((&head, mut content)) = rest.split_first() else { return Ok(None) };
        if head & 0x80 != 0 {
            return Err(corrupt("AV1 data with a forbidden bit"));
        }
        if head & 4 != 0 {
            content = content.get(1..).ok_or_else(too_short)?;
        }
        if head & 2 != 0 {
            let length = leb128(&mut content).ok_or_else(too_short)?;
            let length = usize::try_from(length).map_err(|_| too_short())?;
            (content, *rest) = content.split_at_checked(length).ok_or_else(too_short)?;
        } else {
            *rest = &[];
        }
        Ok(Some(Self { kind: head >> 3 & 15, content }))
    }
}

/// A number in bytes of seven bits, the lowest first (4.10.5).
fn leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..8 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << (place * 7);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Bits, from the highest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Result<bool, Error> {
        let byte =
            self.bytes.get(self.at / 8).ok_or_else(|| corrupt("an AV1 sequence header that is cut"))?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    fn number(&mut self, bits: u32) -> Result<u32, Error> {
        let mut number = 0;
        for _ in 0..bits {
            number = number << 1 | u32::from(self.flag()?);
        }
        Ok(number)
    }

    fn byte(&mut self) -> Result<u16, Error> {
        Ok(self.number(8)?.to_le_bytes()[0].into())
    }

    /// As many zeros as bits follow them (4.10.3).
    fn variable(&mut self) -> Result<(), Error> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 32 {
                return Err(corrupt("an AV1 number of more than 32 bits"));
            }
        }
        if zeros < 32 { self.number(zeros).map(|_| ()) } else { Ok(()) }
    }
}

/// 5.5.1.
fn read_header(content: &[u8]) -> Result<Sequence, Error> {
    let bits = &mut Bits { bytes: content, at: 0 };
    let profile = bits.number(3)?;
    bits.flag()?;
    let reduced = bits.flag()?;
    if reduced {
        bits.number(5)?;
    } else {
        skip_operating_points(bits)?;
    }
    let (width_bits, height_bits) = (bits.number(4)? + 1, bits.number(4)? + 1);
    let size = Size::new(bits.number(width_bits)? + 1, bits.number(height_bits)? + 1);
    if !reduced && bits.flag()? {
        bits.number(7)?;
    }
    // 128-pixel superblocks, filtered intra prediction, intra edge filter.
    bits.number(3)?;
    if !reduced {
        skip_tools_of_films(bits)?;
    }
    // Superresolution, CDEF, loop restoration.
    bits.number(3)?;
    let (depth, monochrome, subsampled, coding) = read_color_config(bits, profile)?;
    Ok(Sequence { size, bits: depth, monochrome, subsampled, coding, film_grain: bits.flag()? })
}

/// Timing, decoder models and operating points, of which nothing is needed here.
fn skip_operating_points(bits: &mut Bits<'_>) -> Result<(), Error> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.number(32)?;
        bits.number(32)?;
        if bits.flag()? {
            bits.variable()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.number(5)? + 1);
            bits.number(32)?;
            bits.number(10)?;
        }
    }
    let initial_display_delay = bits.flag()?;
    for _ in 0..=bits.number(5)? {
        bits.number(12)?;
        // Levels from 4.0 on have a tier.
        if bits.number(5)? > 7 {
            bits.flag()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.number(delay_bits)?;
            bits.number(delay_bits)?;
            bits.flag()?;
        }
        if initial_display_delay && bits.flag()? {
            bits.number(4)?;
        }
    }
    Ok(())
}

/// What matters between frames.
fn skip_tools_of_films(bits: &mut Bits<'_>) -> Result<(), Error> {
    // Interintra and masked compounds, warped motion, dual filter.
    bits.number(4)?;
    let order_hint = bits.flag()?;
    if order_hint {
        bits.number(2)?;
    }
    let chosen_screen_content = bits.flag()?;
    let screen_content = chosen_screen_content || bits.flag()?;
    if screen_content && !bits.flag()? {
        bits.flag()?;
    }
    if order_hint {
        bits.number(3)?;
    }
    Ok(())
}

/// 5.5.2.
fn read_color_config(bits: &mut Bits<'_>, profile: u32) -> Result<(u8, bool, (bool, bool), Coding), Error> {
    let high = bits.flag()?;
    let depth = match (high, profile) {
        (false, _) => 8,
        (true, 2) if bits.flag()? => 12,
        (true, _) => 10,
    };
    let monochrome = profile != 1 && bits.flag()?;
    let mut coding =
        Coding { primaries: UNSPECIFIED, transfer: UNSPECIFIED, matrix: UNSPECIFIED, full_range: true };
    if bits.flag()? {
        coding = Coding {
            primaries: bits.byte()?,
            transfer: bits.byte()?,
            matrix: bits.byte()?,
            full_range: true,
        };
    }
    if monochrome {
        coding.full_range = bits.flag()?;
        return Ok((depth, true, (true, true), coding));
    }
    // sRGB as it is, in the order green, blue, red.
    if (coding.primaries, coding.transfer, coding.matrix) == (1, 13, 0) {
        bits.flag()?;
        return Ok((depth, false, (false, false), coding));
    }
    coding.full_range = bits.flag()?;
    let subsampled = match profile {
        0 => (true, true),
        1 => (false, false),
        _ if depth == 12 => {
            let columns = bits.flag()?;
            (columns, columns && bits.flag()?)
        }
        _ => (true, false),
    };
    if subsampled == (true, true) {
        bits.number(2)?;
    }
    bits.flag()?;
    Ok((depth, false, subsampled, coding))
}
