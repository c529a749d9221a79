//! `thumbline backfill` and `thumbline verify` as people run them: processes, over an S3 that counts what it is asked.
#![allow(clippy::unwrap_used, clippy::panic)]

mod backfill;
mod churn;
mod proof;
mod stage;
mod verify;
