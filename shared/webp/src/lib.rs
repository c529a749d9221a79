//! A WebP encoder for thumbnails, which are small, many, and made once: lossy pictures (VP8) only.
//!
//! It decides what libwebp decides with its method 4, and weighs errors against bits as that does; but it tries what there is
//! to try for sixteen blocks or ways at once, one in each lane of a vector, and compares ways by their coefficients, without
//! decoding them. So it needs less than half of the time, for files of the same size and at least the quality.
//!
//! ```
//! use thumbline_webp::{Channels, Encoder, Error, Picture};
//!
//! # fn main() -> Result<(), Error> {
//! let pixels = vec![200; 320 * 240 * 3];
//! let picture = Picture::new(320, 240, Channels::Rgb, &pixels)?;
//! let file = Encoder::new(75)?.encode(&picture)?;
//! assert!(file.starts_with(b"RIFF"));
//! # Ok(())
//! # }
//! ```
//!
//! # What it writes
//!
//! Sections are those of RFC 6386, unless another document is named.
//!
//! - A RIFF file (RFC 9649, 2) with one VP8 key frame (9.1); with alpha, that chunk comes from the caller.
//! - Luma of 16 to 235 and chroma at half resolution (ITU-R BT.601), as libwebp makes them: chroma is averaged in near to
//!   linear light, and where there is alpha, by how much of it is visible. Who has JPEG's colours at half resolution gives those
//!   ([`Converted::of_planes`]): only their range is changed.
//! - Up to four segments (9.3), by how hard macroblocks are to compress: people see errors in what is smooth.
//! - All modes of prediction for key frames (11.2, 12.2, 12.3).
//! - The normal loop filter (15.3), as strong in each segment as some rows of macroblocks show to be best.
//! - Probabilities of coefficients chosen for the picture (13.4), and the flag for macroblocks without any (11.1).
//! - One partition of coefficients (9.5): more would only serve decoders with several threads.
//!
//! # How it goes
//!
//! 1. `planes`: RGB, or JPEG's colours, become luma and chroma, in whole macroblocks.
//! 2. `analysis` and `segmentation`: how hard each macroblock is, and what that means for its quantizer, and at least for its filter.
//! 3. `coding`: for each macroblock, `whole` tries the four ways of predicting luma at once, `blocks` the ten of each 4×4, and
//!    `chroma` those of chroma; `candidate` has what levels, errors and bits each of them comes to. What was chosen goes
//!    into `residuals`, and is counted in `statistics`; from these come the costs for the macroblocks after it.
//!    `filtering` tries the loop filter on some rows, at several strengths.
//! 4. `frame` writes it all with the probabilities that are best in the end, and `container` puts it into a file.
//!
//! # What can be relied upon
//!
//! The same pixels and quality give the same bytes on every processor: with AVX2, SSE4.1, NEON, or none of these. What a file
//! decodes to is known to the bit ([`Encoder::encode_and_reconstruct`]), and is what libwebp makes of it. No pixels make it
//! panic, and every size that the format has can be encoded: in pictures of more than some 20 megapixels, where there may not
//! be room to say how each block is predicted, simpler predictions are chosen.
//!
//! Memory is three bytes for two pixels, and what the coefficients take until they are coded: up to seven times the file.
// Samples, coefficients and levels are narrowed everywhere, and it is the narrow value that is meant.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
// What runs for each block has to become part of the loop that is compiled for a processor: see `arithmetic::processor`.
#![allow(clippy::inline_always)]

mod analysis;
mod arithmetic;
mod block4;
mod blocks;
mod boolean;
mod candidate;
mod chroma;
mod coding;
mod container;
mod encoder;
mod error;
mod filtering;
mod frame;
mod loop_filter;
mod macroblock;
mod mode;
mod picture;
mod planes;
mod quantizer;
mod rate;
mod residuals;
mod segmentation;
mod statistics;
mod surroundings;
mod tables;
mod token;
mod transform;
mod transparency;
mod whole;

pub use encoder::{Converted, Encoder, Reconstruction};
pub use error::Error;
pub use picture::{Channels, MAX_SIDE, Picture};
