//! Thumbnails that move: every frame of an animated GIF or WebP, resized like a picture of its own.
//!
//! Frames are taken one at a time: composed on their canvas, made into every size that is wanted, and compressed. So what
//! is held does not grow with their number; the work does, and is bounded before it begins, from the structure of the file.

mod gif;
mod webp;

use crate::cascade::Cascade;
use crate::compose::compose;
use crate::decode::contained;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::geometry::Plan;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::rendition::Rendition;
use crate::rows::{Frame, Samples, Sink};
use crate::source;
use crate::stream::Stream;
use crate::webp::{AnimationEncoder, Settings};

/// The whole canvas, as it is seen for a while: RGBA with straight alpha.
struct Still {
    pixels: Vec<u8>,
    duration_ms: u32,
}

/// What each frame of an animation counts for at least, in pixels. libwebp's muxer goes along all frames for each that it adds:
/// what ten thousand of a single pixel take, 0.6 s, a megabyte with room for 70,000 of them would take fifty times.
const LEAST_FRAME_PIXELS: u64 = 25_000;

/// All that is shown, in its order.
struct Film<'a> {
    /// How often it is shown; 0 is for ever.
    loops: u16,
    /// The ICC profile of all of it.
    profile: Option<Vec<u8>>,
    stills: Box<dyn Iterator<Item = Result<Still, Error>> + 'a>,
}

/// Makes an animated WebP for each plan, which are to come with the largest first; or nothing, if the source does not
/// move. `should_stop` is asked before each frame.
pub(crate) fn animate(
    source: &[u8],
    header: &Header,
    wanted: &[(Plan, &Rendition)],
    limits: &Limits,
    should_stop: &dyn Fn() -> bool,
) -> Result<Option<Vec<Vec<u8>>>, Error> {
    let frames = source::count_frames(source, header.format)?;
    if frames < 2 {
        return Ok(None);
    }
    source::check_complete(source, header.format, limits)?;
    check_work(frames, header.stored, wanted, limits)?;
    let mut film = contained(header.format, || match header.format {
        SourceFormat::WebP => webp::open(source),
        _ => gif::open(source, header.stored),
    })?;
    let encoder = |(plan, rendition): &(Plan, &Rendition)| {
        let settings = Settings { quality: rendition.quality, is_lossless: rendition.lossless };
        AnimationEncoder::new(plan.canvas, film.loops, settings)
    };
    let mut encoders = wanted.iter().map(encoder).collect::<Result<Vec<_>, _>>()?;
    let mut plans: Vec<Plan> = wanted.iter().map(|(plan, _)| *plan).collect();
    while let Some(still) = contained(header.format, || film.stills.next().transpose())? {
        if should_stop() {
            return Err(Error::Interrupted { before: "the next frame" });
        }
        let cascade = Cascade::new(plans, header.orientation);
        let mut stream = Stream::new(cascade.branches());
        let frame = Frame::whole(header.stored, Samples::Rgba);
        stream.begin(Frame { profile: film.profile.clone(), ..frame })?;
        stream.push(&still.pixels)?;
        let mut sizes = cascade.resume(stream)?;
        for (turn, ((plan, rendition), encoder)) in wanted.iter().zip(&mut encoders).enumerate() {
            let composed = compose(sizes.make(turn)?, plan.canvas, rendition)?;
            encoder.push(&composed, still.duration_ms)?;
        }
        // What draws attention in the first frame is shown of all: a picture that jumps would be no use.
        plans = sizes.into_plans();
    }
    encoders.into_iter().map(AnimationEncoder::finish).collect::<Result<_, _>>().map(Some)
}

/// Holds the work, and what it takes at once, against the limits.
fn check_work(
    frames: u64,
    canvas: Size,
    wanted: &[(Plan, &Rendition)],
    limits: &Limits,
) -> Result<(), Error> {
    /// Bytes of a pixel of the canvas: what is shown, what is shown next, a frame, and what that is decoded from.
    const CANVAS_BYTES: u64 = 16;
    /// Bytes of a pixel of a thumbnail: libwebp compares three, and compresses a fourth in two ways.
    const THUMBNAIL_BYTES: u64 = 32;
    /// What libwebp takes for a frame of any size, mostly for the tables of its compressions: somewhat above one MiB.
    const TABLES_BYTES: u64 = 2 * 1024 * 1024;
    let pixels = frames.saturating_mul(canvas.pixels().max(LEAST_FRAME_PIXELS));
    if pixels > limits.max_animation_pixels {
        let what = "pixels of all frames together, each of which counts as 25000 at least";
        return Err(Error::TooLarge { what, actual: pixels, limit: limits.max_animation_pixels });
    }
    let thumbnails: u64 = wanted.iter().map(|(plan, _)| plan.canvas.pixels()).sum();
    let needed = TABLES_BYTES + canvas.pixels() * CANVAS_BYTES + thumbnails * THUMBNAIL_BYTES;
    if needed > limits.max_memory_bytes {
        let what = "bytes of memory needed to animate it";
        return Err(Error::TooLarge { what, actual: needed, limit: limits.max_memory_bytes });
    }
    Ok(())
}
