//! Several sizes of one picture: each is made of the smallest larger one that serves.
//!
//! Resizing costs what the larger picture costs to read. From 24 megapixels the first size pays that in full, and the
//! others can start from the first, as long as at least two of its pixels go into each of theirs: then nobody sees the
//! difference.

use fast_image_resize::Resizer;

use crate::color::ToSrgb;
use crate::decode::Decoded;
use crate::error::Error;
use crate::geometry::Plan;
use crate::header::Size;
use crate::orientation::Orientation;
use crate::raster::Raster;
use crate::resize::{multiply_alpha, resize};

/// A decoded picture, and the smaller copies made so far.
pub(crate) struct Cascade {
    /// As stored, not turned: turning a thumbnail is cheaper than turning its source.
    decoded: Raster,
    orientation: Orientation,
    to_srgb: Option<ToSrgb>,
    /// The whole picture in smaller sizes, upright, in sRGB.
    copies: Vec<Raster>,
    resizer: Resizer,
}

impl Cascade {
    /// Starts from what a decoder gave.
    pub(crate) fn new(decoded: Decoded, orientation: Orientation) -> Result<Self, Error> {
        let to_srgb = decoded.profile.as_deref().and_then(ToSrgb::new);
        let decoded = multiply_alpha(decoded.raster)?;
        Ok(Self { decoded, orientation, to_srgb, copies: Vec::new(), resizer: Resizer::new() })
    }

    /// The part of the picture that the plan shows, in the plan's size, upright, in sRGB. Ask for the largest first.
    pub(crate) fn shrink(&mut self, plan: &Plan) -> Result<Raster, Error> {
        let serving = self.copies.iter().filter(|copy| serves(copy.size, plan.scaled));
        let shrunk = match serving.min_by_key(|copy| copy.size.pixels()) {
            Some(copy) => resize(&mut self.resizer, copy, plan.share, plan.shown)?.into_owned(),
            None => self.shrink_decoded(plan)?,
        };
        // A copy that is not much smaller than the source saves little, one that is larger has nothing to add.
        if plan.shows_all() && shrunk.size.pixels() * 2 <= self.decoded.size.pixels() {
            self.copies.push(shrunk.clone());
        }
        Ok(shrunk)
    }

    /// Centred crops lie alike in the stored picture and in the one that is seen, with their sides changed.
    fn shrink_decoded(&mut self, plan: &Plan) -> Result<Raster, Error> {
        let (share, shown) = if self.orientation.swaps_sides() {
            ((plan.share.1, plan.share.0), plan.shown.swapped())
        } else {
            (plan.share, plan.shown)
        };
        let shrunk = resize(&mut self.resizer, &self.decoded, share, shown)?.into_owned();
        let upright = shrunk.oriented(self.orientation);
        match &self.to_srgb {
            Some(to_srgb) => to_srgb.convert(upright),
            None => Ok(upright),
        }
    }
}

/// Whether a copy has at least twice the size. Sizes are rounded, so half a pixel may be missing.
fn serves(copy: Size, scaled: Size) -> bool {
    let twice = |side: u32, of: u32| u64::from(side) + 1 >= 2 * u64::from(of);
    twice(copy.width, scaled.width) && twice(copy.height, scaled.height)
}
