//! Colours as the source means them, turned into sRGB.
//!
//! Thumbnails carry no profile, so that everybody takes them for sRGB. A telephone's Display P3 taken for sRGB is pale,
//! Adobe RGB is dull. Only what has been resized is converted, which costs a fraction of converting the source.

use std::panic;
use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use crate::error::Error;
use crate::raster::{Channels, Raster};
use crate::resize::{divide_alpha, multiply_alpha};

/// From the colours of an ICC profile to sRGB.
pub(crate) struct ToSrgb {
    transform: Arc<Transform8BitExecutor>,
}

impl ToSrgb {
    /// Reads a profile. `None` where it means sRGB anyway, where it is not one of RGB colours, and where it is broken:
    /// as with all metadata, a picture is worth showing whatever that is worth.
    pub(crate) fn new(profile: &[u8]) -> Option<Self> {
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
    pub(crate) fn convert(&self, raster: Raster) -> Result<Raster, Error> {
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
