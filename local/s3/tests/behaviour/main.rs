//! The embedded S3 through its real door: the AWS SDK over HTTP on 127.0.0.1, and raw sockets where an SDK would not
//! misbehave as needed.

#![allow(clippy::unwrap_used, clippy::panic)] // This is how tests fail.

mod concurrency;
mod durability;
mod events;
mod faults;
mod integrity;
mod keys;
mod listings;
mod multipart;
mod server;
