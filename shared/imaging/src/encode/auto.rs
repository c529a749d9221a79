//! The smallest file that does a picture justice, where the choice of the format is left to us.
//!
//! Lossy WebP is smallest for photographs. Flat graphics (logos, diagrams, screenshots of text) it blurs, and they are often
//! smaller without any loss. What is flat is told from the finished pixels, since resizing may have made a photograph of
//! a drawing.

use std::collections::HashSet;

use super::{png, webp};
use crate::error::Error;
use crate::format::OutputFormat;
use crate::raster::{Channels, Raster};

/// One colour for so many pixels is few: edges that were smoothed have more colours than a palette, but not their own each.
const PIXELS_PER_COLOR: usize = 16;
/// So many colours are few in any picture.
const FEW_COLORS: usize = 256;
/// How many times the bytes of the lossy file a graphic may take, so as not to be blurred.
const WORTH: usize = 2;

/// Encodes a raster in the format that suits it. `lossless` leaves the lossy one out.
pub(super) fn encode(raster: &Raster, quality: u8, lossless: bool) -> Result<(Vec<u8>, OutputFormat), Error> {
    let lossy = || webp::encode(raster, webp::WebpOptions { quality, lossless: false });
    if !lossless && !is_graphic(raster) {
        return Ok((lossy()?, OutputFormat::WebP));
    }
    let as_webp = webp::encode(raster, webp::WebpOptions { quality, lossless: true })?;
    let as_png = png::encode(raster)?;
    let exact = if as_png.len() < as_webp.len() {
        (as_png, OutputFormat::Png)
    } else {
        (as_webp, OutputFormat::WebP)
    };
    if lossless {
        return Ok(exact);
    }
    let lossy = lossy()?;
    Ok(if exact.0.len() <= lossy.len().saturating_mul(WORTH) { exact } else { (lossy, OutputFormat::WebP) })
}

/// Whether a picture is a flat graphic: at least half of its pixels are just like the one at their left or above, and it
/// has few colours for its size.
fn is_graphic(raster: &Raster) -> bool {
    match raster.channels {
        Channels::Gray => is_flat(raster.pixels.as_chunks::<1>().0, raster.size.width as usize),
        Channels::Rgb => is_flat(raster.pixels.as_chunks::<3>().0, raster.size.width as usize),
        Channels::Rgba => is_flat(raster.pixels.as_chunks::<4>().0, raster.size.width as usize),
    }
}

fn is_flat<const N: usize>(pixels: &[[u8; N]], width: usize) -> bool {
    let mut repeated = 0;
    let mut above: &[[u8; N]] = &[];
    for row in pixels.chunks(width.max(1)) {
        for (x, pixel) in row.iter().enumerate() {
            let is_like = |other: Option<&[u8; N]>| other == Some(pixel);
            let left = x.checked_sub(1).and_then(|x| row.get(x));
            repeated += usize::from(is_like(left) || is_like(above.get(x)));
        }
        above = row;
    }
    if repeated * 2 < pixels.len() {
        return false;
    }
    let few = (pixels.len() / PIXELS_PER_COLOR).max(FEW_COLORS);
    let mut colors = HashSet::new();
    pixels.iter().all(|pixel| {
        colors.insert(*pixel);
        colors.len() <= few
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Size;

    fn raster(side: u32, color: impl Fn(u32, u32) -> [u8; 4]) -> Raster {
        let pixels = (0..side * side).flat_map(|index| color(index % side, index / side)).collect();
        Raster { size: Size::new(side, side), channels: Channels::Rgba, pixels }
    }

    fn noise(x: u32, y: u32) -> u8 {
        let mixed = (x ^ y.wrapping_mul(2_654_435_761)).wrapping_mul(2_246_822_519);
        (mixed ^ (mixed >> 15)).wrapping_mul(3_266_489_917).to_be_bytes()[0]
    }

    /// Soft, with a little grain, as photographs are.
    fn photograph(x: u32, y: u32) -> [u8; 4] {
        let grain = noise(x, y) / 32;
        let of = |share: u32| u8::try_from(share * 180 / 128).unwrap_or(0) + grain;
        [of(x), of(y), of(x.midpoint(y)), 255]
    }

    /// Boxes and a disc with smoothed edges on a transparent ground.
    fn graphic(x: u32, y: u32) -> [u8; 4] {
        let from_middle = f64::from(x.abs_diff(64).pow(2) + y.abs_diff(64).pow(2)).sqrt();
        match () {
            () if (20..60).contains(&x) && (10..30).contains(&y) => [0, 80, 160, 255],
            () if from_middle < 30.0 => [220, 40, 0, 255],
            () if from_middle < 32.0 => [220, 40, 0, 128],
            () => [0; 4],
        }
    }

    #[test]
    fn a_photograph_is_lossy_and_a_graphic_comes_back_as_it_was() {
        let photo = raster(128, photograph);
        let (file, format) = encode(&photo, 80, false).unwrap();
        assert_eq!(format, OutputFormat::WebP);
        assert_eq!(file, webp::encode(&photo, webp::WebpOptions { quality: 80, lossless: false }).unwrap());
        let drawing = raster(128, graphic);
        let (file, format) = encode(&drawing, 80, false).unwrap();
        assert!(matches!(format, OutputFormat::WebP | OutputFormat::Png));
        let read = image::load_from_memory(&file).unwrap().to_rgba8();
        let visible = |pixels: &[u8]| -> Vec<[u8; 4]> {
            pixels
                .as_chunks::<4>()
                .0
                .iter()
                .map(|pixel| if pixel[3] == 0 { [0; 4] } else { *pixel })
                .collect()
        };
        assert_eq!(visible(&read), visible(&drawing.pixels));
    }

    #[test]
    fn the_smaller_one_is_kept_of_two_that_lose_nothing() {
        for drawing in [raster(128, graphic), raster(16, |x, _| [u8::from(x > 8) * 255; 4])] {
            let (file, _) = encode(&drawing, 80, true).unwrap();
            let as_webp = webp::encode(&drawing, webp::WebpOptions { quality: 80, lossless: true }).unwrap();
            let as_png = png::encode(&drawing).unwrap();
            assert_eq!(file.len(), as_webp.len().min(as_png.len()));
        }
    }

    #[test]
    fn a_photograph_on_white_is_a_photograph() {
        let product = raster(128, |x, y| {
            let inside = (30..100).contains(&x) && (30..100).contains(&y);
            if inside { photograph(x, y) } else { [255; 4] }
        });
        assert!(!is_graphic(&product));
    }

    #[test]
    fn what_is_asked_to_be_lossless_is() {
        let photo = raster(64, photograph);
        let (file, _) = encode(&photo, 80, true).unwrap();
        assert_eq!(image::load_from_memory(&file).unwrap().to_rgba8().into_raw(), photo.pixels);
    }
}
