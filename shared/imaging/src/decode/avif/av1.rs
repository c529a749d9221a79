//! The AV1 decoder: rav1d, a port of dav1d to Rust, in the version that Rerun keeps.
//!
//! That version returns errors where rav1d 1.1.0 ends the process: with one frame at a time, every mistake in the data made
//! the original panic on its way through a function that must not unwind. Assembly does most of the work, so that it is
//! as fast as dav1d.

use re_rav1d::dav1d::{Decoder, Error as Av1Error, PixelLayout, PlanarImageComponent, Plane, Settings};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Size;
use crate::source::avif::{Cell, Sequence, count_frames};

/// The most frames in the data of a still picture: one, or a few that are hidden or of layers.
const MAX_FRAMES: usize = 16;

/// The planes of a decoded cell: Y, and U and V unless it is monochrome.
pub(super) struct Planes {
    stored: Vec<Plane>,
    strides: [usize; 2],
    sizes: [Size; 2],
    bits: u8,
}

impl Planes {
    /// The stored bytes of a row of a plane, without padding; rows and planes beyond the last are empty.
    pub(super) fn row(&self, plane: usize, y: u32) -> &[u8] {
        let (stride, size) = (self.strides[plane.min(1)], self.sizes[plane.min(1)]);
        let bytes = size.width as usize * if self.bits > 8 { 2 } else { 1 };
        let stored: &[u8] = self.stored.get(plane).map(AsRef::as_ref).unwrap_or_default();
        let begin = (y as usize).saturating_mul(stride);
        stored.get(begin..begin.saturating_add(bytes)).unwrap_or_default()
    }
}

/// Decodes the first picture in the data of a cell, which must be of `size` and as its sequence header says.
pub(super) fn decode(cell: &Cell<'_>, size: Size, sequence: &Sequence, grain: bool) -> Result<Planes, Error> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_operating_point(cell.operating_point.into());
    settings.set_apply_grain(grain);
    settings.set_frame_size_limit(u32::try_from(size.pixels()).unwrap_or(u32::MAX));
    let data = cell.data();
    if count_frames(&data) > MAX_FRAMES {
        let found = format!("AVIF with more than {MAX_FRAMES} frames in a picture");
        return Err(Error::Unsupported { found });
    }
    let mut decoder = Decoder::with_settings(&settings).map_err(refused)?;
    let mut sent = decoder.send_data(data, None, None, None);
    let picture = loop {
        match sent {
            Ok(()) | Err(Av1Error::Again) => {}
            Err(error) => return Err(refused(error)),
        }
        match decoder.get_picture() {
            Ok(picture) => break picture,
            Err(Av1Error::Again) if sent.is_err() => sent = decoder.send_pending_data(),
            Err(Av1Error::Again) => return Err(corrupt("AV1 data without a picture".into())),
            Err(error) => return Err(refused(error)),
        }
    };
    // The picture holds its own memory; the decoder's is not needed any more.
    drop(decoder);
    let decoded = Size::new(picture.width(), picture.height());
    if decoded != size {
        return Err(corrupt(format!("AV1 data of {decoded} pixels in a picture of {size}")));
    }
    let layout = match (sequence.monochrome, sequence.subsampled) {
        (true, _) => PixelLayout::I400,
        (false, (true, true)) => PixelLayout::I420,
        (false, (true, false)) => PixelLayout::I422,
        (false, _) => PixelLayout::I444,
    };
    if picture.pixel_layout() != layout || picture.bit_depth() != usize::from(sequence.bits) {
        return Err(corrupt("cells of several kinds".into()));
    }
    let (columns, rows) = sequence.subsampled;
    let half = |side: u32, halved: bool| if halved { side.div_ceil(2) } else { side };
    let components: &[_] = match layout {
        PixelLayout::I400 => &[PlanarImageComponent::Y],
        _ => &[PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V],
    };
    Ok(Planes {
        strides: [PlanarImageComponent::Y, PlanarImageComponent::U]
            .map(|component| picture.stride(component) as usize),
        sizes: [size, Size::new(half(size.width, columns), half(size.height, rows))],
        bits: sequence.bits,
        stored: components.iter().map(|component| picture.plane(*component)).collect(),
    })
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Avif, detail }
}

fn refused(error: Av1Error) -> Error {
    match error {
        Av1Error::UnsupportedBitstream => {
            Error::Unsupported { found: "AVIF with an unknown AV1 profile".into() }
        }
        Av1Error::NotEnoughMemory => Error::Internal { step: "decoding", detail: error.to_string() },
        error => corrupt(format!("the AV1 decoder refuses it: {error}")),
    }
}
