//! Files decode, with libwebp, to exactly what the encoder says that they do: to the last bit of each plane.
#![allow(clippy::unwrap_used, unsafe_code)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

use std::ptr;
use std::slice;

use libwebp_sys::{
    VP8StatusCode, WebPDecodeYUV, WebPDecoderConfig, WebPFree, WebPFreeDecBuffer, WebPIAppend, WebPIDecode,
    WebPIDelete,
};
use thumbline_webp::{Channels, Encoder, Picture, Reconstruction};

/// The planes that libwebp decodes.
fn decode(file: &[u8], size: (u32, u32)) -> Reconstruction {
    let (mut width, mut height, mut stride, mut half_stride) = (0, 0, 0, 0);
    let (mut blue, mut red) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the file's length is told; the planes are libwebp's until the first is freed, and are copied before that. The
    // others belong to it.
    unsafe {
        let luma = WebPDecodeYUV(
            file.as_ptr(),
            file.len(),
            &raw mut width,
            &raw mut height,
            &raw mut blue,
            &raw mut red,
            &raw mut stride,
            &raw mut half_stride,
        );
        assert!(!luma.is_null(), "libwebp does not decode the file");
        assert_eq!((width.unsigned_abs(), height.unsigned_abs()), size);
        let copy = |plane: *const u8, stride: i32, width: u32, height: u32| {
            let rows = (0..height as usize).flat_map(move |y| {
                slice::from_raw_parts(plane.add(y * stride.unsigned_abs() as usize), width as usize)
            });
            rows.copied().collect::<Vec<_>>()
        };
        let (half_width, half_height) = (size.0.div_ceil(2), size.1.div_ceil(2));
        let reconstruction = Reconstruction {
            luma: copy(luma, stride, size.0, size.1),
            blue: copy(blue, half_stride, half_width, half_height),
            red: copy(red, half_stride, half_width, half_height),
        };
        WebPFree(luma.cast());
        reconstruction
    }
}

/// Whether libwebp decodes it in pieces, too: that goes another way.
fn decodes_in_pieces(file: &[u8]) -> bool {
    // SAFETY: the configuration and the file outlive the decoder, which is deleted before its buffer is freed.
    unsafe {
        let mut config = WebPDecoderConfig::new().unwrap();
        let decoder = WebPIDecode(ptr::null(), 0, &raw mut config);
        let mut status = VP8StatusCode::VP8_STATUS_SUSPENDED;
        for piece in file.chunks(100) {
            status = WebPIAppend(decoder, piece.as_ptr(), piece.len());
        }
        WebPIDelete(decoder);
        WebPFreeDecBuffer(&raw mut config.output);
        status == VP8StatusCode::VP8_STATUS_OK
    }
}

/// What a pixel is, of a picture of some content.
type Content = fn(x: u32, y: u32, channel: u32) -> u32;

fn grain(x: u32, y: u32, channel: u32) -> u32 {
    let mixed = (x + y * 5_003 + channel * 70_001).wrapping_mul(2_654_435_761);
    (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 24
}

/// A scene of edges, slopes, texture and noise, and what is extreme.
const CONTENTS: [(&str, Content); 7] = [
    ("flat", |_, _, _| 130),
    ("black", |_, _, _| 0),
    ("white", |_, _, _| 255),
    ("slope", |x, y, channel| (x * 2 + y * (channel + 1)) / 3 % 256),
    ("noise", grain),
    ("checkers", |x, y, _| if (x + y).is_multiple_of(2) { 0 } else { 255 }),
    ("scene", |x, y, channel| {
        let edge = if (x / 11 + y / 7 + channel).is_multiple_of(3) { 90 } else { 0 };
        (x + y * (channel + 1) + (grain(x, y, channel) >> 4) + edge).min(255)
    }),
];

fn pixels(size: (u32, u32), channels: u32, content: Content) -> Vec<u8> {
    let places = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
    places.flat_map(|(x, y)| (0..channels).map(move |channel| content(x, y, channel) as u8)).collect()
}

fn check(quality: u8, size: (u32, u32), channels: Channels, pixels: &[u8], name: &str) {
    let picture = Picture::new(size.0, size.1, channels, pixels).unwrap();
    let (file, expected) = Encoder::new(quality).unwrap().encode_and_reconstruct(&picture).unwrap();
    let decoded = decode(&file, size);
    assert!(decoded == expected, "{name} of {}×{} at quality {quality} decodes otherwise", size.0, size.1);
    assert!(decodes_in_pieces(&file), "{name} of {}×{} does not decode in pieces", size.0, size.1);
}

#[test]
fn every_quality_decodes_to_what_was_foretold() {
    for quality in 1..=100 {
        for (name, content) in CONTENTS {
            let size = (75, 53);
            check(quality, size, Channels::Rgb, &pixels(size, 3, content), name);
        }
    }
}

/// There, the format has no room to say much about each macroblock.
#[test]
fn a_picture_of_fifty_megapixels_decodes_to_what_was_foretold() {
    let size = (16_383, 3_203);
    let content: Content =
        |x, y, channel| if (x / 64 + y / 32) % 5 == 0 { grain(x, y, channel) } else { x / 100 };
    check(60, size, Channels::Gray, &pixels(size, 1, content), "noise here and there");
}

#[test]
fn every_small_size_decodes_to_what_was_foretold() {
    for width in 1..=35 {
        for height in [1, 2, 3, 7, 15, 16, 17, 18, 31, 32, 33] {
            for (name, content) in CONTENTS {
                check(75, (width, height), Channels::Rgb, &pixels((width, height), 3, content), name);
            }
        }
    }
}
