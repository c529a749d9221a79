//! The function that is deployed, as a real process behind a real runtime API, over the embedded stack wired from
//! template.yaml: what it makes of events, faults, deaths and settings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backfill;
mod delivery;
mod events;
mod faults;
mod permissions;
mod runs;
mod settings;
mod stack;
