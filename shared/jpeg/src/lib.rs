//! A JPEG decoder that decodes only what a thumbnail needs.
//!
//! A picture at N/8 of its size needs the low N×N coefficients of each block of 8×8. So only those are decoded; past the
//! others the decoder goes by a table that swallows several Huffman symbols per look-up. Pixels come in bands of rows, so
//! memory follows the width of the result. So does that of a progressive picture: its scans are decoded side by side, and the
//! coefficients of one band are all that is kept. Scans that have none of those that are needed are not even read.
//!
//! ```
//! use thumbline_jpeg::{Decoder, Error, Scale};
//!
//! # fn thumbnail(jpeg: &[u8]) -> Result<(), Error> {
//! let decoder = Decoder::new(jpeg)?;
//! // At least 1280 pixels wide, and 1 high.
//! let scale = Scale::covering(decoder.size(), (1280, 1));
//! let (width, height) = decoder.scaled_size(scale);
//! let mut pixels = Vec::with_capacity(width as usize * height as usize * decoder.channels().count());
//! decoder.decode(scale, |rows| {
//!     pixels.extend_from_slice(rows);
//!     Ok::<_, Error>(())
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it decodes
//!
//! Sections are those of ITU-T T.81, unless another document is named.
//!
//! - Sequential and progressive pictures with Huffman codes and samples of 8 bits: SOF0, SOF1 and SOF2 (annexes F and G).
//! - One, three or four components: grey, YCbCr, RGB, CMYK and YCCK. Which it is, libjpeg's rules say: JFIF's segment means
//!   YCbCr (ITU-T T.871), then Adobe's says it, then the components' names. Inks are full at 255, also where Adobe's
//!   programs store them inverted.
//! - Every sampling, also 3 to 1 and 3 to 2 (A.1.1); every size; interleaved scans or not (A.2); restart intervals (B.2.4.4);
//!   heights in a DNL segment (B.2.5); quantization tables of 16 bits (B.2.4.1).
//! - Pictures without Huffman tables, as in Motion JPEG: then they are the typical ones (K.3.3).
//! - Stray bytes between segments, fill bytes (B.1.1.2) and whatever comes after EOI are passed over.
//!
//! Other kinds are [`Error::Unsupported`]: arithmetic codes, lossless and hierarchical pictures, samples of 12 bits, two
//! components or more than four. Nothing is done about colour profiles ([`Decoder::profile`] has it) or Exif.
//!
//! # What the pixels are
//!
//! At full size they are libjpeg's to within rounding, with its "fancy upsampling". At N/8 a block becomes N×N samples by a
//! transform of N points, and components that are stored smaller become larger by one of up to 16 points, so that nothing is
//! left to upsample. (libjpeg does the same, except that it takes the mean of samples at 1/2 and 1/4, which is softer.)
//! Every processor gives the same bytes.
//!
//! # What it does with damage
//!
//! Strictly, which is the usual way, data that end early, a marker where none may be, codes that do not exist, restart
//! markers out of order, scans that are missing or do not go on where others left off, and a missing EOI are errors, each
//! with its position. [`Options::lenient`] goes on with grey, and [`Decoded`] says what was missing. A scan that the scale
//! does not need is not looked at.
//!
//! No input makes it panic. Memory is bounded by [`Decoder::working_bytes`], which the header alone tells: it grows with the
//! width of the picture, not with its height, and by 32 KB for each scan of a progressive one. Time is bounded by
//! [`Options::max_pixels`] times [`Options::max_scans`].
// Samples, coefficients and codes are narrowed everywhere, and it is the narrow value that is meant.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
// What runs for each block has to become part of the loop that is compiled for a processor: see `processor`.
#![allow(clippy::inline_always)]

mod application;
mod band;
mod bits;
mod color;
mod decoder;
mod entropy;
mod error;
mod feed;
mod frame;
mod header;
mod huffman;
mod layout;
mod options;
mod output;
mod plain;
mod plane;
mod processor;
mod progression;
mod progressive;
mod scan;
mod segment;
mod sequential;
mod strip;
mod tables;
mod transform;
mod typical;
mod upsample;

pub use application::ComponentColors;
pub use decoder::{Channels, Decoded, Decoder, PlaneSize};
pub use error::Error;
pub use options::{Options, Scale};
