//! One raster made of another, whose colours are multiplied by their alpha.

use std::borrow::Cow;

use fast_image_resize::images::Image;
use fast_image_resize::{MulDiv, PixelType};

use crate::error::Error;
use crate::geometry::Part;
use crate::header::Size;
use crate::raster::{Channels, Raster};
use crate::reduce::Reducer;
use crate::rows::Frame;
use crate::shrink::Shrinker;

/// Takes alpha out of the colours again.
pub(crate) fn divide_alpha(raster: Raster) -> Result<Raster, Error> {
    if raster.channels != Channels::Rgba {
        return Ok(raster);
    }
    let Raster { size, channels, pixels } = raster;
    let mut image = Image::from_vec_u8(size.width, size.height, pixels, PixelType::U8x4).map_err(internal)?;
    MulDiv::new().divide_alpha_inplace(&mut image).map_err(internal)?;
    Ok(Raster { size, channels, pixels: image.into_vec() })
}

/// Resizes a part of a raster to `target`. What has that size already is not touched.
pub(crate) fn resize(raster: &Raster, part: Part, target: Size) -> Result<Cow<'_, Raster>, Error> {
    if raster.size == target && part == Part::WHOLE {
        return Ok(Cow::Borrowed(raster));
    }
    let frame = Frame::whole(raster.size, raster.channels.into());
    let covered = part.of(frame.extent);
    let factors = Reducer::factors((covered.width, covered.height), target);
    let pixels = match factors.map(|factors| Reducer::new(&frame, factors)) {
        None => {
            let mut shrinker = Shrinker::new(&frame, covered, target);
            shrinker.push(&raster.pixels);
            shrinker.finish()?
        }
        Some((mut reducer, reduced)) => {
            let mut shrinker = Shrinker::new(&reduced, part.of(reduced.extent), target);
            for row in raster.pixels.chunks_exact(frame.row_bytes()) {
                if let Some(averages) = reducer.push(row) {
                    shrinker.push(averages);
                }
            }
            shrinker.finish()?
        }
    };
    Ok(Cow::Owned(Raster { size: target, channels: raster.channels, pixels }))
}

fn internal(error: impl std::error::Error) -> Error {
    Error::Internal { step: "resizing", detail: error.to_string() }
}
