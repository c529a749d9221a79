//! The whole way of one picture: probe, decode once, resize and encode each rendition.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use crate::animation::animate;
use crate::cascade::Cascade;
use crate::compose::compose;
use crate::decode::{decode, working_bytes};
use crate::encode::encode;
use crate::error::Error;
use crate::format::{OutputFormat, SourceFormat};
use crate::geometry::{self, Plan};
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::probe::probe;
use crate::rendition::Rendition;
use crate::stream::Stream;

/// Pixels that a shrinking decoder has to leave for one that is wanted, in each direction, as a fraction.
const MARGIN: (u64, u64) = (7, 4);
/// The same for WebP. A telephone's 4000 pixels become 1280 by way of 2000 then, which costs a quarter less than all of them
/// do, and stays closer to an exact resize (SSIM 0.988) than libwebp's own scaling to 1280 (0.986).
const WEBP_MARGIN: (u64, u64) = (3, 2);

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
    let order = largest_first(&plans);
    let mut thumbnails = timed(&mut timings.encode, || {
        animate_those_that_may(source, &header, renditions, &plans, &order, limits, should_stop)
    })?;
    if thumbnails.iter().all(Option::is_some) {
        let thumbnails = thumbnails.into_iter().flatten().collect();
        return Ok(Rendered { header, thumbnails, timings });
    }
    let cascade = Cascade::new(order.iter().map(|index| plans[*index]).collect(), header.orientation);

    go_on("decoding")?;
    let at_least = decoded_size_of_use(&header, &plans);
    let mut stream = Stream::new(cascade.branches());
    let needed = working_bytes(source, &header, at_least).saturating_add(stream.working_bytes(header.stored));
    check_memory(needed, limits)?;
    timed(&mut timings.decode, || decode(source, &header, at_least, limits, &mut stream))?;
    timings.resize += stream.spent();
    timings.decode = timings.decode.saturating_sub(stream.spent());

    let mut sizes = timed(&mut timings.resize, || cascade.resume(stream))?;
    for (turn, index) in order.into_iter().enumerate() {
        let rendition = &renditions[index];
        go_on("resizing")?;
        let composed =
            timed(&mut timings.resize, || compose(sizes.make(turn)?, plans[index].canvas, rendition))?;
        if thumbnails[index].is_some() {
            continue;
        }
        go_on("encoding")?;
        let bytes = timed(&mut timings.encode, || encode(&composed, rendition.format, rendition.quality))?;
        let Size { width, height } = composed.size;
        thumbnails[index] = Some(Thumbnail { bytes, width, height, format: rendition.format });
    }
    let thumbnails = thumbnails.into_iter().flatten().collect();
    Ok(Rendered { header, thumbnails, timings })
}

/// The thumbnails that move, in the places of their renditions: those that are asked for as such, if the source moves.
fn animate_those_that_may(
    source: &[u8],
    header: &Header,
    renditions: &[Rendition],
    plans: &[Plan],
    order: &[usize],
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
) -> Result<Vec<Option<Thumbnail>>, Error> {
    let mut thumbnails = vec![None; renditions.len()];
    let may_move = |index: &&usize| {
        let rendition = &renditions[**index];
        rendition.animated && rendition.format == OutputFormat::WebP
    };
    let moving: Vec<usize> = order.iter().filter(may_move).copied().collect();
    let wanted: Vec<_> = moving.iter().map(|index| (plans[*index], &renditions[*index])).collect();
    if wanted.is_empty() {
        return Ok(thumbnails);
    }
    if let Some(files) = animate(source, header, &wanted, limits, should_stop)? {
        for (index, bytes) in moving.into_iter().zip(files) {
            let Size { width, height } = plans[index].canvas;
            thumbnails[index] = Some(Thumbnail { bytes, width, height, format: OutputFormat::WebP });
        }
    }
    Ok(thumbnails)
}

/// Refuses what would not fit: a picture that ends the process it is in takes others with it, and comes back to do it again.
fn check_memory(needed: u64, limits: &Limits) -> Result<(), Error> {
    let limit = limits.max_memory_bytes;
    if needed > limit {
        return Err(Error::TooLarge { what: "bytes of memory needed to decode it", actual: needed, limit });
    }
    Ok(())
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

/// The renditions' numbers, larger pictures first, since smaller ones are made of them; those that show all before crops,
/// which serve nobody else.
fn largest_first(plans: &[Plan]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by_key(|index| (!plans[*index].shows_all(), Reverse(plans[*index].scaled.pixels())));
    order
}

/// The smallest size, in the stored orientation, of which every plan can be made as well as of the whole picture.
///
/// Decoders that shrink do it with averages, which are blunter than Lanczos: [`MARGIN`] times the pixels that are wanted, in
/// each direction, leave the last and finest step to Lanczos.
fn decoded_size_of_use(header: &Header, plans: &[Plan]) -> Size {
    let seen = header.size();
    let (times, by) = if header.format == SourceFormat::WebP { WEBP_MARGIN } else { MARGIN };
    let of_use = |side: u32, most: u32| u32::try_from(u64::from(side) * times / by).unwrap_or(most).min(most);
    let width = plans.iter().map(|plan| of_use(plan.scaled.width, seen.width)).max().unwrap_or(seen.width);
    let height =
        plans.iter().map(|plan| of_use(plan.scaled.height, seen.height)).max().unwrap_or(seen.height);
    let needed = Size::new(width, height);
    if header.orientation.swaps_sides() { needed.swapped() } else { needed }
}
