//! Lanczos3 through `fast_image_resize`, over colours that are multiplied by their alpha.

use std::borrow::Cow;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{MulDiv, PixelType, ResizeOptions, Resizer};

use crate::error::Error;
use crate::geometry::Part;
use crate::header::Size;
use crate::lanczos::algorithm;
use crate::raster::{Channels, Raster};
use crate::rows::Depth;
use crate::shrink::{Window, pixel_type};

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
pub(crate) fn resize<'a>(
    resizer: &mut Resizer,
    raster: &'a Raster,
    part: Part,
    target: Size,
) -> Result<Cow<'a, Raster>, Error> {
    if raster.size == target && part == Part::WHOLE {
        return Ok(Cow::Borrowed(raster));
    }
    let kind = pixel_type(raster.channels.into(), Depth::Eight);
    let source =
        ImageRef::new(raster.size.width, raster.size.height, &raster.pixels, kind).map_err(internal)?;
    let mut resized = Image::new(target.width, target.height, kind);
    let Window { left, top, width, height } =
        part.of((f64::from(raster.size.width), f64::from(raster.size.height)));
    let options =
        ResizeOptions::new().resize_alg(algorithm()).use_alpha(false).crop(left, top, width, height);
    resizer.resize(&source, &mut resized, &options).map_err(internal)?;
    Ok(Cow::Owned(Raster { size: target, channels: raster.channels, pixels: resized.into_vec() }))
}

fn internal(error: impl std::error::Error) -> Error {
    Error::Internal { step: "resizing", detail: error.to_string() }
}
