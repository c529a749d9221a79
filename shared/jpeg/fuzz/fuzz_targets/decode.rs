//! Looks for what the decoder cannot bear: in the folder above this one,
//! `cargo +nightly fuzz run decode -- -max_len=8000 -timeout=10`.

#![no_main]

mod check;

libfuzzer_sys::fuzz_target!(|input: &[u8]| check::check(input));
