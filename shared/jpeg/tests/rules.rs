//! What a picture may not be, and what its segments say of it.
#![allow(clippy::unwrap_used)]

mod pictures;
mod writer;

use std::time::{Duration, Instant};

use thumbline_jpeg::{Channels, Decoded, Decoder, Error, Options, Scale};
use writer::{Component, Picture, Scan};

const SIZE: (usize, usize) = (20, 12);

fn components(ids: &[u8]) -> Vec<Component> {
    let component = |(index, &id): (usize, &u8)| {
        let mut block = [0; 64];
        (block[0], block[1], block[9]) = ([0, 20, 40, 60][index], 7, -3);
        Component { id, across: 1, down: 1, step: 4, blocks_wide: 3, blocks: vec![block; 6] }
    };
    ids.iter().enumerate().map(component).collect()
}

fn baseline(count: usize) -> [Scan; 1] {
    [Scan::sequential(&(0..count).collect::<Vec<_>>())]
}

fn decode(jpeg: &[u8]) -> Result<Decoded, Error> {
    Decoder::new(jpeg)?.decode(Scale::FULL, |_| Ok::<_, Error>(()))
}

fn pixels(jpeg: &[u8]) -> Vec<u8> {
    pictures::decode(jpeg, Scale::FULL).0
}

/// The file, with some of its bytes replaced where these first are.
fn patched(jpeg: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = jpeg.windows(from.len()).position(|window| window == from).unwrap();
    [&jpeg[..at], to, &jpeg[at + from.len()..]].concat()
}

#[test]
fn colours_follow_jfif_then_adobe_then_names() {
    let jfif = (0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0".to_vec());
    let adobe = |transform: u8| (0xEE, [b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat());
    let write = |ids: &[u8], segments: Vec<(u8, Vec<u8>)>| {
        let components = components(ids);
        let picture = Picture { segments, ..Picture::new(SIZE, &components) };
        pixels(&picture.write(0xC0, &baseline(ids.len())))
    };
    let (ycbcr, rgb) = (write(&[1, 2, 3], vec![]), write(b"RGB", vec![]));
    assert!(ycbcr != rgb);
    for (ids, segments, expected) in [
        ([1, 2, 3], vec![adobe(0)], &rgb),
        ([1, 2, 3], vec![adobe(1)], &ycbcr),
        ([1, 2, 3], vec![jfif.clone(), adobe(0)], &ycbcr),
        (*b"RGB", vec![jfif.clone()], &ycbcr),
        (*b"RGB", vec![adobe(1)], &ycbcr),
        ([0, 7, 200], vec![], &ycbcr),
        ([5, 5, 5], vec![], &ycbcr),
    ] {
        assert!(&write(&ids, segments.clone()) == expected, "{ids:?} {segments:?}");
    }
    let inks = write(&[1, 2, 3, 4], vec![]);
    let inverted: Vec<u8> = inks.iter().map(|ink| 255 - ink).collect();
    assert!(write(&[1, 2, 3, 4], vec![adobe(0)]) == inverted);
    let ycck = write(&[1, 2, 3, 4], vec![adobe(2)]);
    for ((ycck, ycbcr), inks) in ycck.chunks(4).zip(ycbcr.chunks(3)).zip(inks.chunks(4)) {
        assert_eq!(ycck, [ycbcr, &[255 - inks[3]]].concat());
    }
}

#[test]
fn a_profile_is_joined_from_its_pieces() {
    let piece = |place: u8, count: u8, text: &str| {
        (0xE2, [b"ICC_PROFILE\0".as_slice(), &[place, count], text.as_bytes()].concat())
    };
    let components = components(&[1]);
    let profile = |segments: Vec<(u8, Vec<u8>)>| {
        let picture = Picture { segments, ..Picture::new(SIZE, &components) };
        Decoder::new(&picture.write(0xC0, &baseline(1))).unwrap().profile()
    };
    assert_eq!(profile(vec![]), None);
    assert_eq!(profile(vec![piece(2, 2, "two"), piece(1, 2, "one, ")]), Some(b"one, two".to_vec()));
    assert_eq!(profile(vec![piece(1, 2, "one, ")]), None);
}

#[test]
fn without_huffman_tables_they_are_the_typical_ones() {
    let size = (61, 45);
    // This encoder uses those unless it is asked for better ones.
    let kind = pictures::Kind { quality: 98, ..pictures::Kind::PLAIN };
    let jpeg = pictures::encode(&pictures::scene(size, 3), size, jpeg_encoder::ColorType::Rgb, kind);
    let mut without = jpeg.clone();
    while let Some(at) = without.windows(2).position(|window| window == [0xFF, 0xC4]) {
        let length = usize::from(u16::from_be_bytes([without[at + 2], without[at + 3]]));
        without.drain(at..at + 2 + length);
    }
    assert!(without.len() < jpeg.len() - 300);
    assert!(pixels(&without) == pixels(&jpeg));
}

#[test]
fn what_is_not_decoded_here_says_so() {
    let components = components(&[1, 2, 3]);
    let jpeg = Picture::new(SIZE, &components).write(0xC0, &baseline(3));
    for (marker, feature) in
        [(0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic"), (0xCA, "arithmetic")]
    {
        let error = decode(&patched(&jpeg, &[0xFF, 0xC0], &[0xFF, marker])).unwrap_err();
        assert!(error.is_unsupported() && error.to_string().contains(feature), "{error}");
    }
    let error = decode(&patched(&jpeg, &[0xFF, 0xC0, 0, 17, 8], &[0xFF, 0xC1, 0, 17, 12])).unwrap_err();
    assert!(error.is_unsupported() && error.to_string().contains("12 bits"), "{error}");
    let two = self::components(&[1, 2]);
    assert!(decode(&Picture::new(SIZE, &two).write(0xC0, &baseline(2))).unwrap_err().is_unsupported());
    assert_eq!(decode(b"\x89PNG\r\n").unwrap_err(), Error::NotJpeg);
}

#[test]
fn a_progression_with_holes_is_refused_and_leniently_decoded() {
    let components = components(&[1]);
    let picture = Picture::new(SIZE, &components);
    let whole = [
        Scan::progressive(&[0], (0, 0), 0, 1),
        Scan::progressive(&[0], (1, 5), 0, 0),
        Scan::progressive(&[0], (6, 63), 0, 1),
        Scan::progressive(&[0], (0, 0), 1, 0),
        Scan::progressive(&[0], (6, 63), 1, 0),
    ];
    decode(&picture.write(0xC2, &whole)).unwrap();
    for missing in 0..whole.len() {
        let mut scans = whole.to_vec();
        scans.remove(missing);
        let jpeg = picture.write(0xC2, &scans);
        let error = decode(&jpeg).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "without scan {missing}: {error}");
        let lenient = Decoder::with_options(&jpeg, Options { lenient: true, ..Options::default() }).unwrap();
        let decoded = lenient.decode(Scale::FULL, |_| Ok::<_, Error>(())).unwrap();
        assert_eq!(decoded.fault, Some(error));
    }
    let again = [&whole[..], &whole[4..]].concat();
    assert!(decode(&picture.write(0xC2, &again)).is_err());
}

#[test]
fn a_component_without_a_scan_or_with_two_is_refused() {
    let components = components(&[1, 2, 3]);
    let picture = Picture::new(SIZE, &components);
    let scan = |components: &[usize]| Scan::sequential(components);
    for scans in [
        vec![scan(&[0])],
        vec![scan(&[0]), scan(&[1])],
        vec![scan(&[0, 1, 2]), scan(&[0])],
        vec![scan(&[0]), scan(&[0]), scan(&[1, 2])],
    ] {
        assert!(matches!(decode(&picture.write(0xC0, &scans)), Err(Error::Corrupt { .. })), "{scans:?}");
    }
}

#[test]
fn more_than_the_limits_allow_is_refused_from_the_header() {
    let components = components(&[1]);
    let jpeg = Picture::new(SIZE, &components).write(0xC0, &baseline(1));
    let options = Options { max_pixels: 239, ..Options::default() };
    let error = Decoder::with_options(&jpeg, options).unwrap_err();
    assert_eq!(error, Error::TooLarge { what: "pixels", actual: 240, limit: 239 });
    // Nothing is set aside for what the header only claims, before there are data for it.
    let huge = patched(&jpeg, &[0, 12, 0, 20], &[0xFF, 0xFF, 0xFF, 0xFF]);
    let options = Options { max_pixels: u64::MAX, ..Options::default() };
    let decoder = Decoder::with_options(&huge, options).unwrap();
    let eighth = Scale::eighths(1).unwrap();
    assert!(decoder.working_bytes(eighth) < 4 << 20);
    let error = decoder.decode(eighth, |_| Ok::<_, Error>(())).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[test]
fn a_thousand_scans_cost_nothing_to_refuse_and_little_to_decode() {
    let mut block = [0; 64];
    block[0] = 1;
    let (wide, high) = (190, 190);
    let blocks = vec![block; wide * high];
    let components = [Component { id: 1, across: 1, down: 1, step: 1, blocks_wide: wide, blocks }];
    let picture = Picture::new((wide * 8, high * 8), &components);
    let mut scans = vec![Scan::progressive(&[0], (0, 0), 0, 0)];
    for place in 1..64 {
        scans.push(Scan::progressive(&[0], (place, place), 0, 13));
        scans.extend((0..13).rev().map(|low| Scan::progressive(&[0], (place, place), low + 1, low)));
    }
    let jpeg = picture.write(0xC2, &scans);
    let error = decode(&jpeg).unwrap_err();
    assert!(matches!(error, Error::TooLarge { what: "scans", .. }), "{error}");
    let options = Options { max_scans: 1000, ..Options::default() };
    let start = Instant::now();
    let decoder = Decoder::with_options(&jpeg, options).unwrap();
    decoder.decode(Scale::FULL, |_| Ok::<_, Error>(())).unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn the_sink_may_end_it() {
    let components = components(&[1, 2, 3]);
    let jpeg = Picture::new(SIZE, &components).write(0xC0, &baseline(3));
    let decoder = Decoder::new(&jpeg).unwrap();
    assert_eq!(decoder.channels(), Channels::Rgb);
    let mut calls = 0;
    let outcome = decoder.decode(Scale::FULL, |rows| {
        calls += 1;
        assert_eq!(rows.len() % (SIZE.0 * 3), 0);
        Err(Error::NotJpeg)
    });
    assert_eq!((outcome, calls), (Err(Error::NotJpeg), 1));
}

#[test]
fn scales_cover_what_is_wanted() {
    assert_eq!(Scale::covering((6000, 4000), (750, 1)).get(), 1);
    assert_eq!(Scale::covering((6000, 4000), (751, 1)).get(), 2);
    assert_eq!(Scale::covering((6000, 4000), (100, 3999)), Scale::FULL);
    assert_eq!(Scale::covering((6000, 4000), (9000, 1)), Scale::FULL);
    assert_eq!(Scale::covering((1, 2), (1, 2)), Scale::FULL);
    assert_eq!((Scale::eighths(0), Scale::eighths(9)), (None, None));
}

#[test]
fn what_looks_like_an_end_of_block_after_the_last_coefficient_is_of_the_next_block() {
    // No end comes after a 63rd coefficient that is not zero. A difference of zero has the code of an end, and looks like it.
    let mut block = [0; 64];
    (block[0], block[1], block[63]) = (20, 7, -1);
    let blocks = vec![block; 6];
    let components = [Component { id: 1, across: 1, down: 1, step: 4, blocks_wide: 3, blocks }];
    let picture = Picture { short_codes: &[0, 1], ..Picture::new(SIZE, &components) };
    let progressive = [Scan::progressive(&[0], (0, 0), 0, 0), Scan::progressive(&[0], (1, 63), 0, 0)];
    assert!(pixels(&picture.write(0xC0, &baseline(1))) == pixels(&picture.write(0xC2, &progressive)));
}
