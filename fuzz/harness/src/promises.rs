//! Renders, and holds what comes against what is promised.

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageFormat, Rgba, RgbaImage};
use thumbline_imaging::{Error, Fit, Limits, OutputFormat, Rendered, Rendition, Thumbnail, render};

use crate::{memory, panics};

/// What may be held beyond what was predicted: what reading a header and saying what is wrong with it takes.
pub const SLACK_BYTES: u64 = 64 * 1024;

/// And for each byte of the source: what lists of the parts of a file take, of which some have two bytes there.
const TABLE_BYTES_PER_BYTE: u64 = 16;

/// The largest picture that is tried, so that each is done in milliseconds.
const MAX_PIXELS: u64 = 1 << 18;
const MAX_SIDE_PIXELS: u32 = 1 << 13;
const MAX_ANIMATION_PIXELS: u64 = 1 << 18;
/// The most memory that is granted. What is predicted to need more has to be refused.
const MAX_MEMORY_BYTES: u64 = 96 * 1024 * 1024;
/// How the engine calls memory in its refusals.
const MEMORY: &str = "bytes of memory";

/// Renders so many times, with exactly the memory that the engine says it needs.
pub(crate) fn hold(source: &[u8], renditions: &[Rendition], times: u32) -> Result<Rendered, Error> {
    let mut limits = Limits::default();
    limits.max_pixels = MAX_PIXELS;
    limits.max_side_pixels = MAX_SIDE_PIXELS;
    limits.max_animation_pixels = MAX_ANIMATION_PIXELS;
    limits.max_memory_bytes = 0;
    let once = loop {
        let once = render_within(source, renditions, &limits);
        match once {
            // It is asked for all steps together, or for one after the other.
            Err(Error::TooLarge { what, actual, limit }) if what.starts_with(MEMORY) => {
                assert!(
                    actual > limit && limit == limits.max_memory_bytes,
                    "{actual} bytes are more than {limit}"
                );
                if actual > MAX_MEMORY_BYTES {
                    return once;
                }
                limits.max_memory_bytes = actual;
            }
            _ => break once,
        }
    };
    for _ in 1..times {
        let again = render_within(source, renditions, &limits);
        match (&once, &again) {
            (Ok(one), Ok(other)) => {
                assert!(one.thumbnails == other.thumbnails, "the same picture gives other bytes");
                assert_eq!(one.thumbhash, other.thumbhash);
            }
            (Err(one), Err(other)) => assert_eq!(one, other),
            _ => panic!("{:?}, and then {:?}", once.as_ref().err(), again.err()),
        }
    }
    match &once {
        Ok(rendered) => check(rendered, renditions),
        Err(error) => {
            assert!(error.is_about_the_picture(), "no picture should be able to cause this: {error}");
        }
    }
    once
}

fn render_within(source: &[u8], renditions: &[Rendition], limits: &Limits) -> Result<Rendered, Error> {
    panics::forget();
    let (outcome, peak) = memory::peak_of(|| render(source, renditions, limits, &|| false));
    panics::forbid_ours();
    let tables = source.len() as u64 * TABLE_BYTES_PER_BYTE;
    assert!(
        peak <= limits.max_memory_bytes + SLACK_BYTES + tables,
        "{peak} bytes were held, and {} were granted",
        limits.max_memory_bytes
    );
    outcome
}

fn check(rendered: &Rendered, renditions: &[Rendition]) {
    assert_eq!(rendered.thumbnails.len(), renditions.len());
    assert!((5..=40).contains(&rendered.thumbhash.len()));
    for (thumbnail, rendition) in rendered.thumbnails.iter().zip(renditions) {
        let Thumbnail { width, height, format, .. } = *thumbnail;
        assert!(rendition.format.may_be(format), "{format} was not asked for");
        for (side, most) in [(width, rendition.width), (height, rendition.height)] {
            assert!(side > 0 && most.is_none_or(|most| side <= most), "{width}x{height}, of {rendition:?}");
        }
        if rendition.fit == Fit::Contain {
            assert_eq!((Some(width), Some(height)), (rendition.width, rendition.height));
        }
        let read = read(thumbnail);
        assert_eq!(read.dimensions(), (width, height), "{format}");
    }
}

/// What somebody else's decoder sees in a thumbnail; of AVIF, ours.
pub(crate) fn read(thumbnail: &Thumbnail) -> RgbaImage {
    let format = match thumbnail.format {
        OutputFormat::Jpeg => ImageFormat::Jpeg,
        OutputFormat::Png => ImageFormat::Png,
        OutputFormat::WebP => ImageFormat::WebP,
        other => return read_own(thumbnail, other),
    };
    let read = image::load_from_memory_with_format(&thumbnail.bytes, format);
    let read = read.unwrap_or_else(|error| panic!("{format:?} that cannot be read: {error}"));
    if format == ImageFormat::WebP {
        let moving =
            WebPDecoder::new(Cursor::new(&thumbnail.bytes)).map(|file| file.has_animation().then_some(file));
        if let Ok(Some(moving)) = moving {
            let frames = moving.into_frames().collect_frames();
            assert!(frames.is_ok_and(|frames| !frames.is_empty()), "a film that cannot be played");
        }
    }
    read.to_rgba8()
}

fn read_own(thumbnail: &Thumbnail, format: OutputFormat) -> RgbaImage {
    let full = Rendition::new(None, None).with_format(OutputFormat::Png);
    let rendered = render(&thumbnail.bytes, &[full], &Limits::default(), &|| false);
    match rendered.map(|rendered| rendered.thumbnails) {
        Ok(again) => again.first().map_or_else(|| RgbaImage::from_pixel(0, 0, Rgba([0; 4])), read),
        Err(error) => panic!("{format} that cannot be read: {error}"),
    }
}
