#![no_main]

thumbline_fuzz::fuzz!(Lossy);
