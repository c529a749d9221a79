//! Sizes alone: how large a thumbnail becomes, and what part of the picture is in it.
//!
//! Whole numbers wherever a size is decided, so that no rounding of a fraction decides it instead.

use crate::error::Error;
use crate::header::Size;
use crate::limits::Limits;
use crate::rendition::{Fit, Rendition};

/// What is to be done to a picture, as seen, to make one thumbnail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The size that the whole picture would have at this scale: what a decoder, or a smaller copy, must at least have.
    pub(crate) scaled: Size,
    /// The size of what is shown of it.
    pub(crate) shown: Size,
    /// The share of the picture's width and of its height that is shown, around its centre: 1 is all of it.
    pub(crate) share: (f64, f64),
    /// The size of the thumbnail; where it is larger than what is shown, the rest is padding.
    pub(crate) canvas: Size,
}

impl Plan {
    /// Whether the whole picture is shown, so that smaller thumbnails can be made of this one.
    pub(crate) fn shows_all(&self) -> bool {
        self.scaled == self.shown
    }
}

/// Checks what can be checked of a rendition without a picture.
pub(crate) fn check(rendition: &Rendition, limits: &Limits) -> Result<(), Error> {
    let invalid = |detail: String| Err(Error::InvalidRendition { detail });
    let most = rendition.format.max_side_pixels().min(limits.max_side_pixels);
    for (name, side) in [("width", rendition.width), ("height", rendition.height)] {
        if let Some(side) = side.filter(|side| !(1..=most).contains(side)) {
            return invalid(format!("a {name} of {side}; {} takes 1 to {most} pixels", rendition.format));
        }
    }
    if !(1..=100).contains(&rendition.quality) {
        return invalid(format!("a quality of {}; it goes from 1 to 100", rendition.quality));
    }
    if let (Some(width), Some(height)) = (rendition.width, rendition.height)
        && Size::new(width, height).pixels() > limits.max_pixels
    {
        return invalid(format!(
            "a box of {width}x{height}; at most {} pixels are allowed",
            limits.max_pixels
        ));
    }
    Ok(())
}

/// Plans a rendition of a picture that is seen as `picture`.
pub(crate) fn plan(picture: Size, rendition: &Rendition, limits: &Limits) -> Result<Plan, Error> {
    let most = rendition.format.max_side_pixels().min(limits.max_side_pixels);
    let plan = match (rendition.width, rendition.height, rendition.fit) {
        (Some(width), Some(height), Fit::Cover) => {
            cover(picture, Size::new(width, height), rendition.enlarge)
        }
        (Some(width), Some(height), Fit::Contain) => {
            let canvas = Size::new(width, height);
            Plan { canvas, ..whole(inside(picture, canvas, rendition.enlarge)) }
        }
        (Some(width), Some(height), Fit::Fill) => {
            whole(fill(Size::new(width, height), picture, rendition.enlarge))
        }
        // A side that is missing is bound by the format alone, and two of them leave the picture as it is.
        (width, height, _) => {
            let limit = Size::new(width.unwrap_or(most), height.unwrap_or(most));
            whole(inside(picture, limit, rendition.enlarge && (width.is_some() || height.is_some())))
        }
    };
    if plan.canvas.pixels() > limits.max_pixels {
        return Err(Error::TooLarge {
            what: "pixels in a thumbnail",
            actual: plan.canvas.pixels(),
            limit: limits.max_pixels,
        });
    }
    Ok(plan)
}

fn whole(size: Size) -> Plan {
    Plan { scaled: size, shown: size, share: (1.0, 1.0), canvas: size }
}

/// Whether a picture is wider, for its height, than a box.
fn is_wider(picture: Size, than: Size) -> bool {
    u64::from(picture.width) * u64::from(than.height) > u64::from(than.width) * u64::from(picture.height)
}

/// `side * numerator / denominator`, to the nearest whole number, at least 1.
fn scale(side: u32, numerator: u32, denominator: u32) -> u32 {
    let denominator = u64::from(denominator.max(1));
    let scaled = (u64::from(side) * u64::from(numerator) + denominator / 2) / denominator;
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

/// The side that reaches the limit first decides.
fn inside(picture: Size, limit: Size, enlarge: bool) -> Size {
    if !enlarge && picture.width <= limit.width && picture.height <= limit.height {
        picture
    } else if is_wider(picture, limit) {
        Size::new(limit.width, scale(picture.height, limit.width, picture.width))
    } else {
        Size::new(scale(picture.width, limit.height, picture.height), limit.height)
    }
}

/// Each side for itself.
fn fill(target: Size, picture: Size, enlarge: bool) -> Size {
    if enlarge {
        target
    } else {
        Size::new(target.width.min(picture.width), target.height.min(picture.height))
    }
}

/// The scale is decided by the side that would not reach its end of the box otherwise. Where that would enlarge, the
/// picture stays as it is, and the box shrinks to what there is of it.
fn cover(picture: Size, target: Size, enlarge: bool) -> Plan {
    let by_height = is_wider(picture, target);
    let (numerator, denominator) =
        if by_height { (target.height, picture.height) } else { (target.width, picture.width) };
    let (numerator, denominator) =
        if enlarge || numerator <= denominator { (numerator, denominator) } else { (1, 1) };
    let scaled = Size::new(
        scale(picture.width, numerator, denominator),
        scale(picture.height, numerator, denominator),
    );
    let shown = Size::new(target.width.min(scaled.width), target.height.min(scaled.height));
    // The share is taken of the exact scale, not of the rounded size, so that nothing is stretched.
    let share = |shown: u32, side: u32| {
        let exact = f64::from(side) * f64::from(numerator) / f64::from(denominator);
        (f64::from(shown) / exact).min(1.0)
    };
    let share = if scaled == shown {
        (1.0, 1.0)
    } else {
        (share(shown.width, picture.width), share(shown.height, picture.height))
    };
    Plan { scaled, shown, share, canvas: shown }
}
