//! Lanczos3 through `fast_image_resize`, over colours that are multiplied by their alpha.

use std::borrow::Cow;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{MulDiv, PixelType, ResizeOptions, Resizer};

use crate::error::Error;
use crate::header::Size;
use crate::raster::{Channels, Raster};

/// Multiplies colours by alpha, in place and once for all sizes.
pub(crate) fn multiply_alpha(raster: Raster) -> Result<Raster, Error> {
    change_alpha(raster, |image| MulDiv::new().multiply_alpha_inplace(image).map_err(internal))
}

/// Takes alpha out of the colours again.
pub(crate) fn divide_alpha(raster: Raster) -> Result<Raster, Error> {
    change_alpha(raster, |image| MulDiv::new().divide_alpha_inplace(image).map_err(internal))
}

fn change_alpha(
    raster: Raster,
    change: impl FnOnce(&mut Image<'_>) -> Result<(), Error>,
) -> Result<Raster, Error> {
    if raster.channels != Channels::Rgba {
        return Ok(raster);
    }
    let Raster { size, channels, pixels } = raster;
    let mut image = Image::from_vec_u8(size.width, size.height, pixels, PixelType::U8x4).map_err(internal)?;
    change(&mut image)?;
    Ok(Raster { size, channels, pixels: image.into_vec() })
}

/// Resizes the middle of a raster, `share` of its width and height, to `target`. What has that size already is not
/// touched.
pub(crate) fn resize<'a>(
    resizer: &mut Resizer,
    raster: &'a Raster,
    share: (f64, f64),
    target: Size,
) -> Result<Cow<'a, Raster>, Error> {
    if raster.size == target && share == (1.0, 1.0) {
        return Ok(Cow::Borrowed(raster));
    }
    let kind = match raster.channels {
        Channels::Gray => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba => PixelType::U8x4,
    };
    let source =
        ImageRef::new(raster.size.width, raster.size.height, &raster.pixels, kind).map_err(internal)?;
    let mut smaller = Image::new(target.width, target.height, kind);
    let (width, height) = (f64::from(raster.size.width), f64::from(raster.size.height));
    let (shown_width, shown_height) = (width * share.0, height * share.1);
    let (left, top) = ((width - shown_width) / 2.0, (height - shown_height) / 2.0);
    let options = ResizeOptions::new().use_alpha(false).crop(left, top, shown_width, shown_height);
    resizer.resize(&source, &mut smaller, &options).map_err(internal)?;
    Ok(Cow::Owned(Raster { size: target, channels: raster.channels, pixels: smaller.into_vec() }))
}

fn internal(error: impl std::error::Error) -> Error {
    Error::Internal { step: "resizing", detail: error.to_string() }
}
