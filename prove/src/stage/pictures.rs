//! Pictures that are as small as pictures get, so that thousands of them are made in a check's time.

use std::io::Cursor;

use anyhow::Context;
use image::{ImageFormat, Rgb, RgbImage};

/// The presets that the small pictures are made into: two, so that there are writes at the same time.
pub(crate) const PRESETS: &str = "small=8x8:cover:png wide=12x:png";

/// A picture of 16 × 12 pixels in PNG, another for each number.
pub(crate) fn picture(number: u32) -> anyhow::Result<Vec<u8>> {
    let [_, red, green, blue] = number.wrapping_add(1).wrapping_mul(2_654_435_761).to_be_bytes();
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(16, 12, Rgb([red, green, blue]))
        .write_to(&mut bytes, ImageFormat::Png)
        .context("writing a small PNG")?;
    Ok(bytes.into_inner())
}

/// The beginning of such a picture, which is rejected as truncated.
pub(crate) fn broken_picture(number: u32) -> anyhow::Result<Vec<u8>> {
    let mut bytes = picture(number)?;
    // Through the header, into the pixels: colours differ there, and so do the ETags.
    bytes.truncate(52);
    Ok(bytes)
}
