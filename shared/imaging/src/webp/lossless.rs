//! Lossless data (VP8L), in one go.
//!
//! A pixel of these may repeat any that came before it, so the decoder holds all of them, at four bytes each, whatever
//! comes out. Scaling happens as its rows are finished, so only the smaller picture has to lie beside that.

use std::ffi::c_int;

use libwebp_sys::{VP8StatusCode, WEBP_CSP_MODE, WebPDecode, WebPDecoderConfig, WebPFreeDecBuffer};

use super::{check_machine, explain, unusable};
use crate::error::Error;
use crate::header::Size;

/// Decodes the chunk `VP8L`, with its header, into `size`: that of the picture, or a smaller one, to which it is averaged
/// by area. The result is RGBA with straight alpha where `has_alpha`, and RGB otherwise.
pub(crate) fn decode(chunk: &[u8], size: Size, stored: Size, has_alpha: bool) -> Result<Vec<u8>, Error> {
    check_machine()?;
    let side =
        |side: u32| c_int::try_from(side).map_err(|_| unusable(format!("{size} is too large for libwebp")));
    let (width, height) = (side(size.width)?, side(size.height)?);
    let channels = if has_alpha { 4 } else { 3 };
    let mut pixels = vec![0; size.width as usize * size.height as usize * channels];
    let mut config =
        WebPDecoderConfig::new().map_err(|()| unusable("libwebp has another interface".into()))?;
    config.options.use_scaling = c_int::from(size != stored);
    config.options.scaled_width = width;
    config.options.scaled_height = height;
    config.output.colorspace = if has_alpha { WEBP_CSP_MODE::MODE_RGBA } else { WEBP_CSP_MODE::MODE_RGB };
    config.output.is_external_memory = 1;
    // SAFETY: of the union, this is the member for both of the colour spaces above; both structures are plain numbers.
    let buffer = unsafe { &mut config.output.u.RGBA };
    buffer.rgba = pixels.as_mut_ptr();
    buffer.stride = side(size.width.saturating_mul(u32::try_from(channels).unwrap_or(4)))?;
    buffer.size = pixels.len();
    // SAFETY: `pixels` and `chunk` are borrowed for longer than the call, and their lengths are told; libwebp checks that
    // what it decodes has the size that `buffer` was made for, and refuses otherwise.
    let status = unsafe {
        let status = WebPDecode(chunk.as_ptr(), chunk.len(), &raw mut config);
        WebPFreeDecBuffer(&raw mut config.output);
        status
    };
    match status {
        VP8StatusCode::VP8_STATUS_OK => Ok(pixels),
        status => Err(explain(status, "lossless data")),
    }
}
