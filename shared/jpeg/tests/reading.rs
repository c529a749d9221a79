//! A file that is read as it is decoded gives what it gives as a whole, wherever the seams are and whatever is wrong with it.
#![allow(clippy::unwrap_used)]

mod pictures;

use std::io::{self, Read};

use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{Kind, encode, grain, scene};
use thumbline_jpeg::{Decoded, Decoder, Error, Options, Scale};

type Outcome = (Vec<u8>, Result<Decoded, Error>);

fn decode_with(
    front: &[u8],
    lenient: bool,
    scale: Scale,
    decode: impl Fn(&Decoder<'_>, &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<Decoded, Error>,
) -> Outcome {
    let mut pixels = Vec::new();
    let decoder = match Decoder::with_options(front, Options { lenient, ..Options::default() }) {
        Ok(decoder) => decoder,
        Err(error) => return (pixels, Err(error)),
    };
    let decoded = decode(&decoder, &mut |rows| {
        pixels.extend_from_slice(rows);
        Ok(())
    });
    assert!(decoder.scaled_size(scale).0 > 0);
    (pixels, decoded)
}

fn at_once(jpeg: &[u8], lenient: bool, scale: Scale) -> Outcome {
    decode_with(jpeg, lenient, scale, |decoder, sink| decoder.decode(scale, sink))
}

/// With so many bytes at hand, and the others from a reader that gives some at a time.
fn bit_by_bit(jpeg: &[u8], front: usize, lenient: bool, scale: Scale) -> Outcome {
    let (front, rest) = jpeg.split_at(front);
    decode_with(front, lenient, scale, |decoder, sink| decoder.decode_on(scale, &mut Dribble(rest), sink))
}

/// Gives a few bytes each time, and is interrupted in between.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (count, left) = (into.len().min(1 + self.0.len() % 1000), self.0.len());
        if left % 7 == 3 && count > 1 {
            into[0] = self.0[0];
            self.0 = &self.0[1..];
            return Ok(1);
        }
        self.0.read(&mut into[..count])
    }
}

/// Where the data of the first scan begin.
fn first_data(jpeg: &[u8]) -> usize {
    let at = jpeg.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]))
}

#[test]
fn a_seam_at_any_byte_changes_nothing() {
    let size = (45, 37);
    for (color, kind) in [
        (ColorType::Rgb, Kind::PLAIN),
        (ColorType::Rgb, Kind { restart: 2, quality: 96, ..Kind::PLAIN }),
        (ColorType::Rgb, Kind { progressive: true, ..Kind::PLAIN }),
        (ColorType::Luma, Kind { sampling: SamplingFactor::F_1_1, ..Kind::PLAIN }),
    ] {
        let channels = if color == ColorType::Luma { 1 } else { 3 };
        let mut jpeg = encode(&scene(size, channels), size, color, kind);
        // What is stuffed in, and what may lie between segments.
        let end = jpeg.len() - 2;
        jpeg.splice(end..end, [0x12, 0xFF, 0xFF, 0xFE, 0x00, 0x04, 0xAB, 0xCD, 0xFF, 0x00]);
        let scale = Scale::eighths(3).unwrap();
        for lenient in [false, true] {
            let expected = at_once(&jpeg, lenient, scale);
            expected.1.as_ref().unwrap();
            for front in first_data(&jpeg)..=jpeg.len() {
                assert_eq!(bit_by_bit(&jpeg, front, lenient, scale), expected, "{kind:?} at {front}");
            }
            for cut in (first_data(&jpeg)..jpeg.len()).step_by(11) {
                let expected = at_once(&jpeg[..cut], lenient, scale);
                let front = cut.min(first_data(&jpeg) + cut % 50);
                assert_eq!(
                    bit_by_bit(&jpeg[..cut], front, lenient, scale),
                    expected,
                    "{kind:?} cut at {cut}"
                );
            }
        }
    }
}

/// Of some hundred kilobytes, so that it is read in pieces.
fn large(restart: u16) -> Vec<u8> {
    let size = (700, 500);
    let kind = Kind { quality: 97, restart, ..Kind::PLAIN };
    let jpeg = encode(&grain(size), size, ColorType::Rgb, kind);
    assert!(jpeg.len() > 3 << 16, "{}", jpeg.len());
    jpeg
}

#[test]
fn damage_is_told_the_same_wherever_it_lies() {
    for jpeg in [large(0), large(5)] {
        let data = first_data(&jpeg);
        let scale = Scale::eighths(1).unwrap();
        for case in 0..150 {
            let mut damaged = jpeg.clone();
            let at = data + (jpeg.len() - data) * case / 150;
            match case % 4 {
                0 => damaged.truncate(at),
                1 => damaged[at] ^= 1 << (case % 8),
                2 => damaged[at] = 0xFF,
                // A run that is longer than a piece.
                _ => drop(damaged.splice(at..at, vec![0xFF; 150_000])),
            }
            for lenient in [false, true] {
                let expected = at_once(&damaged, lenient, scale);
                let read = bit_by_bit(&damaged, data, lenient, scale);
                assert_eq!(read.1, expected.1, "case {case} at {at}");
                assert!(read.0 == expected.0, "case {case} at {at}");
            }
        }
    }
}

#[test]
fn a_source_that_cannot_be_read_is_not_called_cut() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    for jpeg in [large(0), large(5)] {
        for front in [first_data(&jpeg), 70_000, jpeg.len() - 1] {
            for lenient in [false, true] {
                let (_, decoded) = decode_with(&jpeg[..front], lenient, Scale::FULL, |decoder, sink| {
                    decoder.decode_on(Scale::FULL, &mut Broken, sink)
                });
                let error = decoded.unwrap_err();
                let reason = "the disk is gone".to_owned();
                assert_eq!(error, Error::Unreadable { position: front, reason });
                assert!(!error.is_truncated());
            }
        }
        // All that is needed is there.
        let (pixels, decoded) = decode_with(&jpeg, false, Scale::FULL, |decoder, sink| {
            decoder.decode_on(Scale::FULL, &mut Broken, sink)
        });
        decoded.unwrap();
        assert_eq!(pixels.len(), 700 * 500 * 3);
    }
}

#[test]
fn what_comes_after_the_picture_is_not_read() {
    struct Counted<'a>(&'a [u8], usize);
    impl Read for Counted<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(into)?;
            self.1 += count;
            Ok(count)
        }
    }
    let mut jpeg = large(0);
    let (whole, data) = (jpeg.len(), first_data(&jpeg));
    // As telephones append films.
    jpeg.resize(whole + 3_000_000, 0x55);
    let mut rest = Counted(&jpeg[data..], 0);
    let mut planes = [0; 3];
    let decoder = Decoder::new(&jpeg[..data]).unwrap();
    let count = |component: usize, row: &[u8]| {
        planes[component] += row.len();
        Ok::<_, Error>(())
    };
    decoder.decode_planes_on(|_| Scale::FULL, &mut rest, count).unwrap();
    assert_eq!(planes, [700 * 500, 350 * 250, 350 * 250]);
    assert!(data + rest.1 < whole + 200_000, "{} bytes of {whole}", data + rest.1);
}
