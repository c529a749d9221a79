//! Lossy data (VP8), row by row.
//!
//! libwebp's public calls want a buffer for the whole picture, or scale it with code that costs more than a box should.
//! Its decoder itself holds a few rows. The hook that its own output stages hang on is used here instead: it is given the
//! planes as they are stored, 16 rows or so at a time, and nothing of the picture's size is held but an alpha plane, if
//! there is one.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::slice;

use libwebp_sys::{
    VP8StatusCode, WebPDecoderConfig, WebPFreeDecBuffer, WebPIDecode, WebPIDecoder, WebPIDelete, WebPIUpdate,
};

use super::{check_machine, explain, unusable};
use crate::error::Error;

/// Some rows of a picture: luma and, at half the resolution in each direction, two planes of colour (RFC 6386, 2).
pub(crate) struct Rows<'a> {
    /// How many rows. Even, but for the last of a picture of odd height.
    pub(crate) count: usize,
    luma: Plane<'a>,
    blue: Plane<'a>,
    red: Plane<'a>,
    alpha: Option<Plane<'a>>,
}

#[derive(Clone, Copy)]
struct Plane<'a> {
    samples: &'a [u8],
    stride: usize,
    width: usize,
}

impl<'a> Plane<'a> {
    fn row(&self, index: usize) -> &'a [u8] {
        &self.samples[index * self.stride..][..self.width]
    }
}

impl<'a> Rows<'a> {
    /// Brightness, one sample a pixel.
    pub(crate) fn luma(&self, row: usize) -> &'a [u8] {
        self.luma.row(row)
    }

    /// The two differences in colour, U (blue) and V (red): one sample for two pixels of two rows.
    pub(crate) fn chroma(&self, pair: usize) -> (&'a [u8], &'a [u8]) {
        (self.blue.row(pair), self.red.row(pair))
    }

    /// Opacity, one sample a pixel, if the picture has any.
    pub(crate) fn alpha(&self, row: usize) -> Option<&'a [u8]> {
        self.alpha.map(|alpha| alpha.row(row))
    }
}

/// What the hooks need, while a picture is decoded.
struct Call<'c> {
    take: &'c mut dyn FnMut(&Rows<'_>) -> Result<(), Error>,
    is_filtered: bool,
    failure: Option<Error>,
    panic: Option<Box<dyn Any + Send>>,
}

/// Decodes one picture: the chunk `VP8 `, and the chunk `ALPH` before it if there is one, with their headers.
///
/// `take` is given all rows from top to bottom; its error ends the work and comes back. Without `is_filtered` the filter
/// that smooths the borders of blocks is left out, which is not seen once pixels are averaged.
pub(crate) fn decode(
    chunks: &[u8],
    is_filtered: bool,
    take: &mut dyn FnMut(&Rows<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    check_machine()?;
    let mut config =
        WebPDecoderConfig::new().map_err(|()| unusable("libwebp has another interface".into()))?;
    // The buffer that libwebp makes and never writes to, since the hooks take the rows: let it be of one pixel.
    config.options.use_scaling = 1;
    config.options.scaled_width = 1;
    config.options.scaled_height = 1;
    let mut call = Call { take, is_filtered, failure: None, panic: None };
    // SAFETY: `config`, `call` and `chunks` outlive the decoder, which is deleted below, and nothing else touches the
    // first two meanwhile: they are only reached through these pointers. The hooks have the types that libwebp declares,
    // and `opaque` comes back to them as it is given here.
    let status = unsafe {
        let decoder = WebPIDecode(ptr::null(), 0, &raw mut config);
        if decoder.is_null() {
            return Err(unusable("no memory for a decoder".into()));
        }
        let opaque = (&raw mut call).cast::<c_void>();
        let is_hooked = WebPISetIOHooks(decoder, Some(put), Some(set_up), Some(tear_down), opaque);
        let status = if is_hooked == 0 {
            VP8StatusCode::VP8_STATUS_INVALID_PARAM
        } else {
            WebPIUpdate(decoder, chunks.as_ptr(), chunks.len())
        };
        WebPIDelete(decoder);
        WebPFreeDecBuffer(&raw mut config.output);
        status
    };
    if let Some(panic) = call.panic {
        resume_unwind(panic);
    }
    match (call.failure, status) {
        (Some(failure), _) => Err(failure),
        (None, VP8StatusCode::VP8_STATUS_OK) => Ok(()),
        (None, status) => Err(explain(status, "lossy data")),
    }
}

/// `struct VP8Io` of libwebp 1.6.0's `vp8_dec.h`: what the decoder and its output stage tell one another.
#[repr(C)]
struct Io {
    width: c_int,
    height: c_int,
    mb_y: c_int,
    mb_w: c_int,
    mb_h: c_int,
    y: *const u8,
    u: *const u8,
    v: *const u8,
    y_stride: c_int,
    uv_stride: c_int,
    opaque: *mut c_void,
    put: Option<Put>,
    setup: Option<SetUp>,
    teardown: Option<TearDown>,
    fancy_upsampling: c_int,
    data_size: usize,
    data: *const u8,
    bypass_filtering: c_int,
    use_cropping: c_int,
    crop: [c_int; 4],
    use_scaling: c_int,
    scaled: [c_int; 2],
    a: *const u8,
}

type Put = unsafe extern "C" fn(*const Io) -> c_int;
type SetUp = unsafe extern "C" fn(*mut Io) -> c_int;
type TearDown = unsafe extern "C" fn(*const Io);

unsafe extern "C" {
    fn WebPISetIOHooks(
        decoder: *mut WebPIDecoder,
        put: Option<Put>,
        setup: Option<SetUp>,
        teardown: Option<TearDown>,
        user_data: *mut c_void,
    ) -> c_int;
}

/// Called once, before the first row.
unsafe extern "C" fn set_up(io: *mut Io) -> c_int {
    // SAFETY: libwebp passes its own structure, and in it the pointer that it was given.
    unsafe {
        let call = &*(*io).opaque.cast::<Call<'_>>();
        (*io).bypass_filtering = c_int::from(!call.is_filtered);
    }
    1
}

/// Called with some rows; 0 ends the decoding.
unsafe extern "C" fn put(io: *const Io) -> c_int {
    // SAFETY: as above; and `call` is not aliased, since libwebp calls one hook at a time, on this thread.
    let (io, call) = unsafe { (&*io, &mut *(*io).opaque.cast::<Call<'_>>()) };
    // Unwinding must not cross C.
    let taken = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the planes that libwebp describes here are valid until this call ends.
        let rows = unsafe { borrow(io) };
        rows.map_or_else(
            || Err(unusable("libwebp gives rows that cannot be".into())),
            |rows| (call.take)(&rows),
        )
    }));
    match taken {
        Ok(Ok(())) => return 1,
        Ok(Err(failure)) => call.failure = Some(failure),
        Err(panic) => call.panic = Some(panic),
    }
    0
}

unsafe extern "C" fn tear_down(_io: *const Io) {}

/// The rows that `io` describes.
///
/// # Safety
///
/// `io` is what libwebp passes to its output stage, and the result is dropped before that returns.
unsafe fn borrow(io: &Io) -> Option<Rows<'_>> {
    let (width, count) = (usize::try_from(io.mb_w).ok()?, usize::try_from(io.mb_h).ok()?);
    let plane = |samples: *const u8, stride: c_int, width: usize, count: usize| {
        let stride = usize::try_from(stride).ok()?;
        if samples.is_null() || stride < width || count == 0 {
            return None;
        }
        // SAFETY: `count` rows of at least `width` samples lie `stride` apart from `samples` on.
        let samples = unsafe { slice::from_raw_parts(samples, (count - 1) * stride + width) };
        Some(Plane { samples, stride, width })
    };
    let (half_width, half_count) = (width.div_ceil(2), count.div_ceil(2));
    let alpha = if io.a.is_null() { None } else { Some(plane(io.a, io.width, width, count)?) };
    Some(Rows {
        count,
        luma: plane(io.y, io.y_stride, width, count)?,
        blue: plane(io.u, io.uv_stride, half_width, half_count)?,
        red: plane(io.v, io.uv_stride, half_width, half_count)?,
        alpha,
    })
}
