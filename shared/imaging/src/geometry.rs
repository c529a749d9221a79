//! Sizes alone: how large a thumbnail becomes, and what part of the picture is in it.
//!
//! Whole numbers wherever a size is decided, so that no rounding of a fraction decides it instead.

use crate::error::Error;
use crate::header::Size;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::rendition::{Fit, Rendition};
use crate::shrink::Window;

/// What is to be done to a picture, as seen, to make one thumbnail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The size that the whole picture would have at this scale: what a decoder, or a smaller copy, must at least have.
    pub(crate) scaled: Size,
    /// The size of what is shown of it.
    pub(crate) shown: Size,
    /// The part of the picture that is shown.
    pub(crate) part: Part,
    /// The size of the thumbnail; where it is larger than what is shown, the rest is padding.
    pub(crate) canvas: Size,
}

/// A rectangle in a picture, in shares of its width and height: 1 is all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Part {
    /// All of the picture.
    pub(crate) const WHOLE: Self = Self { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };

    /// As large a part around the centre.
    fn centred(width: f64, height: f64) -> Self {
        Self { left: (1.0 - width) / 2.0, top: (1.0 - height) / 2.0, width, height }
    }

    /// Where this part, of a picture as seen, lies in the picture as stored.
    pub(crate) fn as_stored(self, orientation: Orientation) -> Self {
        let Self { left, top, width, height } = self;
        let (right, bottom) = (1.0 - left - width, 1.0 - top - height);
        let (left, top) = match orientation.exif() {
            2 => (right, top),
            3 => (right, bottom),
            4 => (left, bottom),
            5 => (top, left),
            6 => (top, right),
            7 => (bottom, right),
            8 => (bottom, left),
            _ => (left, top),
        };
        let (width, height) = if orientation.swaps_sides() { (height, width) } else { (width, height) };
        Self { left, top, width, height }
    }

    /// This part of a picture that measures `extent`.
    pub(crate) fn of(self, extent: (f64, f64)) -> Window {
        Window {
            left: self.left * extent.0,
            top: self.top * extent.1,
            width: self.width * extent.0,
            height: self.height * extent.1,
        }
    }
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
    Plan { scaled: size, shown: size, part: Part::WHOLE, canvas: size }
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
    let part = if scaled == shown {
        Part::WHOLE
    } else {
        Part::centred(share(shown.width, picture.width), share(shown.height, picture.height))
    };
    Plan { scaled, shown, part, canvas: shown }
}
