//! JPEG: writes, byte for byte, the file that libjpeg-turbo writes with optimised tables, in a fraction of its time.
//!
//! Most thumbnails are JPEGs, and encoding them costs as much as decoding a large source at reduced size. The crates
//! that write JPEG in Rust either use the standard's example tables, which costs bytes, or write a scan for each
//! component when they make tables of their own, which some decoders read wrongly. This encoder makes its tables from
//! the picture (ITU-T T.81, K.2) and writes one interleaved scan.
//!
//! The way of a picture, one row of MCUs at a time, so that only that much of it is held as planes:
//!
//! ```text
//! pixels or planes → strip (YCbCr, colours halved) → blocks (DCT, quantised) → tokens
//! ```
//!
//! Tokens are symbols that wait for their code: about half a byte for each pixel of a photograph, where the
//! coefficients themselves would be three bytes. When all are there, so are their counts; the codes are made, and the
//! tokens written. A progressive file needs each block several times, and keeps them.
//!
//! All arithmetic is on integers, so that every CPU writes the same bytes.

// Samples, coefficients and codes are small numbers in the smallest type that holds them all, on their way to bytes.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod bits;
mod blocks;
mod huffman;
mod kernels;
mod layout;
mod markers;
mod progressive;
mod quantisation;
mod samples;
mod sequential;
mod strip;
#[cfg(test)]
mod tests;
mod zigzag;

use super::internal;
use crate::error::Error;
use crate::header::Size;
use crate::picture::Planes;
use crate::raster::{Channels, Raster};
use kernels::Kernels;
use layout::{Layout, Sampling};
use quantisation::Quantiser;
use samples::Samples;

/// From this quality on, colours keep their full resolution: below it nobody sees that they do not.
pub(super) const FULL_CHROMA_QUALITY: u8 = 90;

/// How to write a JPEG.
#[derive(Clone, Copy, Debug)]
pub(super) struct JpegOptions {
    /// 1 to 100, on libjpeg's scale.
    pub(super) quality: u8,
    /// Whether a decoder can show the whole picture, coarsely, long before the file ends.
    pub(super) progressive: bool,
}

/// Encodes a grey or RGB raster of at most 65,535 pixels on each side.
pub(super) fn encode(raster: &Raster, options: JpegOptions) -> Result<Vec<u8>, Error> {
    encode_with(raster, options, &Kernels::of_this_cpu())
}

fn encode_with(raster: &Raster, options: JpegOptions, kernels: &Kernels) -> Result<Vec<u8>, Error> {
    let sampling = match raster.channels {
        Channels::Gray => Sampling::Gray,
        Channels::Rgb if options.quality < FULL_CHROMA_QUALITY => Sampling::Halved,
        Channels::Rgb => Sampling::Full,
        Channels::Rgba => return Err(internal("JPEG has no alpha channel".into())),
    };
    encode_samples(Samples::Pixels(&raster.pixels), raster.size, sampling, options, kernels)
}

/// Encodes planes of at most 65,535 samples on each side.
pub(super) fn encode_planes(planes: &Planes, size: Size, options: JpegOptions) -> Result<Vec<u8>, Error> {
    let samples = Samples::Planes(planes.samples());
    encode_samples(samples, size, Sampling::Halved, options, &Kernels::of_this_cpu())
}

fn encode_samples(
    samples: Samples<'_>,
    size: Size,
    sampling: Sampling,
    options: JpegOptions,
    kernels: &Kernels,
) -> Result<Vec<u8>, Error> {
    let layout = Layout::new(size, sampling)
        .ok_or_else(|| internal(format!("{size} does not fit JPEG: 1 to 65535 pixels on a side do")))?;
    if !samples.are_whole(&layout) {
        return Err(internal(format!("not as many samples as {size} has")));
    }
    let quantisers = [Quantiser::luma(options.quality), Quantiser::chroma(options.quality)];
    Ok(if options.progressive {
        progressive::encode(samples, &layout, &quantisers, kernels)
    } else {
        sequential::encode(samples, &layout, &quantisers, kernels)
    })
}
