//! Which part of a picture is kept: gravities, focal points, attention; and the placeholder of it all.
#![allow(
    clippy::cast_possible_truncation,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here fails the test"
)]

mod pictures;

use image::{ImageFormat, Rgba, RgbaImage};
use pictures::{JpegKind, encode, exif_segment, jpeg_with, read, render, scene};
use thumbline_imaging::{Fit, Focus, OutputFormat, Position, Rendition};

const RED: Rgba<u8> = Rgba([220, 30, 30, 255]);
const GRAY: Rgba<u8> = Rgba([118, 122, 126, 255]);

fn square(side: u32, position: Position) -> Rendition {
    Rendition::new(Some(side), Some(side))
        .with_fit(Fit::Cover)
        .with_position(position)
        .with_format(OutputFormat::Png)
}

fn one(file: &[u8], rendition: Rendition) -> RgbaImage {
    read(&render(file, &[rendition]).unwrap().thumbnails[0])
}

/// A red spot of 40 pixels on grey.
fn spot(width: u32, height: u32, centre: (u32, u32)) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let inside = x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2) < 400;
        if inside { RED } else { GRAY }
    })
}

/// Where the red is in a thumbnail, as shares of its sides; `None` where there is hardly any.
fn find(thumbnail: &RgbaImage) -> Option<(f64, f64)> {
    let red: Vec<_> =
        thumbnail.enumerate_pixels().filter(|(_, _, pixel)| pixel[0] > 180 && pixel[1] < 80).collect();
    let count = f64::from(u32::try_from(red.len()).unwrap());
    let mean = |of: fn(&(u32, u32, &Rgba<u8>)) -> u32, side: u32| {
        red.iter().map(|pixel| f64::from(of(pixel)) + 0.5).sum::<f64>() / count / f64::from(side)
    };
    (count > 60.0).then(|| (mean(|at| at.0, thumbnail.width()), mean(|at| at.1, thumbnail.height())))
}

#[test]
fn each_gravity_keeps_its_end_of_the_picture() {
    let wide =
        encode(&RgbaImage::from_fn(400, 100, |x, _| Rgba([(x / 2) as u8, 0, 0, 255])), ImageFormat::Png);
    let high =
        encode(&RgbaImage::from_fn(100, 400, |_, y| Rgba([(y / 2) as u8, 0, 0, 255])), ImageFormat::Png);
    for position in Position::GRAVITIES {
        let name = position.name();
        let first = one(&wide, square(100, *position)).get_pixel(0, 50)[0];
        let expected = if name.contains("west") {
            0
        } else if name.contains("east") {
            150
        } else {
            75
        };
        assert_eq!(first, expected, "{name} of a wide picture");
        let first = one(&high, square(100, *position)).get_pixel(50, 0)[0];
        let expected = if name.contains("north") {
            0
        } else if name.contains("south") {
            150
        } else {
            75
        };
        assert_eq!(first, expected, "{name} of a high picture");
    }
}

#[test]
fn a_canvas_has_the_picture_where_gravity_says() {
    let file = encode(&RgbaImage::from_pixel(100, 50, RED), ImageFormat::Png);
    for (position, top) in [
        (Position::North, 0),
        (Position::SouthEast, 50),
        (Position::West, 25),
        (Position::Attention, 25),
        (Position::Focus(Focus::per_mille(0, 0).unwrap()), 25),
    ] {
        let made = one(&file, square(100, position).with_fit(Fit::Contain));
        let rows: Vec<_> = (0..100).filter(|y| made.get_pixel(50, *y)[3] == 255).collect();
        assert_eq!(rows, (top..top + 50).collect::<Vec<_>>(), "{}", position.name());
    }
}

#[test]
fn a_focal_point_is_a_place_in_the_picture_as_seen() {
    for exif in 1..=8 {
        // As stored, the spot lies at (0.8, 0.3).
        let file = jpeg_with(&spot(400, 200, (320, 60)), JpegKind::default(), &[(1, &exif_segment(exif))]);
        let (x, y) =
            [(800, 300), (200, 300), (200, 700), (800, 700), (300, 800), (700, 800), (700, 200), (300, 200)]
                [usize::from(exif) - 1];
        let focus = Position::Focus(Focus::per_mille(x, y).unwrap());
        let (across, down) =
            find(&one(&file, square(80, focus))).unwrap_or_else(|| panic!("orientation {exif}"));
        // It is in the middle where no edge is near: along one side it is 20 % of 200 or 400 pixels away from one.
        let middle = |at: f64| (at - 0.5).abs() < 0.31;
        assert!(middle(across) && middle(down), "orientation {exif}: {across}, {down}");
    }
}

#[test]
fn attention_finds_the_subject_however_the_picture_is_stored_and_sized() {
    for centre in [(30, 30), (370, 30), (30, 170), (370, 170), (120, 100), (200, 100)] {
        for exif in [1, 3, 6, 8] {
            let picture = spot(400, 200, centre);
            let file = jpeg_with(&picture, JpegKind::default(), &[(1, &exif_segment(exif))]);
            for side in [60, 100, 200] {
                let found = find(&one(&file, square(side, Position::Attention)));
                assert!(found.is_some(), "{centre:?}, orientation {exif}, {side} pixels");
            }
            let enlarged = square(300, Position::Attention).with_enlarge(true);
            let made = one(&file, enlarged);
            assert_eq!(made.dimensions(), (300, 300));
            assert!(find(&made).is_some(), "{centre:?}, orientation {exif}, enlarged");
        }
    }
}

#[test]
fn attention_is_the_same_every_time_and_the_middle_where_there_is_nothing() {
    let file = encode(&scene(300, 200), ImageFormat::Png);
    let attention = [square(64, Position::Attention), square(150, Position::Attention)];
    let first = render(&file, &attention).unwrap().thumbnails;
    assert_eq!(render(&file, &attention).unwrap().thumbnails, first);
    let plain = encode(&RgbaImage::from_pixel(300, 100, Rgba([120; 4])), ImageFormat::Png);
    assert_eq!(one(&plain, square(100, Position::Attention)), one(&plain, square(100, Position::Centre)));
}

/// What attention cuts is a piece of the whole picture at that scale, to the last bit.
#[test]
fn attention_cuts_pixels_and_does_not_resize_them_again() {
    let file = encode(&spot(800, 400, (700, 100)), ImageFormat::Png);
    let whole = one(&file, Rendition::new(Some(400), None).with_format(OutputFormat::Png));
    let crop = one(&file, square(200, Position::Attention));
    let places =
        (0..=200).filter(|left| image::imageops::crop_imm(&whole, *left, 0, 200, 200).to_image() == crop);
    assert_eq!(places.count(), 1);
}

#[test]
fn a_placeholder_tells_the_colours_and_shape_of_the_picture_as_seen() {
    let half = RgbaImage::from_fn(400, 200, |x, _| if x < 200 { RED } else { Rgba([20, 20, 200, 255]) });
    let file = jpeg_with(&half, JpegKind::default(), &[(1, &exif_segment(6))]);
    let hash = render(&file, &[square(50, Position::Centre)]).unwrap().thumbhash;
    let (width, height, pixels) = thumbhash::thumb_hash_to_rgba(&hash).unwrap();
    assert!(height > width, "{width}x{height}: it is seen upright");
    let at = |y: usize| &pixels[(y * width + width / 2) * 4..][..3];
    // Orientation 6 turns the left side up.
    let (top, bottom) = (at(height / 8), at(height - 1 - height / 8));
    assert!(top[0] > 150 && top[2] < 100, "{top:?}");
    assert!(bottom[2] > 150 && bottom[0] < 100, "{bottom:?}");
    assert!(hash.len() <= 25);
}

/// The placeholder is content with what there is: small thumbnails are as they would be without it.
#[test]
fn a_placeholder_is_much_the_same_whatever_it_was_made_of() {
    let file = encode(&scene(1600, 1200), ImageFormat::Png);
    let of = |renditions: &[Rendition]| {
        let hash = render(&file, renditions).unwrap().thumbhash;
        thumbhash::thumb_hash_to_rgba(&hash).unwrap().2
    };
    let width = |width| Rendition::new(Some(width), None);
    let large = of(&[width(800)]);
    for others in [vec![width(32)], vec![width(110)], vec![square(40, Position::Attention)]] {
        let pixels = of(&others);
        assert_eq!(pixels.len(), large.len());
        // Six bits for a mean and four for each wave: what is rounded the other way shows everywhere, a little.
        let apart: u64 = pixels.iter().zip(&large).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(apart < 10 * large.len() as u64, "{apart} of {}: {others:?}", large.len());
    }
}
