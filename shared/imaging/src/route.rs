//! The two ways from a decoder to the encoders: as pixels, and, where a JPEG or a lossy `WebP` becomes such files again, as the
//! planes that all of them are coded as.
//!
//! Both tell brightness apart from colours, and of those they mostly have a sample for every four pixels. To make pixels of that,
//! resize three samples of each, and take them apart again for the next file is a quarter of all work on a photograph. So the
//! planes are resized as they are, each as if it were a grey picture of its own: half as many samples, and colours that have
//! been enlarged and reduced once less.

use std::sync::Arc;
use std::time::Duration;

use crate::cascade::{Cascade, Sizes};
use crate::color::is_srgb;
use crate::compose::compose;
use crate::decode::{self, Need};
use crate::encode::takes_planes;
use crate::error::Error;
use crate::geometry::Plan;
use crate::header::{Header, Size};
use crate::input::Input;
use crate::limits::Limits;
use crate::picture::{Picture, Planes, joined};
use crate::raster::Raster;
use crate::rendition::Rendition;
use crate::rows::{Frame, Sink};
use crate::stream::Stream;

/// What thumbnails need of the pixels that they are made of.
#[derive(Clone, Copy)]
struct Fineness {
    /// How many a shrinking decoder has to leave for one that is wanted, in each direction, as a fraction.
    margin: (u64, u64),
    /// How fine the detail is that makes a difference, in hundredths of the finest that the largest thumbnail can show.
    detail: u64,
}

/// Of pixels, and of brightness. A telephone's 4000 pixels become 1280 by way of 2000 then, which costs a quarter less than all
/// of them do, and stays closer to an exact resize (SSIM 0.988 for WebP) than going to 1280 at once (0.986). Of what is a
/// quarter finer than a thumbnail can show, Lanczos3 leaves little: 24 million pixels are a seventh cheaper without it, and
/// lose 0.0008 of SSIM, of 0.0017 that they have more than sharp's.
const PIXELS: Fineness = Fineness { margin: (3, 2), detail: 125 };

/// Of colours in planes: just as many. Nobody sees their finest detail, and half of it is left out in any case. Without the
/// last fifth of the rest they are 0.01 dB further from an exact resize.
const COLORS: Fineness = Fineness { margin: (1, 1), detail: 80 };

/// Red, green, blue and alpha of 16 bits each, and one of 8.
const MOST_PIXEL_BYTES: u64 = 8;
const PLANE_PIXEL_BYTES: u64 = 1;

/// How a source becomes all its thumbnails, decided before anything is decoded.
pub(crate) enum Route {
    Pixels(Box<Lane>),
    /// Y, Cb and Cr.
    Planes(Box<[Lane; 3]>),
}

/// What is resized together.
pub(crate) struct Lane {
    cascade: Cascade,
    stream: Stream,
    need: Need,
}

impl Lane {
    /// For plans that come in the order in which they will be made, of something that is stored in this size.
    fn new(header: &Header, stored: Size, fineness: Fineness, plans: Vec<Plan>, placeholder: Plan) -> Self {
        let need = need(header, stored, fineness, &plans, placeholder);
        let cascade = Cascade::new(plans, header.orientation).with_placeholder(placeholder);
        Self { stream: Stream::new(cascade.branches()), cascade, need }
    }
}

impl Route {
    /// The cheaper of those that lead there.
    pub(crate) fn new(
        source: &[u8],
        header: &Header,
        stills: &[(Plan, &Rendition)],
        placeholder: Plan,
    ) -> Self {
        let plans = || stills.iter().map(|(plan, _)| *plan);
        let lane =
            |stored, fineness, plans: Vec<Plan>| Lane::new(header, stored, fineness, plans, placeholder);
        let stored = if stills.iter().all(stays_in_planes) { stored_planes(source, header) } else { None };
        match stored {
            None => Self::Pixels(Box::new(lane(header.stored, PIXELS, plans().collect()))),
            Some([luma, blue, red]) => {
                let luma = lane(luma, PIXELS, plans().collect());
                let chroma = |stored| lane(stored, COLORS, plans().map(Plan::halved).collect());
                Self::Planes(Box::new([luma, chroma(blue), chroma(red)]))
            }
        }
    }

    /// Bytes that decoding and resizing hold at most, besides the source.
    pub(crate) fn working_bytes(&self, source: &[u8], header: &Header) -> u64 {
        match self {
            Self::Pixels(lane) => decode::working_bytes(source, header, lane.need)
                .saturating_add(lane.stream.working_bytes(header.stored, MOST_PIXEL_BYTES)),
            Self::Planes(lanes) => {
                let streams =
                    lanes.iter().map(|lane| lane.stream.working_bytes(header.stored, PLANE_PIXEL_BYTES));
                decode::working_bytes_of_planes(source, header, needs(lanes)).saturating_add(streams.sum())
            }
        }
    }

    /// Decodes all there is, for as long as it is wanted: decoding alone can take seconds.
    pub(crate) fn decode(
        &mut self,
        source: Input<'_>,
        header: &Header,
        limits: &Limits,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        match self {
            Self::Pixels(lane) => {
                let sink = &mut Watched { stream: &mut lane.stream, should_stop };
                decode::decode(source, header, lane.need, limits, sink)
            }
            Self::Planes(lanes) => {
                let needs = needs(lanes);
                let [luma, blue, red] = lanes.each_mut().map(|lane| &mut lane.stream);
                let sinks: [&mut dyn Sink; 3] = [&mut Watched { stream: luma, should_stop }, blue, red];
                decode::decode_planes(source, header, needs, limits, sinks)
            }
        }
    }

    /// How long resizing took so far, of the time that decoding seems to take.
    pub(crate) fn spent(&self) -> Duration {
        match self {
            Self::Pixels(lane) => lane.stream.spent(),
            Self::Planes(lanes) => lanes.iter().map(|lane| lane.stream.spent()).sum(),
        }
    }

    /// Goes on with what was decoded.
    pub(crate) fn resume(self) -> Result<Pictures, Error> {
        let resume = |Lane { cascade, stream, .. }: Lane| cascade.resume(stream);
        Ok(match self {
            Self::Pixels(lane) => Pictures::Pixels(Box::new(resume(*lane)?)),
            Self::Planes(lanes) => {
                let [luma, blue, red] = *lanes;
                Pictures::Planes(Box::new([resume(luma)?, resume(blue)?, resume(red)?]))
            }
        })
    }
}

/// The thumbnails, as they are made.
pub(crate) enum Pictures {
    Pixels(Box<Sizes>),
    Planes(Box<[Sizes; 3]>),
}

impl Pictures {
    /// What is to be encoded for plan number `index`. To be asked for in order, and once each.
    pub(crate) fn make(
        &mut self,
        index: usize,
        canvas: Size,
        rendition: &Rendition,
    ) -> Result<Picture, Error> {
        match self {
            Self::Pixels(sizes) => compose(sizes.make(index)?, canvas, rendition).map(Picture::Pixels),
            Self::Planes(sizes) => {
                let planes = Planes::new(all(sizes, index)?).ok_or_else(unequal)?;
                Ok(Picture::Planes(Arc::new(planes)))
            }
        }
    }

    /// What the placeholder is made of, which comes after all others.
    pub(crate) fn make_placeholder(&mut self, index: usize) -> Result<Arc<Raster>, Error> {
        match self {
            Self::Pixels(sizes) => sizes.make(index),
            Self::Planes(sizes) => {
                let planes = all(sizes, index)?;
                joined(planes.each_ref().map(AsRef::as_ref)).map(Arc::new).ok_or_else(unequal)
            }
        }
    }
}

/// The same size of each plane.
fn all([luma, blue, red]: &mut [Sizes; 3], index: usize) -> Result<[Arc<Raster>; 3], Error> {
    Ok([luma.make(index)?, blue.make(index)?, red.make(index)?])
}

fn unequal() -> Error {
    Error::Internal { step: "resizing", detail: "planes do not fit each other".into() }
}

fn needs(lanes: &[Lane; 3]) -> [Need; 3] {
    lanes.each_ref().map(|lane| lane.need)
}

/// Whether nothing is done to a thumbnail for which pixels are needed: no padding, and nothing sought in it.
fn stays_in_planes((plan, rendition): &(Plan, &Rendition)) -> bool {
    takes_planes(rendition) && !plan.sought && plan.canvas == plan.made
}

/// The sizes of a picture's planes as they are stored, if they are Y, Cb and Cr of sRGB.
fn stored_planes(source: &[u8], header: &Header) -> Option<[Size; 3]> {
    let (sizes, profile) = decode::stored_planes(source, header.format)?;
    profile.is_none_or(is_srgb).then_some(sizes)
}

/// What decoding is for: the smallest size of which every plan can be made as well as of all that is stored, and the largest
/// that is made; without any plan, of the placeholder.
///
/// Decoders that shrink do it with averages, which are blunter than Lanczos: a [`Fineness`]'s margin leaves the last and
/// finest step to Lanczos.
fn need(header: &Header, stored: Size, fineness: Fineness, plans: &[Plan], placeholder: Plan) -> Need {
    let Fineness { margin: (times, by), detail } = fineness;
    let of_use = |side: u32, most: u32| u32::try_from(u64::from(side) * times / by).unwrap_or(most).min(most);
    let wanted = plans.iter().map(|plan| plan.scaled);
    let wanted = wanted.reduce(|a, b| Size::new(a.width.max(b.width), a.height.max(b.height)));
    let wanted = wanted.unwrap_or(placeholder.scaled);
    let largest = if header.orientation.swaps_sides() { wanted.swapped() } else { wanted };
    let at_least = Size::new(of_use(largest.width, stored.width), of_use(largest.height, stored.height));
    Need { at_least, largest, detail }
}

/// Rows on their way into a stream, for as long as the caller wants them.
struct Watched<'a, S> {
    stream: &'a mut S,
    should_stop: &'a dyn Fn() -> bool,
}

impl<S: Sink> Sink for Watched<'_, S> {
    fn begin(&mut self, frame: Frame) -> Result<(), Error> {
        self.stream.begin(frame)
    }

    fn push(&mut self, rows: &[u8]) -> Result<(), Error> {
        if (self.should_stop)() {
            return Err(Error::Interrupted { before: "the last row" });
        }
        self.stream.push(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::OutputFormat;
    use crate::geometry;
    use crate::output::Output;
    use crate::position::Position;
    use crate::probe::probe;
    use crate::render::render;
    use crate::rendition::Fit;

    /// Whether a source becomes these renditions by way of planes.
    fn is_by_planes(source: &[u8], renditions: &[Rendition]) -> bool {
        let limits = Limits::default();
        let header = probe(source, &limits).unwrap();
        let plan = |rendition: &Rendition| geometry::plan(header.size(), rendition, &limits).unwrap();
        let stills: Vec<_> = renditions.iter().map(|rendition| (plan(rendition), rendition)).collect();
        let placeholder = geometry::plan_within(header.size(), crate::placeholder::MAX_SIDE_PIXELS);
        matches!(Route::new(source, &header, &stills, placeholder), Route::Planes(_))
    }

    fn source(format: image::ImageFormat, color: image::ColorType) -> Vec<u8> {
        let mut file = std::io::Cursor::new(Vec::new());
        let picture = image::DynamicImage::new(60, 40, color);
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn jpegs_and_webps_of_colours_become_such_by_planes_where_nobody_needs_pixels() {
        let photo = source(image::ImageFormat::Jpeg, image::ColorType::Rgb8);
        let jpeg = |width| Rendition::new(Some(width), None).with_format(OutputFormat::Jpeg);
        let boxed = |fit| Rendition { fit, height: Some(20), ..jpeg(20) };
        let webp = |width| jpeg(width).with_format(OutputFormat::WebP);
        assert!(is_by_planes(&photo, &[jpeg(30), boxed(Fit::Cover), jpeg(10).with_progressive(true)]));
        assert!(is_by_planes(&photo, &[webp(30).with_quality(95), jpeg(10)]));
        let lossy = render(&photo, &[webp(60)], &Limits::default(), &|| false).unwrap().thumbnails.remove(0);
        assert!(is_by_planes(&lossy.bytes, &[webp(30), jpeg(10)]));
        for pixels in [
            webp(30).with_lossless(true),
            jpeg(30).with_format(OutputFormat::Avif),
            jpeg(30).with_format(Output::Auto),
            jpeg(30).with_quality(90),
            boxed(Fit::Contain),
            boxed(Fit::Cover).with_position(Position::Attention),
        ] {
            assert!(!is_by_planes(&photo, &[jpeg(20), pixels.clone()]), "{pixels:?}");
        }
        assert!(!is_by_planes(&source(image::ImageFormat::Jpeg, image::ColorType::L8), &[jpeg(30)]));
        // `image` writes lossless ones.
        assert!(!is_by_planes(&source(image::ImageFormat::WebP, image::ColorType::Rgb8), &[jpeg(30)]));
        assert!(!is_by_planes(&source(image::ImageFormat::Png, image::ColorType::Rgb8), &[jpeg(30)]));
    }
}
