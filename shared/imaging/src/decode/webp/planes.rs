//! Lossy pictures as the planes that they are stored as, each of them smaller by squares of its own.
//!
//! `WebP` keeps a margin at both ends of a byte (studio range); planes are handed on in the full range that JPEG has.

#![allow(clippy::cast_possible_truncation, reason = "samples are cut to a byte before they are made one")]

use super::squares::{add, average_wholes, begin};
use super::{lossy_bytes, reduction};
use crate::decode::Need;
use crate::error::Error;
use crate::header::{Header, Size};
use crate::rows::{Frame, Samples, Sink};
use crate::source::webp::{Pixels, read_contents};
use crate::webp::lossy;

/// The sizes in which Y, Cb and Cr are stored, and the profile, if that is all that a file is made of.
pub(crate) fn stored_planes(source: &[u8]) -> Option<([Size; 3], Option<Vec<u8>>)> {
    let Lossy { size, profile, .. } = Lossy::of(source)?;
    Some(([size, size.halved(), size.halved()], profile.map(<[u8]>::to_vec)))
}

/// Bytes that decoding to planes holds at most.
pub(crate) fn working_bytes_of_planes(source: &[u8]) -> u64 {
    Lossy::of(source).map_or(0, |lossy| lossy_bytes(lossy.size))
}

/// Decodes Y, Cb and Cr, each to a sink of its own, as grey pictures.
pub(crate) fn decode_planes(
    source: &[u8],
    header: &Header,
    needs: [Need; 3],
    sinks: [&mut dyn Sink; 3],
) -> Result<(), Error> {
    let Some(Lossy { chunks, size, .. }) = Lossy::of(source) else {
        return Err(Error::Internal { step: "decoding", detail: "a WebP without planes passed".into() });
    };
    if size != header.stored {
        let detail = format!("the header says {} and the data {size}", header.stored);
        return Err(Error::Corrupt { format: header.format, detail });
    }
    let [luma, blue, red] = sinks;
    let [luma_need, blue_need, red_need] = needs;
    let mut luma = Plane::begin(size, Kind::Luma, luma_need, luma)?;
    let mut blue = Plane::begin(size, Kind::Chroma, blue_need, blue)?;
    let mut red = Plane::begin(size, Kind::Chroma, red_need, red)?;
    // In averages, the borders of blocks do not show.
    let is_filtered = luma.side == 1;
    lossy::decode(chunks, is_filtered, &mut |rows| {
        (0..rows.count).try_for_each(|row| luma.push(rows.luma(row)))?;
        (0..rows.count.div_ceil(2)).try_for_each(|pair| {
            let (u, v) = rows.chroma(pair);
            blue.push(u)?;
            red.push(v)
        })
    })
}

/// An opaque lossy picture that fills its canvas.
struct Lossy<'a> {
    chunks: &'a [u8],
    size: Size,
    profile: Option<&'a [u8]>,
}

impl<'a> Lossy<'a> {
    fn of(source: &'a [u8]) -> Option<Self> {
        let contents = read_contents(source).ok()?;
        let first = contents.frames.first()?;
        match first.pixels {
            Pixels::Lossy { chunks, has_alpha: false } if first.size == contents.canvas => {
                Some(Self { chunks, size: first.size, profile: contents.profile })
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Luma,
    /// One of the two, at half the resolution in both directions.
    Chroma,
}

/// One of the planes, on its way into a sink.
struct Plane<'s> {
    kind: Kind,
    side: usize,
    rows_left: usize,
    /// Rows that are in the sums.
    summed: usize,
    sums: Vec<u16>,
    row: Vec<u8>,
    sink: &'s mut dyn Sink,
}

impl<'s> Plane<'s> {
    fn begin(picture: Size, kind: Kind, need: Need, sink: &'s mut dyn Sink) -> Result<Self, Error> {
        let (stored, samples_a_pixel) = match kind {
            Kind::Luma => (picture, 1.0),
            Kind::Chroma => (picture.halved(), 0.5),
        };
        let side = reduction(stored, need.at_least);
        let extent = |pixels: u32| f64::from(pixels) * samples_a_pixel / f64::from(side);
        let extent = (extent(picture.width), extent(picture.height));
        let size = Size::new(stored.width.div_ceil(side), stored.height.div_ceil(side));
        sink.begin(Frame { extent, ..Frame::whole(size, Samples::Gray) })?;
        let sums = if side == 1 { Vec::new() } else { vec![0; stored.width as usize] };
        Ok(Self {
            kind,
            side: side as usize,
            rows_left: stored.height as usize,
            summed: 0,
            sums,
            row: vec![0; size.width as usize],
            sink,
        })
    }

    fn push(&mut self, samples: &[u8]) -> Result<(), Error> {
        self.rows_left = self.rows_left.saturating_sub(1);
        if self.side == 1 {
            self.row.clear();
            self.row.extend_from_slice(samples);
        } else {
            if self.summed == 0 {
                begin(&mut self.sums, samples);
            } else {
                add(&mut self.sums, samples);
            }
            self.summed += 1;
            if self.summed < self.side && self.rows_left > 0 {
                return Ok(());
            }
            average_wholes(&self.sums, self.side, self.summed, &mut self.row);
            self.summed = 0;
        }
        match self.kind {
            Kind::Luma => self.row.iter_mut().for_each(|sample| *sample = full_luma(*sample)),
            Kind::Chroma => self.row.iter_mut().for_each(|sample| *sample = full_chroma(*sample)),
        }
        self.sink.push(&self.row)
    }
}

/// 16 to 235 become 0 to 255, to the nearest (RFC 6386, 9.2; ITU-R BT.601). What lies beyond is cut off, as it is of pixels.
#[inline(always)]
fn full_luma(sample: u8) -> u8 {
    const BY: u16 = 235 - 16;
    const LESS: u16 = 16 * 255 - BY / 2;
    ((u16::from(sample) * 255).saturating_sub(LESS) / BY).min(255) as u8
}

/// 16 to 240, around 128, become 1 to 255 around it.
#[inline(always)]
fn full_chroma(sample: u8) -> u8 {
    const BY: u16 = 240 - 16;
    const LESS: u16 = 128 * (255 - BY) - BY / 2;
    ((u16::from(sample) * 255).saturating_sub(LESS) / BY).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_stretched_to_the_nearest_of_a_full_byte() {
        // The nearest to a quotient, within a byte.
        let nearest = |of: i32, by: i32| (2 * of + by).div_euclid(2 * by).clamp(0, 255);
        for sample in 0..=255_u8 {
            let stored = i32::from(sample);
            assert_eq!(i32::from(full_luma(sample)), nearest((stored - 16) * 255, 219), "{sample}");
            let chroma = nearest((stored - 128) * 255 + 128 * 224, 224);
            assert_eq!(i32::from(full_chroma(sample)), chroma, "{sample}");
        }
        assert_eq!([16, 235].map(full_luma), [0, 255]);
        assert_eq!([16, 128, 240].map(full_chroma), [1, 128, 255]);
    }
}
