//! From pixels to files, a module for each format. No encoder is given any metadata, so none is written.

mod jpeg;
mod png;
mod webp;

use crate::error::Error;
use crate::format::OutputFormat;
use crate::raster::Raster;

/// Encodes a raster that has been composed for `format`. `quality`, 1 to 100, is for the lossy ones.
pub(crate) fn encode(raster: &Raster, format: OutputFormat, quality: u8) -> Result<Vec<u8>, Error> {
    match format {
        OutputFormat::Jpeg => jpeg::encode(raster, jpeg::JpegOptions { quality, progressive: false }),
        OutputFormat::Png => png::encode(raster),
        OutputFormat::WebP => webp::encode(raster, webp::WebpOptions { quality, lossless: false }),
    }
}

/// What no raster should be able to cause, because the rendition and the header have been checked before.
fn internal(detail: String) -> Error {
    Error::Internal { step: "encoding", detail }
}
