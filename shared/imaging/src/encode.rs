//! From pixels to files. No encoder is given any metadata, so none is written.

use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use jpeg_encoder::SamplingFactor;

use crate::error::Error;
use crate::format::OutputFormat;
use crate::raster::{Channels, Raster};

/// From this quality on, JPEG keeps colours at full resolution: below it nobody sees that it does not.
const FULL_CHROMA_QUALITY: u8 = 90;

/// libwebp's effort, 0 to 6. Its own default.
const WEBP_METHOD: i32 = 4;

/// Encodes a raster that has been composed for `format`. `quality`, 1 to 100, is for the lossy ones.
pub(crate) fn encode(raster: &Raster, format: OutputFormat, quality: u8) -> Result<Vec<u8>, Error> {
    match format {
        OutputFormat::Jpeg => encode_jpeg(raster, quality),
        OutputFormat::Png => encode_png(raster),
        OutputFormat::WebP => encode_webp(raster, quality),
    }
}

fn encode_jpeg(raster: &Raster, quality: u8) -> Result<Vec<u8>, Error> {
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

fn encode_png(raster: &Raster) -> Result<Vec<u8>, Error> {
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

fn encode_webp(raster: &Raster, quality: u8) -> Result<Vec<u8>, Error> {
    let most = OutputFormat::WebP.max_side_pixels();
    let (width, height) = (raster.size.width, raster.size.height);
    if width > most || height > most {
        return Err(internal(format!("{} does not fit WebP", raster.size)));
    }
    let mut config = webp::WebPConfig::new().map_err(|()| internal("libwebp of another version".into()))?;
    config.quality = f32::from(quality);
    config.method = WEBP_METHOD;
    let spread: Vec<u8>;
    let encoder = match raster.channels {
        Channels::Gray => {
            spread = raster.pixels.iter().flat_map(|gray| [*gray; 3]).collect();
            webp::Encoder::from_rgb(&spread, width, height)
        }
        Channels::Rgb => webp::Encoder::from_rgb(&raster.pixels, width, height),
        Channels::Rgba => webp::Encoder::from_rgba(&raster.pixels, width, height),
    };
    let file = encoder.encode_advanced(&config).map_err(|error| internal(format!("{error:?}")))?;
    Ok(file.to_vec())
}

fn internal(detail: String) -> Error {
    Error::Internal { step: "encoding", detail }
}
