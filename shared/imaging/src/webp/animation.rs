//! Writing several pictures that follow one another.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

use libwebp_sys::{
    WEBP_MUX_ABI_VERSION, WebPAnimEncoder, WebPAnimEncoderAdd, WebPAnimEncoderAssemble,
    WebPAnimEncoderDelete, WebPAnimEncoderGetError, WebPAnimEncoderNewInternal,
    WebPAnimEncoderOptionsInitInternal, WebPConfig, WebPData, WebPDataClear, WebPDataInit,
};

use super::encoder::{Picture, internal};
use super::{Settings, check_machine, unusable};
use crate::error::Error;
use crate::header::Size;
use crate::raster::Raster;

/// The longest that a frame can be shown: 24 bits of milliseconds (RFC 9649, 2.7.1.1), and libwebp wants less than that.
const MAX_DURATION_MS: u32 = (1 << 24) - 2;

/// Takes one frame after the other, and keeps of each only what differs from the one before it.
pub(crate) struct AnimationEncoder {
    raw: NonNull<WebPAnimEncoder>,
    config: WebPConfig,
    /// When the next frame is shown, since the beginning.
    next_ms: i32,
}

impl AnimationEncoder {
    /// For frames of `size`, played `loops` times; 0 is for ever.
    pub(crate) fn new(size: Size, loops: u16, settings: Settings) -> Result<Self, Error> {
        check_machine()?;
        let side = |side| c_int::try_from(side).map_err(|_| internal(format!("{size} does not fit WebP")));
        let (width, height) = (side(size.width)?, side(size.height)?);
        let version = WEBP_MUX_ABI_VERSION.cast_signed();
        let mut options = MaybeUninit::uninit();
        // SAFETY: the structure is filled if the answer is not 0, and only then read.
        let options = unsafe {
            if WebPAnimEncoderOptionsInitInternal(options.as_mut_ptr(), version) == 0 {
                return Err(unusable("libwebp has another interface".into()));
            }
            options.assume_init_mut()
        };
        options.anim_params.loop_count = c_int::from(loops);
        // Transparent, for those that look at it.
        options.anim_params.bgcolor = 0;
        // SAFETY: `options` are copied.
        let raw = unsafe { WebPAnimEncoderNewInternal(width, height, options, version) };
        let raw = NonNull::new(raw).ok_or_else(|| internal(format!("no encoder for frames of {size}")))?;
        Ok(Self { raw, config: settings.configure()?, next_ms: 0 })
    }

    /// Adds a frame that is shown for `duration_ms`.
    pub(crate) fn push(&mut self, frame: &Raster, duration_ms: u32) -> Result<(), Error> {
        // As ARGB, whatever the compression is: the frames are compared before they are compressed.
        let mut picture = Picture::new(frame, true)?;
        // SAFETY: the encoder lives until it is dropped; it reads the picture and the settings during the call only.
        let is_done = unsafe {
            WebPAnimEncoderAdd(self.raw.as_ptr(), &raw mut picture.raw, self.next_ms, &raw const self.config)
        };
        if is_done == 0 {
            return Err(self.failed());
        }
        // Only differences count: libwebp is content with times that wrap around.
        self.next_ms = self.next_ms.wrapping_add_unsigned(duration_ms.min(MAX_DURATION_MS));
        Ok(())
    }

    /// The file.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        let mut data = WebPData { bytes: ptr::null(), size: 0 };
        WebPDataInit(&mut data);
        // SAFETY: no picture, as here, marks the end of the last frame. What is assembled is libwebp's until it is cleared,
        // and is copied before that.
        unsafe {
            if WebPAnimEncoderAdd(self.raw.as_ptr(), ptr::null_mut(), self.next_ms, ptr::null()) == 0
                || WebPAnimEncoderAssemble(self.raw.as_ptr(), &raw mut data) == 0
            {
                return Err(self.failed());
            }
            let file = slice::from_raw_parts(data.bytes, data.size).to_vec();
            WebPDataClear(&mut data);
            Ok(file)
        }
    }

    fn failed(&self) -> Error {
        // SAFETY: a string that ends with zero and is the encoder's until its next call; it is copied.
        let message = unsafe {
            let message = WebPAnimEncoderGetError(self.raw.as_ptr());
            if message.is_null() {
                "no reason given".into()
            } else {
                CStr::from_ptr(message).to_string_lossy()
            }
        };
        internal(format!("libwebp says {message}"))
    }
}

impl Drop for AnimationEncoder {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and not used after this.
        unsafe { WebPAnimEncoderDelete(self.raw.as_ptr()) };
    }
}
