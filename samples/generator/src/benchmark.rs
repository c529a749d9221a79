//! Pictures as large as cameras make them, for `make bench`: too large to commit, so made where they are needed.
//!
//! The landscape of the samples with the grain of a sensor on it. Without grain its finest parts are smooth, and a codec
//! has next to nothing to do in most blocks; with it, the files have about the bits per pixel that a camera's have.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, RgbaImage};

use crate::catalog::Sample;
use crate::jpeg::{self, Kind};
use crate::noise::Noise;
use crate::scene::landscape;

const SEED: u32 = 11;

/// How far grain brightens or darkens at most, in steps of 8-bit samples.
const GRAIN: f32 = 16.0;

/// What cameras and telephones save with.
const JPEG_QUALITY: u8 = 90;

/// What pictures on the web are saved with.
const WEBP_QUALITY: f32 = 80.0;

/// Makes the pictures of the benchmark, save the progressive one: our encoder sends each coefficient whole, most files in
/// the world do not, and `benches/progressive.py` writes one of those. Takes some ten seconds.
pub fn benchmark() -> Vec<Sample> {
    let baseline = Kind { quality: JPEG_QUALITY, ..Kind::PLAIN };
    let large = photograph(6000, 4000);
    let usual = photograph(4000, 3000);
    let small = photograph(2048, 1536);
    let sample = |file: &str, bytes| Sample { file: file.into(), bytes };
    vec![
        sample("24mp.jpg", jpeg::encode(&large, baseline, None)),
        sample("12mp.jpg", jpeg::encode(&usual, baseline, None)),
        sample("3mp.jpg", jpeg::encode(&small, baseline, None)),
        sample("12mp.png", png(&DynamicImage::ImageRgba8(usual.clone()).into_rgb8().into())),
        sample("12mp-rgba.png", png(&DynamicImage::ImageRgba8(cut_out(usual.clone())))),
        sample("12mp.webp", webp(&usual)),
    ]
}

fn photograph(width: u32, height: u32) -> RgbaImage {
    let mut picture = landscape(width, height, SEED);
    let (one, other) = (Noise::new(SEED ^ 0x5EED), Noise::new(SEED ^ 0x0DD5));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (column, row) = (x.cast_signed(), y.cast_signed());
        // The sum of two even chances: small deviations are more common than large ones.
        let deviation = (one.at(column, row) + other.at(column, row) - 1.0) * GRAIN;
        for channel in &mut pixel.0[..3] {
            *channel = crate::canvas::to_byte(f32::from(*channel) + deviation);
        }
    }
    picture
}

/// What is left when the background is taken away: an ellipse with a soft edge, and nothing around it.
fn cut_out(mut picture: RgbaImage) -> RgbaImage {
    /// How much of the way from the middle to the sides is opaque, and where nothing is left.
    const OPAQUE: f64 = 0.8;
    const GONE: f64 = 0.9;
    let (half_width, half_height) = (f64::from(picture.width()) / 2.0, f64::from(picture.height()) / 2.0);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (dx, dy) = ((f64::from(x) + 0.5) / half_width - 1.0, (f64::from(y) + 0.5) / half_height - 1.0);
        let share = (GONE - (dx * dx + dy * dy).sqrt()) / (GONE - OPAQUE);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let alpha = (share * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
        pixel.0[3] = alpha;
        if alpha == 0 {
            pixel.0 = [0; 4];
        }
    }
    picture
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive);
    picture.write_with_encoder(encoder).expect("memory can be written to");
    file
}

/// Lossy, which the `image` crate cannot write.
fn webp(picture: &RgbaImage) -> Vec<u8> {
    webp::Encoder::from_rgba(picture.as_raw(), picture.width(), picture.height())
        .encode(WEBP_QUALITY)
        .to_vec()
}
