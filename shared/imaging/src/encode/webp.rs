//! WebP, by libwebp.

use super::internal;
use crate::error::Error;
use crate::format::OutputFormat;
use crate::raster::{Channels, Raster};

/// libwebp's effort, 0 to 6. Its own default.
const METHOD: i32 = 4;

pub(super) fn encode(raster: &Raster, quality: u8) -> Result<Vec<u8>, Error> {
    let most = OutputFormat::WebP.max_side_pixels();
    let (width, height) = (raster.size.width, raster.size.height);
    if width > most || height > most {
        return Err(internal(format!("{} does not fit WebP", raster.size)));
    }
    let mut config = ::webp::WebPConfig::new().map_err(|()| internal("libwebp of another version".into()))?;
    config.quality = f32::from(quality);
    config.method = METHOD;
    let spread: Vec<u8>;
    let encoder = match raster.channels {
        Channels::Gray => {
            spread = raster.pixels.iter().flat_map(|gray| [*gray; 3]).collect();
            ::webp::Encoder::from_rgb(&spread, width, height)
        }
        Channels::Rgb => ::webp::Encoder::from_rgb(&raster.pixels, width, height),
        Channels::Rgba => ::webp::Encoder::from_rgba(&raster.pixels, width, height),
    };
    let file = encoder.encode_advanced(&config).map_err(|error| internal(format!("{error:?}")))?;
    Ok(file.to_vec())
}
