//! JPEG, baseline.

use jpeg_encoder::SamplingFactor;

use super::internal;
use crate::error::Error;
use crate::raster::{Channels, Raster};

/// From this quality on, JPEG keeps colours at full resolution: below it nobody sees that it does not.
const FULL_CHROMA_QUALITY: u8 = 90;

pub(super) fn encode(raster: &Raster, quality: u8) -> Result<Vec<u8>, Error> {
    let colors = match raster.channels {
        Channels::Gray => jpeg_encoder::ColorType::Luma,
        Channels::Rgb => jpeg_encoder::ColorType::Rgb,
        Channels::Rgba => jpeg_encoder::ColorType::Rgba,
    };
    let side = |side| u16::try_from(side).map_err(|_| internal(format!("{} does not fit JPEG", raster.size)));
    let (width, height) = (side(raster.size.width)?, side(raster.size.height)?);
    let mut file = Vec::new();
    // Not with tables made for the picture: for those this encoder writes a scan for each component, which saves a few
    // percent, is rare, and is read wrongly by some decoders.
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(if quality < FULL_CHROMA_QUALITY {
        SamplingFactor::F_2_2
    } else {
        SamplingFactor::F_1_1
    });
    encoder.encode(&raster.pixels, width, height, colors).map_err(|error| internal(error.to_string()))?;
    Ok(file)
}
