//! Writes small pictures of every kind, for the fuzzer to begin with: `seeds FOLDER` makes a folder in it for each target.
//!
//! Nothing comes from outside: they are drawn here, and written by the builders of the engine's own tests.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "nothing comes from outside: what cannot be made here is a mistake here"
)]

mod blocks;
mod films;
mod maps;
mod pages;
#[path = "../../../../shared/imaging/tests/pictures/mod.rs"]
mod pictures;
mod portable;

use std::path::Path;
use std::{env, fs, io};

use image::{ImageFormat, Rgba, RgbaImage};
use pictures::heif::{File, Item, alpha, boxed, nclx, payload};
use pictures::{JpegKind, exif, exif_segment, jpeg, jpeg_with, scene};
use thumbline_fuzz_harness::Target;
use thumbline_imaging::{OutputFormat, Rendition};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("Which folder are the seeds to go to?  seeds FOLDER");
        std::process::exit(2);
    };
    for target in Target::ALL {
        let folder = Path::new(&folder).join(target.name());
        fs::create_dir_all(&folder)?;
        let mut count = 0;
        for (number, seed) in seeds(*target).iter().enumerate() {
            assert!(target.try_on(seed), "{} does not take its seed {number}", target.name());
            fs::write(folder.join(format!("seed-{number:03}")), seed)?;
            count += 1;
        }
        println!("{count:>4} seeds for {}", target.name());
    }
    Ok(())
}

/// Inputs of a target: what is tried, and the last byte, which says how.
fn seeds(target: Target) -> Vec<Vec<u8>> {
    match target {
        Target::WebP => each_way(&films::webps(), &[0, 1, 4, 0x42]),
        Target::Gif => each_way(&films::gifs(), &[0, 1, 5, 0x46]),
        Target::Png => each_way(&portable::all(), &[0x80, 0x81, 0xC5]),
        Target::Tiff => each_way(&pages::all(), &[0, 1, 5, 0x42]),
        Target::Bmp => each_way(&maps::all(), &[0, 1, 5, 0x43]),
        Target::Avif => each_way(&avifs(), &[0, 1, 0x45]),
        Target::Metadata => blocks::all(),
        Target::Animation => each_way(&films::moving(), &[0, 1, 2, 3, 0x40]),
        Target::Encode => rasters(),
        Target::Lossy => lossy(),
        Target::Jpeg => each_way(&jpegs(), &[0, 1, 3, 5, 0x82]),
    }
}

/// Each file once for every two of these ways, one after the other, so that none is left out.
fn each_way(files: &[Vec<u8>], ways: &[u8]) -> Vec<Vec<u8>> {
    let mut ways = ways.iter().cycle();
    let twice = files.iter().flat_map(|file| [file, file]);
    twice.map(|file| [file.as_slice(), &[*ways.next().unwrap()]].concat()).collect()
}

macro_rules! avif {
    ($name:literal) => {
        include_bytes!(concat!("../../../../shared/imaging/tests/pictures/avif/", $name, ".avif")).to_vec()
    };
}

fn avifs() -> Vec<Vec<u8>> {
    let cell = payload(&avif!("cell"));
    let with = |properties: &[Vec<u8>]| {
        let item = Item::picture(&cell, 64, 64);
        File::new(vec![properties.iter().cloned().fold(item, Item::with)]).write()
    };
    let mut cells = vec![Item::grid(2, 1, 120, 64)];
    cells.extend([Item::picture(&cell, 64, 64), Item::picture(&cell, 64, 64)]);
    let apart = vec![
        Item::picture(&payload(&avif!("420")), 61, 43),
        Item::picture(&payload(&avif!("gray")), 61, 43).with(alpha()),
    ];
    let aperture = [40_i32, 1, 30, 1, -2, 1, 5, 1].map(i32::to_be_bytes).concat();
    vec![
        avif!("one-pixel"),
        avif!("gray"),
        avif!("420"),
        avif!("422"),
        avif!("444"),
        avif!("limited"),
        avif!("lossless"),
        avif!("420-ten-bits"),
        avif!("444-ten-bits"),
        avif!("420-twelve-bits"),
        avif!("alpha"),
        avif!("premultiplied"),
        avif!("film"),
        avif!("grain"),
        with(&[boxed(b"irot", &[1]), boxed(b"imir", &[0])]),
        with(&[boxed(b"clap", &aperture)]),
        with(&[nclx(9, 16, 9, true)]),
        with(&[nclx(12, 13, 6, false)]),
        File::new(cells).refer(b"dimg", 1, &[2, 3]).write(),
        File::new(apart).refer(b"auxl", 2, &[1]).write(),
        large(OutputFormat::Avif),
    ]
}

/// Of many pixels and few bytes.
fn large(format: OutputFormat) -> Vec<u8> {
    let picture = RgbaImage::from_fn(280, 200, |x, _| Rgba([9, 99, 199, (x * 255 / 280) as u8]));
    let full = Rendition::new(None, None).with_format(format).with_quality(20);
    let source = pictures::encode(&picture, ImageFormat::Png);
    pictures::render(&source, &[full]).unwrap().thumbnails.remove(0).bytes
}

fn jpegs() -> Vec<Vec<u8>> {
    let (small, wide) = (scene(24, 18), scene(61, 43));
    let plain = JpegKind::default();
    let of_color = |color, samples: usize| {
        let pixels: Vec<u8> = small.pixels().flat_map(|pixel| pixel.0[..samples].to_vec()).collect();
        let mut file = Vec::new();
        jpeg_encoder::Encoder::new(&mut file, 80).encode(&pixels, 24, 18, color).unwrap();
        file
    };
    vec![
        jpeg(&small, plain),
        jpeg(&small, JpegKind { subsampled: true, ..plain }),
        jpeg(&small, JpegKind { progressive: true, ..plain }),
        jpeg(&wide, JpegKind { progressive: true, subsampled: true, ..plain }),
        jpeg(&wide, JpegKind { subsampled: true, restart_interval: 2, ..plain }),
        jpeg(&small, JpegKind { scan_per_component: true, ..plain }),
        jpeg_with(&small, plain, &[(1, &exif_segment(6)), (13, b"Photoshop 3.0\0")]),
        large(OutputFormat::Jpeg),
        of_color(jpeg_encoder::ColorType::Luma, 1),
        of_color(jpeg_encoder::ColorType::Cmyk, 4),
        of_color(jpeg_encoder::ColorType::CmykAsYcck, 4),
        jpeg_with(&small, plain, &[(1, &[b"Exif\0\0", exif(3).as_slice()].concat())]),
    ]
}

/// Pixels, a width, a kind and a quality.
/// Scenes and flat colours, as grey, RGB and RGBA and in squares of every size, from the lowest quality to the highest.
fn lossy() -> Vec<Vec<u8>> {
    let scene = scene(24, 18).into_raw();
    let flat = [200, 30, 40, 255].repeat(2);
    let ways = (0..16_u8).flat_map(|kind| [(&scene, kind), (&flat, kind)]).enumerate();
    let sides = |number: usize| [[15, 15], [16, 32], [46, 30], [0, 0], [94, 4], [3, 90]][number % 6];
    ways.map(|(number, (pixels, kind))| {
        [pixels.as_slice(), &sides(number), &[kind, (number * 37 % 100) as u8]].concat()
    })
    .collect()
}

fn rasters() -> Vec<Vec<u8>> {
    let noise: Vec<u8> = scene(16, 12).into_raw();
    let wide: Vec<u8> = scene(40, 30).into_raw();
    let flat = [[200, 30, 40, 255], [200, 30, 40, 255], [10, 200, 90, 60]].concat().repeat(60);
    let each = |pixels: &Vec<u8>, kind: u8| [pixels.as_slice(), &[15 + kind, kind, 60 + kind]].concat();
    let mut all: Vec<Vec<u8>> = (0..16).map(|kind| each(&noise, kind)).collect();
    all.extend((0..8).map(|kind| each(&flat, kind)));
    all.extend((0..8).map(|kind| each(&wide, kind)));
    all.extend((16..24).map(|kind| each(&flat, kind)));
    all.push(vec![1, 2, 3, 4, 0, 0x17, 50]);
    all
}
