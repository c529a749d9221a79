//! JPEG files of the kinds that cameras, telephones and printers make.

use image::RgbaImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// How a JPEG is to be written.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) quality: u8,
    pub(crate) progressive: bool,
    pub(crate) several_scans: bool,
    pub(crate) colors: Colors,
    pub(crate) sampling: SamplingFactor,
}

/// What a file says besides its picture.
#[derive(Clone, Copy, Default)]
pub(crate) struct Metadata<'a> {
    pub(crate) exif: Option<&'a [u8]>,
    /// ICC.
    pub(crate) profile: Option<&'a [u8]>,
}

/// What the samples of a pixel stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colors {
    Color,
    Gray,
    /// Four inks, as Photoshop writes them: inverted, with an Adobe segment that says so.
    Cmyk,
    /// The same, with the first three turned to `YCbCr`.
    Ycck,
}

impl Kind {
    pub(crate) const PLAIN: Self = Self {
        quality: 82,
        progressive: false,
        several_scans: false,
        colors: Colors::Color,
        sampling: SamplingFactor::F_2_2,
    };
}

/// Encodes a picture, with an APP1 segment if one is given.
pub(crate) fn encode(picture: &RgbaImage, kind: Kind, exif: Option<&[u8]>) -> Vec<u8> {
    encode_with(picture, kind, Metadata { exif, ..Metadata::default() })
}

/// Encodes a picture with all that it says about itself.
pub(crate) fn encode_with(picture: &RgbaImage, kind: Kind, metadata: Metadata<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, kind.quality);
    encoder.set_sampling_factor(kind.sampling);
    // This encoder writes a scan for each component where it makes tables for the picture.
    encoder.set_optimized_huffman_tables(kind.several_scans);
    encoder.set_progressive(kind.progressive);
    if let Some(exif) = metadata.exif {
        encoder.add_exif_metadata(exif).expect("a short block fits a segment");
    }
    if let Some(profile) = metadata.profile {
        encoder.add_icc_profile(profile).expect("a short profile fits a segment");
    }
    let pixels = picture.pixels().map(|pixel| pixel.0);
    let (samples, colors): (Vec<u8>, _) = match kind.colors {
        Colors::Color => (picture.as_raw().clone(), ColorType::Rgba),
        Colors::Gray => (pixels.map(luma).collect(), ColorType::Luma),
        Colors::Cmyk => (pixels.flat_map(inks).collect(), ColorType::Cmyk),
        Colors::Ycck => (pixels.flat_map(inks).collect(), ColorType::CmykAsYcck),
    };
    let side = |side: u32| u16::try_from(side).expect("samples are smaller than JPEG allows");
    let (width, height) = (side(picture.width()), side(picture.height()));
    encoder.encode(&samples, width, height, colors).expect("the samples match the size");
    file
}

/// Brightness, by the weights of ITU-R BT.601 in 1/256.
fn luma([r, g, b, _]: [u8; 4]) -> u8 {
    let sum = u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29;
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

/// Cyan, magenta, yellow, black: as much black as all three have in common.
fn inks([r, g, b, _]: [u8; 4]) -> [u8; 4] {
    let brightest = r.max(g).max(b);
    let ink = |channel: u8| match brightest {
        0 => 0,
        most => 255 - u8::try_from(u16::from(channel) * 255 / u16::from(most)).unwrap_or(u8::MAX),
    };
    [ink(r), ink(g), ink(b), 255 - brightest]
}

/// An EXIF block (EXIF 2.32, 4.5) with an orientation, and with a thumbnail if one is given, as cameras write it.
pub(crate) fn exif(orientation: u16, thumbnail: Option<&[u8]>) -> Vec<u8> {
    const HEADER_BYTES: u32 = 8;
    const DIRECTORY_BYTES: u32 = 2 + 12 + 4;
    let mut block = b"MM\0*".to_vec();
    block.extend(HEADER_BYTES.to_be_bytes());
    block.extend(1_u16.to_be_bytes());
    entry(&mut block, 0x0112, Value::Short(orientation));
    let Some(thumbnail) = thumbnail else {
        block.extend(0_u32.to_be_bytes());
        return block;
    };
    // The second directory describes the thumbnail, which follows it.
    let second = HEADER_BYTES + DIRECTORY_BYTES;
    block.extend(second.to_be_bytes());
    let length = u32::try_from(thumbnail.len()).expect("a thumbnail fits a segment");
    block.extend(3_u16.to_be_bytes());
    entry(&mut block, 0x0103, Value::Short(6));
    entry(&mut block, 0x0201, Value::Long(second + 2 + 3 * 12 + 4));
    entry(&mut block, 0x0202, Value::Long(length));
    block.extend(0_u32.to_be_bytes());
    block.extend(thumbnail);
    block
}

#[derive(Clone, Copy)]
enum Value {
    Short(u16),
    Long(u32),
}

fn entry(block: &mut Vec<u8>, tag: u16, value: Value) {
    block.extend(tag.to_be_bytes());
    match value {
        Value::Short(value) => {
            block.extend([0, 3, 0, 0, 0, 1]);
            block.extend(value.to_be_bytes());
            block.extend([0, 0]);
        }
        Value::Long(value) => {
            block.extend([0, 4, 0, 0, 0, 1]);
            block.extend(value.to_be_bytes());
        }
    }
}
