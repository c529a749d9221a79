//! JPEGs and lossy `WebP`s that become such files again stay in planes of brightness and colours: what is seen is what pixels would
//! have shown, and where.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples are within a byte")]

mod pictures;

use image::{ImageFormat, Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pictures::{encode, exif, exif_segment, read, render};
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

/// The same as a lossy `WebP`, with an orientation in a chunk behind it (RFC 9649, 2.7).
fn webp_source(orientation: u8) -> Vec<u8> {
    let pixels = RgbImage::from_raw(WIDTH.into(), HEIGHT.into(), waves(WIDTH, HEIGHT)).unwrap();
    let png = encode(&image::DynamicImage::ImageRgb8(pixels).to_rgba8(), ImageFormat::Png);
    let full = Rendition::new(None, None).with_format(OutputFormat::WebP).with_quality(97);
    let file = render(&png, &[full]).unwrap().thumbnails.remove(0).bytes;
    let side = |side: u16| [(side - 1).to_le_bytes().as_slice(), &[0]].concat();
    let canvas = [b"VP8X\x0A\0\0\0\x08\0\0\0".as_slice(), &side(WIDTH), &side(HEIGHT)].concat();
    let block = exif(orientation);
    let length = u32::try_from(block.len()).unwrap().to_le_bytes();
    let chunks = [&canvas, &file[12..], b"EXIF", &length, &block].concat();
    let length = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &length, b"WEBP", &chunks].concat()
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

/// Some that are so small that decoders shrink the source for them.
fn small(format: OutputFormat) -> Vec<Rendition> {
    let of = |width| Rendition::new(Some(width), None).with_format(format).with_quality(89);
    [67, 50].map(of).into()
}

/// Holds thumbnails that are made of planes to those made of pixels: how far both are from those of an exact source.
fn hold_to_pixels(source: &[u8], exact: &[u8], renditions: fn(OutputFormat) -> Vec<Rendition>, told: &str) {
    for format in [OutputFormat::Jpeg, OutputFormat::WebP] {
        let by_planes = render(source, &renditions(format)).unwrap().thumbnails;
        // With a PNG among them, all are made of pixels.
        let with_png = [renditions(format), renditions(OutputFormat::Png)].concat();
        let by_pixels = render(source, &with_png).unwrap().thumbnails;
        let exact = render(exact, &renditions(OutputFormat::Png)).unwrap().thumbnails;
        for (index, (one, (other, exact))) in by_planes.iter().zip(by_pixels.iter().zip(&exact)).enumerate() {
            assert!(one.bytes != other.bytes, "both were made alike");
            let exact = pixels(exact);
            let (ours, theirs) = (apart(&pixels(one), &exact), apart(&pixels(other), &exact));
            assert!(
                ours.0 < theirs.0 + 0.15 && ours.1 < theirs.1 * 1.05 + 0.25,
                "{told}, {format}, {index}: {ours:.2?} from the exact one, where pixels are {theirs:.2?}"
            );
        }
    }
}

#[test]
fn planes_show_what_pixels_show_in_every_sampling_orientation_and_fit() {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1, F_4_2};
    for sampling in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1, F_4_2] {
        for orientation in 1..=8 {
            let source_of = |sampling| source(sampling, orientation, orientation % 2 == 0);
            let told = format!("{sampling:?}, {orientation}");
            hold_to_pixels(&source_of(sampling), &source_of(F_1_1), renditions, &told);
        }
    }
}

#[test]
fn planes_of_a_webp_show_what_its_pixels_show() {
    for orientation in 1..=8 {
        let exact = source(SamplingFactor::F_1_1, orientation, false);
        for renditions in [renditions, small] {
            hold_to_pixels(&webp_source(orientation), &exact, renditions, &format!("WebP, {orientation}"));
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
