//! Several sizes of one picture: which are made of the picture itself, and which of one another.
//!
//! Each size is made of the smallest larger one that serves: one of all of the picture that has just the size that is
//! wanted, or at least two pixels for each one in each direction, for then nobody sees the difference. The others are made of the
//! rows of the decoder, in one reading.

use std::borrow::Cow;
use std::sync::Arc;

use crate::attention;
use crate::error::Error;
use crate::geometry::{Part, Plan};
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
    /// Of the plans, the thumbnails' ones.
    count: usize,
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
        let count = plans.len();
        let mut cascade =
            Self { orientation, plans: Vec::with_capacity(count + 1), origins: Vec::new(), count };
        for plan in plans {
            cascade.add(plan, |copy| serves(copy, &plan));
        }
        cascade
    }

    /// The same with the copy that the placeholder is made of, as the last plan. It is content with whatever is there, so that
    /// it changes nothing about the others.
    pub(crate) fn with_placeholder(mut self, plan: Plan) -> Self {
        let enough = plan.made;
        self.add(plan, |copy| copy.made.width >= enough.width && copy.made.height >= enough.height);
        self
    }

    fn add(&mut self, plan: Plan, serves: impl Fn(&Plan) -> bool) {
        let copies = self.plans.iter().enumerate();
        let serving = copies.filter(|(_, copy)| copy.makes_all() && serves(copy));
        let origin = match serving.min_by_key(|(_, copy)| copy.made.pixels()) {
            Some((copy, _)) => Origin::Copy(copy),
            None => {
                let is_streamed = |origin: &&Origin| matches!(origin, Origin::Stream(_));
                Origin::Stream(self.origins.iter().filter(is_streamed).count())
            }
        };
        self.plans.push(plan);
        self.origins.push(origin);
    }

    /// What is to be made of the decoder's rows.
    pub(crate) fn branches(&self) -> Vec<Branch> {
        let stored = |size: Size| if self.orientation.swaps_sides() { size.swapped() } else { size };
        let streamed = self.plans.iter().zip(&self.origins).enumerate();
        let streamed = streamed.filter(|(_, (_, origin))| matches!(origin, Origin::Stream(_)));
        streamed
            .map(|(index, (plan, _))| Branch {
                part: plan.part.as_stored(self.orientation),
                target: stored(plan.made),
                scaled: (index < self.count).then_some(stored(plan.scaled)),
            })
            .collect()
    }

    /// Goes on with what the stream made of the branches.
    pub(crate) fn resume(self, stream: Stream) -> Result<Sizes, Error> {
        let streamed = stream.finish()?.into_iter();
        let streamed = streamed.map(|raster| Some(Arc::new(raster.oriented(self.orientation)))).collect();
        let copies = vec![None; self.plans.len()];
        Ok(Sizes { cascade: self, streamed, copies })
    }

    /// The last plan that is made of this one, if any is.
    fn last_user(&self, of: usize) -> Option<usize> {
        self.origins.iter().rposition(|origin| *origin == Origin::Copy(of))
    }
}

/// The sizes, as they are made.
pub(crate) struct Sizes {
    cascade: Cascade,
    streamed: Vec<Option<Arc<Raster>>>,
    copies: Vec<Option<Arc<Raster>>>,
}

impl Sizes {
    /// What plan number `index` shows, in its size, upright, in sRGB, multiplied by alpha. To be asked for in order, and
    /// once each: nothing is kept longer than another size needs it.
    pub(crate) fn make(&mut self, index: usize) -> Result<Arc<Raster>, Error> {
        let plan = self.cascade.plans[index];
        let made = match self.cascade.origins[index] {
            Origin::Stream(branch) => self.streamed[branch].take(),
            Origin::Copy(copy) => {
                let part = plan.part.within(self.cascade.plans[copy].part);
                let made = match &self.copies[copy] {
                    Some(copy) => Some(resized(copy, part, plan.made)?),
                    None => None,
                };
                if self.cascade.last_user(copy) == Some(index) {
                    self.copies[copy] = None;
                }
                made
            }
        };
        let made = made.ok_or_else(|| out_of_turn(index))?;
        let is_used = self.cascade.last_user(index).is_some();
        if plan.sought {
            let shown = self.seek(&made, index)?;
            self.copies[index] = is_used.then_some(made);
            return Ok(shown);
        }
        if is_used {
            self.copies[index] = Some(Arc::clone(&made));
        }
        Ok(made)
    }

    /// The plans, with what was found of that which was sought: of the next frame of an animation, the same is shown.
    pub(crate) fn into_plans(self) -> Vec<Plan> {
        self.cascade.plans
    }

    /// Cuts out of all of the picture what draws attention.
    fn seek(&mut self, all: &Arc<Raster>, index: usize) -> Result<Arc<Raster>, Error> {
        let plan = self.cascade.plans[index];
        let at = match plan.found {
            Some(at) => at,
            None => {
                let map = resize(all, Part::WHOLE, attention::map_size(all.size))?;
                attention::seek(&map, plan.scaled, plan.shown)
            }
        };
        self.cascade.plans[index].found = Some(at);
        if all.size == plan.scaled {
            // Pixels are copied: nothing is resized twice.
            let cut = all.cut(at, plan.shown);
            return cut
                .map(Arc::new)
                .ok_or_else(|| Error::Internal { step: "cropping", detail: format!("{plan:?} at {at:?}") });
        }
        let share = |length: u32, of: u32| f64::from(length) / f64::from(of);
        let part = Part {
            left: share(at.0, plan.scaled.width),
            top: share(at.1, plan.scaled.height),
            width: share(plan.shown.width, plan.scaled.width),
            height: share(plan.shown.height, plan.scaled.height),
        };
        resized(all, part, plan.shown)
    }
}

/// A part of a copy in another size; the copy itself, where that is what is wanted.
fn resized(copy: &Arc<Raster>, part: Part, target: Size) -> Result<Arc<Raster>, Error> {
    Ok(match resize(copy, part, target)? {
        Cow::Borrowed(_) => Arc::clone(copy),
        Cow::Owned(resized) => Arc::new(resized),
    })
}

fn out_of_turn(index: usize) -> Error {
    Error::Internal { step: "resizing", detail: format!("size {index} was asked for out of turn") }
}

/// Whether a copy of the whole picture does for a plan as well as the picture: it is just what is wanted, or has at least
/// twice the size. Sizes are rounded, so half a pixel may be missing.
fn serves(copy: &Plan, plan: &Plan) -> bool {
    if plan.makes_all() && copy.made == plan.made {
        return true;
    }
    let wanted = if plan.makes_all() { plan.made } else { plan.scaled };
    let twice = |side: u32, of: u32| u64::from(side) + 1 >= 2 * u64::from(of);
    twice(copy.made.width, wanted.width) && twice(copy.made.height, wanted.height)
}
