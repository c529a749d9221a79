//! Pictures with everything in them that says who took them, where and with what: each kind of metadata has a word in it that
//! is found if it gets anywhere.

use std::io::{Cursor, Write};

use anyhow::Context;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{ImageFormat, Rgb, RgbImage};
use moxcms::{ColorProfile, ProfileText};
use thumbline_imaging::{Limits, OutputFormat, Rendition};

use super::super::bombs::avif::{Picture, boxed};
use super::super::bombs::bytes::{be16, le32};
use super::super::bombs::exif::entry;
use super::super::bombs::{jpeg, png, tiff, webp};

const DESCRIPTION: &str = "PLANTED-EXIF-DESCRIPTION";
const ARTIST: &str = "PLANTED-EXIF-ARTIST";
const GPS: &str = "PLANTED-GPS-AREA";
const THUMBNAIL: &str = "PLANTED-EXIF-THUMBNAIL";
const XMP: &str = "PLANTED-XMP";
const IPTC: &str = "PLANTED-IPTC";
const PROFILE: &str = "PLANTED-PROFILE";
const COMMENT: &str = "PLANTED-COMMENT";
const TEXT: &str = "PLANTED-TEXT";
const PRIVATE: &str = "PLANTED-PRIVATE";
const BEHIND: &str = "PLANTED-BEHIND-THE-END";
const BETWEEN: &str = "PLANTED-BETWEEN";

/// Each kind of metadata, by the word that is planted in it.
pub(super) const WORDS: [&str; 12] =
    [DESCRIPTION, ARTIST, GPS, THUMBNAIL, XMP, IPTC, PROFILE, COMMENT, TEXT, PRIVATE, BEHIND, BETWEEN];

/// A picture, and what is in it besides.
pub(super) struct Carrier {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Where it was taken: 48° 51′ 30″ N, as three fractions. Searched for as these bytes.
pub(super) fn latitude() -> Vec<u8> {
    [48, 1, 51, 1, 30_001, 1_000].into_iter().flat_map(le32).collect()
}

/// A TIFF structure of two directories, one of places, and a picture of its own.
fn exif() -> Vec<u8> {
    let small = [jpeg::gray(16, &jpeg::segment(0xFE, THUMBNAIL.as_bytes()))].concat();
    // Header, three directories, and the values that do not fit into entries.
    let (main, places, thumbnail) = (4, 2, 2);
    let directory_bytes = |entries: usize| 2 + 12 * entries + 4;
    let places_at = 8 + directory_bytes(main);
    let thumbnail_at = places_at + directory_bytes(places);
    let values_at = thumbnail_at + directory_bytes(thumbnail);
    let latitude = latitude();
    let values = [latitude.as_slice(), DESCRIPTION.as_bytes(), ARTIST.as_bytes(), GPS.as_bytes(), &small];
    let mut at = values_at;
    let mut places_of = Vec::new();
    for value in values {
        places_of.push(at);
        at += value.len();
    }
    let place = |index: usize| places_of.get(index).copied().unwrap_or_default();
    [
        b"II*\0\x08\0\0\0".to_vec(),
        tiff::directory(
            &[
                entry(0x010E, 2, DESCRIPTION.len(), place(1)),
                entry(0x0112, 3, 1, 1),
                entry(0x013B, 2, ARTIST.len(), place(2)),
                entry(0x8825, 4, 1, places_at),
            ],
            thumbnail_at,
        ),
        tiff::directory(&[entry(2, 5, 3, place(0)), entry(0x1C, 7, GPS.len(), place(3))], 0),
        tiff::directory(&[entry(0x0201, 4, 1, place(4)), entry(0x0202, 4, 1, small.len())], 0),
        values.concat(),
    ]
    .concat()
}

fn xmp() -> Vec<u8> {
    format!("<?xpacket begin=\"\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><dc:creator>{XMP}</dc:creator></x:xmpmeta>").into_bytes()
}

/// Photoshop's block of IPTC's record 2, data set 80: the by-line.
fn iptc() -> Vec<u8> {
    let record = [b"\x1C\x02\x50".as_slice(), &be16(IPTC.len()), IPTC.as_bytes()].concat();
    [b"8BIM\x04\x04\0\0\0\0".as_slice(), &be16(record.len()), &record].concat()
}

/// A sound profile of other colours than sRGB's, so that it has to be read.
fn profile() -> anyhow::Result<Vec<u8>> {
    let mut profile = ColorProfile::new_display_p3();
    profile.description = Some(ProfileText::PlainString(PROFILE.to_owned()));
    profile.copyright = Some(ProfileText::PlainString(PROFILE.to_owned()));
    profile.encode().context("writing a colour profile")
}

fn packed(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    encoder.finish()
}

fn drawn() -> RgbImage {
    RgbImage::from_fn(96, 64, |x, y| {
        let [a, b, c, _] = (x * 0x0003_0201 + y * 0x0001_0503).to_le_bytes();
        Rgb([a, b, c])
    })
}

fn encoded(format: ImageFormat) -> anyhow::Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    drawn().write_to(&mut file, format).context("writing a picture")?;
    Ok(file.into_inner())
}

/// Made by the engine of the drawing.
fn made(rendition: Rendition) -> anyhow::Result<Vec<u8>> {
    let rendered =
        thumbline_imaging::render(&encoded(ImageFormat::Png)?, &[rendition], &Limits::default(), &|| false)?;
    Ok(rendered.thumbnails.into_iter().next().context("no thumbnail")?.bytes)
}

pub(super) fn all() -> anyhow::Result<Vec<Carrier>> {
    let full = Rendition::new(None, None);
    let carrier = |name, bytes| Carrier { name, bytes };
    Ok(vec![
        carrier("jpeg", in_jpeg(&made(full.clone().with_format(OutputFormat::Jpeg))?)?),
        carrier(
            "progressive jpeg",
            in_jpeg(&made(full.clone().with_format(OutputFormat::Jpeg).with_progressive(true))?)?,
        ),
        carrier("png", in_png(&encoded(ImageFormat::Png)?)?),
        carrier("gif", in_gif(&encoded(ImageFormat::Gif)?)),
        carrier("moving gif", in_gif(&moving_gif()?)),
        carrier("webp", in_webp(&made(full.clone())?)?),
        carrier("lossless webp", in_webp(&encoded(ImageFormat::WebP)?)?),
        carrier("tiff", in_tiff()?),
        carrier("bmp", in_bmp(&encoded(ImageFormat::Bmp)?)),
        carrier("avif", in_avif()?),
    ])
}

fn behind(file: Vec<u8>) -> Vec<u8> {
    [file, BEHIND.as_bytes().to_vec()].concat()
}

fn in_jpeg(file: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (start, rest) = file.split_at_checked(2).context("a short JPEG")?;
    let segments = [
        jpeg::segment(0xE1, &[b"Exif\0\0".to_vec(), exif()].concat()),
        jpeg::segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0".to_vec(), xmp()].concat()),
        jpeg::segment(
            0xE1,
            &[b"http://ns.adobe.com/xmp/extension/\0".to_vec(), vec![b'0'; 32], vec![0; 8], xmp()].concat(),
        ),
        jpeg::segment(0xE2, &[b"ICC_PROFILE\0\x01\x01".to_vec(), profile()?].concat()),
        jpeg::segment(0xED, &[b"Photoshop 3.0\0".to_vec(), iptc()].concat()),
        jpeg::segment(0xEF, PRIVATE.as_bytes()),
        jpeg::segment(0xFE, COMMENT.as_bytes()),
        BETWEEN.as_bytes().to_vec(),
    ];
    Ok(behind([start, &segments.concat(), rest].concat()))
}

fn in_png(file: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (start, rest) = file.split_at_checked(8 + 25).context("a short PNG")?;
    let text = |keyword: &[u8], text: &[u8]| [keyword, text].concat();
    let chunks = [
        png::chunk(*b"iCCP", &text(b"p\0\0", &packed(&profile()?)?)),
        png::chunk(*b"eXIf", &exif()),
        png::chunk(*b"tEXt", &text(b"Author\0", TEXT.as_bytes())),
        png::chunk(*b"zTXt", &text(b"Comment\0\0", &packed(COMMENT.as_bytes())?)),
        png::chunk(*b"iTXt", &text(b"XML:com.adobe.xmp\0\0\0\0\0", &xmp())),
        png::chunk(*b"zTXt", &text(b"Raw profile type iptc\0\0", &packed(&iptc())?)),
        png::chunk(*b"prVt", PRIVATE.as_bytes()),
    ];
    Ok(behind([start, &chunks.concat(), rest].concat()))
}

/// Before the trailer, which is the last byte; what comes after it is no GIF's.
fn in_gif(file: &[u8]) -> Vec<u8> {
    let sub_blocks = |text: &[u8]| {
        let blocks = text.chunks(255).flat_map(|block| [vec![be16(block.len())[1]], block.to_vec()].concat());
        blocks.chain([0]).collect::<Vec<u8>>()
    };
    let extensions = [
        [b"!\xFE".to_vec(), sub_blocks(COMMENT.as_bytes())].concat(),
        [b"!\xFF\x0BXMP DataXMP".to_vec(), sub_blocks(&xmp())].concat(),
        [b"!\xFF\x0BPRIVATE1234".to_vec(), sub_blocks(PRIVATE.as_bytes())].concat(),
    ];
    let body = file.strip_suffix(b";").unwrap_or(file);
    [body, &extensions.concat(), b";"].concat()
}

fn moving_gif() -> anyhow::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    encoder.set_repeat(image::codecs::gif::Repeat::Infinite)?;
    for turned in [drawn(), image::imageops::rotate180(&drawn())] {
        encoder.encode_frame(image::Frame::new(image::DynamicImage::from(turned).to_rgba8()))?;
    }
    drop(encoder);
    Ok(file)
}

fn in_webp(file: &[u8]) -> anyhow::Result<Vec<u8>> {
    const ICC_EXIF_XMP: u8 = 0x20 | 0x08 | 0x04;
    let picture = file.get(12..).context("a short WebP")?;
    let chunks = [
        webp::canvas(ICC_EXIF_XMP, 96, 64),
        webp::chunk(*b"ICCP", &profile()?),
        picture.to_vec(),
        webp::chunk(*b"EXIF", &exif()),
        webp::chunk(*b"XMP ", &xmp()),
        webp::chunk(*b"prVt", PRIVATE.as_bytes()),
    ];
    Ok(behind(webp::riff(&chunks.concat())))
}

fn in_tiff() -> anyhow::Result<Vec<u8>> {
    let (xmp, iptc, profile) = (xmp(), iptc(), profile()?);
    let drawn = image::DynamicImage::from(drawn()).to_luma8().into_raw();
    let values: [(usize, usize, &[u8]); 7] = [
        (270, 2, DESCRIPTION.as_bytes()),
        (315, 2, ARTIST.as_bytes()),
        (700, 1, &xmp),
        (33_723, 7, &iptc),
        (34_377, 1, &iptc),
        (34_675, 7, &profile),
        (65_000, 7, PRIVATE.as_bytes()),
    ];
    let entries = 9 + values.len();
    let pixels_at = tiff::after(entries);
    let mut at = pixels_at + drawn.len();
    let mut added = Vec::new();
    for (tag, kind, value) in values {
        added.push(entry(tag, kind, value.len(), at));
        at += value.len();
    }
    let directory = tiff::with(tiff::gray(96, 64, 1, pixels_at, drawn.len()), &added);
    let rest = [drawn, values.map(|(.., value)| value).concat()].concat();
    Ok(behind(tiff::file(&directory, 0, &rest)))
}

/// Between the headers and the pixels, and behind them.
fn in_bmp(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = file.get(10..14).and_then(|at| at.try_into().ok()).map_or(54, u32::from_le_bytes);
    let at = usize::try_from(at).unwrap_or(54).min(file.len());
    file.splice(10..14, le32(at + BETWEEN.len()));
    file.splice(at..at, BETWEEN.bytes());
    behind(file)
}

fn in_avif() -> anyhow::Result<Vec<u8>> {
    let exif = [vec![0; 4], exif()].concat();
    let file = Picture::make()?.with_items(&[(*b"Exif", exif), (*b"mime", xmp())]);
    Ok(behind(
        [
            file,
            boxed(*b"uuid", &[&[7; 16], PRIVATE.as_bytes()].concat()),
            boxed(*b"free", BETWEEN.as_bytes()),
        ]
        .concat(),
    ))
}
