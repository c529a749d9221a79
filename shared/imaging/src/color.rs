//! Colours as the source means them, turned into sRGB.
//!
//! Thumbnails carry no profile, so that everybody takes them for sRGB. A telephone's Display P3 taken for sRGB is pale,
//! Adobe RGB is dull. Only what has been resized is converted, which costs a fraction of converting the source.

use std::panic;
use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use crate::error::Error;
use crate::header::Size;
use crate::raster::{Channels, Raster};
use crate::resize::{divide_alpha, multiply_alpha};
use crate::rows::{Depth, Frame, Samples};

/// What the pixels of a frame mean, and how they become sRGB of 8 bits.
pub(crate) struct Colors {
    samples: Samples,
    depth: Depth,
    to_srgb: Option<ToSrgb>,
}

impl Colors {
    /// The colours of a frame, by its profile if it has one that can be read.
    pub(crate) fn new(frame: &Frame) -> Self {
        let to_srgb = frame.profile.as_deref().and_then(ToSrgb::new);
        Self { samples: frame.samples, depth: frame.depth, to_srgb }
    }

    /// Turns pixels of such a frame into a raster of 8 bits in sRGB; colours stay multiplied by alpha.
    pub(crate) fn to_srgb(&self, size: Size, mut pixels: Vec<u8>) -> Result<Raster, Error> {
        if self.depth == Depth::Sixteen {
            narrow(&mut pixels);
        }
        let channels = match self.samples {
            Samples::Gray => Channels::Gray,
            Samples::Rgb => Channels::Rgb,
            Samples::Rgba => Channels::Rgba,
            Samples::Cmyk => {
                lay_inks(&mut pixels);
                Channels::Rgb
            }
        };
        let raster = Raster { size, channels, pixels };
        match &self.to_srgb {
            Some(to_srgb) => to_srgb.convert(raster),
            None => Ok(raster),
        }
    }
}

/// From 16 bits to 8, rounded, in place: 65,535 is 255 times 257.
fn narrow(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 2;
    for index in 0..count {
        let value = u16::from_ne_bytes([pixels[index * 2], pixels[index * 2 + 1]]);
        pixels[index] = u8::try_from((u32::from(value) + 128) / 257).unwrap_or(u8::MAX);
    }
    pixels.truncate(count);
}

/// What four inks on white paper leave of red, green and blue, in place.
///
/// Only an ICC profile could say what colours these inks have; as everywhere without one, each takes away its own third of
/// the light, and black all of it.
fn lay_inks(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 4;
    for index in 0..count {
        let left = |ink: u8| u16::from(u8::MAX - ink);
        let black = left(pixels[index * 4 + 3]);
        for channel in 0..3 {
            let light = left(pixels[index * 4 + channel]) * black;
            pixels[index * 3 + channel] = u8::try_from((light + 127) / 255).unwrap_or(u8::MAX);
        }
    }
    pixels.truncate(count * 3);
}

/// From the colours of an ICC profile to sRGB.
struct ToSrgb {
    transform: Arc<Transform8BitExecutor>,
}

impl ToSrgb {
    /// Reads a profile. `None` where it means sRGB anyway, where it is not one of RGB colours, and where it is broken:
    /// as with all metadata, a picture is worth showing whatever that is worth.
    fn new(profile: &[u8]) -> Option<Self> {
        // Profiles come from outside, and their reader is somebody else's code: a panic must not get further.
        let transform = panic::catch_unwind(|| {
            let profile = ColorProfile::new_from_slice(profile).ok()?;
            if profile.color_space != DataColorSpace::Rgb {
                return None;
            }
            let srgb = ColorProfile::new_srgb();
            profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default()).ok()
        });
        let to_srgb = Self { transform: transform.ok()?? };
        to_srgb.changes_something()?.then_some(to_srgb)
    }

    /// Tries the transform on colours from all over the cube. Most profiles say sRGB in one wording or another, and a
    /// rounding error of one is no reason to touch a picture.
    fn changes_something(&self) -> Option<bool> {
        let steps = || (0..=u8::MAX).step_by(51);
        let colors: Vec<u8> =
            steps().flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b]))).collect();
        let mut converted = vec![0; colors.len()];
        self.transform.transform(&colors, &mut converted).ok()?;
        Some(colors.iter().zip(&converted).any(|(before, after)| before.abs_diff(*after) > 1))
    }

    /// Converts a raster whose colours are multiplied by alpha. Grey has no colour to convert.
    fn convert(&self, raster: Raster) -> Result<Raster, Error> {
        match raster.channels {
            Channels::Gray => Ok(raster),
            Channels::Rgb => {
                let mut pixels = vec![0; raster.pixels.len()];
                self.transform.transform(&raster.pixels, &mut pixels).map_err(internal)?;
                Ok(Raster { pixels, ..raster })
            }
            Channels::Rgba => {
                let mut raster = divide_alpha(raster)?;
                let (pixels, _) = raster.pixels.as_chunks_mut::<4>();
                let colors: Vec<u8> = pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
                let mut converted = vec![0; colors.len()];
                self.transform.transform(&colors, &mut converted).map_err(internal)?;
                for (pixel, color) in pixels.iter_mut().zip(converted.chunks_exact(3)) {
                    pixel[..3].copy_from_slice(color);
                }
                multiply_alpha(raster)
            }
        }
    }
}

fn internal(error: impl std::error::Error) -> Error {
    Error::Internal { step: "converting colours", detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        for (wide, narrowed) in
            [(0, 0), (128, 0), (129, 1), (257, 1), (65_406, 254), (65_407, 255), (65_535, 255)]
        {
            let mut pixels = u16::to_ne_bytes(wide).to_vec();
            narrow(&mut pixels);
            assert_eq!(pixels, [narrowed], "{wide}");
        }
    }

    #[test]
    fn inks_take_light_away() {
        let mut pixels = vec![0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 128, 0, 128];
        lay_inks(&mut pixels);
        assert_eq!(pixels, [255, 255, 255, 0, 255, 255, 0, 0, 0, 127, 63, 127]);
    }
}
