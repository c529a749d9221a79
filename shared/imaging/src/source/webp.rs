//! WebP: RIFF chunks around VP8 or VP8L data (RFC 9649).
//!
//! What libwebp is given later has been walked here first: every chunk lies inside the file, and every picture has the
//! size that its container says.

use super::ifd;
use super::reader::Reader;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::orientation::Orientation;

/// `RIFF`, the file's length and `WEBP`.
const RIFF_BYTES: usize = 12;
/// A chunk's name and length (2.3).
const CHUNK_HEADER_BYTES: usize = 8;
const CHUNK_HEADER: &str = "a chunk's header";

/// The compressed pixels of a picture or of a frame, with the headers of their chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pixels<'a> {
    /// A chunk `VP8 `, and everything since the chunk `ALPH` before it, if there is one.
    Lossy { chunks: &'a [u8], has_alpha: bool },
    /// A chunk `VP8L`.
    Lossless { chunk: &'a [u8], has_alpha: bool },
}

/// A picture on its canvas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Where it lies, in pixels from the canvas's left and upper edges.
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) size: Size,
    /// How long it is shown.
    pub(crate) duration_ms: u32,
    /// Whether it is laid over what is there, and does not replace it.
    pub(crate) is_blended: bool,
    /// Whether its place is cleared after it was shown.
    pub(crate) is_cleared: bool,
    pub(crate) pixels: Pixels<'a>,
}

/// All that is in a file.
#[derive(Clone, Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) canvas: Size,
    /// One, or those of an animation.
    pub(crate) frames: Vec<Frame<'a>>,
    /// How often an animation is played; 0 is for ever.
    pub(crate) loops: u16,
    /// The ICC profile.
    pub(crate) profile: Option<&'a [u8]>,
}

/// The first chunk has the size, whichever of its three kinds it is; EXIF the orientation.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let mut reader = Reader::new(source, RIFF_BYTES, SourceFormat::WebP);
    // The first chunk is looked at, not taken: where it holds the whole picture its head is enough.
    let mut first = reader.clone();
    let name = first.array(CHUNK_HEADER)?;
    first.skip(4, CHUNK_HEADER)?;
    let stored = match &name {
        b"VP8X" => read_canvas(&mut first)?,
        b"VP8 " => read_lossy(&mut first)?.size,
        b"VP8L" => read_lossless(&mut first)?.0,
        _ => return Err(first.corrupt("no picture in the first chunk")),
    };
    let mut orientation = None;
    while let Ok(chunk) = next_chunk(&mut reader) {
        if chunk.name == b"EXIF" {
            orientation = ifd::orientation(chunk.content);
        }
    }
    Ok(Header {
        format: SourceFormat::WebP,
        stored,
        orientation: orientation.unwrap_or(Orientation::UPRIGHT),
    })
}

/// RIFF says how long the file is; all of it must be there, in whole chunks, and one of them must hold a picture.
pub(super) fn check_complete(source: &[u8], limits: &Limits) -> Result<(), Error> {
    let contents = read_contents(source)?;
    contents.frames.iter().try_for_each(|frame| super::check_size(SourceFormat::WebP, frame.size, limits))
}

/// Follows the file from its first chunk to its last.
pub(crate) fn read_contents(source: &[u8]) -> Result<Contents<'_>, Error> {
    let mut reader = Reader::new(source, 4, SourceFormat::WebP);
    let length = u32::from_le_bytes(reader.array("the file's length")?);
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(8));
    let Some(within) = end.and_then(|end| source.get(..end)) else {
        return Err(Error::Truncated {
            format: SourceFormat::WebP,
            detail: format!(
                "the file has {} bytes, and its header says {}",
                source.len(),
                u64::from(length) + 8
            ),
        });
    };
    let mut canvas = None;
    let mut loops = 0;
    let mut profile = None;
    let mut frames = Vec::new();
    // Of an animation, what is outside its frames is not looked at, and the reverse (2.7).
    let mut is_animated = false;
    let mut parts = Parts::default();
    let mut reader = Reader::new(within, RIFF_BYTES, SourceFormat::WebP);
    while !reader.rest().is_empty() {
        let begin = reader.at();
        let chunk = next_chunk(&mut reader)?;
        let mut content = Reader::new(chunk.content, 0, SourceFormat::WebP);
        match chunk.name {
            b"VP8X" if canvas.is_none() => {
                is_animated = chunk.content.first().is_some_and(|flags| flags & 0x02 != 0);
                canvas = Some(read_canvas(&mut content)?);
            }
            b"ICCP" => profile = profile.or(Some(chunk.content)),
            b"ANIM" => {
                let [_, _, _, _, count @ ..] = content.array::<6>("the animation's header")?;
                loops = u16::from_le_bytes(count);
            }
            b"ANMF" if is_animated => frames.push(read_frame(chunk.content, canvas)?),
            _ if !is_animated => parts.take(within, begin, &chunk)?,
            _ => {}
        }
    }
    if !is_animated {
        let Some((size, pixels)) = parts.found else {
            return Err(reader.corrupt("no chunk with a picture"));
        };
        check_same(&reader, canvas, size)?;
        canvas = Some(size);
        let frame =
            Frame { left: 0, top: 0, size, duration_ms: 0, is_blended: false, is_cleared: false, pixels };
        frames.push(frame);
    }
    match canvas {
        Some(canvas) if !frames.is_empty() => Ok(Contents { canvas, frames, loops, profile }),
        _ => Err(reader.corrupt("no frame of the animation")),
    }
}

struct Chunk<'a> {
    name: &'a [u8],
    content: &'a [u8],
}

/// Name, length, content, and a byte of padding after odd lengths (2.3), which the last chunk may lack.
fn next_chunk<'a>(reader: &mut Reader<'a>) -> Result<Chunk<'a>, Error> {
    let name = reader.take(4, CHUNK_HEADER)?;
    let length = u32::from_le_bytes(reader.array(CHUNK_HEADER)?);
    let length = usize::try_from(length).map_err(|_| reader.corrupt("a chunk too long for this machine"))?;
    let content = reader.take(length, "a chunk")?;
    if length % 2 == 1 && !reader.rest().is_empty() {
        reader.skip(1, "a chunk's padding")?;
    }
    Ok(Chunk { name, content })
}

/// What has been seen of a picture's chunks. The first picture counts.
#[derive(Default)]
struct Parts<'a> {
    alpha_begin: Option<usize>,
    found: Option<(Size, Pixels<'a>)>,
}

impl<'a> Parts<'a> {
    /// Takes a chunk that begins at byte `begin` of `within`, if it is of a picture.
    fn take(&mut self, within: &'a [u8], begin: usize, chunk: &Chunk<'a>) -> Result<(), Error> {
        if self.found.is_some() {
            return Ok(());
        }
        let mut reader = Reader::new(chunk.content, 0, SourceFormat::WebP);
        let end = begin + CHUNK_HEADER_BYTES + chunk.content.len();
        let since = |begin: usize| within.get(begin..end).unwrap_or_default();
        match chunk.name {
            b"ALPH" => {
                // The lowest two bits name the compression: none, or that of VP8L (2.7.1.2).
                if reader.byte("the alpha plane's header")? & 0x03 > 1 {
                    return Err(reader.corrupt("an unknown compression of alpha"));
                }
                self.alpha_begin = Some(begin);
            }
            b"VP8 " => {
                let header = read_lossy(&mut reader)?;
                if header.first_partition_bytes > reader.rest().len() {
                    return Err(reader.truncated("the first partition of lossy data"));
                }
                let has_alpha = self.alpha_begin.is_some();
                let chunks = since(self.alpha_begin.unwrap_or(begin));
                self.found = Some((header.size, Pixels::Lossy { chunks, has_alpha }));
            }
            b"VP8L" => {
                let (size, has_alpha) = read_lossless(&mut reader)?;
                self.found = Some((size, Pixels::Lossless { chunk: since(begin), has_alpha }));
            }
            _ => {}
        }
        Ok(())
    }
}

/// VP8X: flags, then width and height less one, in 24 bits each (2.7.1.4).
fn read_canvas(reader: &mut Reader<'_>) -> Result<Size, Error> {
    let [_, _, _, _, w0, w1, w2, h0, h1, h2] = reader.array("the canvas header")?;
    Ok(Size::new(u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
}

struct LossyHeader {
    size: Size,
    first_partition_bytes: usize,
}

/// VP8: a frame tag of which one bit is for frames that need others and 19 are the length of the first partition, the
/// start code, 14 bits of width and of height, two bits of scale above each (RFC 6386, 9.1).
fn read_lossy(reader: &mut Reader<'_>) -> Result<LossyHeader, Error> {
    let [t0, t1, t2, code @ .., w0, w1, h0, h1] = reader.array::<10>("the frame header")?;
    let tag = u32::from_le_bytes([t0, t1, t2, 0]);
    if tag & 1 != 0 || code != [0x9D, 0x01, 0x2A] {
        return Err(reader.corrupt("no start code of a key frame"));
    }
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Ok(LossyHeader {
        size: Size::new(side(w0, w1), side(h0, h1)),
        first_partition_bytes: (tag >> 5) as usize,
    })
}

/// VP8L: a signature, then 14 bits each of width and height less one, one that says whether alpha is used, and a version
/// that is 0 (RFC 9649, 3.4).
fn read_lossless(reader: &mut Reader<'_>) -> Result<(Size, bool), Error> {
    let [signature, bits @ ..] = reader.array::<5>("the image header")?;
    let bits = u32::from_le_bytes(bits);
    if signature != 0x2F || bits >> 29 != 0 {
        return Err(reader.corrupt("no signature of lossless data"));
    }
    Ok((Size::new((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1), bits >> 28 & 1 != 0))
}

/// A frame of an animation: halves of its place, its size less one and its duration in 24 bits each, a byte of flags, and
/// chunks of its own (2.7.1.1).
fn read_frame(content: &[u8], canvas: Option<Size>) -> Result<Frame<'_>, Error> {
    let mut reader = Reader::new(content, 0, SourceFormat::WebP);
    let mut number = || reader.array("a frame's header").map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]));
    let (left, top) = (number()? * 2, number()? * 2);
    let size = Size::new(number()? + 1, number()? + 1);
    let duration_ms = number()?;
    let flags = reader.byte("a frame's header")?;
    if canvas.is_none_or(|canvas| left + size.width > canvas.width || top + size.height > canvas.height) {
        return Err(reader.corrupt("a frame that does not lie on its canvas"));
    }
    let mut parts = Parts::default();
    while !reader.rest().is_empty() {
        let begin = reader.at();
        let chunk = next_chunk(&mut reader)?;
        parts.take(content, begin, &chunk)?;
    }
    let Some((pixels_size, pixels)) = parts.found else {
        return Err(reader.corrupt("a frame without a picture"));
    };
    check_same(&reader, Some(size), pixels_size)?;
    let (is_blended, is_cleared) = (flags & 0x02 == 0, flags & 0x01 != 0);
    Ok(Frame { left, top, size, duration_ms, is_blended, is_cleared, pixels })
}

fn check_same(reader: &Reader<'_>, said: Option<Size>, found: Size) -> Result<(), Error> {
    match said {
        Some(said) if said != found => {
            Err(reader.corrupt(&format!("a picture of {found} where {said} was said")))
        }
        _ => Ok(()),
    }
}
