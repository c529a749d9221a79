//! Files are as large and as good as libwebp's with method 4, within bounds, at every kind of quality.
#![allow(clippy::unwrap_used, unsafe_code)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

use std::ffi::{c_int, c_void};
use std::slice;

use libwebp_sys::{WebPConfig, WebPEncode, WebPFree, WebPPicture, WebPPictureFree, WebPPictureImportRGB};
use thumbline_webp::{Channels, Encoder, Picture};

const SIZE: (u32, u32) = (400, 304);

/// Called by libwebp with the next bytes of the file.
unsafe extern "C" fn append(data: *const u8, size: usize, picture: *const WebPPicture) -> c_int {
    // SAFETY: `size` bytes lie at `data`, and `custom_ptr` is the vector that `encode` put there.
    unsafe {
        let file = &mut *(*picture).custom_ptr.cast::<Vec<u8>>();
        file.extend_from_slice(slice::from_raw_parts(data, size));
    }
    1
}

/// A file of libwebp's.
fn encode(pixels: &[u8], quality: u8) -> Vec<u8> {
    let mut config = WebPConfig::new().unwrap();
    config.method = 4;
    config.quality = quality.into();
    let mut picture = WebPPicture::new().unwrap();
    (picture.width, picture.height) = (SIZE.0.cast_signed(), SIZE.1.cast_signed());
    let mut file = Vec::new();
    picture.writer = Some(append);
    picture.custom_ptr = (&raw mut file).cast::<c_void>();
    // SAFETY: the pixels have the size that is told; the file is only reached through `custom_ptr` meanwhile.
    unsafe {
        assert_ne!(WebPPictureImportRGB(&raw mut picture, pixels.as_ptr(), picture.width * 3), 0);
        assert_ne!(WebPEncode(&raw const config, &raw mut picture), 0);
        WebPPictureFree(&raw mut picture);
    }
    file
}

/// The mean squared error of what a file decodes to.
fn error(file: &[u8], pixels: &[u8]) -> f64 {
    // SAFETY: the file's length is told; what is decoded is libwebp's until it is freed.
    unsafe {
        let (mut width, mut height) = (0, 0);
        let decoded = libwebp_sys::WebPDecodeRGB(file.as_ptr(), file.len(), &raw mut width, &raw mut height);
        assert!(!decoded.is_null());
        let samples = slice::from_raw_parts(decoded, pixels.len());
        let square = |(one, other): (&u8, &u8)| f64::from(one.abs_diff(*other)).powi(2);
        let sum: f64 = samples.iter().zip(pixels).map(square).sum();
        WebPFree(decoded.cast());
        sum / pixels.len() as f64
    }
}

/// Waves of many lengths, an edge here and there, and grain: about what a photograph has.
fn scene() -> Vec<u8> {
    let sample = |x: u32, y: u32, channel: u32| {
        let (across, down) = (f64::from(x), f64::from(y));
        let mut value = 110.0 + 30.0 * f64::from(channel);
        for octave in 1..7_u32 {
            let (length, turn) = (140.0 / 2_f64.powf(f64::from(octave)), f64::from(octave * 2 + channel / 2));
            value += 40.0 / f64::from(octave)
                * (across / length + turn).sin()
                * (down / length * 0.8 + across / 90.0 - turn).cos();
        }
        if (x / 67 + y / 49).is_multiple_of(3) {
            value -= 45.0;
        }
        let mixed = (x + y * 5_003 + channel * 70_001).wrapping_mul(2_654_435_761);
        let grain = (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 29;
        (value + f64::from(grain)).clamp(0.0, 255.0) as u8
    };
    let places = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
    places.flat_map(|(x, y)| (0..3).map(move |channel| sample(x, y, channel))).collect()
}

#[test]
fn files_are_as_large_and_as_good_as_those_of_libwebp() {
    let pixels = scene();
    let picture = Picture::new(SIZE.0, SIZE.1, Channels::Rgb, &pixels).unwrap();
    for quality in [10, 30, 50, 65, 75, 80, 85, 90, 95, 100] {
        let theirs = encode(&pixels, quality);
        let ours = Encoder::new(quality).unwrap().encode(&picture).unwrap();
        let bytes = ours.len() as f64 / theirs.len() as f64;
        let errors = error(&ours, &pixels) / error(&theirs, &pixels);
        println!(
            "quality {quality}: {} bytes, {bytes:.3} of libwebp's; {errors:.3} of its error",
            ours.len()
        );
        assert!(bytes < 1.04, "quality {quality}: {bytes:.3} of libwebp's bytes");
        assert!(errors < 1.04, "quality {quality}: {errors:.3} of libwebp's error");
    }
}
