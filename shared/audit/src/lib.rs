//! Every source and every output of two buckets, accounted for in one walk.
//!
//! # One walk
//!
//! ```text
//! input bucket  ─ LIST ─┐
//!                       ├─ Walk ─→ Group { prefix, source, outputs }     walk.rs
//! output bucket ─ LIST ─┘            └─→ ask its manifest, and, before
//!                                        anything bad is said, S3 again
//! ```
//!
//! # What this crate does not know
//!
//! How thumbnails are made, which is `thumbline`'s, and where the work is done: on this machine (`cli`), or by functions that
//! are called from one that lists (`functions/backfill`).

mod account;
mod accountant;
mod audit;
mod metered;
mod prices;
mod repair;
mod selection;
mod state;
mod tally;
pub mod walk;

pub use account::{Account, Orphans, Owner, SourceAccount};
pub use accountant::{Accountant, Look};
pub use audit::audit;
pub use metered::{Metered, Requests};
pub use prices::{LambdaPrices, Prices, S3Prices};
pub use repair::{RETRIES, process, repair};
pub use selection::Selection;
pub use state::{Reason, STATES, Stale, State};
pub use tally::Tally;
pub use walk::{Buckets, Group, Output, Position, Walk};
