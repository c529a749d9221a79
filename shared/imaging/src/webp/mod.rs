//! libwebp, made safe: the only place that calls it, and the only one that is allowed `unsafe` for it.
//!
//! libwebp is C. What it is handed has been walked by [`crate::source`] before, what it hands out is copied or borrowed
//! for one call, and every size that it is told about is the size of a slice. It is asked for one picture at a time, on
//! the thread that asks: its own threads would make nothing cheaper.
//!
//! The rows of lossy pictures come through a hook of its incremental decoder, before they are scaled, upsampled or
//! converted: see [`lossy`]. That hook is declared beside the decoder and not in the public headers, so the version of
//! the library is pinned exactly, and held against the one that the declarations here were written for.
#![allow(unsafe_code, reason = "bindings to a C library")]

mod animation;
mod encoder;
pub(crate) mod lossless;
pub(crate) mod lossy;

use std::sync::OnceLock;

use libwebp_sys::{VP8StatusCode, WebPGetDecoderVersion, WebPGetEncoderVersion, WebPGetMuxVersion};

pub(crate) use animation::AnimationEncoder;
pub(crate) use encoder::{Settings, compress_alpha, encode};

use crate::error::Error;
use crate::format::SourceFormat;

/// 1.6.0, as libwebp packs it: eight bits each. Well past 1.3.2, which closed the hole in building Huffman tables
/// (CVE-2023-4863).
const VERSION: i32 = 0x01_06_00;

/// Refuses to call a library that is not the expected one, or that this processor cannot run.
///
/// On x86-64 the library is compiled with SSE4.1 throughout: on an older processor its first call would end the process.
fn check_machine() -> Result<(), Error> {
    static FOUND: OnceLock<Result<(), Error>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            // SAFETY: these take nothing and return a constant.
            let versions = unsafe { [WebPGetDecoderVersion(), WebPGetEncoderVersion(), WebPGetMuxVersion()] };
            if let Some(other) = versions.into_iter().find(|version| *version != VERSION) {
                return Err(unusable(format!(
                    "libwebp is of version {other:06x}, and {VERSION:06x} is needed"
                )));
            }
            #[cfg(target_arch = "x86_64")]
            if !std::arch::is_x86_feature_detected!("sse4.1") {
                let detail =
                    "this processor has no SSE4.1, which WebP is compiled for: run it on x86-64-v2 or later";
                return Err(unusable(detail.into()));
            }
            Ok(())
        })
        .clone()
}

fn unusable(detail: String) -> Error {
    Error::Internal { step: "preparing WebP", detail }
}

/// What libwebp's answer to a picture means.
fn explain(status: VP8StatusCode, what: &str) -> Error {
    let format = SourceFormat::WebP;
    match status {
        VP8StatusCode::VP8_STATUS_SUSPENDED | VP8StatusCode::VP8_STATUS_NOT_ENOUGH_DATA => {
            Error::Truncated { format, detail: format!("{what} end before the picture does") }
        }
        VP8StatusCode::VP8_STATUS_UNSUPPORTED_FEATURE => Error::Unsupported {
            found: format!("WebP whose {what} use a feature that libwebp does not know"),
        },
        VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY => {
            Error::Internal { step: "decoding", detail: format!("no memory for {what}") }
        }
        VP8StatusCode::VP8_STATUS_INVALID_PARAM => Error::Internal {
            step: "decoding",
            detail: format!("libwebp refuses how it was called for {what}"),
        },
        // An abort that was not ours is how errors in the alpha plane come out.
        _ => Error::Corrupt { format, detail: format!("{what} break the rules of their compression") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_the_one_that_the_declarations_are_for() {
        assert_eq!(check_machine(), Ok(()));
    }

    #[test]
    fn data_that_end_early_are_truncated_and_data_that_make_no_sense_are_corrupt() {
        let code = |status| explain(status, "lossy data").code();
        assert_eq!(code(VP8StatusCode::VP8_STATUS_SUSPENDED), "truncated");
        assert_eq!(code(VP8StatusCode::VP8_STATUS_BITSTREAM_ERROR), "corrupt");
        assert_eq!(code(VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY), "internal");
    }
}
