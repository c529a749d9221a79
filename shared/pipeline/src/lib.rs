//! From an event about an S3 object to its thumbnails, with exactly one outcome for each.
//!
//! # One picture's way
//!
//! ```text
//! event ─ Envelope::read ─→ Hint { bucket, key }            event.rs
//!   └─ Pipeline::process ─→ converge                        pipeline.rs, converge.rs
//!        1. LIST the outputs                                layout.rs, store.rs
//!        2. GET the source, unless the manifest is current  manifest.rs
//!        3. render, while it arrives: probe, decode once,   render.rs, thumbline-imaging
//!           resize, encode
//!        4. PUT thumbnails, remove strays, PUT manifest     all under conditions
//!        5. is the source still the one I read?  no → 1
//!   └─→ Outcome, told to whoever sent the event             outcome.rs, telemetry.rs
//! ```
//!
//! # Why the event is only a hint
//!
//! S3 notifications come at least once, late and in any order. So an event is taken to say «something changed under this
//! key» and nothing else: its size, ETag and sequence are not read. What is true is asked of S3, and the conditions on
//! every write keep it true. See [`converge`] and `docs/guarantees.md`.
//!
//! # What this crate does not know
//!
//! Lambda's runtime, HTTP, and which function it serves: the doors in `functions/` translate between their callers and
//! [`Pipeline`]. Pixels: those are `thumbline-imaging`'s.

pub mod aws;
pub mod converge;
pub mod door;
pub mod event;
pub mod invoke;
pub mod layout;
pub mod manifest;
pub mod memory;
pub mod naming;
pub mod on_demand;
pub mod outcome;
pub mod pipeline;
pub mod preset;
pub mod queue;
pub mod recipe;
pub mod rejection;
mod render;
pub mod secret;
pub mod settings;
pub mod signing;
pub mod store;
pub mod telemetry;

pub use aws::Aws;
pub use event::{Envelope, Hint};
pub use manifest::Manifest;
pub use on_demand::{Served, Wish};
pub use outcome::{Outcome, Processed};
pub use pipeline::{Call, Pipeline};
pub use preset::{Preset, Presets};
pub use recipe::Recipe;
pub use rejection::Rejection;
pub use settings::Settings;
pub use store::{ETag, S3Store, Store};
