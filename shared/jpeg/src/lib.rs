//! A JPEG decoder that decodes only what a thumbnail needs.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod application;
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
mod scan;
mod segment;
mod sequential;
mod tables;
mod transform;
mod upsample;

pub use decoder::{Channels, Decoded, Decoder};
pub use error::Error;
pub use options::{Options, Scale};
