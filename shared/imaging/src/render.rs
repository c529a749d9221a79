//! The whole way of one picture: probe, decode once, resize and encode each rendition.

use std::cmp::Reverse;
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use crate::animation::animate;
use crate::encode;
use crate::encoders::Encoders;
use crate::error::Error;
use crate::format::OutputFormat;
use crate::geometry::{self, Plan};
use crate::header::{Header, Size};
use crate::input::Input;
use crate::limits::Limits;
use crate::placeholder;
use crate::probe::probe;
use crate::rendered::{Rendered, Thumbnail, Timings};
use crate::rendition::Rendition;
use crate::route::Route;

/// Red, green, blue and alpha of 8 bits each.
const MOST_PIXEL_BYTES: u64 = 4;

/// Makes one thumbnail of `source` for each of `renditions`: all of them, or an error and none.
///
/// The source is decoded once. Where there are several cores, thumbnails are encoded on as many threads. The same source
/// and renditions give the same bytes, for one [`crate::ENGINE_VERSION`]; since small thumbnails may be made of larger ones,
/// "the same renditions" means all of them. `should_stop` is asked before each step, and while the source is decoded before
/// each row; `true` ends the work with [`Error::Interrupted`].
pub fn render(
    source: &[u8],
    renditions: &[Rendition],
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
) -> Result<Rendered, Error> {
    render_on(Input::whole(source), renditions, limits, should_stop, cores())
}

pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// The same on so many threads, at most.
pub(crate) fn render_on(
    source: Input<'_>,
    renditions: &[Rendition],
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
    threads: usize,
) -> Result<Rendered, Error> {
    let go_on = |before| if should_stop() { Err(Error::Interrupted { before }) } else { Ok(()) };
    let front = source.front;
    let mut timings = Timings::default();
    if renditions.is_empty() {
        return Err(Error::InvalidRendition { detail: "none is asked for".into() });
    }
    renditions.iter().try_for_each(|rendition| geometry::check(rendition, limits))?;

    go_on("probing")?;
    let header = timed(&mut timings.probe, || probe(front, limits))?;
    let plans = plan_all(&header, renditions, limits)?;
    let mut order = largest_first(&plans);
    let animated = timed(&mut timings.encode, || {
        animate_those_that_may(front, &header, renditions, &plans, &order, limits, should_stop)
    })?;
    order.retain(|index| animated[*index].is_none());
    let stills: Vec<_> = order.iter().map(|index| (plans[*index], &renditions[*index])).collect();
    go_on("decoding")?;
    let mut route = Route::new(
        front,
        &header,
        &stills,
        geometry::plan_within(header.size(), placeholder::MAX_SIDE_PIXELS),
    );
    let needed = route.working_bytes(front, &header);
    // Fewer threads are slower, but no reason to refuse a picture.
    let finishing = |threads: &usize| finishing_bytes(&stills, *threads);
    let fits = |threads: &usize| finishing(threads) <= limits.max_memory_bytes;
    let threads = (1..=threads).rev().find(fits).unwrap_or(1);
    check_memory(needed.max(finishing(&threads)), limits)?;
    timed(&mut timings.decode, || route.decode(source, &header, limits, should_stop))?;
    timings.resize += route.spent();
    timings.decode = timings.decode.saturating_sub(route.spent());

    let mut pictures = timed(&mut timings.resize, || route.resume())?;
    let (thumbnails, thumbhash, encoding) = thread::scope(|scope| -> Result<_, Error> {
        let mut encoders = Encoders::new(scope, threads, animated);
        // One is encoded when the next one is made: of most, nothing else is made, and the encoder has them to itself.
        let mut made = None;
        for (turn, (index, (plan, rendition))) in order.iter().zip(&stills).enumerate() {
            go_on("resizing")?;
            let picture = timed(&mut timings.resize, || pictures.make(turn, plan.canvas, rendition))?;
            if let Some((index, picture, rendition)) = made.replace((*index, picture, *rendition)) {
                go_on("encoding")?;
                encoders.encode(index, picture, rendition, false)?;
            }
        }
        go_on("hashing")?;
        let small = timed(&mut timings.resize, || pictures.make_placeholder(order.len()))?;
        let thumbhash = timed(&mut timings.encode, || placeholder::hash(small))?;
        if let Some((index, picture, rendition)) = made {
            go_on("encoding")?;
            encoders.encode(index, picture, rendition, true)?;
        }
        let (thumbnails, encoding) = encoders.finish()?;
        Ok((thumbnails, thumbhash, encoding))
    })?;
    timings.encode += encoding;
    Ok(Rendered { header, thumbnails, thumbhash, timings })
}

/// Bytes that are held at most when nothing is left to be decoded: every size as it was made, and for each thread the raster
/// that it encodes.
fn finishing_bytes(stills: &[(Plan, &Rendition)], threads: usize) -> u64 {
    let made = stills.iter().map(|(plan, _)| plan.made.pixels().saturating_mul(MOST_PIXEL_BYTES));
    let encoded = stills.iter().map(|(plan, rendition)| {
        let raster = plan.canvas.pixels().saturating_mul(MOST_PIXEL_BYTES);
        raster.saturating_add(encode::working_bytes(plan.canvas, rendition))
    });
    let mut encoded: Vec<u64> = encoded.collect();
    encoded.sort_unstable_by_key(|bytes| Reverse(*bytes));
    made.chain(encoded.into_iter().take(threads.max(1))).fold(0, u64::saturating_add)
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
        rendition.animated && rendition.format.may_be(OutputFormat::WebP)
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
        return Err(Error::TooLarge { what: "bytes of memory needed to render it", actual: needed, limit });
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

/// The renditions' numbers, larger pictures first, since smaller ones are made of them; those of all of the picture before
/// crops, which serve nobody else.
fn largest_first(plans: &[Plan]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by_key(|index| (!plans[*index].makes_all(), Reverse(plans[*index].made.pixels())));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Output;
    use crate::rendition::Fit;

    fn picture() -> Vec<u8> {
        let pixels = image::RgbImage::from_fn(300, 200, |x, y| {
            image::Rgb([x / 2, y, (x * 7) ^ (y * 13)].map(|value| value.to_le_bytes()[0]))
        });
        let mut file = std::io::Cursor::new(Vec::new());
        pixels.write_to(&mut file, image::ImageFormat::Png).unwrap();
        file.into_inner()
    }

    #[test]
    fn however_many_threads_there_are_the_bytes_are_the_same() {
        let mut renditions: Vec<_> =
            [280, 200, 140, 90, 33].map(|width| Rendition::new(Some(width), None)).into();
        renditions
            .push(Rendition::new(Some(50), Some(50)).with_fit(Fit::Cover).with_format(OutputFormat::Jpeg));
        renditions.push(Rendition::new(Some(60), None).with_format(Output::Auto));
        let on = |threads| {
            render_on(Input::whole(&picture()), &renditions, &Limits::default(), &|| false, threads).unwrap()
        };
        let alone = on(1);
        assert_eq!(alone.thumbnails.len(), renditions.len());
        for threads in [2, 3, 16] {
            let together = on(threads);
            assert_eq!(together.thumbnails, alone.thumbnails, "{threads} threads");
            assert_eq!(together.thumbhash, alone.thumbhash);
            assert!(together.timings.encode > Duration::ZERO);
        }
    }

    #[test]
    fn a_picture_that_takes_long_to_decode_is_left_in_the_middle() {
        let asked = std::cell::Cell::new(0);
        let after_ten_rows = || {
            asked.set(asked.get() + 1);
            asked.get() > 12
        };
        let small = [Rendition::new(Some(20), None)];
        let error = render(&picture(), &small, &Limits::default(), &after_ten_rows).unwrap_err();
        assert_eq!(error, Error::Interrupted { before: "the last row" });
    }

    #[test]
    fn threads_that_are_at_work_when_it_is_interrupted_are_waited_for() {
        // Before each of which it is asked, too.
        const ROWS: u32 = 200;
        let renditions: Vec<_> = [280, 200, 140].map(|width| Rendition::new(Some(width), None)).into();
        let asked = std::cell::Cell::new(0);
        let after_one = || {
            asked.set(asked.get() + 1);
            asked.get() > ROWS + 6
        };
        let error =
            render_on(Input::whole(&picture()), &renditions, &Limits::default(), &after_one, 4).unwrap_err();
        assert_eq!(error, Error::Interrupted { before: "encoding" });
    }
}
