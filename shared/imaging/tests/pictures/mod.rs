//! Small valid pictures of every format, made here, for the tests to cut, bend and look at.
#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "what fails here fails the test"
)]

pub mod heif;
pub mod light;
pub mod tiff;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use thumbline_imaging::{Error, Limits, OutputFormat, Rendered, Rendition, SourceFormat, Thumbnail};

/// An opaque picture with detail everywhere, so that every part of a file depends on every part of it.
pub fn scene(width: u32, height: u32) -> RgbaImage {
    let mut noise = Noise(0x9E37_79B9);
    RgbaImage::from_fn(width, height, |x, y| {
        let grain = (noise.next() % 24) as u8;
        let red = u8::try_from(x * 200 / width).unwrap();
        let green = u8::try_from(y * 200 / height).unwrap();
        Rgba([red + grain, green + grain, 180 - red / 2 + grain, 255])
    })
}

/// Numbers that look random and are the same every time (xorshift, G. Marsaglia, 2003).
pub struct Noise(pub u32);

impl Noise {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

pub fn encode(picture: &RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(picture.clone()).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// How a JPEG is to be written.
#[derive(Clone, Copy, Default)]
pub struct JpegKind {
    pub progressive: bool,
    pub restart_interval: u16,
    pub subsampled: bool,
    pub scan_per_component: bool,
}

pub fn jpeg(picture: &RgbaImage, kind: JpegKind) -> Vec<u8> {
    jpeg_with(picture, kind, &[])
}

/// A JPEG with further segments: the number of an APP marker, and what is in it.
pub fn jpeg_with(picture: &RgbaImage, kind: JpegKind, segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 92);
    encoder.set_progressive(kind.progressive);
    encoder.set_restart_interval(kind.restart_interval);
    // This encoder writes a scan for each component where it makes tables for the picture.
    encoder.set_optimized_huffman_tables(kind.scan_per_component);
    encoder.set_sampling_factor(if kind.subsampled { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    for (number, content) in segments {
        encoder.add_app_segment(*number, content.to_vec()).unwrap();
    }
    let side = |side: u32| u16::try_from(side).unwrap();
    encoder.encode(picture, side(picture.width()), side(picture.height()), ColorType::Rgba).unwrap();
    file
}

/// An EXIF block, as it lies in a PNG or WebP, with nothing but an orientation.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// The same as the content of a JPEG's APP1 segment.
pub fn exif_segment(orientation: u8) -> Vec<u8> {
    [b"Exif\0\0".as_slice(), &exif(orientation)].concat()
}

/// Lossy WebP.
pub fn webp(picture: &RgbaImage) -> Vec<u8> {
    let full = Rendition::new(None, None).with_format(OutputFormat::WebP).with_quality(80);
    render(&encode(picture, ImageFormat::Png), &[full]).unwrap().thumbnails.remove(0).bytes
}

/// One valid picture of every kind that the tests know how to make.
pub fn every_kind() -> Vec<(&'static str, SourceFormat, Vec<u8>)> {
    let picture = scene(61, 43);
    let kind = JpegKind::default();
    vec![
        ("baseline", SourceFormat::Jpeg, jpeg(&picture, kind)),
        ("subsampled", SourceFormat::Jpeg, jpeg(&picture, JpegKind { subsampled: true, ..kind })),
        ("restarts", SourceFormat::Jpeg, jpeg(&picture, JpegKind { restart_interval: 3, ..kind })),
        (
            "progressive",
            SourceFormat::Jpeg,
            jpeg(&picture, JpegKind { progressive: true, subsampled: true, ..kind }),
        ),
        (
            "scans",
            SourceFormat::Jpeg,
            jpeg(&picture, JpegKind { scan_per_component: true, subsampled: true, ..kind }),
        ),
        (
            "exif",
            SourceFormat::Jpeg,
            jpeg_with(&picture, kind, &[(1, &exif_segment(6)), (13, b"Photoshop 3.0\0")]),
        ),
        ("png", SourceFormat::Png, encode(&picture, ImageFormat::Png)),
        ("gif", SourceFormat::Gif, encode(&picture, ImageFormat::Gif)),
        ("lossy webp", SourceFormat::WebP, webp(&picture)),
        ("lossless webp", SourceFormat::WebP, encode(&picture, ImageFormat::WebP)),
        ("avif", SourceFormat::Avif, include_bytes!("avif/420.avif").to_vec()),
        ("avif with alpha", SourceFormat::Avif, include_bytes!("avif/alpha.avif").to_vec()),
        ("bmp", SourceFormat::Bmp, encode(&picture, ImageFormat::Bmp)),
        ("tiff", SourceFormat::Tiff, encode(&picture, ImageFormat::Tiff)),
        ("packed tiff", SourceFormat::Tiff, tiff_in_tiles(&picture)),
    ]
}

/// TIFF in tiles, each packed by LZW.
fn tiff_in_tiles(picture: &RgbaImage) -> Vec<u8> {
    let kind = tiff::Tiff {
        width: picture.width() as usize,
        height: picture.height() as usize,
        samples: 4,
        extra: Some(2),
        compression: 5,
        predictor: true,
        tile: Some((32, 16)),
        ..tiff::Tiff::default()
    };
    kind.write(picture)
}

/// Renders with default limits and nobody to interrupt.
pub fn render(source: &[u8], renditions: &[Rendition]) -> Result<Rendered, Error> {
    thumbline_imaging::render(source, renditions, &Limits::default(), &|| false)
}

/// The picture as it is seen, in full size and without loss.
pub fn render_full(source: &[u8]) -> RgbaImage {
    let full = Rendition::new(None, None).with_format(OutputFormat::Png);
    read(&render(source, &[full]).unwrap().thumbnails[0])
}

/// The pixels of a thumbnail, as somebody else's decoder sees them.
pub fn read(thumbnail: &Thumbnail) -> RgbaImage {
    let format = match thumbnail.format {
        OutputFormat::Png => ImageFormat::Png,
        OutputFormat::WebP => ImageFormat::WebP,
        _ => panic!("JPEG is read with read_jpeg"),
    };
    let read = image::load_from_memory_with_format(&thumbnail.bytes, format).unwrap().to_rgba8();
    assert_eq!((read.width(), read.height()), (thumbnail.width, thumbnail.height));
    read
}

/// How far two pictures are apart: the mean difference of a channel.
pub fn difference(one: &RgbaImage, other: &RgbaImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u64 = one.iter().zip(other.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}
