//! Writing one picture, and alpha alone for pictures that something else writes.

use std::ffi::{c_int, c_void};
use std::slice;

use libwebp_sys::{
    WebPConfig, WebPEncode, WebPEncodingError, WebPPicture, WebPPictureAlloc, WebPPictureFree,
    WebPPictureImportRGB, WebPPictureImportRGBA,
};

use super::{check_machine, unusable};
use crate::error::Error;
use crate::format::OutputFormat;
use crate::raster::{Channels, Raster};

/// libwebp's effort, 0 to 6. Its own default, and that of most who use it.
const METHOD: c_int = 4;
/// How hard lossless compression tries, 0 to 100. What libwebp's own presets use at this method.
const LOSSLESS_EFFORT: f32 = 75.0;
/// The same for alpha beside lossy colours: what libwebp takes there, at this method.
const ALPHA_EFFORT: f32 = 32.0;

/// How a picture is to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    /// 1 to 100; lossless pictures have no use for it.
    pub(crate) quality: u8,
    /// Whether pixels come back as they were. Colours under full transparency do not, in either case.
    pub(crate) is_lossless: bool,
}

impl Settings {
    /// The same in libwebp's terms.
    pub(super) fn configure(self) -> Result<WebPConfig, Error> {
        let mut config = WebPConfig::new().map_err(|()| unusable("libwebp has another interface".into()))?;
        config.method = METHOD;
        config.lossless = c_int::from(self.is_lossless);
        config.quality = if self.is_lossless { LOSSLESS_EFFORT } else { f32::from(self.quality) };
        // Two threads would share one picture's work, and cost more than one.
        config.thread_level = 0;
        Ok(config)
    }
}

/// A file of `raster`, whose alpha is straight.
pub(crate) fn encode(raster: &Raster, settings: Settings) -> Result<Vec<u8>, Error> {
    check_machine()?;
    write(Picture::new(raster, settings.is_lossless)?, &settings.configure()?)
}

/// What the chunk `ALPH` of a lossy file has (RFC 9649, 2.7.1.2), for the alpha of `raster`, to the bit.
pub(crate) fn compress_alpha(raster: &Raster) -> Result<Vec<u8>, Error> {
    /// That what follows is compressed, and not filtered or rounded before.
    const COMPRESSED: u8 = 1;
    /// Before the data of a lossless picture, in a file of its own: the headers of RIFF and of the chunk, and the
    /// picture's signature, size and version (RFC 9649, 3.4), which alpha goes without.
    const CHUNK: usize = 12;
    const DATA: usize = CHUNK + 8 + 5;
    check_machine()?;
    let mut config = Settings { quality: 0, is_lossless: true }.configure()?;
    config.quality = ALPHA_EFFORT;
    let file = write(Picture::of_alpha(raster)?, &config)?;
    let length = file.get(CHUNK + 4..).and_then(|rest| rest.first_chunk()).copied().map(u32::from_le_bytes);
    let end = length.map(|length| CHUNK + 8 + length as usize);
    let data = end.and_then(|end| file.get(DATA..end));
    let data = data.filter(|_| file.get(CHUNK..).is_some_and(|rest| rest.starts_with(b"VP8L")));
    let data = data.ok_or_else(|| internal("libwebp's lossless picture has another layout".into()))?;
    let mut payload = Vec::with_capacity(data.len() + 1);
    payload.push(COMPRESSED);
    payload.extend_from_slice(data);
    Ok(payload)
}

fn write(mut picture: Picture, config: &WebPConfig) -> Result<Vec<u8>, Error> {
    let mut file = Vec::new();
    picture.raw.writer = Some(append);
    picture.raw.custom_ptr = (&raw mut file).cast::<c_void>();
    // SAFETY: the picture has been filled; `file` is only reached through `custom_ptr` until the call returns.
    let is_done = unsafe { WebPEncode(config, &raw mut picture.raw) };
    if is_done == 0 { Err(failed(picture.raw.error_code)) } else { Ok(file) }
}

/// Called by libwebp with the next bytes of the file.
unsafe extern "C" fn append(data: *const u8, size: usize, picture: *const WebPPicture) -> c_int {
    if size == 0 {
        return 1;
    }
    // SAFETY: `size` bytes lie at `data`, and `custom_ptr` is the vector that `encode` put there.
    unsafe {
        let file = &mut *(*picture).custom_ptr.cast::<Vec<u8>>();
        file.extend_from_slice(slice::from_raw_parts(data, size));
    }
    1
}

/// A raster in libwebp's own planes.
pub(super) struct Picture {
    pub(super) raw: WebPPicture,
}

impl Picture {
    /// Copies `raster`: as ARGB for lossless compression, else as luma and colour differences. Straight alpha.
    pub(super) fn new(raster: &Raster, as_argb: bool) -> Result<Self, Error> {
        let mut picture = Self::empty(raster, as_argb)?;
        let stride = c_int::try_from(raster.size.width as usize * raster.channels.count());
        let stride = stride.map_err(|_| internal(format!("{} does not fit WebP", raster.size)))?;
        let pixels = raster.pixels.as_ptr();
        // SAFETY: `pixels` has `height` rows of `stride` bytes, as was checked; libwebp allocates what it copies into.
        let is_done = unsafe {
            match raster.channels {
                Channels::Gray => WebPPictureAlloc(&raw mut picture.raw),
                Channels::Rgb => WebPPictureImportRGB(&raw mut picture.raw, pixels, stride),
                Channels::Rgba => WebPPictureImportRGBA(&raw mut picture.raw, pixels, stride),
            }
        };
        if is_done == 0 {
            return Err(failed(picture.raw.error_code));
        }
        if raster.channels == Channels::Gray {
            picture.fill_gray(raster);
        }
        Ok(picture)
    }

    /// The alpha of `raster` as the green of opaque pixels: that is where decoders look for it (RFC 9649, 2.7.1.2).
    fn of_alpha(raster: &Raster) -> Result<Self, Error> {
        let mut picture = Self::empty(raster, true)?;
        let raw = &raw mut picture.raw;
        // SAFETY: libwebp allocates what is then filled.
        if unsafe { WebPPictureAlloc(raw) } == 0 {
            return Err(failed(picture.raw.error_code));
        }
        let (count, width) = (raster.channels.count(), raster.size.width as usize);
        let stride = picture.raw.argb_stride.unsigned_abs() as usize;
        for (index, row) in raster.pixels.chunks_exact(width * count).enumerate() {
            // SAFETY: libwebp has allocated `height` rows of `argb_stride` pixels, at least `width`.
            let argb = unsafe { slice::from_raw_parts_mut(picture.raw.argb.add(index * stride), width) };
            for (pixel, alpha) in argb.iter_mut().zip(row.iter().skip(count - 1).step_by(count)) {
                *pixel = 0xFF00_0000 | (u32::from(*alpha) << 8);
            }
        }
        Ok(picture)
    }

    /// One of the size of `raster`, without pixels.
    fn empty(raster: &Raster, as_argb: bool) -> Result<Self, Error> {
        let most = OutputFormat::WebP.max_side_pixels();
        let (width, height) = (raster.size.width, raster.size.height);
        if width == 0 || height == 0 || width > most || height > most {
            return Err(internal(format!("{} does not fit WebP", raster.size)));
        }
        let bytes = width as usize * height as usize * raster.channels.count();
        if raster.pixels.len() != bytes {
            return Err(internal(format!("{} pixels in {} bytes", raster.size, raster.pixels.len())));
        }
        let raw = WebPPicture::new().map_err(|()| unusable("libwebp has another interface".into()))?;
        let mut picture = Self { raw };
        // Both are below 16,384.
        picture.raw.width = width.cast_signed();
        picture.raw.height = height.cast_signed();
        picture.raw.use_argb = c_int::from(as_argb);
        Ok(picture)
    }

    /// There is no import of grey pixels, and spreading them to three channels first would take three times their memory.
    fn fill_gray(&mut self, raster: &Raster) {
        let width = raster.size.width as usize;
        let rows = raster.pixels.chunks_exact(width);
        let raw = &self.raw;
        if raw.use_argb != 0 {
            let stride = raw.argb_stride.unsigned_abs() as usize;
            for (index, row) in rows.enumerate() {
                // SAFETY: libwebp has allocated `height` rows of `argb_stride` pixels, at least `width`.
                let argb = unsafe { slice::from_raw_parts_mut(raw.argb.add(index * stride), width) };
                for (pixel, gray) in argb.iter_mut().zip(row) {
                    *pixel = 0xFF00_0000 | (u32::from(*gray) * 0x01_0101);
                }
            }
            return;
        }
        let (stride, half_stride) =
            (raw.y_stride.unsigned_abs() as usize, raw.uv_stride.unsigned_abs() as usize);
        for (index, row) in rows.enumerate() {
            // SAFETY: as above, for the plane of luma.
            let luma = unsafe { slice::from_raw_parts_mut(raw.y.add(index * stride), width) };
            for (sample, gray) in luma.iter_mut().zip(row) {
                *sample = luma_of_gray(*gray);
            }
        }
        for plane in [raw.u, raw.v] {
            for index in 0..(raster.size.height as usize).div_ceil(2) {
                // SAFETY: as above, for the planes of colour, which have half the width and height.
                unsafe { slice::from_raw_parts_mut(plane.add(index * half_stride), width.div_ceil(2)) }
                    .fill(128);
            }
        }
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: frees what libwebp itself allocated for it, or nothing.
        unsafe { WebPPictureFree(&raw mut self.raw) };
    }
}

/// Grey as luma, 16 to 235 (ITU-R BT.601), rounded as libwebp rounds: its three weights add up to 56,318 of 65,536.
fn luma_of_gray(gray: u8) -> u8 {
    let luma = (u32::from(gray) * 56_318 + (16 << 16) + (1 << 15)) >> 16;
    u8::try_from(luma).unwrap_or(u8::MAX)
}

pub(super) fn failed(code: WebPEncodingError) -> Error {
    internal(format!("libwebp says {code:?}"))
}

pub(super) fn internal(detail: String) -> Error {
    Error::Internal { step: "encoding", detail }
}
