//! Colours as the source means them, turned into sRGB.
//!
//! Thumbnails carry no profile, so that everybody takes them for sRGB. A telephone's Display P3 taken for sRGB is pale,
//! Adobe RGB is dull. Only what has been resized is converted, which costs a fraction of converting the source.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use moxcms::{
    CmsError, ColorProfile, DataColorSpace, Layout, ParsingOptions, RenderingIntent, TransformExecutor,
    TransformOptions,
};

use crate::error::Error;
use crate::header::Size;
use crate::raster::{Channels, Raster};
use crate::rows::{Depth, Frame, Samples};

/// The longest profile that is read: those of printing presses, which are the longest, have a megabyte or two.
const PROFILE_BYTES: usize = 4 * 1024 * 1024;
/// The most numbers in one of a profile's tables. The finest of presses have 21 steps for each of four inks, and three
/// numbers for each mixture.
const TABLE_NUMBERS: usize = 1_000_000;
/// How many pixels are converted at once.
const BATCH_PIXELS: usize = 4096;

/// What the pixels of a frame mean, and how they become sRGB of 8 bits.
pub(crate) struct Colors {
    samples: Samples,
    depth: Depth,
    to_srgb: Option<ToSrgb>,
}

impl Colors {
    /// The colours of a frame, by its profile if it has one that can be read.
    pub(crate) fn new(frame: &Frame) -> Self {
        let to_srgb = frame.profile.as_deref().and_then(|profile| ToSrgb::new(profile, frame));
        Self { samples: frame.samples, depth: frame.depth, to_srgb }
    }

    /// Turns pixels of such a frame into a raster of 8 bits in sRGB; colours stay multiplied by alpha.
    ///
    /// 16 bits are converted as such and rounded afterwards: the dark colours of linear light, of which 8 bits tell a
    /// handful, would come out in stripes.
    pub(crate) fn to_srgb(&self, size: Size, mut pixels: Vec<u8>) -> Result<Raster, Error> {
        match self.to_srgb.as_ref().filter(|to_srgb| to_srgb.suits(&pixels, self.depth)) {
            Some(ToSrgb { transform: Transform::Eight(transform), .. }) => {
                convert(transform.as_ref(), self.samples, &mut pixels)?;
            }
            Some(ToSrgb { transform: Transform::Sixteen(transform), .. }) => {
                convert(transform.as_ref(), self.samples, &mut pixels)?;
            }
            None => {
                if self.depth == Depth::Sixteen {
                    narrow(&mut pixels);
                }
                if self.samples == Samples::Cmyk {
                    lay_inks(&mut pixels);
                }
            }
        }
        Ok(Raster { size, channels: shown(self.samples), pixels })
    }
}

/// Whether RGB of 8 bits by this profile is sRGB, or is taken for it because the profile cannot be used.
pub(crate) fn is_srgb(profile: Vec<u8>) -> bool {
    let frame = Frame { profile: Some(profile), ..Frame::whole(Size::new(1, 1), Samples::Rgb) };
    Colors::new(&frame).to_srgb.is_none()
}

/// What samples are shown as.
fn shown(samples: Samples) -> Channels {
    match samples {
        Samples::Gray => Channels::Gray,
        Samples::Rgb | Samples::Cmyk => Channels::Rgb,
        Samples::Rgba => Channels::Rgba,
    }
}

/// From 16 bits to 8, rounded, in place.
fn narrow(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 2;
    for index in 0..count {
        pixels[index] = u16::from_ne_bytes([pixels[index * 2], pixels[index * 2 + 1]]).narrowed();
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
    transform: Transform,
    /// Whether the profile knows greys, and the pixels are colours: those of a grey picture with alpha.
    needs_neutral: bool,
}

enum Transform {
    Eight(Arc<dyn TransformExecutor<u8> + Send + Sync>),
    Sixteen(Arc<dyn TransformExecutor<u16> + Send + Sync>),
}

impl ToSrgb {
    /// Reads a profile. `None` where it means sRGB anyway, where it is one of other colours than the frame's, and where it
    /// is broken: as with all metadata, a picture is worth showing whatever that is worth.
    fn new(profile: &[u8], frame: &Frame) -> Option<Self> {
        // Profiles come from outside, and their reader is somebody else's code: a panic must not get further.
        panic::catch_unwind(|| Self::read(profile, frame.samples, frame.depth)).ok()?
    }

    fn read(profile: &[u8], samples: Samples, depth: Depth) -> Option<Self> {
        let options = ParsingOptions {
            max_profile_size: PROFILE_BYTES,
            max_allowed_clut_size: TABLE_NUMBERS,
            ..ParsingOptions::default()
        };
        let mut profile = ColorProfile::new_from_slice_with_options(profile, options).ok()?;
        let mut srgb = ColorProfile::new_srgb();
        let mut needs_neutral = false;
        let (from, to) = match (samples, profile.color_space) {
            (Samples::Gray, DataColorSpace::Gray) => {
                let curve = srgb.red_trc.take();
                srgb = ColorProfile::new_gray_with_gamma(2.2);
                srgb.gray_trc = curve;
                (Layout::Gray, Layout::Gray)
            }
            (Samples::Rgba, DataColorSpace::Gray) => {
                needs_neutral = true;
                profile = with_curve_of(&profile)?;
                (Layout::Rgba, Layout::Rgba)
            }
            (Samples::Rgb, DataColorSpace::Rgb) => (Layout::Rgb, Layout::Rgb),
            (Samples::Rgba, DataColorSpace::Rgb) => (Layout::Rgba, Layout::Rgba),
            // Four numbers a pixel; what they are, the profile says.
            (Samples::Cmyk, DataColorSpace::Cmyk) => (Layout::Rgba, Layout::Rgb),
            _ => return None,
        };
        let options = |rendering_intent| TransformOptions {
            rendering_intent,
            // 13 bits behind the point are fewer than 16.
            prefer_fixed_point: depth == Depth::Eight,
            ..TransformOptions::default()
        };
        // Perceptual tables fit the colours of paper into those of a screen; not every profile has them.
        let transform = [RenderingIntent::Perceptual, RenderingIntent::RelativeColorimetric]
            .into_iter()
            .find_map(|intent| match depth {
                Depth::Eight => {
                    let made = profile.create_transform_8bit(from, &srgb, to, options(intent));
                    made.ok().map(Transform::Eight)
                }
                Depth::Sixteen => {
                    let made = profile.create_transform_16bit(from, &srgb, to, options(intent));
                    made.ok().map(Transform::Sixteen)
                }
            })?;
        let changes = match &transform {
            Transform::Eight(transform) => changes_something(transform.as_ref(), samples),
            Transform::Sixteen(transform) => changes_something(transform.as_ref(), samples),
        };
        changes.ok()?.then_some(Self { transform, needs_neutral })
    }

    /// Whether the pixels are what the profile is one of.
    fn suits(&self, pixels: &[u8], depth: Depth) -> bool {
        !self.needs_neutral
            || match depth {
                Depth::Eight => pixels.as_chunks::<4>().0.iter().all(|[r, g, b, _]| r == g && g == b),
                Depth::Sixteen => pixels
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .all(|pixel| pixel[..2] == pixel[2..4] && pixel[2..4] == pixel[4..6]),
            }
    }
}

/// A profile of colours whose greys are those of a grey profile.
fn with_curve_of(gray: &ColorProfile) -> Option<ColorProfile> {
    let curve = gray.gray_trc.clone()?;
    let mut profile = ColorProfile::new_srgb();
    // Or its code for sRGB would outweigh the curves.
    profile.cicp = None;
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    Some(profile)
}

/// Tries a transform on colours from all over the cube. Most profiles say sRGB in one wording or another, and a rounding
/// error of one is no reason to touch a picture.
fn changes_something<T: Number>(
    transform: &dyn TransformExecutor<T>,
    samples: Samples,
) -> Result<bool, CmsError> {
    let steps = || (0..=u8::MAX).step_by(51);
    let colors = steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| [r, g, b])));
    let tried: Vec<u8> = match samples {
        Samples::Gray => (0..=u8::MAX).collect(),
        Samples::Rgb => colors.flatten().collect(),
        Samples::Rgba => colors.flat_map(|[r, g, b]| [r, g, b, u8::MAX]).collect(),
        Samples::Cmyk => return Ok(true),
    };
    let wide: Vec<T> = tried.iter().map(|value| T::widened(*value)).collect();
    let mut converted = vec![T::default(); wide.len()];
    transform.transform(&wide, &mut converted)?;
    Ok(tried.iter().zip(&converted).any(|(before, after)| before.abs_diff(after.narrowed()) > 1))
}

/// Converts pixels, whose colours are multiplied by alpha, in place: never more bytes come out than go in.
fn convert<T: Number>(
    transform: &dyn TransformExecutor<T>,
    samples: Samples,
    pixels: &mut Vec<u8>,
) -> Result<(), Error> {
    let from = samples.count() * size_of::<T>();
    let to = shown(samples).count();
    let count = pixels.len() / from;
    let mut batch = Vec::with_capacity(BATCH_PIXELS.min(count) * samples.count());
    let mut converted = vec![T::default(); BATCH_PIXELS.min(count) * to];
    for begin in (0..count).step_by(BATCH_PIXELS) {
        let end = (begin + BATCH_PIXELS).min(count);
        batch.clear();
        T::read(&pixels[begin * from..end * from], &mut batch);
        if samples == Samples::Rgba {
            divide(&mut batch);
        }
        let converted = &mut converted[..(end - begin) * to];
        // What a profile says is from outside, and has been tried on some colours only.
        panic::catch_unwind(AssertUnwindSafe(|| transform.transform(&batch, converted)))
            .map_err(|_| internal(&"the transform panicked"))?
            .map_err(|error| internal(&error))?;
        if samples == Samples::Rgba {
            multiply(converted);
        }
        for (byte, number) in pixels[begin * to..end * to].iter_mut().zip(converted) {
            *byte = number.narrowed();
        }
    }
    pixels.truncate(count * to);
    Ok(())
}

/// Takes alpha out of the colours.
fn divide<T: Number>(pixels: &mut [T]) {
    for [r, g, b, alpha] in pixels.as_chunks_mut::<4>().0 {
        let alpha = alpha.number();
        for color in [r, g, b] {
            *color = T::from_number((color.number() * T::MAX + alpha / 2).checked_div(alpha).unwrap_or(0));
        }
    }
}

/// Multiplies colours by alpha again.
fn multiply<T: Number>(pixels: &mut [T]) {
    for [r, g, b, alpha] in pixels.as_chunks_mut::<4>().0 {
        for color in [r, g, b] {
            *color = T::from_number((color.number() * alpha.number() + T::MAX / 2) / T::MAX);
        }
    }
}

/// What a sample is told in: a byte, or two of them.
trait Number: Copy + Default {
    /// The largest there is.
    const MAX: u64;
    /// Appends the numbers that these bytes are.
    fn read(bytes: &[u8], numbers: &mut Vec<Self>);
    fn number(self) -> u64;
    /// The number, or the largest there is.
    fn from_number(number: u64) -> Self;
    /// As a byte, rounded.
    fn narrowed(self) -> u8;
    fn widened(byte: u8) -> Self;
}

impl Number for u8 {
    const MAX: u64 = 255;

    fn read(bytes: &[u8], numbers: &mut Vec<Self>) {
        numbers.extend_from_slice(bytes);
    }

    fn number(self) -> u64 {
        self.into()
    }

    fn from_number(number: u64) -> Self {
        Self::try_from(number).unwrap_or(Self::MAX)
    }

    fn narrowed(self) -> u8 {
        self
    }

    fn widened(byte: u8) -> Self {
        byte
    }
}

impl Number for u16 {
    const MAX: u64 = 65_535;

    fn read(bytes: &[u8], numbers: &mut Vec<Self>) {
        numbers.extend(bytes.as_chunks().0.iter().copied().map(Self::from_ne_bytes));
    }

    fn number(self) -> u64 {
        self.into()
    }

    fn from_number(number: u64) -> Self {
        Self::try_from(number).unwrap_or(Self::MAX)
    }

    fn narrowed(self) -> u8 {
        // 65,535 is 255 times 257.
        u8::try_from((u32::from(self) + 128) / 257).unwrap_or(u8::MAX)
    }

    fn widened(byte: u8) -> Self {
        Self::from(byte) * 257
    }
}

fn internal(detail: &dyn ToString) -> Error {
    Error::Internal { step: "converting colours", detail: detail.to_string() }
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
