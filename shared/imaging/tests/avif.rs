//! AVIF: every kind of sample, every part of the container, and what is wrong with files that are broken.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod pictures;

use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
use image::{Rgba, RgbaImage};
use pictures::heif::{File, Item, alpha, boxed, nclx, payload};
use pictures::{difference, render, render_full};
use thumbline_imaging::{Error, Limits, OutputFormat, Rendition, Size, probe};

/// What all the files show.
fn gradient(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let (right, down) = (x * 200 / width, y * 200 / height);
        let blue = 220 - x * 100 / width - y * 100 / height;
        Rgba([20 + right, 20 + down, blue, 255].map(|sample| u8::try_from(sample).unwrap()))
    })
}

macro_rules! file {
    ($name:literal) => {
        ($name, &include_bytes!(concat!("pictures/avif/", $name, ".avif"))[..])
    };
}

fn cell() -> Vec<u8> {
    payload(file!("cell").1)
}

/// The picture of `cell`, in a file that is written here.
fn picture(property: &[Vec<u8>]) -> Vec<u8> {
    let item = Item::picture(&cell(), 64, 64);
    File::new(vec![property.iter().cloned().fold(item, Item::with)]).write()
}

fn refusal(file: &[u8]) -> Error {
    render(file, &[Rendition::new(Some(16), None)]).unwrap_err()
}

#[test]
fn every_subsampling_depth_and_range_shows_the_same_picture() {
    let expected = gradient(61, 43);
    for (name, file) in [
        file!("420"),
        file!("422"),
        file!("444"),
        file!("limited"),
        file!("lossless"),
        file!("420-ten-bits"),
        file!("444-ten-bits"),
        file!("420-twelve-bits"),
        file!("film"),
        file!("grain"),
    ] {
        let shown = render_full(file);
        let apart = difference(&shown, &expected);
        assert!(apart < 1.6, "{name}: {apart} apart");
    }
}

#[test]
fn shrunk_while_converting_it_is_the_same_picture() {
    for width in [30, 15, 7] {
        let rendition = Rendition::new(Some(width), None).with_format(OutputFormat::Png);
        let of = |file: &[u8]| {
            pictures::read(&render(file, std::slice::from_ref(&rendition)).unwrap().thumbnails[0])
        };
        let expected = of(&pictures::encode(&gradient(61, 43), image::ImageFormat::Png));
        for (name, file) in
            [file!("420"), file!("422"), file!("444"), file!("420-ten-bits"), file!("lossless")]
        {
            let apart = difference(&of(file), &expected);
            assert!(apart < 2.0, "{name} at {width}: {apart} apart");
        }
    }
}

#[test]
fn monochrome_is_grey() {
    let shown = render_full(file!("gray").1);
    let luma = |p: &Rgba<u8>| 0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2]);
    for (shown, color) in shown.pixels().zip(gradient(61, 43).pixels()) {
        assert!(shown[0] == shown[1] && shown[1] == shown[2]);
        assert!((f64::from(shown[0]) - luma(color)).abs() < 4.0, "{shown:?} for {color:?}");
    }
}

#[test]
fn alpha_is_kept_and_multiplied_colors_are_divided() {
    for (name, file) in [file!("alpha"), file!("premultiplied")] {
        let shown = render_full(file);
        for (x, y, pixel) in shown.enumerate_pixels() {
            let color = *gradient(61, 43).get_pixel(x, y);
            assert!(
                i64::from(pixel[3]).abs_diff(i64::from(55 + x * 200 / 61)) <= 3,
                "{name}: {pixel:?} at {x}"
            );
            for channel in 0..3 {
                assert!(pixel[channel].abs_diff(color[channel]) <= 9, "{name}: {pixel:?}, not {color:?}");
            }
        }
    }
}

#[test]
fn one_pixel_is_a_picture() {
    let shown = render_full(file!("one-pixel").1);
    assert_eq!(shown.dimensions(), (1, 1));
    assert!(difference(&shown, &gradient(1, 1)) < 3.0);
}

#[test]
fn turned_and_mirrored_pictures_are_upright() {
    let upright = gradient(64, 64);
    let irot = |quarters: u8| boxed(b"irot", &[quarters]);
    let imir = |axis: u8| boxed(b"imir", &[axis]);
    for (properties, seen, exif) in [
        (vec![], upright.clone(), 1),
        (vec![imir(1)], flip_horizontal(&upright), 2),
        (vec![irot(2)], rotate180(&upright), 3),
        (vec![imir(0)], flip_vertical(&upright), 4),
        (vec![irot(1), imir(0)], flip_vertical(&rotate270(&upright)), 5),
        (vec![irot(3)], rotate90(&upright), 6),
        (vec![irot(3), imir(0)], flip_vertical(&rotate90(&upright)), 7),
        (vec![irot(1)], rotate270(&upright), 8),
    ] {
        let file = picture(&properties);
        assert_eq!(probe(&file, &Limits::default()).unwrap().orientation.exif(), exif);
        let apart = difference(&render_full(&file), &seen);
        assert!(apart < 2.0, "{exif}: {apart} apart");
    }
}

#[test]
fn a_clean_aperture_is_cut_out() {
    // 40 by 30 pixels whose centre lies 2 to the left of and 5 below the picture's.
    let numbers = [40_i32, 1, 30, 1, -2, 1, 5, 1].map(i32::to_be_bytes).concat();
    let file = picture(&[boxed(b"clap", &numbers)]);
    assert_eq!(probe(&file, &Limits::default()).unwrap().stored, Size::new(40, 30));
    let seen = image::imageops::crop_imm(&gradient(64, 64), 10, 22, 40, 30).to_image();
    assert!(difference(&render_full(&file), &seen) < 2.0);
}

fn grid(cells: u16, width: u16, height: u16) -> File {
    let mut items = vec![Item::grid(2, 2, width, height)];
    items.extend((0..cells).map(|_| Item::picture(&cell(), 64, 64)));
    let numbers: Vec<u16> = (2..2 + cells).collect();
    File::new(items).refer(b"dimg", 1, &numbers)
}

#[test]
fn cells_of_a_grid_lie_side_by_side() {
    let file = grid(4, 120, 101).write();
    let one = gradient(64, 64);
    let seen = RgbaImage::from_fn(120, 101, |x, y| *one.get_pixel(x % 64, y % 64));
    assert_eq!(probe(&file, &Limits::default()).unwrap().size(), Size::new(120, 101));
    let apart = difference(&render_full(&file), &seen);
    assert!(apart < 2.5, "{apart} apart");
}

#[test]
fn a_grid_must_have_all_its_cells_and_they_must_cover_it() {
    for (file, what) in [
        (grid(3, 120, 120), "of which 3 exist"),
        (grid(5, 120, 120), "of which 5 exist"),
        (grid(4, 129, 120), "for 129x120"),
        (grid(4, 120, 64), "for 120x64"),
    ] {
        let error = refusal(&file.write());
        assert_eq!(error.code(), "corrupt");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_separate_item_is_alpha() {
    let gray = payload(file!("gray").1);
    let items =
        vec![Item::picture(&payload(file!("420").1), 61, 43), Item::picture(&gray, 61, 43).with(alpha())];
    let shown = render_full(&File::new(items.clone()).refer(b"auxl", 2, &[1]).write());
    let alone = render_full(file!("gray").1);
    assert!(shown.pixels().zip(alone.pixels()).all(|(shown, gray)| shown[3].abs_diff(gray[0]) <= 1));
    let opaque = render_full(&File::new(items).write());
    assert!(opaque.pixels().all(|pixel| pixel[3] == 255), "without the reference it is another picture");
}

#[test]
fn wide_colors_become_srgb() {
    let plain = render_full(&picture(&[nclx(1, 13, 6, true)]));
    let wide = render_full(&picture(&[nclx(12, 13, 6, true)]));
    let (plain, wide) = (plain.get_pixel(60, 4), wide.get_pixel(60, 4));
    assert!(wide[0] > plain[0] + 3, "red of Display P3 is redder: {wide:?}, {plain:?}");
}

#[test]
fn hdr_is_mapped_and_not_merely_shown() {
    for transfer in [16, 18] {
        let shown = render_full(&picture(&[nclx(9, transfer, 9, true)]));
        assert!(shown.pixels().all(|pixel| pixel[3] == 255));
        assert!(difference(&shown, &gradient(64, 64)) > 10.0);
    }
}

#[test]
fn what_is_described_and_cannot_be_shown_is_unsupported() {
    for (file, what) in [
        (picture(&[nclx(9, 16, 14, true)]), "matrix coefficients 14"),
        (picture(&[boxed(b"zzzz", b"")]), "'zzzz'"),
        (picture(&[boxed(b"lsel", &[0, 1])]), "layers"),
        (File::new(vec![Item { kind: *b"hvc1", ..Item::picture(&cell(), 64, 64) }]).write(), "HEIC"),
        (File::new(vec![Item { kind: *b"iovl", ..Item::picture(&cell(), 64, 64) }]).write(), "'iovl'"),
    ] {
        let error = refusal(&file);
        assert_eq!(error.code(), "unsupported", "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn places_outside_the_file_are_truncated_and_wrong_sizes_corrupt() {
    let shifted = File { shift: 1, ..File::new(vec![Item::picture(&cell(), 64, 64)]) };
    assert_eq!(refusal(&shifted.write()).code(), "truncated");
    let far = File { shift: u32::MAX / 2, ..File::new(vec![Item::picture(&cell(), 64, 64)]) };
    assert_eq!(refusal(&far.write()).code(), "truncated");
    for (width, height) in [(63, 64), (64, 65), (8, 8), (4000, 4000)] {
        let file = File::new(vec![Item::picture(&cell(), width, height)]).write();
        assert_eq!(refusal(&file).code(), "corrupt", "{width}x{height}");
    }
    let no_size = File::new(vec![Item { properties: vec![], ..Item::picture(&cell(), 64, 64) }]);
    assert_eq!(refusal(&no_size.write()).code(), "corrupt");
}

#[test]
fn a_bomb_is_refused_from_its_header() {
    let file = File::new(vec![Item::picture(&cell(), 60_000, 60_000)]).write();
    assert_eq!(probe(&file, &Limits::default()).unwrap_err().code(), "too_large");
}

#[test]
fn tables_without_end_are_refused() {
    // 30,000 properties that nobody refers to.
    let item =
        (0..100).fold(Item::picture(&cell(), 64, 64), |item, _| item.with(boxed(b"free", b"").repeat(300)));
    let error = probe(&File::new(vec![item]).write(), &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("properties"), "{error}");
}

/// They take no bytes in the file, and 16 in memory: a file of 394 bytes took 393,216.
#[test]
fn extents_that_take_no_bytes_are_refused() {
    let mut file = picture(&[]);
    let iloc = file.windows(4).position(|name| name == b"iloc").unwrap();
    // No bytes for an offset or a length; of the first item, 64,000 extents.
    file[iloc + 8] = 0;
    file[iloc + 18..iloc + 20].copy_from_slice(&64_000_u16.to_be_bytes());
    let error = probe(&file, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("64000 extents"), "{error}");
}

#[test]
fn every_file_that_is_cut_is_refused() {
    for (name, file) in [
        file!("420"),
        file!("444"),
        file!("gray"),
        file!("alpha"),
        file!("film"),
        file!("420-twelve-bits"),
        ("grid", &grid(4, 120, 101).write()[..]),
    ] {
        assert!(render(file, &[Rendition::new(Some(16), None)]).is_ok(), "{name}");
        for length in 0..file.len() {
            let error = refusal(&file[..length]);
            let expected = if length < 16 { "empty truncated not_an_image" } else { "truncated corrupt" };
            assert!(expected.contains(error.code()), "{name}, {length} of {} bytes: {error}", file.len());
        }
    }
}

#[test]
fn what_lies_behind_the_picture_is_not_looked_at() {
    let (_, file) = file!("420");
    for behind in [&b"\0\0\0\0\0\0\0\0\0"[..], b"any bytes", b"\0\0\0\x07oops"] {
        let longer = [file, behind].concat();
        assert!(render(&longer, &[Rendition::new(Some(16), None)]).is_ok(), "{behind:?}");
    }
}

/// Encoded as AVIF and decoded again, both here.
fn written(picture: &RgbaImage, quality: u8) -> (usize, RgbaImage) {
    let rendition = Rendition::new(None, None).with_format(OutputFormat::Avif).with_quality(quality);
    let source = pictures::encode(picture, image::ImageFormat::Png);
    let made = render(&source, &[rendition]).unwrap().thumbnails.remove(0);
    (made.bytes.len(), render_full(&made.bytes))
}

#[test]
fn what_is_written_can_be_read() {
    for (width, height) in [(61, 43), (1, 1), (3, 40), (128, 7)] {
        let (_, shown) = written(&gradient(width, height), 80);
        let apart = difference(&shown, &gradient(width, height));
        assert!(apart < 2.5, "{width}x{height}: {apart} apart");
    }
}

#[test]
fn alpha_is_written() {
    let picture = RgbaImage::from_fn(64, 64, |x, y| {
        let mut pixel = *gradient(64, 64).get_pixel(x, y);
        pixel[3] = u8::try_from(55 + x * 3).unwrap();
        pixel
    });
    let (_, shown) = written(&picture, 90);
    assert!(difference(&shown, &picture) < 3.0);
}

#[test]
fn quality_costs_bytes_and_the_same_pixels_give_the_same_bytes() {
    let picture = pictures::scene(96, 64);
    let sizes = [20, 50, 80, 95].map(|quality| written(&picture, quality).0);
    assert!(sizes.is_sorted_by(|one, other| one < other), "{sizes:?}");
    assert_eq!(written(&picture, 50), written(&picture, 50));
}
