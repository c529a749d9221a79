//! Bytes of a picture in, thumbnails out.
//!
//! Pure and synchronous: no files, no network, no clock that matters. What the bytes are is told
//! from the bytes; what is wrong with them is a typed [`Error`]; the same bytes give the same thumbnails.
//!
//! ```no_run
//! use thumbline_imaging::{Fit, Limits, Rendition, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let source = std::fs::read("photo.jpg")?;
//! let small = Rendition::new(Some(200), Some(200)).with_fit(Fit::Cover);
//! let rendered = render(&source, &[small], &Limits::default(), &|| false)?;
//! std::fs::write("small.webp", &rendered.thumbnails[0].bytes)?;
//! # Ok(())
//! # }
//! ```
//!
//! Public types are `#[non_exhaustive]`, so that scaled decoding, more formats and more kinds of crop can come without
//! breaking a caller. `docs/imaging.md` has the rules in plain words.

mod animation;
mod attention;
mod cascade;
mod color;
mod compose;
mod decode;
mod encode;
mod encoders;
mod error;
mod format;
mod geometry;
mod header;
mod incoming;
mod input;
mod lanczos;
mod limits;
mod orientation;
mod output;
mod picture;
mod placeholder;
mod position;
mod probe;
mod raster;
mod reduce;
mod render;
mod rendered;
mod rendition;
mod resize;
mod route;
mod rows;
mod shrink;
mod sniff;
mod source;
mod stream;
mod webp;

pub use error::Error;
pub use format::{OutputFormat, SourceFormat};
pub use header::{Header, Size};
pub use incoming::Incoming;
pub use limits::Limits;
pub use orientation::Orientation;
pub use output::Output;
pub use position::{Focus, Position};
pub use probe::probe;
pub use render::render;
pub use rendered::{Rendered, Thumbnail, Timings};
pub use rendition::{Fit, Rendition, Rgb};
pub use sniff::sniff;

/// The version of what comes out: raised whenever the same input would give other bytes than before.
///
/// It is part of the recipe that thumbnails are stored under, so raising it makes them all again.
pub const ENGINE_VERSION: u32 = 10;
