//! From pixels to files, a module for each format. No encoder is given any metadata, so none is written.

mod auto;
mod avif;
mod hidden;
mod jpeg;
mod png;
mod webp;

use crate::error::Error;
use crate::format::OutputFormat;
use crate::header::Size;
use crate::output::Output;
use crate::picture::Picture;
use crate::rendition::Rendition;

/// Whether a rendition is coded as planes of which those of colours are halved.
pub(crate) fn takes_planes(rendition: &Rendition) -> bool {
    rendition.format == Output::Fixed(OutputFormat::Jpeg) && rendition.quality < jpeg::FULL_CHROMA_QUALITY
}

/// Encodes a picture that has been composed for a rendition, in the format that it asks for or that suits the picture.
pub(crate) fn encode(picture: &Picture, rendition: &Rendition) -> Result<(Vec<u8>, OutputFormat), Error> {
    let Rendition { quality, lossless, progressive, .. } = *rendition;
    let jpeg_options = jpeg::JpegOptions { quality, progressive };
    let raster = match picture {
        Picture::Planes(planes) if takes_planes(rendition) => {
            return Ok((jpeg::encode_planes(planes, picture.size(), jpeg_options)?, OutputFormat::Jpeg));
        }
        Picture::Planes(_) => return Err(internal(format!("planes for {}", rendition.format))),
        Picture::Pixels(raster) => raster,
    };
    let format = match rendition.format {
        Output::Auto => return auto::encode(raster, quality, lossless),
        Output::Fixed(format) => format,
    };
    let file = match format {
        OutputFormat::Avif => avif::encode(raster, quality),
        OutputFormat::Jpeg => jpeg::encode(raster, jpeg_options),
        OutputFormat::Png => png::encode(raster),
        OutputFormat::WebP => webp::encode(raster, webp::WebpOptions { quality, lossless }),
    };
    Ok((file?, format))
}

/// Bytes that encoding so large a raster holds at most, besides the raster: for a pixel, what the encoder of the format
/// keeps of it (planes, tokens, hash chains), and the file, which noise makes as large as the raster; and what it takes for
/// a raster of any size, which is tables and the states of compressions.
pub(crate) fn working_bytes(size: Size, rendition: &Rendition) -> u64 {
    const KIB: u64 = 1024;
    let of = |format| {
        let (pixel, tables) = match format {
            OutputFormat::Jpeg if rendition.progressive => (12, 128 * KIB),
            OutputFormat::Jpeg => (8, 128 * KIB),
            OutputFormat::Png => (8, 512 * KIB),
            OutputFormat::WebP if rendition.lossless || rendition.format == Output::Auto => (48, 2048 * KIB),
            OutputFormat::WebP => (12, 2048 * KIB),
            OutputFormat::Avif => (128, 2048 * KIB),
        };
        size.pixels().saturating_mul(pixel).saturating_add(tables)
    };
    rendition.format.formats().map(of).max().unwrap_or_default()
}

/// What no raster should be able to cause, because the rendition and the header have been checked before.
fn internal(detail: String) -> Error {
    Error::Internal { step: "encoding", detail }
}
