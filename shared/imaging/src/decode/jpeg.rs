//! JPEG, at the smallest eighth of its size that is of use.
//!
//! Blocks of 8×8 pixels are decoded to blocks of 1×1 to 8×8: most of what a photograph is coded as lies in coefficients that
//! no thumbnail shows. What T.81 knows and cameras do not write (12 bits, arithmetic and lossless coding) is refused by
//! name.

use thumbline_jpeg::{Channels, ComponentColors, Decoder, Options, Scale};

use super::Need;
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::input::Input;
use crate::limits::Limits;
use crate::rows::{Frame, Samples, Sink};

/// Bytes that decoding holds at most.
pub(super) fn working_bytes(source: &[u8], need: Need) -> u64 {
    // What cannot be opened costs nothing: opening it again will say why.
    Decoder::new(source).map_or(0, |decoder| decoder.working_bytes(scale(&decoder, need)))
}

/// Decodes: grey stays grey, inks stay inks, all else becomes RGB.
pub(super) fn decode(
    source: Input<'_>,
    header: &Header,
    need: Need,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let options = Options { max_pixels: limits.max_pixels, ..Options::default() };
    let decoder = Decoder::with_options(source.front, options)?;
    let scale = scale(&decoder, need);
    let (width, height) = decoder.scaled_size(scale);
    let samples = match decoder.channels() {
        Channels::Gray => Samples::Gray,
        Channels::Rgb => Samples::Rgb,
        Channels::Cmyk => Samples::Cmyk,
    };
    // The scaled picture is rounded up to whole pixels; the picture in it is not.
    let share = |side: u32| f64::from(side) * f64::from(u8::try_from(scale.get()).unwrap_or(8)) / 8.0;
    let extent = (share(header.stored.width), share(header.stored.height));
    let frame = Frame::whole(Size::new(width, height), samples);
    sink.begin(Frame { extent, profile: decoder.profile(), ..frame })?;
    let push = |rows: &[u8]| sink.push(rows).map_err(Stop::Sink);
    match source.rest {
        None => decoder.decode(scale, push)?,
        Some(rest) => decoder.decode_on(scale, rest, push)?,
    };
    Ok(())
}

/// The sizes in which Y, Cb and Cr are stored, and the profile, if that is what a JPEG is made of.
pub(super) fn stored_planes(source: &[u8]) -> Option<([Size; 3], Option<Vec<u8>>)> {
    let decoder = Decoder::new(source).ok()?;
    let [luma, blue, red] = [0, 1, 2].map(|component| plane_size(&decoder, component, Scale::FULL));
    let is_ycbcr = decoder.colors() == ComponentColors::YCbCr;
    is_ycbcr.then_some(([luma?.0, blue?.0, red?.0], decoder.profile()))
}

/// Bytes that decoding to planes holds at most.
pub(super) fn working_bytes_of_planes(source: &[u8], needs: [Need; 3]) -> u64 {
    let of = |decoder: Decoder<'_>| {
        let scales = plane_scales(&decoder, needs);
        decoder.working_bytes_of_planes(|component| scales.get(component).copied().unwrap_or(Scale::FULL))
    };
    Decoder::new(source).map_or(0, of)
}

/// Decodes Y, Cb and Cr, each to a sink of its own, as grey pictures.
pub(super) fn decode_planes(
    source: Input<'_>,
    header: &Header,
    needs: [Need; 3],
    limits: &Limits,
    mut sinks: [&mut dyn Sink; 3],
) -> Result<(), Error> {
    let options = Options { max_pixels: limits.max_pixels, ..Options::default() };
    let decoder = Decoder::with_options(source.front, options)?;
    let (width, height) = decoder.size();
    if Size::new(width, height) != header.stored {
        let detail = format!("the header says {} and the data {width}x{height}", header.stored);
        return Err(Error::Corrupt { format: header.format, detail });
    }
    let scales = plane_scales(&decoder, needs);
    let scale_of = |component: usize| scales.get(component).copied().unwrap_or(Scale::FULL);
    for (component, sink) in sinks.iter_mut().enumerate() {
        let (size, extent) = plane_size(&decoder, component, scale_of(component)).ok_or_else(no_plane)?;
        sink.begin(Frame { extent, ..Frame::whole(size, Samples::Gray) })?;
    }
    let mut push = |component: usize, row: &[u8]| {
        let sink = sinks.get_mut(component).ok_or_else(no_plane).map_err(Stop::Sink)?;
        sink.push(row).map_err(Stop::Sink)
    };
    match source.rest {
        None => decoder.decode_planes(scale_of, &mut push)?,
        Some(rest) => decoder.decode_planes_on(scale_of, rest, &mut push)?,
    };
    Ok(())
}

fn no_plane() -> Error {
    Error::Internal { step: "decoding", detail: "a plane that there is none of".into() }
}

/// The scale of each plane, by the rules of [`scale_of`] for its own size.
fn plane_scales(decoder: &Decoder<'_>, needs: [Need; 3]) -> [Scale; 3] {
    let mut component = 0;
    needs.map(|need| {
        let stored = plane_size(decoder, component, Scale::FULL);
        component += 1;
        stored.map_or(Scale::FULL, |(stored, _)| scale_of((stored.width, stored.height), need))
    })
}

/// How many samples a plane has at a scale, and how many the picture covers.
fn plane_size(decoder: &Decoder<'_>, component: usize, scale: Scale) -> Option<(Size, (f64, f64))> {
    let size = decoder.plane_size(component, scale)?;
    Some((Size::new(size.width, size.height), size.extent))
}

fn scale(decoder: &Decoder<'_>, need: Need) -> Scale {
    scale_of(decoder.size(), need)
}

/// The smallest scale that is of use for a picture of this size, and no more detail than resizing leaves of it.
fn scale_of(stored: (u32, u32), need: Need) -> Scale {
    let scale = smallest(stored, need.at_least);
    scale.with_detail(detail(stored, scale, need))
}

/// How much detail is needed of what is scaled to be shrunk further, in hundredths of the finest that it can show. What is not
/// scaled will hardly be shrunk: of that, all.
fn detail(stored: (u32, u32), scale: Scale, need: Need) -> u8 {
    if scale == Scale::FULL {
        return u8::MAX;
    }
    let of =
        |largest: u32, stored: u32| u64::from(largest) * need.detail / u64::from(scale.of(stored).max(1));
    let hundredths = of(need.largest.width, stored.0).max(of(need.largest.height, stored.1));
    u8::try_from(hundredths).unwrap_or(u8::MAX)
}

/// The smallest scale that gives a size of use. Two of them do with less than others have to give:
///
/// - At three eighths, three quarters of it. Nine of a block's coefficients are nearer to the picture than the four of a
///   quarter or the one of an eighth. Thumbnails of photographs of 12 million pixels are a tenth cheaper then, and differ from an
///   exact resize by 0.0006 of SSIM more, at worst, than sharp's.
/// - At an eighth, five sixths of it. A mean of 64 pixels has nothing in it that a thumbnail could not show, and is had for a
///   fifth less than four of 16. On photographs and drawn pictures, sharp's thumbnails are never nearer to an exact resize.
fn smallest(stored: (u32, u32), at_least: Size) -> Scale {
    let covering = |size: Size| Scale::covering(stored, (size.width, size.height));
    let doing_with_less = [(1, shortened(at_least, 6)), (3, least(at_least))];
    let less = doing_with_less.into_iter().find(|(eighths, size)| covering(*size).get() == *eighths);
    covering(less.map_or(at_least, |(_, size)| size))
}

/// The least that is decoded where [`decode`] is asked for so much.
pub(super) fn least(at_least: Size) -> Size {
    shortened(at_least, 4)
}

/// Each side without one in so many parts.
fn shortened(size: Size, parts: u32) -> Size {
    Size::new(size.width - size.width / parts, size.height - size.height / parts)
}

/// Why decoding ended early.
enum Stop {
    Decoder(thumbline_jpeg::Error),
    Sink(Error),
}

impl From<thumbline_jpeg::Error> for Stop {
    fn from(error: thumbline_jpeg::Error) -> Self {
        Self::Decoder(error)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Sink(error) => error,
            Stop::Decoder(error) => error.into(),
        }
    }
}

impl From<thumbline_jpeg::Error> for Error {
    fn from(error: thumbline_jpeg::Error) -> Self {
        use thumbline_jpeg::Error as Jpeg;
        let format = SourceFormat::Jpeg;
        match error {
            Jpeg::Truncated { position, within } => {
                Self::Truncated { format, detail: format!("the file ends at byte {position}, in {within}") }
            }
            Jpeg::Corrupt { position, rule } => {
                Self::Corrupt { format, detail: format!("{rule} at byte {position}") }
            }
            Jpeg::Unsupported { feature, .. } => Self::Unsupported { found: format!("JPEG with {feature}") },
            Jpeg::Unreadable { reason, .. } => Self::Unreadable { detail: reason },
            Jpeg::TooLarge { what, actual, limit } => Self::TooLarge { what, actual, limit },
            error => Self::Corrupt { format, detail: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detail_that_no_thumbnail_shows_is_left_out() {
        let scale = |eighths| Scale::eighths(eighths).unwrap();
        let of = |stored, eighths, largest| {
            detail(stored, scale(eighths), Need { at_least: largest, largest, detail: 125 })
        };
        // 2250 pixels of width become 1280, and 1500 do.
        assert_eq!(of((6000, 4000), 3, Size::new(1280, 853)), 71);
        assert_eq!(of((4000, 3000), 3, Size::new(1280, 960)), 106);
        // The side that is shrunk less decides; and what is enlarged, or as stored, needs all there is.
        assert_eq!(of((6000, 4000), 3, Size::new(1280, 1500)), 125);
        assert_eq!(of((100, 100), 7, Size::new(1000, 1000)), u8::MAX);
        assert_eq!(of((100, 100), 8, Size::new(80, 80)), u8::MAX);
        // Whatever the header says: limits come later.
        assert_eq!(of((0, 0), 7, Size::new(1000, 1000)), u8::MAX);
    }

    #[test]
    fn three_eighths_and_one_do_where_other_scales_would_not() {
        let eighths = |stored, width, height| smallest(stored, Size::new(width, height)).get();
        // One thumbnail 400 or 420 pixels wide of 12 million, for which 600 or 630 would be of use.
        assert_eq!(eighths((4000, 3000), 600, 450), 1);
        assert_eq!(eighths((4000, 3000), 630, 473), 2);
        // Four widths up to 1280, for which 1920 would be of use, of 12, 24, 48 and 3 million pixels.
        assert_eq!(eighths((4000, 3000), 1920, 1440), 3);
        assert_eq!(eighths((6000, 4000), 1920, 1280), 3);
        assert_eq!(eighths((8000, 6000), 1920, 1440), 2);
        assert_eq!(eighths((2048, 1536), 1920, 1440), 8);
        // What is as large as the source needs all of it, and the narrower side counts as well.
        assert_eq!(eighths((4000, 3000), 4000, 3000), 8);
        assert_eq!(eighths((4000, 3000), 1920, 2000), 6);
        assert_eq!(eighths((1, 1), 1, 1), 8);
    }
}
