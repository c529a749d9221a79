//! A JPEG decoder that decodes only what a thumbnail needs.
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
mod frame;
mod header;
mod huffman;
mod layout;
mod options;
mod output;
mod plane;
mod processor;
mod progression;
mod progressive;
mod scan;
mod segment;
mod sequential;
mod tables;
mod transform;
mod upsample;

pub use decoder::{Channels, Decoded, Decoder};
pub use error::Error;
pub use options::{Options, Scale};
