//! WebP: lossy pictures by our own encoder, lossless ones and planes of alpha by libwebp.

use std::sync::Arc;

use thumbline_webp::{Channels as PixelChannels, Converted, Encoder, Picture};

use super::internal;
use crate::error::Error;
use crate::header::Size;
use crate::picture::Planes;
use crate::raster::{Channels, Raster};
use crate::webp::{Settings, compress_alpha, encode as write};

/// How a WebP is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WebpOptions {
    /// 1 to 100; lossless pictures have no use for it.
    pub(super) quality: u8,
    /// Whether every pixel that shows comes back as it was.
    pub(super) lossless: bool,
}

pub(super) fn encode(
    raster: &Raster,
    WebpOptions { quality, lossless }: WebpOptions,
) -> Result<Vec<u8>, Error> {
    if lossless {
        write(raster, Settings { quality, is_lossless: true })
    } else {
        Lossy::new(raster, quality)?.encode()
    }
}

/// What is going to be a lossy picture. What it was made of may be let go of.
pub(super) struct Lossy {
    encoder: Encoder,
    colors: Converted,
    alpha: Option<Vec<u8>>,
}

impl Lossy {
    /// Of pixels. Alpha is kept to the bit, if there is any that shows.
    pub(super) fn new(raster: &Raster, quality: u8) -> Result<Self, Error> {
        let Size { width, height } = raster.size;
        let channels = match raster.channels {
            Channels::Gray => PixelChannels::Gray,
            Channels::Rgb => PixelChannels::Rgb,
            Channels::Rgba => PixelChannels::Rgba,
        };
        let picture = Picture::new(width, height, channels, &raster.pixels).map_err(refused)?;
        let is_seen_through = channels == PixelChannels::Rgba
            && raster.pixels.iter().skip(3).step_by(4).any(|&alpha| alpha != u8::MAX);
        let alpha = if is_seen_through { Some(compress_alpha(raster)?) } else { None };
        let encoder = Encoder::new(quality).map_err(refused)?;
        Ok(Self { encoder, colors: Converted::of(&picture), alpha })
    }

    /// Of planes, in their own place if nobody else needs them.
    pub(super) fn of_planes(planes: Arc<Planes>, quality: u8) -> Result<Self, Error> {
        let (Size { width, height }, samples) = Arc::unwrap_or_clone(planes).into_samples();
        let colors = Converted::of_planes(width, height, samples).map_err(refused)?;
        Ok(Self { encoder: Encoder::new(quality).map_err(refused)?, colors, alpha: None })
    }

    pub(super) fn encode(self) -> Result<Vec<u8>, Error> {
        let Self { encoder, colors, alpha } = self;
        encoder.encode_converted(colors, alpha.as_deref()).map_err(refused)
    }
}

#[allow(clippy::needless_pass_by_value)] // To be given to `map_err`.
fn refused(error: thumbline_webp::Error) -> Error {
    internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Colours that change slowly, under alpha from none to all of it.
    fn veil(size: Size) -> Raster {
        let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        let pixels = places.flat_map(|(x, y)| {
            let alpha = (x * 9).saturating_sub(y * 2).min(255);
            [x.min(255), (y * 2).min(255), u32::midpoint(x, y), alpha]
                .map(|value| u8::try_from(value).unwrap())
        });
        Raster { size, channels: Channels::Rgba, pixels: pixels.collect() }
    }

    fn decode(file: &[u8]) -> image::RgbaImage {
        image::load_from_memory_with_format(file, image::ImageFormat::WebP).unwrap().to_rgba8()
    }

    #[test]
    fn alpha_comes_back_to_the_bit() {
        for (width, height) in [(1, 1), (2, 3), (67, 45), (256, 17)] {
            let raster = veil(Size { width, height });
            let file = encode(&raster, WebpOptions { quality: 75, lossless: false }).unwrap();
            let decoded = decode(&file);
            assert_eq!(decoded.dimensions(), (width, height));
            for (decoded, pixel) in decoded.pixels().zip(raster.pixels.as_chunks::<4>().0) {
                assert_eq!(decoded.0[3], pixel[3]);
            }
        }
    }

    #[test]
    fn alpha_that_hides_nothing_takes_no_room() {
        let mut raster = veil(Size { width: 40, height: 30 });
        for pixel in raster.pixels.as_chunks_mut::<4>().0 {
            pixel[3] = 255;
        }
        let with = encode(&raster, WebpOptions { quality: 75, lossless: false }).unwrap();
        let without = encode(&raster.without_alpha(), WebpOptions { quality: 75, lossless: false }).unwrap();
        assert_eq!(with, without);
    }

    #[test]
    fn what_shows_of_lossy_colours_is_near_what_it_was() {
        let raster = veil(Size { width: 96, height: 64 });
        let decoded = decode(&encode(&raster, WebpOptions { quality: 90, lossless: false }).unwrap());
        for (decoded, pixel) in decoded.pixels().zip(raster.pixels.as_chunks::<4>().0) {
            if pixel[3] > 200 {
                for (one, other) in decoded.0.iter().zip(pixel) {
                    assert!(one.abs_diff(*other) <= 24, "{decoded:?} for {pixel:?}");
                }
            }
        }
    }

    #[test]
    fn cut_outs_are_no_larger_than_those_of_libwebp() {
        let size = Size { width: 320, height: 240 };
        let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        // A disc with a soft edge and some texture, and noise where nothing shows.
        let pixels = places.flat_map(|(x, y)| {
            let away = x.abs_diff(160).pow(2) + y.abs_diff(120).pow(2);
            let alpha = 255 - (away.saturating_sub(9_000) / 8).min(255);
            let grain = (x + y * 5_003).wrapping_mul(2_654_435_761) >> 24;
            let shade = if alpha == 0 { grain } else { (x / 2 + y / 3 + grain / 16).min(255) };
            [shade, 255 - shade, x / 2, alpha].map(|value| u8::try_from(value).unwrap())
        });
        let raster = Raster { size, channels: Channels::Rgba, pixels: pixels.collect() };
        let ours = encode(&raster, WebpOptions { quality: 75, lossless: false }).unwrap().len();
        let theirs = write(&raster, Settings { quality: 75, is_lossless: false }).unwrap().len();
        assert!(ours * 100 <= theirs * 103, "{ours} bytes, and libwebp's file has {theirs}");
    }
}
