//! Draws the sample pictures: everything that an upload may be, and nothing that anybody else has rights to.
//!
//! Drawn with whole numbers and square roots only, and encoded by crates whose versions the lock file pins, so that the
//! same source gives the same bytes on every machine.
#![allow(
    clippy::expect_used,
    reason = "nothing comes from outside: what cannot be made here is a mistake here"
)]

mod benchmark;
mod canvas;
mod catalog;
mod font;
mod jpeg;
mod leaves;
mod noise;
mod png;
mod scene;

pub use benchmark::benchmark;
pub use catalog::{Sample, all};
