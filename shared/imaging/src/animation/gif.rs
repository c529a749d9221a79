//! Frames of a GIF, put together by the `image` crate.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::metadata::LoopCount;
use image::{AnimationDecoder, ImageDecoder, ImageError};

use super::{Film, Still};
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Size;

pub(super) fn open(source: &[u8], canvas: Size) -> Result<Film<'_>, Error> {
    let decoder = GifDecoder::new(Cursor::new(source)).map_err(|error| explain(&error))?;
    if decoder.dimensions() != (canvas.width, canvas.height) {
        return Err(corrupt(format!("the header says {canvas} and the data {:?}", decoder.dimensions())));
    }
    let loops = match decoder.loop_count() {
        LoopCount::Infinite => 0,
        LoopCount::Finite(times) => u16::try_from(times.get()).unwrap_or(u16::MAX),
    };
    let stills = decoder.into_frames().map(|frame| {
        let frame = frame.map_err(|error| explain(&error))?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        let duration_ms = numerator / denominator.max(1);
        Ok(Still { pixels: frame.into_buffer().into_raw(), duration_ms })
    });
    Ok(Film { loops, profile: None, stills: Box::new(stills) })
}

fn explain(error: &ImageError) -> Error {
    corrupt(error.to_string())
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Gif, detail }
}
