//! PNG, 8 bits.

use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use super::internal;
use crate::error::Error;
use crate::raster::{Channels, Raster};

pub(super) fn encode(raster: &Raster) -> Result<Vec<u8>, Error> {
    let colors = match raster.channels {
        Channels::Gray => image::ExtendedColorType::L8,
        Channels::Rgb => image::ExtendedColorType::Rgb8,
        Channels::Rgba => image::ExtendedColorType::Rgba8,
    };
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive)
        .write_image(&raster.pixels, raster.size.width, raster.size.height, colors)
        .map_err(|error| internal(error.to_string()))?;
    Ok(file)
}
