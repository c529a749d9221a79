//! Sizes alone: how large a thumbnail becomes, and what part of the picture is in it.
//!
//! Whole numbers wherever a size is decided, so that no rounding of a fraction decides it instead.

use crate::error::Error;
use crate::format::OutputFormat;
use crate::header::Size;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::output::Output;
use crate::position::Position;
use crate::rendition::{Fit, Rendition};
use crate::shrink::Window;

/// What is to be done to a picture, as seen, to make one thumbnail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The size that the whole picture would have at this scale: what a decoder, or a smaller copy, must at least have.
    pub(crate) scaled: Size,
    /// The size of what is shown of it.
    pub(crate) shown: Size,
    /// The part of the picture that is made first: what is shown of it, or all of it where that is still to be sought.
    pub(crate) part: Part,
    /// The size that this part is made in.
    pub(crate) made: Size,
    /// Whether what is shown is still to be sought in what was made.
    pub(crate) sought: bool,
    /// Where that was found, from the left and from the top of `scaled`, once it has been sought.
    pub(crate) found: Option<(u32, u32)>,
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

    /// As large a part at this position.
    fn at(position: Position, width: f64, height: f64) -> Self {
        let (left, top) = match position {
            Position::Focus(focus) => {
                let around = |per_mille: u16, length: f64| {
                    (f64::from(per_mille) / 1000.0 - length / 2.0).clamp(0.0, 1.0 - length)
                };
                (around(focus.x_per_mille(), width), around(focus.y_per_mille(), height))
            }
            position => {
                let (across, down) = position.lead();
                ((1.0 - width) * across.share(), (1.0 - height) * down.share())
            }
        };
        Self { left, top, width, height }
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

    /// This part of a picture as one of what `other` is of it. All of it is all of it, exactly.
    pub(crate) fn within(self, other: Self) -> Self {
        Self {
            left: (self.left - other.left) / other.width,
            top: (self.top - other.top) / other.height,
            width: self.width / other.width,
            height: self.height / other.height,
        }
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
    /// All of a picture in a size.
    pub(crate) fn whole(size: Size) -> Self {
        Self {
            scaled: size,
            shown: size,
            part: Part::WHOLE,
            made: size,
            sought: false,
            found: None,
            canvas: size,
        }
    }

    /// Whether the whole picture is made, so that smaller thumbnails can be made of this one.
    pub(crate) fn makes_all(&self) -> bool {
        let Part { left, top, width, height } = self.part;
        left <= 0.0 && top <= 0.0 && left + width >= 1.0 && top + height >= 1.0
    }

    /// The same of a plane with a sample for every two pixels in each direction. Where there is half a sample too much, at the
    /// right or the lower edge, it stands for what would be beyond that edge.
    pub(crate) fn halved(self) -> Self {
        let beyond = |side: u32| 2.0 * f64::from(side.div_ceil(2)) / f64::from(side);
        let part = Part {
            width: self.part.width * beyond(self.made.width),
            height: self.part.height * beyond(self.made.height),
            ..self.part
        };
        Self {
            scaled: self.scaled.halved(),
            shown: self.shown.halved(),
            part,
            made: self.made.halved(),
            canvas: self.canvas.halved(),
            ..self
        }
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
    if rendition.lossless && rendition.format == Output::Fixed(OutputFormat::Jpeg) {
        return invalid("a lossless jpeg; webp, png and auto can be".into());
    }
    if rendition.progressive && rendition.format != Output::Fixed(OutputFormat::Jpeg) {
        return invalid(format!("a progressive {}; only jpeg can be", rendition.format));
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
            cover(picture, Size::new(width, height), rendition.enlarge, rendition.position)
        }
        (Some(width), Some(height), Fit::Contain) => {
            let canvas = Size::new(width, height);
            Plan { canvas, ..Plan::whole(inside(picture, canvas, rendition.enlarge)) }
        }
        (Some(width), Some(height), Fit::Fill) => {
            Plan::whole(fill(Size::new(width, height), picture, rendition.enlarge))
        }
        // A side that is missing is bound by the format alone, and two of them leave the picture as it is.
        (width, height, _) => {
            let limit = Size::new(width.unwrap_or(most), height.unwrap_or(most));
            Plan::whole(inside(picture, limit, rendition.enlarge && (width.is_some() || height.is_some())))
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

/// Plans a copy of all of the picture with so many pixels on a side, at most.
pub(crate) fn plan_within(picture: Size, most: u32) -> Plan {
    Plan::whole(inside(picture, Size::new(most, most), false))
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
fn cover(picture: Size, target: Size, enlarge: bool, position: Position) -> Plan {
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
    if scaled == shown {
        return Plan::whole(shown);
    }
    if position == Position::Attention {
        // Enlarging comes after the search: what is sought in has no more pixels than the picture.
        let made = Size::new(scaled.width.min(picture.width), scaled.height.min(picture.height));
        return Plan { scaled, shown, part: Part::WHOLE, made, sought: true, found: None, canvas: shown };
    }
    // The share is taken of the exact scale, not of the rounded size, so that nothing is stretched.
    let share = |shown: u32, side: u32| {
        let exact = f64::from(side) * f64::from(numerator) / f64::from(denominator);
        (f64::from(shown) / exact).min(1.0)
    };
    let part = Part::at(position, share(shown.width, picture.width), share(shown.height, picture.height));
    Plan { scaled, shown, part, made: shown, sought: false, found: None, canvas: shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Focus;
    use crate::raster::{Channels, Raster};

    const BOX: Size = Size::new(200, 200);

    fn covered(picture: Size, position: Position) -> Plan {
        cover(picture, BOX, false, position)
    }

    /// Numbered pixels, all different.
    fn numbered(size: Size) -> Raster {
        let pixels = (0..size.width * size.height).map(|n| u8::try_from(n).unwrap()).collect();
        Raster { size, channels: Channels::Gray, pixels }
    }

    #[test]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and small numbers")]
    fn cutting_and_turning_is_turning_and_cutting() {
        let stored = Size::new(10, 8);
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let seen = if orientation.swaps_sides() { stored.swapped() } else { stored };
            // Whole pixels of the picture as seen: 3 across and 2 down, off its middle.
            let (width, height) = (f64::from(seen.width), f64::from(seen.height));
            let part =
                Part { left: 1.0 / width, top: 5.0 / height, width: 3.0 / width, height: 2.0 / height };
            let turned_first = numbered(stored).oriented(orientation).cut((1, 5), Size::new(3, 2)).unwrap();
            let Window { left, top, width, height } =
                part.as_stored(orientation).of((f64::from(stored.width), f64::from(stored.height)));
            let [left, top, width, height] = [left, top, width, height].map(|length| {
                assert!((length - length.round()).abs() < 1e-9, "{length}");
                length.round() as u32
            });
            let cut_first = numbered(stored).cut((left, top), Size::new(width, height)).unwrap();
            assert_eq!(cut_first.oriented(orientation), turned_first, "orientation {exif}");
        }
    }

    #[test]
    fn gravities_go_to_their_ends() {
        let ends = |picture, position| {
            let Part { left, top, width, height } = covered(picture, position).part;
            (left, top, 1.0 - left - width, 1.0 - top - height)
        };
        let (wide, high) = (Size::new(800, 400), Size::new(400, 800));
        for position in Position::GRAVITIES {
            let name = position.name();
            let (west, _, east, _) = ends(wide, *position);
            let (_, north, _, south) = ends(high, *position);
            let (across, down) = ((west, east), (north, south));
            let expected = |first: bool, last: bool| match (first, last) {
                (true, _) => (0.0, 0.5),
                (_, true) => (0.5, 0.0),
                _ => (0.25, 0.25),
            };
            assert_eq!(across, expected(name.contains("west"), name.contains("east")), "{name}");
            assert_eq!(down, expected(name.contains("north"), name.contains("south")), "{name}");
        }
    }

    #[test]
    fn a_focal_point_is_in_the_middle_unless_an_edge_is_near() {
        let left =
            |x| covered(Size::new(800, 400), Position::Focus(Focus::per_mille(x, 500).unwrap())).part.left;
        assert!((left(600) - 0.35).abs() < 1e-12);
        assert!((left(100) - 0.0).abs() < 1e-12);
        assert!((left(1000) - 0.5).abs() < 1e-12);
        assert_eq!(Focus::per_mille(1001, 0), None);
    }

    #[test]
    fn attention_looks_at_all_of_the_picture_and_never_enlarges_it_for_that() {
        let plan = covered(Size::new(4000, 3000), Position::Attention);
        assert_eq!((plan.made, plan.shown, plan.sought), (Size::new(267, 200), BOX, true));
        assert!(plan.makes_all());
        let plan = cover(Size::new(100, 50), BOX, true, Position::Attention);
        assert_eq!((plan.made, plan.scaled), (Size::new(100, 50), Size::new(400, 200)));
        // Nothing hangs over: nothing is sought.
        assert!(!covered(Size::new(300, 300), Position::Attention).sought);
    }
}
