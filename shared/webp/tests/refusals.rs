//! What cannot be encoded is refused, with the reason.
#![allow(clippy::unwrap_used)]

use thumbline_webp::{Channels, Encoder, Error, MAX_SIDE, Picture};

#[test]
fn sizes_that_the_format_does_not_have_are_refused() {
    for (width, height) in
        [(0, 0), (0, 1), (1, 0), (MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (u32::MAX, u32::MAX)]
    {
        let error = Picture::new(width, height, Channels::Rgba, &[0; 4]).unwrap_err();
        assert_eq!(error, Error::Size { width, height });
        assert!(error.to_string().contains("sides are 1 to 16383"), "{error}");
    }
}

#[test]
fn more_or_fewer_pixels_than_the_size_says_are_refused() {
    for (channels, expected) in [(Channels::Gray, 6), (Channels::Rgb, 18), (Channels::Rgba, 24)] {
        for actual in [0, expected - 1, expected + 1, expected * 2] {
            let error = Picture::new(3, 2, channels, &vec![0; actual]).unwrap_err();
            assert_eq!(error, Error::Pixels { actual, expected });
        }
    }
}

#[test]
fn qualities_beyond_the_scale_are_refused() {
    for quality in [0, 101, 255] {
        assert_eq!(Encoder::new(quality).unwrap_err(), Error::Quality { quality });
    }
}

#[test]
fn the_longest_sides_are_encoded() {
    for (width, height) in [(MAX_SIDE, 1), (1, MAX_SIDE)] {
        let pixels: Vec<u8> = (0..MAX_SIDE).map(|index| (index % 251) as u8).collect();
        let picture = Picture::new(width, height, Channels::Gray, &pixels).unwrap();
        let file = Encoder::new(75).unwrap().encode(&picture).unwrap();
        // The size in the frame's header (RFC 6386, 9.1).
        let side = |at: usize| u32::from(u16::from_le_bytes([file[at], file[at + 1]]));
        assert_eq!((side(26), side(28)), (width, height));
    }
}
