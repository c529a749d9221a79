//! Whole pictures.

use super::Encoder;
use crate::arithmetic::kinds;
use crate::{Channels, Picture};

const SIZE: (u32, u32) = (131, 97);

/// Edges, slopes and grain.
fn scene(size: (u32, u32), channels: u32) -> Vec<u8> {
    let places = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
    let samples = places.flat_map(|(x, y)| {
        (0..channels).map(move |channel| {
            let grain = (x * 73 + y * 151 + channel * 37).wrapping_mul(2_654_435_761) >> 28;
            let edge = if (x / 11 + y / 7 + channel).is_multiple_of(3) { 90 } else { 0 };
            ((x + y * (channel + 1) + grain + edge) % 256) as u8
        })
    });
    samples.collect()
}

#[test]
fn all_kinds_of_processors_make_the_same_file() {
    for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
        let pixels = scene(SIZE, channels.count() as u32);
        let picture = Picture::new(SIZE.0, SIZE.1, channels, &pixels).unwrap();
        for quality in [1, 20, 50, 75, 90, 97, 100] {
            let mut encoder = Encoder::new(quality).unwrap();
            let files = kinds().into_iter().map(|kind| {
                encoder.processor = kind;
                (kind, encoder.encode(&picture).unwrap())
            });
            let files: Vec<_> = files.collect();
            for (kind, file) in &files {
                assert!(*file == files[0].1, "{kind:?}: {channels:?} at quality {quality}");
            }
        }
    }
}

/// The length of the first partition (RFC 6386, 9.1), of a file without alpha.
fn bytes_of_modes(file: &[u8]) -> u32 {
    u32::from_le_bytes([file[20], file[21], file[22], 0]) >> 5
}

#[test]
fn modes_keep_to_the_room_that_there_is() {
    let size = (800, 600);
    let pixels = scene(size, 3);
    let picture = Picture::new(size.0, size.1, Channels::Rgb, &pixels).unwrap();
    let mut encoder = Encoder::new(90).unwrap();
    let macroblocks = u64::from(size.0.div_ceil(16) * size.1.div_ceil(16));
    // The header is part of it, which says all about probabilities.
    let header = 1300;
    // From more than they want to what the cheapest take: 7 bits, with which segment it is and whether there is anything.
    for bits in [100, 40, 20, 12, 7] {
        encoder.mode_bits = Some(macroblocks * bits * 256);
        let bytes = bytes_of_modes(&encoder.encode(&picture).unwrap());
        assert!(u64::from(bytes) < macroblocks * bits / 8 + header, "{bytes} bytes for {bits} bits each");
    }
    encoder.mode_bits = None;
    let free = bytes_of_modes(&encoder.encode(&picture).unwrap());
    assert!(u64::from(free) > macroblocks * 40 / 8, "{free} bytes would have kept to it anyway");
}
