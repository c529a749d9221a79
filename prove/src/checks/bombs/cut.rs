//! Everything, cut: no part of a picture may pass for a whole one.

use std::io::Cursor;

use anyhow::Context;
use image::{ImageFormat, Rgba, RgbaImage};
use thumbline_imaging::{Limits, OutputFormat, Rendition};

use super::liar::{Fate, Liar, liar};

/// In hundredths of the file.
const CUTS: [usize; 4] = [10, 50, 90, 98];

pub(super) fn liars() -> anyhow::Result<Vec<Liar>> {
    let picture = RgbaImage::from_fn(192, 128, |x, y| {
        let [shade, ..] = (x * 7 + y * 13 + x * y % 31).to_le_bytes();
        Rgba([shade, shade.wrapping_mul(3), 255 - shade, 255])
    });
    let encode = |format: ImageFormat| -> anyhow::Result<Vec<u8>> {
        let mut file = Cursor::new(Vec::new());
        image::DynamicImage::from(picture.clone()).to_rgb8().write_to(&mut file, format)?;
        Ok(file.into_inner())
    };
    let whole = encode(ImageFormat::Png)?;
    let ours = |format: OutputFormat, progressive: bool| -> anyhow::Result<Vec<u8>> {
        let mut rendition = Rendition::new(None, None).with_format(format);
        rendition.progressive = progressive;
        let rendered = thumbline_imaging::render(&whole, &[rendition], &Limits::default(), &|| false)?;
        Ok(rendered.thumbnails.into_iter().next().context("no thumbnail")?.bytes)
    };
    let files = [
        ("bmp", encode(ImageFormat::Bmp)?),
        ("tiff", encode(ImageFormat::Tiff)?),
        ("gif", encode(ImageFormat::Gif)?),
        ("jpeg", ours(OutputFormat::Jpeg, false)?),
        ("progressive-jpeg", ours(OutputFormat::Jpeg, true)?),
        ("webp", ours(OutputFormat::WebP, false)?),
        ("lossless-webp", encode(ImageFormat::WebP)?),
        ("avif", ours(OutputFormat::Avif, false)?),
        ("png", whole.clone()),
    ];
    let cuts = files.iter().flat_map(|(name, file)| {
        CUTS.into_iter().map(move |percent| {
            let part = file.get(..file.len() * percent / 100).unwrap_or_default();
            liar(&format!("{name}-of-which-{percent}-percent-are-there"), Fate::Refused, part.to_vec())
        })
    });
    Ok(cuts.collect())
}
