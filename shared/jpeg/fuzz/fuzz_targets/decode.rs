//! Decodes whatever comes, strictly and leniently, with and without the processor's own instructions: always an error or a
//! whole picture, the same either way, and no more memory than was announced. The last byte says at which scale.
//!
//! `cargo +nightly fuzz run decode -- -max_len=20000 -rss_limit_mb=512 -timeout=10` in this folder's parent.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbline_jpeg::{Decoded, Decoder, Error, Options, Scale};

const MAX_PIXELS: u64 = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((&last, jpeg)) = input.split_last() else { return };
    let Some(scale) = Scale::eighths(last % 8 + 1) else { return };
    let strict = decode(jpeg, scale, false, false);
    let lenient = decode(jpeg, scale, true, false);
    let portable = decode(jpeg, scale, true, true);
    assert_eq!(lenient, portable);
    match (strict, lenient) {
        (Ok(strict), lenient) => assert_eq!(Ok(strict), lenient),
        (Err(error), Ok((decoded, _))) => assert!(decoded.fault.is_some(), "{error}"),
        (Err(_), Err(_)) => {}
    }
});

fn decode(jpeg: &[u8], scale: Scale, lenient: bool, portable: bool) -> Result<(Decoded, Vec<u8>), Error> {
    let options = Options { lenient, max_pixels: MAX_PIXELS, max_scans: 50 };
    let mut decoder = Decoder::with_options(jpeg, options)?;
    if portable {
        decoder = decoder.portably();
    }
    let mut pixels = Vec::new();
    let decoded = decoder.decode(scale, |rows| {
        pixels.extend_from_slice(rows);
        Ok::<_, Error>(())
    })?;
    let bytes = decoded.width as usize * decoded.height as usize * decoder.channels().count();
    assert_eq!(pixels.len(), bytes);
    Ok((decoded, pixels))
}
