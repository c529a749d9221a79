//! TIFF: a directory that may lie anywhere, and strips or tiles that may lie anywhere else (TIFF 6.0).

use super::ifd::{Directory, DirectoryError, tag};
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

/// The first directory has the size and the orientation.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    let directory = first_directory(source)?;
    if let Some(kind) = camera_raw(&directory) {
        return Err(Error::Unsupported { found: kind.into() });
    }
    let side = |tag, name: &str| {
        let value = directory.first(tag);
        value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| corrupt(&format!("no {name}")))
    };
    let stored = Size::new(side(tag::IMAGE_WIDTH, "width")?, side(tag::IMAGE_LENGTH, "height")?);
    let orientation = directory.orientation().unwrap_or(Orientation::UPRIGHT);
    Ok(Header { format: SourceFormat::Tiff, stored, orientation })
}

/// Every strip or tile must lie within the file.
pub(super) fn check_complete(source: &[u8]) -> Result<(), Error> {
    let directory = first_directory(source)?;
    if !directory.is_whole() {
        return Err(truncated(source, "in its first directory"));
    }
    let (offsets, byte_counts) = if directory.has(tag::TILE_OFFSETS) {
        (directory.values(tag::TILE_OFFSETS), directory.values(tag::TILE_BYTE_COUNTS))
    } else {
        (directory.values(tag::STRIP_OFFSETS), directory.values(tag::STRIP_BYTE_COUNTS))
    };
    let offsets = offsets.ok_or_else(|| corrupt("neither strips nor tiles"))?;
    // Byte counts may be missing in old files of one uncompressed strip: the decoder knows what it needs.
    let Some(byte_counts) = byte_counts else { return Ok(()) };
    for (part, (offset, bytes)) in offsets.zip(byte_counts).enumerate() {
        if offset.saturating_add(bytes) > source.len() as u64 {
            let place = format!("in strip or tile {part}, which begins at {offset} and has {bytes}");
            return Err(truncated(source, &place));
        }
    }
    Ok(())
}

/// What the numbers of a pixel mean (TIFF 6.0, `PhotometricInterpretation`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Grey, 0 white.
    WhiteIsZero,
    /// Grey, 0 black.
    BlackIsZero,
    /// Red, green, blue.
    Rgb,
    /// A place among these colours.
    Palette(Vec<[u8; 3]>),
    /// Cyan, magenta, yellow, black.
    Cmyk,
    /// Brightness, and its distance to blue and red.
    YCbCr,
}

impl Meaning {
    /// How many of a pixel's numbers are colour.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// What the number behind the colours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alpha {
    /// None, or nothing that says how much is seen.
    None,
    /// How much is seen.
    Straight,
    /// How much is seen, and the colours are multiplied by it.
    Multiplied,
}

/// Kinds of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole, from 0 up.
    Whole,
    /// With a point: 0 is black and 1 white.
    Float,
}

/// How the picture of the first directory is stored.
#[derive(Clone, Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) size: Size,
    pub(crate) meaning: Meaning,
    pub(crate) alpha: Alpha,
    /// Numbers of a pixel, with those that are not shown.
    pub(crate) samples: usize,
    pub(crate) bits: usize,
    pub(crate) kind: Kind,
    /// Whether each of a pixel's numbers has a plane of its own.
    pub(crate) is_planar: bool,
    /// Pixels of a strip or tile; those at the sides may be less.
    pub(crate) part: Size,
    /// The strips, if rows can be had from them as they are: those without compression.
    pub(crate) plain_strips: Option<Vec<&'a [u8]>>,
    /// Whether parts have to be read in full before they can be decoded: JPEG.
    pub(crate) is_jpeg: bool,
    pub(crate) is_big_endian: bool,
    pub(crate) profile: Option<&'a [u8]>,
    /// Bytes, and where in the file they would have to stand for the picture to be one of greys and as wide as its tiles
    /// are together. The decoder then gives all numbers as they are, whatever they mean, and whole tiles: of rows of less
    /// than a tile it loses the end (0.11.3), where LZW wrote that as a single code.
    pub(crate) overlays: Vec<(usize, Vec<u8>)>,
}

impl Layout<'_> {
    /// The most numbers that a tag may have which the decoder reads: one for each strip or tile, and never few.
    pub(crate) fn most_numbers(&self) -> u64 {
        let across = self.size.width.div_ceil(self.part.width);
        let down = self.size.height.div_ceil(self.part.height);
        let planes = if self.is_planar { self.samples as u64 } else { 1 };
        let parts = u64::from(across).saturating_mul(down.into()).saturating_mul(planes);
        parts.max(LEAST_NUMBERS)
    }
}

/// Reads how the picture is stored; what cannot be shown is refused by name.
pub(crate) fn read_layout(source: &[u8]) -> Result<Layout<'_>, Error> {
    const BLACK_IS_ZERO: u32 = 1;
    let size = read_header(source)?.stored;
    let directory = first_directory(source)?;
    let first = |tag, default| directory.first(tag).unwrap_or(default);
    let samples = first(tag::SAMPLES_PER_PIXEL, 1);
    let bits = first(tag::BITS_PER_SAMPLE, 1);
    let kind = match first(tag::SAMPLE_FORMAT, 1) {
        1 | 4 => Kind::Whole,
        3 => Kind::Float,
        format => return Err(unsupported(&format!("samples of the format {format}"))),
    };
    if !matches!((kind, bits), (Kind::Whole, 1 | 2 | 4 | 8 | 16 | 32) | (Kind::Float, 32 | 64)) {
        return Err(unsupported(&format!("{bits} bits per sample")));
    }
    let compression = first(tag::COMPRESSION, 1);
    if let Some(name) = unread_compression(compression) {
        return Err(unsupported(&format!("{name} compression")));
    }
    let meaning = read_meaning(&directory, source, bits)?;
    let subsampling =
        directory.values(tag::YCBCR_SUBSAMPLING).map(|values| values.take(3).collect::<Vec<_>>());
    if meaning == Meaning::YCbCr && compression != JPEG && subsampling.as_deref() != Some(&[1, 1]) {
        return Err(unsupported("colours at a lower resolution than brightness"));
    }
    let samples = usize::try_from(samples).unwrap_or(usize::MAX);
    if !(meaning.count()..=MOST_SAMPLES).contains(&samples) {
        return Err(corrupt(&format!("{samples} samples per pixel")));
    }
    // Older files have four numbers for red, green, blue and alpha, and no tag for the fourth.
    let alpha = match (directory.first(tag::EXTRA_SAMPLES), &meaning) {
        _ if samples == meaning.count() => Alpha::None,
        (_, Meaning::Palette(_) | Meaning::Cmyk | Meaning::YCbCr) => Alpha::None,
        (Some(1), _) => Alpha::Multiplied,
        (Some(2), _) => Alpha::Straight,
        (None, Meaning::Rgb) if samples == 4 => Alpha::Straight,
        _ => Alpha::None,
    };
    let side = |tag, default: u32| u32::try_from(first(tag, default.into())).unwrap_or(u32::MAX);
    let is_tiled = directory.has(tag::TILE_OFFSETS);
    let part = if is_tiled {
        Size::new(side(tag::TILE_WIDTH, 0), side(tag::TILE_LENGTH, 0))
    } else {
        Size::new(size.width, side(tag::ROWS_PER_STRIP, size.height).min(size.height))
    };
    if part.width == 0 || part.height == 0 {
        return Err(corrupt(&format!("strips or tiles of {part} pixels")));
    }
    let is_planar = samples > 1 && first(tag::PLANAR_CONFIGURATION, 1) == 2;
    let is_plain = compression == 1 && !is_tiled && !is_planar && first(tag::PREDICTOR, 1) == 1;
    let strips = size.height.div_ceil(part.height) as usize;
    let plain_strips = if is_plain { read_strips(&directory, source, strips) } else { None };
    let gray = directory.value_as(tag::PHOTOMETRIC_INTERPRETATION, BLACK_IS_ZERO);
    let gray = gray.ok_or_else(|| corrupt("no meaning of its samples"))?;
    let full_width = size.width.checked_next_multiple_of(part.width);
    let full_width = full_width.and_then(|width| directory.value_as(tag::IMAGE_WIDTH, width));
    let layout = Layout {
        size,
        meaning,
        alpha,
        samples,
        bits: usize::try_from(bits).unwrap_or_default(),
        kind,
        is_planar,
        part,
        plain_strips,
        is_jpeg: compression == JPEG,
        is_big_endian: directory.is_big_endian(),
        profile: directory.bytes(tag::ICC_PROFILE),
        overlays: [gray].into_iter().chain(full_width).collect(),
    };
    check_tables(&directory, &layout)?;
    if compression != 1 {
        check_packed(&directory, &layout, source)?;
    }
    Ok(layout)
}

/// Compression makes pictures smaller, and noise a little larger. Codes that stand for nothing can go on for as long as a strip
/// does, and many strips may be the same bytes: some seconds of work for each of a small file's megabytes.
fn check_packed(directory: &Directory<'_>, layout: &Layout<'_>, source: &[u8]) -> Result<(), Error> {
    let counts =
        if directory.has(tag::TILE_OFFSETS) { tag::TILE_BYTE_COUNTS } else { tag::STRIP_BYTE_COUNTS };
    let Some(counts) = directory.values(counts) else { return Ok(()) };
    let packed = counts.fold(0_u64, u64::saturating_add);
    let bits = (layout.samples as u64).saturating_mul(layout.bits as u64);
    let pixels = layout.size.pixels().saturating_mul(bits) / 8;
    let most = pixels.saturating_mul(MOST_FOR_A_BYTE).min(source.len() as u64 * 2).saturating_add(MEBIBYTE);
    if packed > most {
        return Err(corrupt(&format!("{packed} bytes of strips or tiles for {pixels} bytes of pixels")));
    }
    Ok(())
}

const MEBIBYTE: u64 = 1 << 20;
/// For how many bytes libtiff reads on, too, for each byte of a strip's pixels.
const MOST_FOR_A_BYTE: u64 = 10;

/// The `tiff` crate makes room for all the numbers that a tag announces before it reads the first of them, for up to
/// 256 MiB of them (0.11.3), and what a caller says to that comes too late.
fn check_tables(directory: &Directory<'_>, layout: &Layout<'_>) -> Result<(), Error> {
    let most = layout.most_numbers();
    match directory.counts().find(|(tag, count)| READ_BY_DECODER.contains(tag) && *count > most) {
        Some((tag, count)) => Err(corrupt(&format!("{count} numbers of tag {tag}, where {most} are many"))),
        None => Ok(()),
    }
}

/// What lies in each strip; nothing where it lies behind the end. There are no more than the picture needs.
fn read_strips<'a>(directory: &Directory<'a>, source: &'a [u8], count: usize) -> Option<Vec<&'a [u8]>> {
    let offsets = directory.values(tag::STRIP_OFFSETS)?;
    // Old files of one strip may not say how long it is.
    let counts = directory.values(tag::STRIP_BYTE_COUNTS).into_iter().flatten().chain([u64::MAX]);
    let strip = |(offset, count): (u64, u64)| {
        let rest = usize::try_from(offset).ok().and_then(|at| source.get(at..)).unwrap_or_default();
        usize::try_from(count).ok().and_then(|count| rest.get(..count)).unwrap_or(rest)
    };
    Some(offsets.zip(counts).take(count).map(strip).collect())
}

const JPEG: u64 = 7;
/// However few strips or tiles there are, a tag may have as many numbers, or the bytes of JPEG's tables.
const LEAST_NUMBERS: u64 = 1 << 15;
/// Tags whose numbers the decoder reads.
const READ_BY_DECODER: [u16; 19] = [
    tag::IMAGE_WIDTH,
    tag::IMAGE_LENGTH,
    tag::BITS_PER_SAMPLE,
    tag::COMPRESSION,
    tag::PHOTOMETRIC_INTERPRETATION,
    tag::STRIP_OFFSETS,
    tag::SAMPLES_PER_PIXEL,
    tag::ROWS_PER_STRIP,
    tag::STRIP_BYTE_COUNTS,
    tag::PLANAR_CONFIGURATION,
    tag::PREDICTOR,
    tag::TILE_WIDTH,
    tag::TILE_LENGTH,
    tag::TILE_OFFSETS,
    tag::TILE_BYTE_COUNTS,
    tag::EXTRA_SAMPLES,
    tag::SAMPLE_FORMAT,
    tag::JPEG_TABLES,
    tag::YCBCR_SUBSAMPLING,
];
/// More than any picture has that is to be looked at.
const MOST_SAMPLES: usize = 16;

/// The names of compressions that are not read.
fn unread_compression(number: u64) -> Option<String> {
    let name = match number {
        1 | 4 | 5 | JPEG | 8 | 32773 | 32946 => return None,
        2 | 3 | 32771 => "fax group 3",
        6 => "old JPEG",
        34661 => "JBIG",
        34712 => "JPEG 2000",
        34887 => "LERC",
        34925 => "LZMA",
        50000 | 34926 => "Zstandard",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        other => return Some(format!("unknown ({other})")),
    };
    Some(name.into())
}

fn read_meaning(directory: &Directory<'_>, source: &[u8], bits: u64) -> Result<Meaning, Error> {
    let number = directory.first(tag::PHOTOMETRIC_INTERPRETATION);
    Ok(match number.ok_or_else(|| corrupt("no meaning of its samples"))? {
        0 => Meaning::WhiteIsZero,
        1 => Meaning::BlackIsZero,
        2 => Meaning::Rgb,
        3 if bits > 8 => return Err(unsupported(&format!("a palette and {bits} bits per sample"))),
        3 => Meaning::Palette(read_palette(directory, source, bits)?),
        5 if directory.first(tag::INK_SET).unwrap_or(1) != 1 => {
            return Err(unsupported("other inks than cyan, magenta, yellow and black"));
        }
        5 => Meaning::Cmyk,
        6 => Meaning::YCbCr,
        4 => return Err(unsupported("a mask instead of a picture")),
        8..=10 => return Err(unsupported("colours in CIE L*a*b*")),
        32803 | 34892 => return Err(unsupported("a camera's raw samples")),
        other => return Err(unsupported(&format!("samples of the meaning {other}"))),
    })
}

/// The colours of a palette (TIFF 6.0, section 5): all reds, then all greens, then all blues, in 16 bits.
fn read_palette(directory: &Directory<'_>, source: &[u8], bits: u64) -> Result<Vec<[u8; 3]>, Error> {
    let count = 1 << bits;
    let levels: Vec<u64> =
        directory.values(tag::COLOR_MAP).ok_or_else(|| corrupt("no palette"))?.take(3 * count).collect();
    // Some programs write 8 bits where 16 belong.
    let shift = if levels.iter().all(|level| *level < 256) { 0 } else { 8 };
    let levels: Vec<u8> =
        levels.iter().map(|level| u8::try_from(level >> shift).unwrap_or(u8::MAX)).collect();
    let [reds, greens, blues] = levels.chunks_exact(count).collect::<Vec<_>>()[..] else {
        return Err(truncated(source, "in its palette"));
    };
    Ok(reds.iter().zip(greens).zip(blues).map(|((r, g), b)| [*r, *g, *b]).collect())
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported { found: format!("TIFF with {what}") }
}

fn first_directory(source: &[u8]) -> Result<Directory<'_>, Error> {
    Directory::read_first(source).map_err(|error| match error {
        DirectoryError::Malformed => corrupt("no TIFF header"),
        DirectoryError::Beyond => truncated(source, "before its first directory does"),
    })
}

/// Cameras' raw files are TIFF with a preview in front, which is not the picture.
fn camera_raw(directory: &Directory<'_>) -> Option<&'static str> {
    let is_preview = || directory.first(tag::NEW_SUBFILE_TYPE) == Some(1);
    if directory.has(tag::DNG_VERSION) {
        Some("DNG (camera raw)")
    } else if directory.has(tag::MAKE) && directory.has(tag::SUB_IFDS) && is_preview() {
        Some("camera raw")
    } else {
        None
    }
}

fn corrupt(detail: &str) -> Error {
    Error::Corrupt { format: SourceFormat::Tiff, detail: format!("{detail} in the first directory") }
}

fn truncated(source: &[u8], place: &str) -> Error {
    let detail = format!("the file ends at byte {}, {place}", source.len());
    Error::Truncated { format: SourceFormat::Tiff, detail }
}
