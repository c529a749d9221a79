//! Frames that are smaller than what they are shown on.

use super::{decode_lossy, lossless};
use crate::error::Error;
use crate::header::Size;
use crate::rows::{Frame, Samples, Sink};
use crate::source::webp::{self, Pixels};

/// A frame in full size, as RGBA with straight alpha.
pub(crate) fn decode_frame(frame: &webp::Frame<'_>) -> Result<Vec<u8>, Error> {
    match frame.pixels {
        // Opaque ones come as RGBA, too: their alpha is full.
        Pixels::Lossless { chunk, .. } => lossless::decode(chunk, frame.size, frame.size, true),
        Pixels::Lossy { chunks, has_alpha } => {
            let mut pixels = Vec::with_capacity(frame.size.width as usize * frame.size.height as usize * 4);
            decode_lossy(chunks, frame.size, 1, has_alpha, &mut |row| {
                if has_alpha {
                    pixels.extend_from_slice(row);
                } else {
                    let (colors, _) = row.as_chunks::<3>();
                    pixels
                        .extend(colors.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, u8::MAX]));
                }
                Ok(())
            })?;
            Ok(pixels)
        }
    }
}

/// The first frame of an animation, with nothing around it.
pub(super) fn decode_first(
    frame: &webp::Frame<'_>,
    canvas: Size,
    profile: Option<Vec<u8>>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let pixels = decode_frame(frame)?;
    sink.begin(Frame { profile, ..Frame::whole(canvas, Samples::Rgba) })?;
    let mut row = vec![0; canvas.width as usize * 4];
    for _ in 0..frame.top {
        sink.push(&row)?;
    }
    let (left, bytes) = (frame.left as usize * 4, frame.size.width as usize * 4);
    for shown in pixels.chunks_exact(bytes) {
        // The walk through the file has made sure that frames lie on their canvas.
        row[left..left + bytes].copy_from_slice(shown);
        sink.push(&row)?;
    }
    row.fill(0);
    for _ in frame.top + frame.size.height..canvas.height {
        sink.push(&row)?;
    }
    Ok(())
}
