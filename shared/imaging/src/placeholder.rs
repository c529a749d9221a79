//! The ThumbHash: some 25 bytes that a front end shows as a blurred picture until the real one has come.
//!
//! By the specification and the reference implementation at <https://evanw.github.io/thumbhash/>.

use std::sync::Arc;

use crate::error::Error;
use crate::raster::{Channels, Raster};
use crate::resize::divide_alpha;

/// The longest side that is of use, in pixels: the hash holds seven half waves at most in each direction, so that nine pixels are
/// left for the shortest of its waves.
pub(crate) const MAX_SIDE_PIXELS: u32 = 32;

/// The hash of a raster of at most [`MAX_SIDE_PIXELS`], whose colours are multiplied by alpha.
pub(crate) fn hash(raster: Arc<Raster>) -> Result<Vec<u8>, Error> {
    let Raster { size, channels, pixels } = divide_alpha(Arc::unwrap_or_clone(raster))?;
    if size.width.max(size.height) > MAX_SIDE_PIXELS {
        let detail = format!("{size} is more than {MAX_SIDE_PIXELS} pixels on a side");
        return Err(Error::Internal { step: "hashing", detail });
    }
    let rgba = match channels {
        Channels::Gray => pixels.iter().flat_map(|&gray| [gray, gray, gray, u8::MAX]).collect(),
        Channels::Rgb => pixels.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]).collect(),
        Channels::Rgba => pixels,
    };
    Ok(thumbhash::rgba_to_thumb_hash(size.width as usize, size.height as usize, &rgba))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Size;

    #[test]
    fn the_hash_gives_back_the_mean_colour_the_shape_and_transparency() {
        let red = |channels: Channels, pixel: &[u8]| {
            let pixels = pixel.repeat(30 * 15);
            hash(Arc::new(Raster { size: Size::new(30, 15), channels, pixels })).unwrap()
        };
        let opaque = red(Channels::Rgb, &[200, 40, 40]);
        let (r, g, b, a) = thumbhash::thumb_hash_to_average_rgba(&opaque).unwrap();
        for (is, was) in [(r, 200.0), (g, 40.0), (b, 40.0), (a, 255.0)] {
            assert!((is * 255.0 - was).abs() < 8.0, "{is} was {was}");
        }
        let aspect = thumbhash::thumb_hash_to_approximate_aspect_ratio(&opaque).unwrap();
        assert!((1.5..2.5).contains(&aspect), "{aspect}");
        // Half transparent, the colours multiplied by that.
        let clear = red(Channels::Rgba, &[100, 20, 20, 128]);
        let (r, _, _, a) = thumbhash::thumb_hash_to_average_rgba(&clear).unwrap();
        assert!((r * 255.0 - 200.0).abs() < 8.0 && (a - 0.5).abs() < 0.05, "{r} {a}");
        let gray = red(Channels::Gray, &[128]);
        let (r, g, b, _) = thumbhash::thumb_hash_to_average_rgba(&gray).unwrap();
        assert!((r - g).abs() < 0.02 && (g - b).abs() < 0.02);
    }

    #[test]
    fn too_large_a_raster_is_an_error_and_not_a_panic() {
        let raster = Raster { size: Size::new(33, 1), channels: Channels::Gray, pixels: vec![0; 33] };
        assert_eq!(hash(Arc::new(raster)).unwrap_err().code(), "internal");
    }
}
