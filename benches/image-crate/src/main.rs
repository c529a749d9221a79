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
        Format::Webp => ("webp", webp(picture, arguments.quality)),
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
fn webp(picture: &DynamicImage, quality: u8) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let quality = f32::from(quality);
    if picture.color().has_alpha() {
        webp::Encoder::from_rgba(&picture.to_rgba8(), width, height).encode(quality).to_vec()
    } else {
        webp::Encoder::from_rgb(&picture.to_rgb8(), width, height).encode(quality).to_vec()
    }
}
