//! The stack's Lambda and SQS from outside: real processes on the real runtime, doing what each test's event tells them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, what must not happen fails the test"
)]

mod asynchronous;
mod ending;
mod functions_api;
mod invoking;
mod queues;
mod queues_api;
mod signing;
mod sources;
mod stage;
