//! Thousands of damaged pictures: each is an error or a picture, never a panic, and a cut one is never called whole.
#![allow(clippy::unwrap_used)]

mod pictures;

use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{Kind, encode, scene};
use thumbline_jpeg::{Decoded, Decoder, Error, Options, Scale};

const SIZE: (u16, u16) = (61, 45);

const LENIENT: Options = Options { lenient: true, max_pixels: 1 << 22, max_scans: 100 };

/// One of each kind that is coded in another way.
fn whole_pictures() -> Vec<Vec<u8>> {
    let kinds = [
        (ColorType::Rgb, Kind::PLAIN),
        (ColorType::Rgb, Kind { progressive: true, ..Kind::PLAIN }),
        (ColorType::Rgb, Kind { restart: 3, ..Kind::PLAIN }),
        (ColorType::Rgb, Kind { progressive: true, restart: 2, ..Kind::PLAIN }),
        (ColorType::Luma, Kind { quality: 97, ..Kind::PLAIN }),
        (ColorType::CmykAsYcck, Kind { sampling: SamplingFactor::F_1_2, ..Kind::PLAIN }),
    ];
    let encode = |(color, kind): (ColorType, Kind)| {
        let channels = match color {
            ColorType::Luma => 1,
            ColorType::Rgb => 3,
            _ => 4,
        };
        encode(&scene(SIZE, channels), SIZE, color, kind)
    };
    kinds.map(encode).into()
}

fn decode(jpeg: &[u8], scale: Scale, options: Options) -> Result<Decoded, Error> {
    let decoder = Decoder::with_options(jpeg, options)?;
    let (width, height) = decoder.scaled_size(scale);
    let bytes = width as usize * height as usize * decoder.channels().count();
    let mut count = 0;
    let decoded = decoder.decode(scale, |rows| {
        count += rows.len();
        Ok::<_, Error>(())
    })?;
    assert_eq!(count, bytes, "what is called a picture is a whole one");
    Ok(decoded)
}

fn scales() -> [Scale; 4] {
    [1, 2, 3, 8].map(|eighths| Scale::eighths(eighths).unwrap())
}

#[test]
fn a_cut_picture_is_never_called_whole() {
    for jpeg in whole_pictures() {
        for end in 0..jpeg.len() {
            let scale = scales()[end % 4];
            let error = decode(&jpeg[..end], scale, Options::default()).unwrap_err();
            assert!(end < 2 || error.is_truncated(), "{error} at {end} of {}", jpeg.len());
            assert!(error.position().is_none_or(|position| position <= end), "{error} at {end}");
            if let Ok(decoded) = decode(&jpeg[..end], scale, LENIENT) {
                assert!(decoded.fault.is_some(), "cut at {end} of {}", jpeg.len());
            }
        }
        assert_eq!(decode(&jpeg, Scale::FULL, LENIENT).unwrap().fault, None);
    }
}

#[test]
fn leniency_keeps_what_is_there() {
    let jpeg = encode(&scene(SIZE, 3), SIZE, ColorType::Rgb, Kind::PLAIN);
    let (whole, _) = pictures::decode(&jpeg, Scale::FULL);
    let mut kept = Vec::new();
    let decoder = Decoder::with_options(&jpeg[..jpeg.len() * 3 / 4], LENIENT).unwrap();
    let keep = |rows: &[u8]| {
        kept.extend_from_slice(rows);
        Ok::<_, Error>(())
    };
    let decoded = decoder.decode(Scale::FULL, keep).unwrap();
    assert!(decoded.missing_units > 0 && decoded.missing_units < decoded.units / 2, "{decoded:?}");
    assert!(decoded.fault.unwrap().is_truncated());
    let third = whole.len() / 3;
    assert!(kept[..third] == whole[..third]);
    assert_eq!(kept[kept.len() - 3..], [128; 3]);
}

#[test]
fn a_lost_restart_interval_costs_no_more_than_itself() {
    let kind = Kind { restart: 4, ..Kind::PLAIN };
    let jpeg = encode(&scene(SIZE, 3), SIZE, ColorType::Rgb, kind);
    let markers: Vec<usize> =
        (0..jpeg.len() - 1).filter(|&at| jpeg[at] == 0xFF && (0xD0..0xD8).contains(&jpeg[at + 1])).collect();
    let [first, second, ..] = markers[..] else { panic!("there are too few restarts") };
    let without = [&jpeg[..first], &jpeg[second..]].concat();
    let strict = decode(&without, Scale::FULL, Options::default()).unwrap_err();
    assert!(strict.to_string().contains("restart"), "{strict}");
    let decoded = decode(&without, Scale::FULL, LENIENT).unwrap();
    assert_eq!((decoded.missing_units, decoded.units), (4, 12));
}

#[test]
fn a_restart_marker_out_of_order_is_never_passed_over_in_silence() {
    let kind = Kind { restart: 4, ..Kind::PLAIN };
    let jpeg = encode(&scene(SIZE, 3), SIZE, ColorType::Rgb, kind);
    let is_first = |at: &usize| jpeg[*at..*at + 2] == [0xFF, 0xD0];
    let first = (0..jpeg.len() - 1).find(is_first).unwrap();
    for number in 1..8 {
        let mut changed = jpeg.clone();
        changed[first + 1] = 0xD0 + number;
        let strict = decode(&changed, Scale::FULL, Options::default()).unwrap_err();
        assert!(strict.to_string().contains("restart"), "{strict}");
        assert!(decode(&changed, Scale::FULL, LENIENT).unwrap().fault.is_some(), "{number}");
    }
    // One that came late, before the right one.
    let twice = [&jpeg[..first], &[0xFF, 0xD7], &jpeg[first..]].concat();
    decode(&twice, Scale::FULL, Options::default()).unwrap_err();
    let lenient = decode(&twice, Scale::FULL, LENIENT).unwrap();
    assert!(lenient.fault.is_some() && lenient.missing_units == 0, "{lenient:?}");
}

#[test]
fn damage_of_any_kind_is_an_error_or_a_picture() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for jpeg in whole_pictures() {
        for _ in 0..1500 {
            let mut damaged = jpeg.clone();
            for _ in 0..=random(4) {
                let at = random(damaged.len());
                match random(4) {
                    0 => damaged[at] ^= 1 << random(8),
                    1 => damaged[at] = 0xFF,
                    2 => damaged.truncate(at.max(2)),
                    _ => {
                        let from = random(jpeg.len());
                        let until = jpeg.len().min(from + random(40));
                        damaged.splice(at..at, jpeg[from..until].iter().copied());
                    }
                }
            }
            let scale = scales()[random(4)];
            let strict = decode(&damaged, scale, Options { lenient: false, ..LENIENT });
            let lenient = decode(&damaged, scale, LENIENT);
            if let Ok(decoded) = strict {
                assert_eq!(lenient, Ok(decoded), "leniency changes nothing where nothing is wrong");
            }
        }
    }
}
