//! Several sizes of one picture: which are made of the picture itself, and which of one another.
//!
//! Each size is made of the smallest larger one that serves: one that shows all of the picture, with at least two of its
//! pixels for each one that is wanted in each direction, for then nobody sees the difference. The others are made of the
//! rows of the decoder, in one reading.

use fast_image_resize::Resizer;

use crate::error::Error;
use crate::geometry::Plan;
use crate::header::Size;
use crate::orientation::Orientation;
use crate::raster::Raster;
use crate::resize::resize;
use crate::stream::{Branch, Stream};

/// How the sizes hang together, decided before anything is decoded.
pub(crate) struct Cascade {
    orientation: Orientation,
    plans: Vec<Plan>,
    /// For each plan, what it is made of.
    origins: Vec<Origin>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    /// The branch of the stream with this number.
    Stream(usize),
    /// What the plan with this number became.
    Copy(usize),
}

impl Cascade {
    /// Decides for plans that come in the order in which they will be made: the largest first.
    pub(crate) fn new(plans: Vec<Plan>, orientation: Orientation) -> Self {
        let mut origins: Vec<Origin> = Vec::with_capacity(plans.len());
        let mut branches = 0;
        for (index, plan) in plans.iter().enumerate() {
            let larger = plans[..index].iter().enumerate();
            let serving = larger.filter(|(_, copy)| copy.shows_all() && serves(copy.scaled, plan.scaled));
            origins.push(match serving.min_by_key(|(_, copy)| copy.scaled.pixels()) {
                Some((copy, _)) => Origin::Copy(copy),
                None => {
                    branches += 1;
                    Origin::Stream(branches - 1)
                }
            });
        }
        Self { orientation, plans, origins }
    }

    /// What is to be made of the decoder's rows.
    pub(crate) fn branches(&self) -> Vec<Branch> {
        let upright = |size: Size| if self.orientation.swaps_sides() { size.swapped() } else { size };
        let streamed = self.plans.iter().zip(&self.origins);
        let streamed = streamed.filter(|(_, origin)| matches!(origin, Origin::Stream(_)));
        streamed
            .map(|(plan, _)| Branch {
                part: plan.part.as_stored(self.orientation),
                target: upright(plan.shown),
                scaled: upright(plan.scaled),
            })
            .collect()
    }

    /// Goes on with what the stream made of the branches.
    pub(crate) fn resume(self, stream: Stream) -> Result<Sizes, Error> {
        let streamed = stream.finish()?.into_iter();
        let streamed = streamed.map(|raster| Some(raster.oriented(self.orientation))).collect();
        let copies = vec![None; self.plans.len()];
        Ok(Sizes { cascade: self, streamed, copies, resizer: Resizer::new() })
    }

    /// The last plan that is made of this one, if any is.
    fn last_user(&self, of: usize) -> Option<usize> {
        self.origins.iter().rposition(|origin| *origin == Origin::Copy(of))
    }
}

/// The sizes, as they are made.
pub(crate) struct Sizes {
    cascade: Cascade,
    streamed: Vec<Option<Raster>>,
    copies: Vec<Option<Raster>>,
    resizer: Resizer,
}

impl Sizes {
    /// What plan number `index` shows, in its size, upright, in sRGB, multiplied by alpha. To be asked for in order, and
    /// once each: nothing is kept longer than another size needs it.
    pub(crate) fn make(&mut self, index: usize) -> Result<Raster, Error> {
        let plan = &self.cascade.plans[index];
        let made = match self.cascade.origins[index] {
            Origin::Stream(branch) => self.streamed[branch].take(),
            Origin::Copy(copy) => {
                let made = match &self.copies[copy] {
                    Some(copy) => Some(resize(&mut self.resizer, copy, plan.part, plan.shown)?.into_owned()),
                    None => None,
                };
                if self.cascade.last_user(copy) == Some(index) {
                    self.copies[copy] = None;
                }
                made
            }
        };
        let made = made.ok_or_else(|| Error::Internal {
            step: "resizing",
            detail: format!("size {index} was asked for out of turn"),
        })?;
        if self.cascade.last_user(index).is_some() {
            self.copies[index] = Some(made.clone());
        }
        Ok(made)
    }
}

/// Whether a copy has at least twice the size. Sizes are rounded, so half a pixel may be missing.
fn serves(copy: Size, scaled: Size) -> bool {
    let twice = |side: u32, of: u32| u64::from(side) + 1 >= 2 * u64::from(of);
    twice(copy.width, scaled.width) && twice(copy.height, scaled.height)
}
