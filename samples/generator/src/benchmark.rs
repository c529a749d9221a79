//! Pictures as cameras make them, for `make bench`: too large to commit, so made where they are needed.
//!
//! A landscape with things of every size in it, and the grain of a sensor on top. Without the former a thumbnail is smooth,
//! without the latter the picture is, and a codec has next to nothing to do. With both, the files and their thumbnails
//! have about the bits per pixel that a camera's have.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, RgbaImage, imageops};
use jpeg_encoder::SamplingFactor;
use moxcms::ColorProfile;
use thumbline_imaging::{Limits, OutputFormat, Rendition, render};

use crate::canvas::to_byte;
use crate::catalog::Sample;
use crate::jpeg::{self, Kind, Metadata};
use crate::leaves::strew;
use crate::noise::Noise;
use crate::scene::landscape;

/// What pictures on the web are saved with.
const WEBP_QUALITY: u8 = 80;

/// Where things begin to stand in front of the landscape, as a share of the height.
const HORIZON: f32 = 0.3;

/// One camera's way to make a file.
struct Camera {
    file: &'static str,
    /// As stored: a telephone held upright stores its pictures lying.
    size: (u32, u32),
    seed: u32,
    /// How far grain brightens or darkens at most, in steps of 8-bit samples: the higher the sensitivity, the more.
    grain: f32,
    quality: u8,
    sampling: SamplingFactor,
    orientation: u16,
    /// Whether its colours are Display P3's, with the profile that says so.
    wide_gamut: bool,
}

const USUAL: Camera = Camera {
    file: "",
    size: (4000, 3000),
    seed: 11,
    grain: 9.0,
    quality: 90,
    sampling: SamplingFactor::F_2_2,
    orientation: 1,
    wide_gamut: false,
};

const CAMERAS: [Camera; 7] = [
    Camera { file: "24mp.jpg", size: (6000, 4000), ..USUAL },
    Camera { file: "12mp.jpg", ..USUAL },
    Camera { file: "3mp.jpg", size: (2048, 1536), ..USUAL },
    // A camera with a large sensor, in little light.
    Camera {
        file: "24mp-422.jpg",
        size: (6000, 4000),
        seed: 12,
        grain: 16.0,
        sampling: SamplingFactor::F_2_1,
        ..USUAL
    },
    // A telephone held upright; it takes the grain away and what is fine along with it.
    Camera {
        file: "12mp-p3-upright.jpg",
        size: (4032, 3024),
        seed: 13,
        grain: 4.0,
        quality: 92,
        orientation: 6,
        wide_gamut: true,
        ..USUAL
    },
    // What a photographer exports from an editor.
    Camera {
        file: "8mp-444.jpg",
        size: (3456, 2304),
        seed: 14,
        grain: 5.0,
        quality: 93,
        sampling: SamplingFactor::F_1_1,
        ..USUAL
    },
    // A camera without a large sensor, and the shape of a television.
    Camera { file: "9mp-wide.jpg", size: (4000, 2250), seed: 15, grain: 20.0, quality: 85, ..USUAL },
];

/// Makes the pictures of the benchmark, save those in formats that are not written here: `benches/pictures.py` derives
/// them from these. Takes some twenty seconds.
pub fn benchmark() -> Vec<Sample> {
    let mut samples: Vec<_> = CAMERAS.iter().map(Camera::shoot).collect();
    let usual = photograph(&USUAL);
    samples.push(sample("12mp.webp", webp(&usual)));
    samples.push(sample("12mp.png", png(&DynamicImage::ImageRgba8(usual.clone()).into_rgb8().into())));
    samples.push(sample("12mp-rgba.png", png(&DynamicImage::ImageRgba8(cut_out(usual)))));
    samples
}

fn sample(file: &str, bytes: Vec<u8>) -> Sample {
    Sample { file: file.into(), bytes }
}

impl Camera {
    /// With the block of EXIF and the small picture in it that cameras write.
    fn shoot(&self) -> Sample {
        /// DCF 2.0 asks for 160 pixels.
        const THUMBNAIL_WIDTH: u32 = 160;
        let picture = photograph(self);
        let height = THUMBNAIL_WIDTH * picture.height() / picture.width();
        let small = jpeg::encode(&imageops::thumbnail(&picture, THUMBNAIL_WIDTH, height), Kind::PLAIN, None);
        let exif = jpeg::exif(self.orientation, Some(&small));
        let profile = self
            .wide_gamut
            .then(|| ColorProfile::new_display_p3().encode().expect("a profile of two curves"));
        let kind = Kind { quality: self.quality, sampling: self.sampling, ..Kind::PLAIN };
        let metadata = Metadata { exif: Some(&exif), profile: profile.as_deref() };
        sample(self.file, jpeg::encode_with(&picture, kind, metadata))
    }
}

/// Lit, developed, and stored as the camera was held.
fn photograph(camera: &Camera) -> RgbaImage {
    let (width, height) = camera.size;
    let upright = camera.orientation == 6;
    let (width, height) = if upright { (height, width) } else { (width, height) };
    let mut picture = landscape(width, height, camera.seed);
    strew(&mut picture, HORIZON, camera.seed);
    add_grain(&mut picture, camera);
    if upright { imageops::rotate270(&picture) } else { picture }
}

fn add_grain(picture: &mut RgbaImage, camera: &Camera) {
    /// How much of it differs between the channels.
    const COLORED: f32 = 0.3;
    let fields: [Noise; 4] = [0x5EED, 0x0DD5, 0xC0DE, 0xFADE].map(|salt| Noise::new(camera.seed ^ salt));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (column, row) = (x.cast_signed(), y.cast_signed());
        let [one, other, red, blue] = fields.map(|field| field.at(column, row) - 0.5);
        // The sum of two even chances: small deviations are more common than large ones.
        let gray = one + other;
        let deviations = [gray + red * COLORED, gray, gray + blue * COLORED];
        for (channel, deviation) in pixel.0.iter_mut().zip(deviations) {
            *channel = to_byte(f32::from(*channel) + deviation * camera.grain);
        }
    }
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

/// Lossy, which the `image` crate cannot write, and the engine can: in full size it only encodes.
fn webp(picture: &RgbaImage) -> Vec<u8> {
    let full = Rendition::new(None, None).with_format(OutputFormat::WebP).with_quality(WEBP_QUALITY);
    let opaque = DynamicImage::ImageRgba8(picture.clone()).into_rgb8();
    let rendered = render(&png(&opaque.into()), &[full], &Limits::default(), &|| false);
    rendered.expect("a sound picture can be rendered").thumbnails.remove(0).bytes
}
