//! The stack from outside: a template, a real function, and clients that know only an address.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, what must not happen fails the test"
)]

mod doors;
mod gateway;
mod stage;
mod starting;
mod template;
mod wires;
