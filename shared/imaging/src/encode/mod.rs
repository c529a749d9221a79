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
    match rendition.format {
        Output::Fixed(OutputFormat::Jpeg) => rendition.quality < jpeg::FULL_CHROMA_QUALITY,
        Output::Fixed(OutputFormat::WebP) => !rendition.lossless,
        _ => false,
    }
}

/// Encodes a picture that has been composed for a rendition, in the format that it asks for or that suits the picture, and lets go
/// of it as early as it can.
pub(crate) fn encode(picture: Picture, rendition: &Rendition) -> Result<(Vec<u8>, OutputFormat), Error> {
    let Rendition { quality, lossless, progressive, .. } = *rendition;
    let size = picture.size();
    let jpeg_options = jpeg::JpegOptions { quality, progressive };
    let format = match (rendition.format, &picture) {
        (Output::Auto, Picture::Pixels(raster)) => return auto::encode(raster, quality, lossless),
        (Output::Auto, Picture::Planes(_)) => return Err(no_planes(rendition)),
        (Output::Fixed(format), _) => format,
    };
    let file = match (format, picture) {
        (OutputFormat::WebP, Picture::Planes(planes)) => webp::Lossy::of_planes(planes, quality)?.encode(),
        (OutputFormat::WebP, Picture::Pixels(raster)) if !lossless => {
            let lossy = webp::Lossy::new(&raster, quality)?;
            drop(raster);
            lossy.encode()
        }
        (OutputFormat::Jpeg, Picture::Planes(planes)) => jpeg::encode_planes(&planes, size, jpeg_options),
        (_, Picture::Planes(_)) => Err(no_planes(rendition)),
        (OutputFormat::Avif, Picture::Pixels(raster)) => avif::encode(&raster, quality),
        (OutputFormat::Jpeg, Picture::Pixels(raster)) => jpeg::encode(&raster, jpeg_options),
        (OutputFormat::Png, Picture::Pixels(raster)) => png::encode(&raster),
        (OutputFormat::WebP, Picture::Pixels(raster)) => {
            webp::encode(&raster, webp::WebpOptions { quality, lossless })
        }
    };
    Ok((file?, format))
}

fn no_planes(rendition: &Rendition) -> Error {
    internal(format!("planes for {}", rendition.format))
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
