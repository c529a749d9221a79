//! The API, asked by the events that API Gateway and function URLs send, over an embedded S3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod listing;
mod recipes;
mod secrets;
mod signing;
mod stage;
mod surface;
mod thumbnails;
mod uploads;
