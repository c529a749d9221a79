//! Thumbnails that move: the same pictures, for the same time, as what the source shows.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what fails here fails the test"
)]

mod pictures;

use std::cell::Cell;

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::webp::WebPEncoder;
use image::{Delay, ExtendedColorType, Frame, Rgba, RgbaImage};
use pictures::{difference, render};
use thumbline_imaging::{Error, Limits, OutputFormat, Rendition};

/// A frame of the test's own: where it lies, how long it shows, how it is drawn and what is left of it.
struct Drawn {
    left: u32,
    top: u32,
    picture: RgbaImage,
    duration_ms: u32,
    is_blended: bool,
    is_cleared: bool,
}

fn plain(width: u32, height: u32, color: [u8; 4]) -> RgbaImage {
    RgbaImage::from_pixel(width, height, Rgba(color))
}

fn film() -> Vec<Drawn> {
    let frame = |left, top, picture, duration_ms, is_blended, is_cleared| Drawn {
        left,
        top,
        picture,
        duration_ms,
        is_blended,
        is_cleared,
    };
    let shaded = RgbaImage::from_fn(32, 32, |x, y| {
        Rgba([0, 40, 250, if x + y < 32 { 255 } else { 4 * (x + y) as u8 }])
    });
    vec![
        frame(0, 0, plain(64, 48, [200, 30, 30, 255]), 70, false, false),
        // Over a part of it, and gone afterwards, with what was below.
        frame(16, 8, shaded.clone(), 80, true, true),
        // Half transparent, over what is left and over what was cleared.
        frame(8, 4, plain(24, 30, [20, 220, 40, 128]), 90, true, false),
        // In the place of what is there, transparent parts and all.
        frame(30, 10, shaded, 1000, false, false),
    ]
}

/// The file of a film, by the rules of RFC 9649, 2.7.
fn animated_webp(canvas: (u32, u32), loops: u16, film: &[Drawn]) -> Vec<u8> {
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let mut chunk = [name.as_slice(), &(content.len() as u32).to_le_bytes(), content].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    let mut chunks =
        chunk(b"VP8X", &[vec![0x12, 0, 0, 0], three(canvas.0 - 1), three(canvas.1 - 1)].concat());
    chunks.extend(chunk(b"ANIM", &[&[0; 4], loops.to_le_bytes().as_slice()].concat()));
    for frame in film {
        let mut file = Vec::new();
        let (width, height) = frame.picture.dimensions();
        let encoder = WebPEncoder::new_lossless(&mut file);
        encoder.encode(&frame.picture, width, height, ExtendedColorType::Rgba8).unwrap();
        let flags = u8::from(!frame.is_blended) << 1 | u8::from(frame.is_cleared);
        let mut content =
            [frame.left / 2, frame.top / 2, width - 1, height - 1, frame.duration_ms].map(three).concat();
        content.push(flags);
        content.extend(&file[12..]);
        chunks.extend(chunk(b"ANMF", &content));
    }
    [b"RIFF".as_slice(), &(chunks.len() as u32 + 4).to_le_bytes(), b"WEBP", &chunks].concat()
}

/// What is seen of each frame: the same rules again, in floating point and pixel by pixel.
fn shown(canvas: (u32, u32), film: &[Drawn]) -> Vec<RgbaImage> {
    let mut seen = plain(canvas.0, canvas.1, [0; 4]);
    let mut stills = Vec::new();
    for frame in film {
        for (x, y, above) in frame.picture.enumerate_pixels() {
            let below = seen.get_pixel_mut(frame.left + x, frame.top + y);
            let front = f64::from(above[3]) / 255.0;
            let back = f64::from(below[3]) / 255.0 * (1.0 - front);
            if !frame.is_blended || front + back == 0.0 {
                *below = *above;
                continue;
            }
            for channel in 0..3 {
                let sum = f64::from(above[channel]) * front + f64::from(below[channel]) * back;
                below[channel] = (sum / (front + back)).round() as u8;
            }
            below[3] = ((front + back) * 255.0).round() as u8;
        }
        stills.push(seen.clone());
        if frame.is_cleared {
            for (x, y, _) in frame.picture.enumerate_pixels() {
                seen.put_pixel(frame.left + x, frame.top + y, Rgba([0; 4]));
            }
        }
    }
    stills
}

/// What a file shows, and for how many milliseconds each. Frames are decoded one by one as pictures of their own and drawn
/// by [`shown`]: the player of the `image` crate clears the wrong things.
fn play(file: &[u8]) -> Vec<(RgbaImage, u32)> {
    let number = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    let mut film = Vec::new();
    let mut canvas = (0, 0);
    let mut rest = &file[12..];
    while let [a, b, c, d, l0, l1, l2, l3, after @ ..] = rest {
        let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
        let content = &after[..length];
        rest = &after[length.next_multiple_of(2)..];
        match [*a, *b, *c, *d].as_slice() {
            b"VP8X" => canvas = (number(&content[4..]) + 1, number(&content[7..]) + 1),
            b"ANMF" => {
                // A picture with a chunk of alpha needs the header that says so; others are whole without.
                let header = match &content[16..20] {
                    b"ALPH" => [b"VP8X\x0A\0\0\0\x10\0\0\0".as_slice(), &content[6..12]].concat(),
                    _ => Vec::new(),
                };
                let length = (4 + header.len() + content.len() - 16) as u32;
                let still =
                    [b"RIFF".as_slice(), &length.to_le_bytes(), b"WEBP", &header, &content[16..]].concat();
                film.push(Drawn {
                    left: number(content) * 2,
                    top: number(&content[3..]) * 2,
                    picture: image::load_from_memory(&still).unwrap().to_rgba8(),
                    duration_ms: number(&content[12..]),
                    is_blended: content[15] & 2 == 0,
                    is_cleared: content[15] & 1 != 0,
                });
            }
            _ => {}
        }
    }
    shown(canvas, &film).into_iter().zip(film.iter().map(|frame| frame.duration_ms)).collect()
}

/// Colours as they look on black, beside alpha: what has none has no colour either.
fn on_black(picture: &RgbaImage) -> RgbaImage {
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        let alpha = u16::from(pixel[3]);
        for channel in 0..3 {
            pixel[channel] = (u16::from(pixel[channel]) * alpha / 255) as u8;
        }
    }
    picture
}

fn moving(width: Option<u32>) -> Rendition {
    Rendition::new(width, None).with_format(OutputFormat::WebP).with_quality(95).with_animated(true)
}

fn loops(file: &[u8]) -> Option<u16> {
    let chunk = file.windows(4).position(|at| at == b"ANIM")?;
    Some(u16::from_le_bytes([file[chunk + 12], file[chunk + 13]]))
}

#[test]
fn frames_are_laid_over_one_another_as_their_file_says() {
    let source = animated_webp((64, 48), 3, &film());
    let made = render(&source, &[moving(None)]).unwrap().thumbnails.remove(0);
    let seen = play(&made.bytes);
    assert_eq!(seen.iter().map(|(_, duration)| *duration).collect::<Vec<_>>(), [70, 80, 90, 1000]);
    assert_eq!(loops(&made.bytes), Some(3));
    for (index, ((seen, _), expected)) in seen.iter().zip(shown((64, 48), &film())).enumerate() {
        let apart = difference(&on_black(seen), &on_black(&expected));
        assert!(apart < 4.0, "frame {index} is {apart} apart");
    }
}

#[test]
fn each_size_moves_and_stills_may_be_among_them() {
    let source = animated_webp((64, 48), 0, &film());
    let still = Rendition::new(Some(16), None).with_format(OutputFormat::Png).with_animated(true);
    let first = Rendition::new(Some(16), None).with_format(OutputFormat::WebP);
    let made = render(&source, &[moving(Some(16)), still, moving(Some(32)), first]).unwrap().thumbnails;
    let sizes: Vec<_> = made.iter().map(|thumbnail| (thumbnail.width, thumbnail.height)).collect();
    assert_eq!(sizes, [(16, 12), (16, 12), (32, 24), (16, 12)]);
    assert_eq!(
        made.iter().map(|made| loops(&made.bytes)).collect::<Vec<_>>(),
        [Some(0), None, Some(0), None]
    );
    let large = play(&made[2].bytes);
    assert_eq!(large.len(), 4);
    for ((seen, _), expected) in large.iter().zip(shown((64, 48), &film())) {
        assert_eq!(seen.dimensions(), (32, 24));
        let expected = image::imageops::thumbnail(&on_black(&expected), 32, 24);
        let apart = difference(&on_black(seen), &expected);
        // Hard edges, once by a box and once by Lanczos: a frame that is not this one is 25 apart.
        assert!(apart < 12.0, "{apart} apart");
    }
}

#[test]
fn a_gif_keeps_its_pace() {
    let mut source = Vec::new();
    let mut encoder = GifEncoder::new(&mut source);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    let frame = |picture, duration| Frame::from_parts(picture, 0, 0, Delay::from_numer_denom_ms(duration, 1));
    let base = frame(plain(40, 30, [250, 250, 0, 255]), 120);
    let patch = frame(plain(10, 10, [0, 0, 250, 255]), 340);
    encoder.encode_frames([base, patch]).unwrap();
    drop(encoder);
    // That encoder clears each frame and knows no places: let the first one stay, and the second lie at 20, 10.
    let mut controls = source.windows(3).enumerate().filter(|(_, at)| at == b"\x21\xF9\x04");
    let (first, second) = (controls.next().unwrap().0, controls.next().unwrap().0);
    source[first + 3] = (source[first + 3] & 0x03) | (1 << 2);
    assert_eq!(source[second + 8..second + 13], [0x2C, 0, 0, 0, 0]);
    source[second + 9] = 20;
    source[second + 11] = 10;

    let made = render(&source, &[moving(None)]).unwrap().thumbnails.remove(0);
    let seen = play(&made.bytes);
    assert_eq!(seen.iter().map(|(_, duration)| *duration).collect::<Vec<_>>(), [120, 340]);
    assert_eq!(loops(&made.bytes), Some(0));
    let near =
        |pixel: &Rgba<u8>, color: [u8; 3]| (0..3).all(|channel| pixel[channel].abs_diff(color[channel]) < 24);
    assert!(near(seen[0].0.get_pixel(25, 15), [250, 250, 0]));
    assert!(near(seen[1].0.get_pixel(25, 15), [0, 0, 250]));
    assert!(near(seen[1].0.get_pixel(5, 5), [250, 250, 0]));
}

#[test]
fn what_does_not_move_stays_a_picture() {
    let source = animated_webp((64, 48), 0, &film()[..1]);
    let asked = render(&source, &[moving(Some(32))]).unwrap();
    let unasked = render(&source, &[moving(Some(32)).with_animated(false)]).unwrap();
    assert_eq!(asked.thumbnails, unasked.thumbnails);
    assert_eq!(loops(&asked.thumbnails[0].bytes), None);
}

#[test]
fn the_same_film_gives_the_same_bytes() {
    let source = animated_webp((64, 48), 0, &film());
    let once = render(&source, &[moving(Some(30))]).unwrap().thumbnails;
    assert_eq!(once, render(&source, &[moving(Some(30))]).unwrap().thumbnails);
}

#[test]
fn a_film_that_is_too_long_is_refused_and_its_first_frame_is_not() {
    let source = animated_webp((64, 48), 0, &film());
    let mut limits = Limits::default();
    limits.max_animation_pixels = 4 * 25_000 - 1;
    let render = |rendition| thumbline_imaging::render(&source, &[rendition], &limits, &|| false);
    let error = render(moving(Some(16))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "too large: 100000 pixels of all frames together, each of which counts as 25000 at least, and at most 99999 are allowed"
    );
    assert!(render(moving(Some(16)).with_animated(false)).is_ok());
}

/// A GIF of a megabyte had 100,000 frames of one pixel, no two alike in a row, and took more than a minute: each of them costs
/// more than its pixel.
#[test]
fn a_megabyte_of_frames_of_one_pixel_is_too_long() {
    let frame = |color: u8| {
        // Codes of three bits: begin, a pixel, end.
        let codes = (4_u16 | u16::from(color) << 3 | 5 << 6).to_le_bytes();
        [b",\0\0\0\0\x01\0\x01\0\0\x02\x02".as_slice(), &codes, b"\0"].concat()
    };
    let film = |pairs: usize| {
        let screen = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
        [screen.as_slice(), &[frame(0), frame(1)].concat().repeat(pairs), b";"].concat()
    };
    let moving = || moving(Some(16));
    let error = render(&film(50_000), &[moving()]).unwrap_err();
    assert_eq!(error.code(), "too_large");
    assert!(render(&film(50_000), &[moving().with_animated(false)]).is_ok());
    assert!(render(&film(20), &[moving()]).is_ok());
}

/// A film of 20 by 20 pixels was expected to take 18 KB, and took 1.1 MB.
#[test]
fn what_frames_of_any_size_take_counts_as_memory() {
    let source = animated_webp((64, 48), 0, &film());
    let mut limits = Limits::default();
    limits.max_memory_bytes = 1024 * 1024;
    let error = thumbline_imaging::render(&source, &[moving(Some(16))], &limits, &|| false).unwrap_err();
    assert!(error.to_string().contains("bytes of memory needed to animate it"), "{error}");
}

#[test]
fn between_frames_it_is_asked_whether_to_stop() {
    let source = animated_webp((64, 48), 0, &film());
    let questions = Cell::new(0);
    let stop_at = |last: u32| {
        questions.set(0);
        let stop = || {
            questions.set(questions.get() + 1);
            questions.get() > last
        };
        thumbline_imaging::render(&source, &[moving(Some(16))], &Limits::default(), &stop).map(|_| ())
    };
    assert_eq!(stop_at(u32::MAX), Ok(()));
    assert!(questions.get() >= 4, "{} questions for four frames", questions.get());
    assert!(matches!(stop_at(3), Err(Error::Interrupted { .. })));
}

/// Every frame has to be sound, not only the first.
#[test]
fn a_film_that_is_damaged_is_refused() {
    let source = animated_webp((64, 48), 0, &film());
    for length in 0..source.len() {
        assert!(render(&source[..length], &[moving(Some(16))]).is_err(), "{length} bytes pass");
    }
    let mut bent = source.clone();
    let last = bent.windows(4).rposition(|at| at == b"VP8L").unwrap();
    bent[last + 13..].fill(0xFF);
    assert_eq!(render(&bent, &[moving(Some(16))]).unwrap_err().code(), "corrupt");
    for (bytes, wrong) in [(b"ANMF", 8), (b"ANMF", 14)] {
        let mut bent = source.clone();
        let at = bent.windows(4).rposition(|at| at == bytes).unwrap() + wrong;
        bent[at] = 200;
        assert_eq!(
            render(&bent, &[moving(Some(16))]).unwrap_err().code(),
            "corrupt",
            "byte {wrong} of a frame"
        );
    }
}
