//! Pixels of any kind, size and quality through the encoder of lossy WebP, and through libwebp back to planes.
#![allow(unsafe_code, reason = "bindings to a C library")]

use std::ptr;
use std::slice;

use libwebp_sys::{WebPDecodeYUV, WebPFree};
use thumbline_webp::{Channels, Encoder, Picture, Reconstruction};

const MAX_SIDE: u8 = 96;

/// An input is pixels, which are repeated where they are too few, the width and the height, how they are to be taken, and a
/// quality.
pub(crate) fn try_on(input: &[u8]) -> bool {
    let [bytes @ .., width, height, kind, quality] = input else { return false };
    if bytes.is_empty() {
        return false;
    }
    let (width, height) = (u32::from(width % MAX_SIDE) + 1, u32::from(height % MAX_SIDE) + 1);
    let channels = match kind % 3 {
        0 => Channels::Gray,
        1 => Channels::Rgb,
        _ => Channels::Rgba,
    };
    // Each pixel by itself, or squares of up to 8×8 of them: what is alike next to one another is predicted in other ways.
    let square = kind >> 2 & 3;
    let across = (width >> square) as usize + 1;
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x >> square, y >> square)));
    let pixels: Vec<u8> = places
        .flat_map(|(x, y)| {
            let pixel = y as usize * across + x as usize;
            (0..channels.count()).map(move |channel| pixel * channels.count() + channel)
        })
        .map(|index| bytes[index % bytes.len()])
        .collect();
    let quality = quality % 100 + 1;
    let made = Picture::new(width, height, channels, &pixels).and_then(|picture| {
        let encoder = Encoder::new(quality)?;
        let (file, foretold) = encoder.encode_and_reconstruct(&picture)?;
        Ok((encoder.encode(&picture)?, file, foretold))
    });
    let (again, file, foretold) = made.unwrap_or_else(|error| panic!("a sound picture is refused: {error}"));
    assert!(again == file, "the same pixels make two files");
    assert!(decode(&file, (width, height)) == foretold, "libwebp decodes it to something else");
    true
}

/// The planes that libwebp decodes.
fn decode(file: &[u8], size: (u32, u32)) -> Reconstruction {
    let (mut width, mut height, mut stride, mut half_stride) = (0, 0, 0, 0);
    let (mut blue, mut red) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the file's length is told. The planes are libwebp's until the first is freed, to which the others belong, and
    // are copied before that; `height` rows of `stride` are there of the first, and half as many of the others.
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
        assert!(!luma.is_null(), "libwebp does not decode it");
        assert_eq!((width.unsigned_abs(), height.unsigned_abs()), size);
        let copy = |plane: *const u8, stride: i32, (width, height): (u32, u32)| {
            let row = |y: u32| {
                slice::from_raw_parts(plane.add(y as usize * stride.unsigned_abs() as usize), width as usize)
            };
            (0..height).flat_map(row).copied().collect::<Vec<_>>()
        };
        let half = (size.0.div_ceil(2), size.1.div_ceil(2));
        let planes = Reconstruction {
            luma: copy(luma, stride, size),
            blue: copy(blue, half_stride, half),
            red: copy(red, half_stride, half),
        };
        WebPFree(luma.cast());
        planes
    }
}
