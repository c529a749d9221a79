//! JPEGs that become JPEGs or lossy `WebP`s stay in planes of brightness and colours: what is seen is what pixels would have shown, and where.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples are within a byte")]

mod pictures;

use image::{ImageFormat, Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pictures::{exif_segment, read, render};
use thumbline_imaging::{Fit, Focus, OutputFormat, Position, Rendition, Thumbnail};

/// Waves of colour under waves of brightness, neither of them so short that a thumbnail would not show it, and all corners
/// different: wherever colours came to lie half a sample beside their place, this would show it.
fn waves(width: u16, height: u16) -> Vec<u8> {
    let wave = |at: f64, length: f64, high: f64| (at * std::f64::consts::TAU / length).sin() * high;
    let mut pixels = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(y), f64::from(x)))) {
        let luma = 120.0 + wave(x + y, 70.0, 25.0);
        let (cb, cr) =
            (wave(x, 31.0, 35.0) + wave(y, 190.0, 15.0), wave(y, 37.0, 35.0) + wave(x, 230.0, 15.0));
        let rgb = [luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb];
        pixels.extend(rgb.map(|value| value as u8));
    }
    pixels
}

const WIDTH: u16 = 203;
const HEIGHT: u16 = 151;

fn source(sampling: SamplingFactor, orientation: u8, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 97);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(progressive);
    encoder.add_app_segment(1, exif_segment(orientation)).unwrap();
    encoder.encode(&waves(WIDTH, HEIGHT), WIDTH, HEIGHT, ColorType::Rgb).unwrap();
    file
}

/// Odd sizes and even ones; what is made of the source and what of a larger thumbnail; all of a picture and parts of it.
fn renditions(format: OutputFormat) -> Vec<Rendition> {
    let boxed = |width, height, fit| Rendition::new(Some(width), Some(height)).with_fit(fit);
    let focus = Position::Focus(Focus::per_mille(700, 300).unwrap());
    let all = [
        Rendition::new(None, None),
        Rendition::new(Some(221), None).with_enlarge(true),
        Rendition::new(Some(101), None),
        Rendition::new(Some(50), None),
        boxed(75, 75, Fit::Fill),
        boxed(61, 83, Fit::Cover),
        boxed(90, 33, Fit::Cover).with_position(focus),
        boxed(33, 90, Fit::Cover).with_position(Position::SouthEast),
    ];
    all.map(|rendition| rendition.with_format(format).with_quality(89)).into()
}

fn pixels(thumbnail: &Thumbnail) -> RgbImage {
    if thumbnail.format != OutputFormat::Jpeg {
        return image::DynamicImage::ImageRgba8(read(thumbnail)).to_rgb8();
    }
    image::load_from_memory_with_format(&thumbnail.bytes, ImageFormat::Jpeg).unwrap().to_rgb8()
}

/// How far brightness and colours are apart, on average.
fn apart(one: &RgbImage, other: &RgbImage) -> (f64, f64) {
    assert_eq!(one.dimensions(), other.dimensions());
    let coded = |Rgb([r, g, b]): &Rgb<u8>| {
        let [r, g, b] = [r, g, b].map(|value| f64::from(*value));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        (luma, (b - luma) * 0.564, (r - luma) * 0.713)
    };
    let (mut brightness, mut colors) = (0.0, 0.0);
    for (one, other) in one.pixels().zip(other.pixels()) {
        let (one, other) = (coded(one), coded(other));
        brightness += (one.0 - other.0).abs();
        colors += (one.1 - other.1).abs().max((one.2 - other.2).abs());
    }
    let count = f64::from(one.width() * one.height());
    (brightness / count, colors / count)
}

#[test]
fn planes_show_what_pixels_show_in_every_sampling_orientation_and_fit() {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1, F_4_2};
    for sampling in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1, F_4_2] {
        for orientation in 1..=8 {
            let format = if orientation % 3 == 0 { OutputFormat::WebP } else { OutputFormat::Jpeg };
            let wanted = || renditions(format);
            let source_of = |sampling| source(sampling, orientation, orientation % 2 == 0);
            let by_planes = render(&source_of(sampling), &wanted()).unwrap().thumbnails;
            // With a PNG among them, all are made of pixels.
            let with_png = [wanted(), renditions(OutputFormat::Png)].concat();
            let by_pixels = render(&source_of(sampling), &with_png).unwrap().thumbnails;
            let exact = render(&source_of(F_1_1), &renditions(OutputFormat::Png)).unwrap().thumbnails;
            for (index, (one, (other, exact))) in
                by_planes.iter().zip(by_pixels.iter().zip(&exact)).enumerate()
            {
                assert!(one.bytes != other.bytes, "both were made alike");
                let exact = pixels(exact);
                let (ours, theirs) = (apart(&pixels(one), &exact), apart(&pixels(other), &exact));
                assert!(
                    ours.0 < theirs.0 + 0.1 && ours.1 < theirs.1 * 1.05 + 0.25,
                    "{sampling:?}, {orientation}, {index}: {ours:.2?} from the exact one, where pixels are {theirs:.2?}"
                );
            }
        }
    }
}

#[test]
fn a_thumbnail_is_the_same_whoever_asks_for_it_as_long_as_all_are_jpegs() {
    let source = source(SamplingFactor::F_2_2, 6, false);
    let all = render(&source, &renditions(OutputFormat::Jpeg)).unwrap();
    let again = render(&source, &renditions(OutputFormat::Jpeg)).unwrap();
    assert_eq!(all.thumbnails, again.thumbnails);
    // The placeholder is that of the pixels, to within a rounding or two of its few bits.
    let pixels = render(&source, &renditions(OutputFormat::Png)).unwrap();
    let of = |hash: &[u8]| thumbhash_average(hash);
    for (one, other) in of(&all.thumbhash).into_iter().zip(of(&pixels.thumbhash)) {
        assert!((one - other).abs() < 0.05, "{one} for {other}");
    }
}

fn thumbhash_average(hash: &[u8]) -> [f32; 3] {
    let (r, g, b, _) = thumbhash::thumb_hash_to_average_rgba(hash).unwrap();
    [r, g, b]
}
