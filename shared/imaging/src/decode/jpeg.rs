//! JPEG, at the smallest eighth of its size that is of use.
//!
//! Blocks of 8×8 pixels are decoded to blocks of 1×1 to 8×8: most of what a photograph is coded as lies in coefficients that
//! no thumbnail shows. What T.81 knows and cameras do not write (12 bits, arithmetic and lossless coding) is refused by
//! name.

use thumbline_jpeg::{Channels, Decoder, Options, Scale};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::limits::Limits;
use crate::rows::{Frame, Samples, Sink};

/// Bytes that decoding holds at most.
pub(super) fn working_bytes(source: &[u8], at_least: Size) -> u64 {
    // What cannot be opened costs nothing: opening it again will say why.
    Decoder::new(source).map_or(0, |decoder| decoder.working_bytes(scale(&decoder, at_least)))
}

/// Decodes: grey stays grey, inks stay inks, all else becomes RGB.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    at_least: Size,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let options = Options { max_pixels: limits.max_pixels, ..Options::default() };
    let decoder = Decoder::with_options(source, options)?;
    let scale = scale(&decoder, at_least);
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
    decoder.decode(scale, |rows| sink.push(rows).map_err(Stop::Sink)).map_err(|stop| match stop {
        Stop::Sink(error) => error,
        Stop::Decoder(error) => error.into(),
    })?;
    Ok(())
}

fn scale(decoder: &Decoder<'_>, at_least: Size) -> Scale {
    Scale::covering(decoder.size(), (at_least.width, at_least.height))
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
            Jpeg::TooLarge { what, actual, limit } => Self::TooLarge { what, actual, limit },
            error => Self::Corrupt { format, detail: error.to_string() },
        }
    }
}
