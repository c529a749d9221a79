//! WebP, by libwebp.

use crate::error::Error;
use crate::raster::Raster;
use crate::webp::{Settings, encode as write};

/// How a WebP is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WebpOptions {
    /// 1 to 100; lossless pictures have no use for it.
    pub(super) quality: u8,
    /// Whether every pixel that shows comes back as it was.
    pub(super) lossless: bool,
}

pub(super) fn encode(
    raster: &Raster,
    WebpOptions { quality, lossless }: WebpOptions,
) -> Result<Vec<u8>, Error> {
    write(raster, Settings { quality, is_lossless: lossless })
}
