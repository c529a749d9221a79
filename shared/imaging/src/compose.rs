//! The last step before encoding: backgrounds, padding, and colours as they are written to files.

use std::sync::Arc;

use crate::error::Error;
use crate::header::Size;
use crate::position::Position;
use crate::raster::{Channels, Raster};
use crate::rendition::{Rendition, Rgb};
use crate::resize::divide_alpha;

/// Lays a resized raster on its canvas, in the way that the rendition's format can hold.
///
/// What needs no change is not copied: other sizes may still be made of it.
pub(crate) fn compose(
    raster: Arc<Raster>,
    canvas: Size,
    rendition: &Rendition,
) -> Result<Arc<Raster>, Error> {
    let background = match rendition.background {
        None if rendition.format.has_alpha() => None,
        background => Some(background.unwrap_or(Rgb::WHITE)),
    };
    let raster = match (raster.channels, background) {
        (Channels::Gray | Channels::Rgb, _) => raster,
        (Channels::Rgba, Some(background)) => Arc::new(flatten(&raster, background)),
        (Channels::Rgba, None) => Arc::new(divide_alpha(Arc::unwrap_or_clone(raster))?),
    };
    if raster.size == canvas {
        return Ok(raster);
    }
    Ok(Arc::new(pad(&raster, canvas, background, rendition.position)))
}

/// Lays the colours of an RGBA raster, multiplied by alpha, on a background: that adds as much of it as alpha lacks.
fn flatten(raster: &Raster, Rgb(background): Rgb) -> Raster {
    let (pixels, _) = raster.pixels.as_chunks::<4>();
    let lay = |color: u8, behind: u8, alpha: u8| {
        let showing = (u16::from(behind) * u16::from(u8::MAX - alpha) + 127) / 255;
        u8::try_from(u16::from(color) + showing).unwrap_or(u8::MAX)
    };
    let flat = pixels
        .iter()
        .flat_map(|&[r, g, b, a]| {
            [lay(r, background[0], a), lay(g, background[1], a), lay(b, background[2], a)]
        })
        .collect();
    Raster { size: raster.size, channels: Channels::Rgb, pixels: flat }
}

/// Lays a raster on a canvas that is larger; without a background the canvas is transparent.
fn pad(raster: &Raster, canvas: Size, background: Option<Rgb>, position: Position) -> Raster {
    let (channels, filling) = match background {
        Some(Rgb([r, g, b])) => (Channels::Rgb, [r, g, b, u8::MAX]),
        None => (Channels::Rgba, [0; 4]),
    };
    let pixel_bytes = channels.count();
    let canvas_row = canvas.width as usize * pixel_bytes;
    let mut pixels = filling[..pixel_bytes].repeat(canvas.width as usize * canvas.height as usize);
    let (across, down) = position.lead();
    let left = across.pixels(canvas.width.saturating_sub(raster.size.width)) as usize * pixel_bytes;
    let top = down.pixels(canvas.height.saturating_sub(raster.size.height)) as usize;
    let rows = raster.pixels.chunks_exact(raster.size.width as usize * raster.channels.count());
    for (target, row) in pixels.chunks_exact_mut(canvas_row).skip(top).zip(rows) {
        let within = target[left..].chunks_exact_mut(pixel_bytes);
        for (target, pixel) in within.zip(row.chunks_exact(raster.channels.count())) {
            let color = match *pixel {
                [gray] => [gray, gray, gray, u8::MAX],
                [r, g, b] => [r, g, b, u8::MAX],
                [r, g, b, a] => [r, g, b, a],
                _ => filling,
            };
            target.copy_from_slice(&color[..pixel_bytes]);
        }
    }
    Raster { size: canvas, channels, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::OutputFormat;

    fn pixel(rgba: [u8; 4]) -> Arc<Raster> {
        Arc::new(Raster { size: Size::new(1, 1), channels: Channels::Rgba, pixels: rgba.to_vec() })
    }

    #[test]
    fn jpeg_is_laid_on_white_unless_told_otherwise() {
        let jpeg = Rendition::new(None, None).with_format(OutputFormat::Jpeg);
        // Half transparent black, multiplied by alpha.
        let on = |rendition: &Rendition| {
            compose(pixel([0, 0, 0, 128]), Size::new(1, 1), rendition).unwrap().pixels.clone()
        };
        assert_eq!(on(&jpeg), [127, 127, 127]);
        assert_eq!(on(&jpeg.with_background(Some(Rgb([200, 0, 100])))), [100, 0, 50]);
    }

    #[test]
    fn padding_is_transparent_where_it_can_be_and_even_on_both_sides() {
        let gray = Arc::new(Raster { size: Size::new(1, 1), channels: Channels::Gray, pixels: vec![9] });
        let webp = Rendition::new(None, None);
        let padded = compose(Arc::clone(&gray), Size::new(3, 1), &webp).unwrap();
        assert_eq!(padded.pixels, [0, 0, 0, 0, 9, 9, 9, 255, 0, 0, 0, 0]);
        let red = webp.with_background(Some(Rgb([255, 0, 0])));
        let padded = compose(Arc::clone(&gray), Size::new(1, 3), &red).unwrap();
        assert_eq!(padded.pixels, [255, 0, 0, 9, 9, 9, 255, 0, 0]);
        let south = red.with_position(Position::South);
        let padded = compose(gray, Size::new(1, 3), &south).unwrap();
        assert_eq!(padded.pixels, [255, 0, 0, 255, 0, 0, 9, 9, 9]);
    }
}
