//! What somebody gets who makes thumbnails with the `image` crate and nothing else, in two forms: `thumbnail`, its fast
//! box filter, smaller pictures made of the largest; and `lanczos3`, each picture of the full one, as its examples and
//! most programs around it have it. The options are those of `benches/sharp.mjs`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader};

/// Thumbnails by the image crate
#[derive(Parser)]
struct Arguments {
    /// How pictures are made smaller
    #[arg(long)]
    form: Form,
    /// Where the thumbnails go
    #[arg(long)]
    out: PathBuf,
    #[arg(long)]
    format: Format,
    #[arg(long)]
    quality: u8,
    /// The largest first
    #[arg(long, value_delimiter = ',')]
    widths: Vec<u32>,
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Thumbnail,
    Lanczos3,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Jpeg,
    Webp,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.files.iter().try_for_each(|file| render(file, &arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn render(file: &Path, arguments: &Arguments) -> Result<()> {
    let mut reader = ImageReader::open(file)?.with_guessed_format()?;
    // The pictures are known to be harmless; the default refuses those above 512 MiB.
    reader.no_limits();
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    for &width in &arguments.widths {
        let made = match arguments.form {
            Form::Thumbnail => {
                picture = fit(&picture, width, DynamicImage::thumbnail);
                picture.clone()
            }
            Form::Lanczos3 => fit(&picture, width, |picture, width, height| {
                picture.resize(width, height, FilterType::Lanczos3)
            }),
        };
        write(&made, width, arguments)?;
    }
    Ok(())
}

/// No wider than `width`, never enlarged.
fn fit(
    picture: &DynamicImage,
    width: u32,
    shrink: impl Fn(&DynamicImage, u32, u32) -> DynamicImage,
) -> DynamicImage {
    if picture.width() <= width { picture.clone() } else { shrink(picture, width, u32::MAX) }
}

fn write(picture: &DynamicImage, width: u32, arguments: &Arguments) -> Result<()> {
    let (extension, bytes) = match arguments.format {
        Format::Jpeg => ("jpg", jpeg(picture, arguments.quality)?),
        Format::Webp => ("webp", webp(picture, arguments.quality)?),
    };
    let path = arguments.out.join(format!("w{width}.{extension}"));
    std::fs::write(&path, bytes).with_context(|| path.display().to_string())
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality))?;
    Ok(file)
}

/// By libwebp, at its usual method, 4: the `image` crate itself writes lossless WebP only.
#[allow(unsafe_code, reason = "one call of a C library, which has no other door")]
fn webp(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>> {
    let (width, height) = (i32::try_from(picture.width())?, i32::try_from(picture.height())?);
    let has_alpha = picture.color().has_alpha();
    let pixels = if has_alpha { picture.to_rgba8().into_raw() } else { picture.to_rgb8().into_raw() };
    let encode = if has_alpha { libwebp_sys::WebPEncodeRGBA } else { libwebp_sys::WebPEncodeRGB };
    let stride = width * if has_alpha { 4 } else { 3 };
    let mut file = std::ptr::null_mut();
    // SAFETY: there are `height` rows of `stride` bytes. What is written belongs to libwebp: it is copied and given back.
    unsafe {
        let size = encode(pixels.as_ptr(), width, height, stride, quality.into(), &raw mut file);
        anyhow::ensure!(size > 0, "libwebp cannot encode {width}×{height}");
        let copy = std::slice::from_raw_parts(file, size).to_vec();
        libwebp_sys::WebPFree(file.cast());
        Ok(copy)
    }
}
