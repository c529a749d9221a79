//! The whole way of one picture: probe, decode once, resize and encode each rendition.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use crate::cascade::Cascade;
use crate::compose::compose;
use crate::decode::decode;
use crate::encode::encode;
use crate::error::Error;
use crate::format::OutputFormat;
use crate::geometry::{self, Plan};
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::probe::probe;
use crate::rendition::Rendition;

/// One finished thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thumbnail {
    /// The encoded file.
    pub bytes: Vec<u8>,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// The format of `bytes`.
    pub format: OutputFormat,
}

/// Where the time went. These are the only part of a [`Rendered`] that differs from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Sniffing and reading the header.
    pub probe: Duration,
    /// Decoding, once per picture.
    pub decode: Duration,
    /// Resizing, all renditions together.
    pub resize: Duration,
    /// Encoding, all renditions together.
    pub encode: Duration,
}

/// All that came of one picture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// What the source says about itself.
    pub header: Header,
    /// One thumbnail for each rendition, in the order in which they were asked for.
    pub thumbnails: Vec<Thumbnail>,
    /// Where the time went.
    pub timings: Timings,
}

/// Makes one thumbnail of `source` for each of `renditions`: all of them, or an error and none.
///
/// The source is decoded once. The same source and renditions give the same bytes, for one [`crate::ENGINE_VERSION`];
/// since small thumbnails may be made of larger ones, "the same renditions" means all of them. `should_stop` is asked
/// before each step; `true` ends the work with [`Error::Interrupted`].
pub fn render(
    source: &[u8],
    renditions: &[Rendition],
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
) -> Result<Rendered, Error> {
    let go_on = |before| if should_stop() { Err(Error::Interrupted { before }) } else { Ok(()) };
    let mut timings = Timings::default();
    if renditions.is_empty() {
        return Err(Error::InvalidRendition { detail: "none is asked for".into() });
    }
    renditions.iter().try_for_each(|rendition| geometry::check(rendition, limits))?;

    go_on("probing")?;
    let header = timed(&mut timings.probe, || probe(source, limits))?;
    let plans = plan_all(&header, renditions, limits)?;

    go_on("decoding")?;
    let at_least = stored_size_needed(&header, &plans);
    let decoded = timed(&mut timings.decode, || decode(source, &header, at_least, limits))?;

    let mut cascade = timed(&mut timings.resize, || Cascade::new(decoded, header.orientation))?;
    let mut thumbnails: Vec<Option<Thumbnail>> = vec![None; renditions.len()];
    for (index, plan) in largest_first(&plans) {
        let rendition = &renditions[index];
        go_on("resizing")?;
        let composed = timed(&mut timings.resize, || compose(cascade.shrink(plan)?, plan.canvas, rendition))?;
        go_on("encoding")?;
        let bytes = timed(&mut timings.encode, || encode(&composed, rendition.format, rendition.quality))?;
        let Size { width, height } = composed.size;
        thumbnails[index] = Some(Thumbnail { bytes, width, height, format: rendition.format });
    }
    let thumbnails = thumbnails.into_iter().flatten().collect();
    Ok(Rendered { header, thumbnails, timings })
}

fn timed<T>(spent: &mut Duration, step: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    let done = step();
    *spent += begun.elapsed();
    done
}

fn plan_all(header: &Header, renditions: &[Rendition], limits: &Limits) -> Result<Vec<Plan>, Error> {
    renditions.iter().map(|rendition| geometry::plan(header.size(), rendition, limits)).collect()
}

/// Larger pictures first, since smaller ones are made of them; those that show all before crops, which serve nobody else.
fn largest_first(plans: &[Plan]) -> Vec<(usize, &Plan)> {
    let mut order: Vec<_> = plans.iter().enumerate().collect();
    order.sort_by_key(|(_, plan)| (!plan.shows_all(), Reverse(plan.scaled.pixels())));
    order
}

/// The smallest size, in the stored orientation, of which every plan can be made without enlarging.
fn stored_size_needed(header: &Header, plans: &[Plan]) -> Size {
    let seen = header.size();
    let width = plans.iter().map(|plan| plan.scaled.width).max().unwrap_or(seen.width).min(seen.width);
    let height = plans.iter().map(|plan| plan.scaled.height).max().unwrap_or(seen.height).min(seen.height);
    let needed = Size::new(width, height);
    if header.orientation.swaps_sides() { needed.swapped() } else { needed }
}
